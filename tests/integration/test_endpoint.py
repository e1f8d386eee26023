"""The HTTP endpoint of the whole program: the Hub's call, what operators and Prometheus ask, and bad clients."""

import json
import re
import socket
import subprocess
from pathlib import Path

import pytest
from automator import SANITIZER
from hosting_sandbox.processes import free_port
from hosting_sandbox.waiting import wait_for

CERTIFICATE = "lets-encrypt:install:certificate"
# What clients may make the program grow by. A sanitizer keeps what was freed.
MEMORY_BOUND_KIB = (16 if SANITIZER == "release" else 300) * 1024


class Client:
    """curl, as an operator or the Hub uses it."""

    def __init__(self, host, port):
        self.address = (host.strip("[]"), port)
        self.url = f"http://{host}:{port}"

    def curl(self, path, *options, stdin=None):
        """The answer's status and body."""
        done = subprocess.run(["curl", "--silent", "--max-time", "30", "--write-out", "\n%{http_code}", *options,
                               self.url + path], input=stdin, capture_output=True, check=True)
        body, _, status = done.stdout.decode().rpartition("\n")
        return int(status), body

    def process(self, **fields):
        """As the Python service's documentation shows it."""
        status, body = self.curl("/process", "-X", "POST", "-H", "Content-Type: application/json",
                                 "-d", json.dumps(fields))
        return status, json.loads(body)

    def connect(self):
        return socket.create_connection(self.address, 30)

    def wait(self):
        wait_for(lambda: self.curl("/livez")[0] == 200, 30, "the endpoint answers")
        return self


def open_sockets(daemon):
    found = 0
    for link in Path(f"/proc/{daemon.pid}/fd").iterdir():
        try:
            found += str(link.readlink()).startswith("socket:")
        except FileNotFoundError:  # closed meanwhile
            pass
    return found


@pytest.fixture
def endpoint():
    return Client("127.0.0.1", free_port())


@pytest.fixture
def start(automator, endpoint):
    """Starts the daemon with the endpoint, and by default with so long a poll_interval that nothing but a call makes it poll."""
    def run(poll_interval="1h", **sections):
        daemon = automator.start(supabase={"poll_interval": poll_interval},
                                 http={"listen": "%s:%d" % endpoint.address}, **sections)
        wait_for(lambda: endpoint.curl("/readyz")[0] == 200, 30, "the first poll was answered")
        return daemon
    return run


def memory_kib(daemon):
    status = Path(f"/proc/{daemon.pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status).group(1))


def metric(text, series):
    found = re.search(rf"(?m)^{re.escape(series)} (\S+)$", text)
    return float(found.group(1)) if found else None


def test_a_call_looks_for_new_rows_at_once(sandbox, server, start, endpoint, new_domain):
    daemon = start()
    site = sandbox.add_site(new_domain(), server)
    status, said = endpoint.process(supabase_url=sandbox.url + "/", supabase_service_key=sandbox.service_key)
    assert status == 200
    assert said["status"] == "accepted" and said["message"] and re.fullmatch(r"[0-9a-f-]{36}", said["task_id"])
    sandbox.wait_for_sites(60, ids=[site])
    assert sandbox.site(site)["status_hosting"] == "active"
    assert daemon.stop().code == 0


def test_a_call_with_an_id_is_for_this_row_whatever_its_state(sandbox, server, start, endpoint, new_domain):
    daemon = start()
    failed = sandbox.add_site(new_domain(), server, status_hosting="failed", error_message="E_X: old")
    other = sandbox.add_site(new_domain(), server)
    status, said = endpoint.process(supabase_url=sandbox.url, supabase_service_key=sandbox.service_key, site_id=str(failed))
    assert (status, said["status"]) == (200, "accepted")
    wait_for(lambda: sandbox.site(failed)["status_hosting"] == "active", 60, "the failed row is active")
    assert sandbox.site(failed)["error_message"] is None
    # No other row was looked for.
    assert sandbox.site(other)["status_hosting"] == "pending" and len(server.calls(CERTIFICATE)) == 1
    assert endpoint.process(supabase_url=sandbox.url, supabase_service_key=sandbox.service_key,
                            site_id="00000000-0000-4000-8000-000000000000")[0] == 200
    daemon.wait_log("<4>there is no row with the id that was asked for SITE_ID=00000000-0000-4000-8000-000000000000")
    assert daemon.stop().code == 0


def test_a_call_of_strangers_is_refused_and_starts_nothing(sandbox, server, start, endpoint, new_domain):
    daemon = start()
    site = sandbox.add_site(new_domain(), server)
    polls = metric(endpoint.curl("/metrics")[1], 'hosting_polls_total{result="ok"}')
    answers = [
        endpoint.process(supabase_url=sandbox.url, supabase_service_key=sandbox.service_key + "x"),
        endpoint.process(supabase_url=sandbox.url, supabase_service_key=sandbox.anon_key, site_id=str(site)),
        endpoint.process(supabase_url="https://other.supabase.co", supabase_service_key=sandbox.service_key),
        endpoint.process(supabase_url=sandbox.url),
    ]
    assert [status for status, _ in answers] == [401, 401, 409, 422]
    assert answers[3][1]["detail"][0]["loc"] == ["body", "supabase_service_key"]
    assert metric(endpoint.curl("/metrics")[1], 'hosting_polls_total{result="ok"}') == polls == 1
    run = daemon.stop()
    assert len(run.lines(r"^<4>POST /process from 127\.0\.0\.1:\d+ was refused: ")) == 1
    assert sandbox.site(site)["status_hosting"] == "pending"


def test_what_operators_ask(sandbox, server, start, endpoint, new_domain):
    daemon = start(poll_interval="100ms")
    for path in ("/", "/health"):
        status, body = endpoint.curl(path)
        said = json.loads(body)
        assert status == 200 and said["status"] == "healthy" and said["service"] == "hosting-automator"
        assert said["version"] and said["features"] and [s["name"] for s in said["servers"]] == [server.name]
    assert endpoint.curl("/readyz?verbose") == (
        200, "[+]running ok\n[+]polled ok\n[+]supabase ok\nreadyz check passed\n")
    assert endpoint.curl("/docs")[0] == 404
    assert endpoint.curl("/process")[0] == 405
    headers = endpoint.curl("/health", "--head")[1].lower()
    assert "cache-control: no-store" in headers and "x-content-type-options: nosniff" in headers
    assert "server:" not in headers and "access-control" not in headers
    sandbox.canned.give("html_503")
    wait_for(lambda: endpoint.curl("/readyz") == (
        503, "[+]running ok\n[+]polled ok\n[-]supabase failed\nreadyz check failed\n"), 30, "it is not ready")
    assert endpoint.curl("/livez") == (200, "ok\n")
    sandbox.canned.stop()
    wait_for(lambda: endpoint.curl("/readyz")[0] == 200, 30, "it is ready again")
    with server.hold(CERTIFICATE) as held:
        sandbox.add_site(new_domain(), server)
        held.wait_reached()
        daemon.signal(15)
        wait_for(lambda: "[-]running failed" in endpoint.curl("/readyz")[1], 30, "it is stopping")
        assert endpoint.process(supabase_url=sandbox.url, supabase_service_key=sandbox.service_key)[0] == 503
        assert json.loads(endpoint.curl("/health")[1])["status"] == "stopping"
        held.release()
        assert daemon.wait().code == 0


def test_promtool_accepts_the_metrics(sandbox, start, endpoint, new_domain):
    twins = [sandbox.add_server(name="twin"), sandbox.add_server(name="twin")]
    parked = sandbox.add_server(name='odd "name"', key="unauthorized")
    bad = new_domain()
    twins[0].knob(command=CERTIFICATE, domain=bad, fail="validation_404")
    good = [sandbox.add_site(new_domain(), twins[1])]
    failing = [sandbox.add_site(new_domain(), parked), sandbox.add_site(bad, twins[0])]
    daemon = start(poll_interval="100ms")
    sandbox.wait_for_sites(60, ids=good)
    sandbox.wait_for_sites(60, "failed", failing)
    sandbox.canned.give("html_503", times=1)
    wait_for(lambda: metric(endpoint.curl("/metrics")[1], 'hosting_polls_total{result="failed"}'), 30, "a poll failed")
    wait_for(lambda: endpoint.curl("/readyz")[0] == 200, 30, "it is ready again")
    text = endpoint.curl("/metrics")[1]
    judged = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")
    assert set(re.findall(r"(?m)^([a-z_]+)[{ ]", text)) == {
        "hosting_sites", "hosting_stage_duration_seconds_bucket", "hosting_stage_duration_seconds_sum",
        "hosting_stage_duration_seconds_count", "hosting_stage_failures_total", "hosting_oldest_pending_age_seconds",
        "hosting_last_success_timestamp_seconds", "hosting_ssh_connections", "hosting_ssh_connects_total",
        "hosting_acme_orders_remaining", "hosting_server_parked", "hosting_polls_total"}
    assert metric(text, 'hosting_server_parked{server="odd \\"name\\""}') == 1
    for twin in twins:
        assert metric(text, f'hosting_server_parked{{server="twin ({twin.id})"}}') == 0
    assert metric(text, "hosting_last_success_timestamp_seconds") > 1_700_000_000
    assert metric(text, 'hosting_stage_duration_seconds_count{stage="certificate"}') >= 2
    assert metric(text, 'hosting_ssh_connections{state="connected"}') == 2
    assert re.search(r'(?m)^hosting_stage_failures_total\{(?=.*stage="certificate").*code="E_CERT_VALIDATION".*\} 3$', text)
    assert bad not in text
    assert daemon.stop().code == 0


def test_the_key_is_nowhere(sandbox, server, start, endpoint, new_domain):
    daemon = start(log={"level": "debug"})
    key = sandbox.service_key
    site = sandbox.add_site(new_domain(), server)
    seen = json.dumps([
        endpoint.process(supabase_url=sandbox.url, supabase_service_key=key),
        endpoint.process(supabase_url="https://other.supabase.co", supabase_service_key=key),
        endpoint.process(supabase_url=7, supabase_service_key=key, site_id=[key]),
        endpoint.process(supabase_url=sandbox.url, supabase_service_key=[key]),
        endpoint.curl("/process", "-d", key), endpoint.curl("/process?" + key), endpoint.curl("/" + key),
        endpoint.curl("/process", "-d", '{"supabase_service_key": "' + key)])
    sandbox.wait_for_sites(60, ids=[site])
    for path in ("/", "/health", "/readyz?verbose", "/metrics", "/livez"):
        seen += endpoint.curl(path)[1]
    seen += daemon.stop().log
    assert key not in seen


def test_bad_clients_neither_stop_it_nor_make_it_grow(sandbox, server, start, endpoint, new_domain):
    daemon = start()
    for _ in range(100):
        endpoint.curl("/metrics")
    before = memory_kib(daemon)
    # Bodies of ten megabytes, announced or not.
    for options in ([], ["-H", "Expect:"], ["-H", "Transfer-Encoding: chunked", "-H", "Expect:"]):
        assert endpoint.curl("/process", "--data-binary", "@-", *options, stdin=b"x" * 10_000_000)[0] == 413
    # A thousand connections, each with a request that never ends.
    clients = []
    for _ in range(1000):
        clients.append(endpoint.connect())
        clients[-1].sendall(b"POST /process HTTP/1.1\r\nContent-Length: 16000\r\n\r\n" + b"x" * 8000)
    assert endpoint.curl("/livez") == (200, "ok\n")
    site = sandbox.add_site(new_domain(), server)
    assert endpoint.process(supabase_url=sandbox.url, supabase_service_key=sandbox.service_key)[0] == 200
    sandbox.wait_for_sites(60, ids=[site])
    assert open_sockets(daemon) < 64 + 20
    assert memory_kib(daemon) - before < MEMORY_BOUND_KIB
    for client in clients:
        client.close()
    assert daemon.stop().code == 0


def test_a_taken_port_is_a_warning(sandbox, server, automator, endpoint, new_domain):
    with socket.create_server(endpoint.address):
        daemon = automator.start(http={"listen": "%s:%d" % endpoint.address})
        daemon.wait_log(rf"(?m)^<4>the HTTP endpoint cannot listen on 127\.0\.0\.1:{endpoint.address[1]}: Address already in use; ")
        site = sandbox.add_site(new_domain(), server)
        sandbox.wait_for_sites(60, ids=[site])
        run = daemon.stop()
    assert run.code == 0 and len(run.lines("^<4>the HTTP endpoint ")) == 1


def test_ipv6(automator):
    port = free_port("127.0.0.1")
    daemon = automator.start(http={"listen": f"[::1]:{port}"})
    assert Client("[::1]", port).wait().curl("/livez") == (200, "ok\n")
    assert len(daemon.stop().lines(rf"^<6>the HTTP endpoint listens on \[::1\]:{port}$")) == 1


def test_once_has_no_endpoint(sandbox, server, automator, endpoint):
    with socket.create_server(endpoint.address):
        run = automator.once(http={"listen": "%s:%d" % endpoint.address})
    assert run.code == 0 and run.lines("HTTP endpoint") == []
