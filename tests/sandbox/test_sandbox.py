"""The sandbox itself: Supabase's facts, real SSH servers, and that nothing is left behind.

PostgREST's and Supabase's facts: the reference page on Supabase, answers recorded from PostgREST 12.0.2.
"""

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.parse
from pathlib import Path

import pytest

from hosting_sandbox import Sandbox, wait_for
from hosting_sandbox.keys import jwt
from hosting_sandbox.ssh_keys import PASSPHRASE, USER_KEYS

HERE = Path(__file__).resolve().parent


class Client:
    """A minimal client of the data API on one connection."""

    def __init__(self, url, ca_file=None, **headers):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=ca_file)
            self._connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=20, context=context)
        else:
            self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        self._headers = headers

    def __call__(self, method, path, body=None, **headers):
        """(status, JSON or text, headers)."""
        headers = {name.replace("_", "-"): value for name, value in {**self._headers, **headers}.items()}
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        self._connection.request(method, "/rest/v1/" + path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        try:
            content = json.loads(text)
        except ValueError:
            content = text
        return answer.status, content, answer.headers


@pytest.fixture
def rest(sandbox):
    """As the service role with the new kind of key."""
    return Client(sandbox.url, apikey=sandbox.service_key)


@pytest.fixture
def bare(sandbox):
    """Without any key."""
    return Client(sandbox.url)


# --- keys -------------------------------------------------------------------------------------------------------

def test_a_secret_key_becomes_the_service_role(sandbox, rest, new_name):
    site = sandbox.add_site(new_name() + ".com")
    status, rows, _ = rest("GET", f"sites?id=eq.{site}")
    assert (status, rows[0]["status_hosting"]) == (200, "pending")


def test_a_legacy_key_works_as_apikey_and_bearer(sandbox, bare, new_name):
    site = sandbox.add_site(new_name() + ".com")
    path = f"sites?id=eq.{site}&select=id"
    assert bare("GET", path, apikey=sandbox.jwt_key, Authorization=f"Bearer {sandbox.jwt_key}")[1] == [{"id": site}]
    assert bare("GET", path, apikey=sandbox.jwt_key)[:2] == (200, [])  # no Bearer: the role is anon


@pytest.mark.parametrize("key", ["anon_key", "publishable_key"])
def test_anon_sees_nothing_and_changes_nothing_with_200(sandbox, bare, new_name, key):
    key = getattr(sandbox.keys, key)
    site = sandbox.add_site(new_name() + ".com")
    bearer = {"Authorization": f"Bearer {key}"} if key.startswith("eyJ") else {}
    assert bare("GET", "sites", apikey=key, **bearer)[:2] == (200, [])
    status, rows, _ = bare("PATCH", f"sites?id=eq.{site}", {"status_hosting": "active"}, apikey=key,
                           Prefer="return=representation", **bearer)
    assert (status, rows) == (200, [])
    assert sandbox.site(site)["status_hosting"] == "pending"


def test_no_key_and_a_wrong_key(bare):
    status, body, _ = bare("GET", "sites")
    assert (status, body["message"]) == (401, "No API key found in request") and "code" not in body
    status, body, _ = bare("GET", "sites", apikey="sb_secret_wrong")
    assert (status, body["message"]) == (401, "Invalid API key") and "code" not in body


def test_a_secret_key_sent_as_bearer_is_refused_by_postgrest(sandbox, rest):
    status, body, _ = rest("GET", "sites", Authorization=f"Bearer {sandbox.service_key}")
    assert (status, body["code"]) == (401, "PGRST301")


def test_a_browser_is_refused_with_a_secret_key_only(sandbox, rest, bare):
    browser = {"User_Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"}
    status, body, _ = rest("GET", "sites", **browser)
    assert status == 401 and "browser" in body["message"]
    assert bare("GET", "sites", apikey=sandbox.anon_key, **browser)[0] == 200


def test_an_expired_and_a_forged_jwt(sandbox, rest):
    expired = jwt(sandbox.keys.jwt_secret, "service_role", exp=1_600_000_000)
    forged = jwt("x" * 32, "service_role")
    for token, message in ((expired, "JWT expired"), (forged, "JWSError JWSInvalidSignature")):
        status, body, _ = rest("GET", "sites", Authorization=f"Bearer {token}")
        assert (status, body["code"], body["message"]) == (401, "PGRST301", message)


# --- PostgREST's facts ------------------------------------------------------------------------------------------

def test_a_conditional_patch_has_one_winner_and_the_loser_gets_an_empty_list(sandbox, rest, new_name):
    site = sandbox.add_site(new_name() + ".com")
    path = f"sites?id=eq.{site}&status_hosting=eq.pending"
    first = rest("PATCH", path, {"status_hosting": "active"}, Prefer="return=representation")
    second = rest("PATCH", path, {"status_hosting": "failed"}, Prefer="return=representation")
    assert (first[0], first[1][0]["status_hosting"]) == (200, "active")
    assert second[:2] == (200, [])
    assert rest("PATCH", path, {"status_hosting": "failed"})[:2] == (204, "")


def test_max_rows_cuts_silently(sandbox, rest):
    sandbox.sql("insert into servers (name) select 'many' from generate_series(1, 1500)")
    status, rows, headers = rest("GET", "servers?name=eq.many&limit=2000")
    assert (status, len(rows), headers["Content-Range"]) == (200, 1000, "0-999/*")
    assert len(rest("GET", "servers?name=eq.many&order=id&offset=1000")[1]) == 500
    sandbox.sql("delete from servers where name = 'many'")


@pytest.mark.parametrize("path, status, code", [
    ("sites?nonsense=eq.1", 400, "42703"), ("sites?select=nonsense", 400, "42703"), ("nonsense", 404, "42P01"),
    ("rpc/nonsense", 404, "PGRST202"), ("sites?id=eq.1", 400, "22P02")])
def test_errors(rest, path, status, code):
    answer = rest("POST" if path.startswith("rpc") else "GET", path, {} if path.startswith("rpc") else None)
    assert (answer[0], answer[1]["code"]) == (status, code)


def test_constraints(sandbox, rest, new_name):
    site = sandbox.add_site(new_name() + ".com")
    path = f"sites?id=eq.{site}"
    assert rest("PATCH", path, {"status_hosting": "nonsense"})[1]["code"] == "23514"
    assert rest("PATCH", path, {"nonsense": 1})[1]["code"] == "PGRST204"
    assert rest("PATCH", path, {"error_message": "\0"})[1]["code"] == "22P05"
    assert rest("PATCH", "sites", {"notes": "x"})[1]["code"] == "21000"  # pg-safeupdate


def test_sites_are_inserted_in_order(sandbox, rest, new_name):
    domains = [new_name("many") + ".com" for _ in range(50)]
    ids = sandbox.add_sites(domains, notes="in order")
    rows = rest("GET", "sites?notes=eq.in%20order&order=created_at&select=id,domain")[1]
    assert [row["domain"] for row in rows] == domains and [row["id"] for row in rows] == ids


# --- HTTPS ------------------------------------------------------------------------------------------------------

def test_https_with_the_test_ca_only(sandbox):
    assert Client(sandbox.https_url, sandbox.ca_file, apikey=sandbox.service_key)("GET", "sites?limit=1")[0] == 200
    for url, ca_file in ((sandbox.https_url, sandbox.other_ca_file), (sandbox.https_url, None),
                         (sandbox.https_wrong_host_url, sandbox.ca_file)):
        with pytest.raises(ssl.SSLCertVerificationError):
            Client(url, ca_file)("GET", "sites")


# --- the gateway's record and knobs -----------------------------------------------------------------------------

def test_requests_and_connections_are_counted_and_keys_are_not_logged(sandbox, new_name):
    mark = new_name("mark")
    client = Client(sandbox.url, apikey=sandbox.service_key)
    client("GET", f"sites?domain=eq.{mark}")
    client("PATCH", f"sites?domain=eq.{mark}", {"notes": "x"})
    Client(sandbox.url)("GET", f"sites?domain=eq.{mark}&apikey={sandbox.service_key}")
    seen = wait_for(lambda: [call for call in sandbox.requests() if mark in call["uri"]][1:]
                    and [call for call in sandbox.requests() if mark in call["uri"]], 5, "both are logged")
    assert [(call["method"], call["status"]) for call in seen] == [("GET", 200), ("PATCH", 204)]
    assert len({call["connection"] for call in seen}) == 1
    log = sandbox.gateway.folder / "access.log"
    wait_for(lambda: "(a URI with a key)" in log.read_text(), 5, "the third is logged")
    assert sandbox.service_key not in log.read_text()


@pytest.fixture
def canned(sandbox):
    yield sandbox.canned.give
    sandbox.canned.stop()


@pytest.mark.parametrize("name, status", [("html_503", 503), ("429", 429), ("402", 402), ("520", 520),
                                          ("html_200", 200), ("invalid_key", 401), ("544", 544)])
def test_canned_answers(rest, canned, name, status):
    canned(name)
    answer = rest("GET", "sites")
    assert answer[0] == status
    if name == "520":
        assert answer[1] == "error code: 520"


def test_a_canned_answer_keeps_connections_and_may_be_choosy(sandbox, rest, canned, new_name):
    site = sandbox.add_site(new_name() + ".com")
    canned(status=429, body="{}", headers={"Retry-After": "7"}, times=1, methods=["PATCH"])
    path = f"sites?id=eq.{site}"
    assert rest("GET", path)[0] == 200
    status, _, headers = rest("PATCH", path, {"notes": "first"})
    assert (status, headers["Retry-After"]) == (429, "7")
    assert rest("PATCH", path, {"notes": "second"}, Prefer="return=representation")[1][0]["notes"] == "second"


def test_a_lost_reply_of_a_patch_that_was_done(sandbox, rest, canned, new_name):
    site = sandbox.add_site(new_name() + ".com")
    canned("upstream_503", methods=["PATCH"], after=True)
    assert rest("PATCH", f"sites?id=eq.{site}", {"status_hosting": "active"})[0] == 503
    assert sandbox.site(site)["status_hosting"] == "active"


# --- servers ----------------------------------------------------------------------------------------------------

def ssh(server, command, key=None, user=None, known_hosts="/dev/null", check_host=False):
    return subprocess.run(
        ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
         "-o", f"StrictHostKeyChecking={'yes' if check_host else 'no'}", "-o", f"UserKnownHostsFile={known_hosts}",
         "-o", "LogLevel=ERROR", "-i", server.keys[key] if key else server.private_key, "-p", str(server.port),
         f"{user or server.user}@{server.address}", command],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("key", [name for name in USER_KEYS if name not in ("unauthorized", "rsa_encrypted")])
def test_every_form_of_key_logs_in(server, key):
    header = server.keys[key].read_text().splitlines()[0]
    assert {"rsa_pem": "-----BEGIN RSA PRIVATE KEY-----", "ecdsa_pem": "-----BEGIN EC PRIVATE KEY-----"}.get(
        key, "-----BEGIN PRIVATE KEY-----" if "pkcs8" in key else "-----BEGIN OPENSSH PRIVATE KEY-----") == header
    if key == "ed25519_pkcs8":  # ssh itself cannot read this form; libssh2 can
        assert server.keys[key].with_suffix(".pub").read_text() in server.read("/root/.ssh/authorized_keys")
        return
    before = len(server.accepted_logins())
    assert ssh(server, "hostname", key=key).stdout == server.name + "\n"
    assert len(server.accepted_logins()) == before + 1


def test_an_encrypted_key_needs_its_passphrase(server):
    path = server.keys["rsa_encrypted"]
    for passphrase, expected in ((PASSPHRASE, 0), ("wrong", 255)):
        result = subprocess.run(["ssh-keygen", "-y", "-P", passphrase, "-f", path], capture_output=True, check=False)
        assert result.returncode == expected


def test_a_refused_key_is_counted(server):
    failed, accepted = len(server.failed_logins()), len(server.accepted_logins())
    assert ssh(server, "true", key="unauthorized").returncode == 255
    assert (len(server.failed_logins()), len(server.accepted_logins())) == (failed + 1, accepted)
    server.remove_authorized_key()
    try:
        assert ssh(server, "true").returncode == 255
    finally:
        server.restore_authorized_key()
    assert ssh(server, "true").returncode == 0


def test_other_users(server):
    assert ssh(server, "id -un; sudo -n sh -c 'id -un'", user="deploy").stdout == "deploy\nroot\n"
    assert ssh(server, "sudo -n sh -c 'id -un'", user="plain").returncode != 0


def test_nothing_of_the_host_leaks_in_or_out(server):
    assert ssh(server, "ls -A /root").stdout.split() == [".ssh"]
    assert ssh(server, "touch /usr/local/bin/x").returncode != 0
    assert ssh(server, "touch /tmp/of-the-server").returncode == 0
    assert server.exists("/tmp/of-the-server") and not Path("/tmp/of-the-server").exists()
    processes = [line.split() for line in ssh(server, "ps -A -o stat=,comm=").stdout.splitlines()]
    names = {name for state, name, *_ in processes if not state.startswith("Z")}
    assert names <= {"python3", "sandbox-init", "sshd", "ps", "bash", "sh"}
    assert not Path("/usr/bin/clpctl").exists()


def test_the_panels_version(server):
    assert ssh(server, "dpkg-query -W -f '${Version}' cloudpanel").stdout == "2.5.4-3+clp-bookworm"


def test_a_server_goes_down_and_comes_back_with_its_disk(server):
    assert ssh(server, "echo kept > /root/kept").returncode == 0
    server.stop()
    assert ssh(server, "true").returncode == 255
    server.start()
    assert ssh(server, "cat /root/kept").stdout == "kept\n"


def test_open_connections_are_cut(server):
    client = subprocess.Popen(["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o",
                               "UserKnownHostsFile=/dev/null", "-i", server.private_key, "-p", str(server.port),
                               f"root@{server.address}", "echo here; cat"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert client.stdout.readline() == b"here\n"
    server.kill_connections()
    assert client.wait(20) == 255
    client.stdin.close()
    client.stdout.close()
    assert ssh(server, "true").returncode == 0


def test_a_frozen_server_accepts_and_says_nothing(server):
    server.freeze()
    try:
        with http.client.socket.create_connection((server.address, server.port), 5) as connection:
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):
                connection.recv(1)
    finally:
        server.thaw()
    assert ssh(server, "true").returncode == 0


def test_new_host_keys(server, tmp_path):
    known = tmp_path / "known_hosts"
    before = server.host_key_lines()
    known.write_text("\n".join(before.values()) + "\n")
    assert len(before) == 3 and ssh(server, "true", known_hosts=known, check_host=True).returncode == 0
    server.new_host_key()
    assert not set(before.values()) & set(server.host_key_lines().values())
    assert ssh(server, "true", known_hosts=known, check_host=True).returncode == 255
    assert ssh(server, "true").returncode == 0


def test_more_servers(sandbox):
    other = sandbox.add_server(name="other", user="deploy", key="ed25519_openssh", is_active=False,
                               sshd_options="MaxSessions 2")
    row = sandbox.sql("select * from servers where id = %s", other.id)[0]
    assert (row["name"], row["ssh_user"], row["is_active"]) == ("other", "deploy", False)
    assert row["ssh_private_key"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert (other.address, other.port) != (sandbox.servers[0].address, 0) and ssh(other, "true").returncode == 0
    assert other.clpctl("site:add:static", "--domainName=here.com", "--siteUser=here",
                        "--siteUserPassword=12345678").returncode == 0
    assert not sandbox.servers[0].exists("/home/here")
    assert not set(other.host_key_lines().values()) & set(sandbox.servers[0].host_key_lines().values())


def test_a_server_that_is_removed(sandbox):
    gone = sandbox.add_server(name="gone")
    assert gone.clpctl("--version").returncode == 0
    with http.client.socket.create_connection((gone.address, gone.port), 5) as connection:
        assert connection.recv(4) == b"SSH-"
        gone.remove()
        assert connection.recv(1000) is not None  # what was on its way, or the end
    assert not Path(f"/proc/{gone.pid}").exists() and not gone.listens()
    assert [call.argv for call in gone.calls()] == [["--version"]]


def test_a_dry_run_can_be_proved(server):
    before = server.snapshot()
    assert server.snapshot() == before
    server.path("/root/changed").touch()
    assert server.snapshot() != before


# --- outages of Supabase's parts, and the end -------------------------------------------------------------------

@pytest.fixture
def folder():
    """A path for a sandbox of the test's own; pytest's tmp_path is closed to PostgreSQL's user."""
    with tempfile.TemporaryDirectory(prefix="sandbox-test.") as parent:
        os.chmod(parent, 0o755)
        yield Path(parent) / "sandbox"


@pytest.fixture(scope="module")
def other_sandbox():
    with Sandbox(servers=0, schema="oldest", max_rows=10, matomo=False) as running:
        yield running


def test_the_oldest_schema(other_sandbox):
    site = other_sandbox.add_site("old.com")
    client = Client(other_sandbox.url, apikey=other_sandbox.service_key)
    row = client("GET", f"sites?id=eq.{site}")[1][0]
    assert "server_id" not in row and "created_at" not in row
    for path in ("sites?server_id=is.null", "sites?order=created_at", "servers?select=name", "servers?is_active=is.true"):
        assert client("GET", path)[1]["code"] == "42703"
    server = other_sandbox.add_server()
    assert client("GET", f"servers?id=eq.{server.id}")[1][0]["ip_address"] == server.address


def test_postgresql_down_and_back(other_sandbox):
    client = Client(other_sandbox.url, apikey=other_sandbox.service_key)
    other_sandbox.postgres.stop(crash=True)
    try:
        # a connection that was open says 57P02 or the like once; from 0 on, each try to connect doubles the time
        answer = wait_for(lambda: next(filter(lambda got: got[0] == 503, [client("GET", "sites")]), None), 10, "503")
        assert answer[1]["code"] in ("PGRST000", "PGRST001", "PGRST002") and answer[2]["Retry-After"] in ("0", "1", "2", "4", "8")
    finally:
        other_sandbox.postgres.start()
    wait_for(lambda: client("GET", "sites")[0] == 200, 20, "PostgREST has reconnected")


def test_postgresql_killed_keeps_what_was_committed(other_sandbox):
    client = Client(other_sandbox.url, apikey=other_sandbox.service_key)
    site = other_sandbox.add_site("kept.com")
    assert client("PATCH", f"sites?id=eq.{site}", {"status_hosting": "active"})[0] == 204
    other_sandbox.postgres.kill()
    wait_for(lambda: client("GET", "sites")[0] == 503, 10, "PostgREST says so")
    other_sandbox.postgres.start()
    assert other_sandbox.site(site)["status_hosting"] == "active"
    wait_for(lambda: client("GET", "sites")[0] == 200, 20, "PostgREST has reconnected")


def test_postgrest_down_and_back(other_sandbox):
    client = Client(other_sandbox.url, apikey=other_sandbox.service_key)
    other_sandbox.postgrest.stop()
    assert client("GET", "sites")[0] == 502
    other_sandbox.postgrest.start()
    assert client("GET", "sites")[0] == 200


def test_a_frozen_database_hangs_until_it_thaws(other_sandbox):
    client = Client(other_sandbox.url, apikey=other_sandbox.service_key)
    assert client("GET", "sites")[0] == 200
    other_sandbox.postgres.freeze()
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(client("GET", "sites")[0]))
    waiting.start()
    waiting.join(0.3)
    assert not answers
    other_sandbox.postgres.thaw()
    waiting.join(20)
    assert answers == [200]


def test_ddl_reaches_postgrest(other_sandbox):
    client = Client(other_sandbox.url, apikey=other_sandbox.service_key)
    other_sandbox.sql("create function two() returns integer language sql as 'select 2'")
    other_sandbox.reload_schema()
    wait_for(lambda: client("POST", "rpc/two", {})[1] == 2, 10, "the new function is known")


def traces(directory):
    """Processes and mounts that mention the sandbox's folder, and the folder itself."""
    found = [str(directory)] if Path(directory).exists() else []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for name in ("cmdline", "environ", "mounts"):
                if str(directory).encode() in Path(f"/proc/{pid}/{name}").read_bytes():
                    found.append(f"{name} of {pid}")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        except OSError:
            continue
    return found


def test_the_command_line_leaves_no_trace(folder):
    up = subprocess.run([HERE / "sandbox", "up", "--dir", folder, "--servers", "1", "--https", "--site", "a.com"],
                        check=True, capture_output=True, text=True)
    description = json.loads(up.stdout)
    assert description["supabase"]["url"].startswith("https://localhost:")
    client = Client(description["supabase"]["url"], description["supabase"]["ca_file"],
                    apikey=description["supabase"]["service_key"])
    assert client("GET", "sites?select=domain")[1] == [{"domain": "a.com"}]
    assert json.loads(subprocess.run([HERE / "sandbox", "show", "--dir", folder], check=True, capture_output=True,
                                     text=True).stdout)["servers"] == description["servers"]
    assert len(traces(folder)) > 5
    own = {trace.rpartition(" of ")[2] for trace in traces(folder)}
    subprocess.run([HERE / "sandbox", "down", "--dir", folder], check=True)
    assert traces(folder) == []
    segments = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()]
    creator = segments[0].index("cpid")
    assert not {segment[creator] for segment in segments[1:]} & own
    assert subprocess.run([HERE / "sandbox", "down", "--dir", folder], capture_output=True, check=False).returncode == 1


def test_a_killed_test_program_leaves_no_trace(folder):
    program = (f"import sys; sys.path.insert(0, {str(HERE)!r}); from hosting_sandbox import Sandbox\n"
               f"sandbox = Sandbox(servers=1, directory={str(folder)!r}).start()\n"
               "print('up', flush=True); sys.stdin.read()")
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"up\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdin.close()
    child.stdout.close()
    wait_for(lambda: traces(folder) == [], 10, "everything is gone")


def test_a_killed_keeper_leaves_no_process(folder):
    sandbox = Sandbox(servers=1, directory=folder).start()
    os.kill(sandbox.describe()["keeper_pid"], signal.SIGKILL)
    wait_for(lambda: traces(folder) == [str(folder)], 10, "only the folder is left")
    sandbox.close()
    assert traces(folder) == []


def test_a_folder_that_unprivileged_users_cannot_reach_is_refused(folder):
    folder.parent.chmod(0o700)
    with pytest.raises(RuntimeError, match="no place for a sandbox"):
        Sandbox(servers=0, directory=folder).start()
    assert not folder.exists()


def test_a_failed_start_leaves_no_trace(folder, monkeypatch):
    monkeypatch.setattr("hosting_sandbox.gateway.NGINX", "/usr/sbin/no-such-nginx")
    with pytest.raises(RuntimeError, match="no-such-nginx"):
        Sandbox(servers=0, directory=folder).start()
    assert traces(folder) == []
