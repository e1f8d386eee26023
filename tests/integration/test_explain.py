"""`explain`: what happened to a site, why it is not running now, and who must act."""

import json
import os
import signal
from pathlib import Path

from hosting_sandbox.waiting import wait_for
from traces import files

LONG = {"max_attempts": 8, "first_delay": "1m", "max_delay": "30m"}


def all_stopped(pid):
    """All its threads: one that was in a system call ends that first."""
    return all(task.read_text().rpartition(")")[2].split()[0] == "T" for task in Path(f"/proc/{pid}/task").glob("*/stat"))


class Told:
    def __init__(self, run):
        answer = json.loads(run.out)
        assert run.log == "", run.log
        self.code = run.code
        self.notes = answer["notes"]
        self.sites = answer["sites"]

    @property
    def site(self):
        assert len(self.sites) == 1, self.sites
        return self.sites[0]

    @property
    def verdict(self):
        return self.site["verdict"]

    def fact(self, name):
        return [fact["text"] for fact in self.site["facts"] if fact["name"] == name]


def explain(automator, asked, **sections):
    return Told(automator.run("--config", automator.write(**sections), "explain", asked, "--json"))


def explain_beside(automator, asked):
    """With the configuration that the running daemon has."""
    return Told(automator.run("--config", automator.folder / "automator.toml", "explain", asked, "--json"))


def test_a_site_that_is_active(sandbox, server, automator, new_domain):
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    assert automator.once().code == 0
    told = explain(automator, domain)
    assert told.code == 0 and told.notes == []
    assert (told.site["site_id"], told.site["domain"]) == (site, domain)
    assert told.verdict == "it is done: status_hosting is 'active'" and told.site["who"] == ""
    assert told.fact("row") == [f"status_dns 'active', status_hosting 'active', server_id '{server.id}'"]
    assert told.fact("server") == [f"{server.name} (root@{server.address}:{server.port}), active"]
    order, = told.fact("order")
    assert order.endswith(f"on root@{server.address}:{server.port}: issued")
    assert told.fact("certificate budget")[0].startswith("249 of 250 orders are left")
    for asked in (site, f"  {domain.upper()} "):
        assert (explain(automator, asked).site["site_id"], explain(automator, asked).verdict) == (site, told.verdict)


def test_for_people(sandbox, server, automator, new_domain):
    domain = new_domain()
    site = sandbox.add_site(domain, server, status_dns="pending")
    run = automator.run("--config", automator.write(), "explain", domain)
    assert run.code == 0
    lines = run.out.splitlines()
    assert lines[0] == f"there is no memory in {automator.state}: no daemon has worked with it."
    assert lines[2] == f"{domain} ({site}): its DNS is not ready: status_dns is 'pending', and work begins at 'active'."
    assert lines[3].startswith("  -> the Management Hub sets it")
    assert os.listdir(automator.state) == []


def test_a_certificate_that_is_tried_again(sandbox, server, automator, new_domain):
    domain = new_domain()
    server.knob(command="lets-encrypt:install:certificate", domain=domain, fail="dns_nxdomain")
    site = sandbox.add_site(domain, server)
    daemon = automator.start(retry=LONG)
    wait_for(lambda: (automator.state / "state.db").exists() and
             automator.memory("select certificate_attempts from sites") == [(1,)], 30, "an attempt is remembered")
    names = set(os.listdir(automator.state))
    told = explain_beside(automator, domain)
    assert told.code == 0 and told.site["site_id"] == site
    assert told.verdict.startswith("it waits for its next attempt, 20")
    assert " (in " in told.verdict and "after its stage certificate failed: E_CERT_DNS: " in told.verdict
    assert told.site["who"] == "the domain's DNS must point to the server"
    assert told.fact("failed attempts") == ["site 0 of 8, certificate 1 of 8, analytics 0 of 3, report 0 of 8"]
    assert told.fact("last failure")[0].startswith("stage certificate: E_CERT_DNS: ")
    assert told.fact("next attempt")[0][:20] in told.verdict
    assert len(told.fact("failing since")) == len(told.fact("first refusal")) == 1
    assert told.fact("order")[0].endswith(": the validation failed")
    assert set(os.listdir(automator.state)) == names
    daemon.kill()
    again = explain_beside(automator, domain)
    assert again.verdict.startswith("no daemon is running here, so nothing is done; when one is: it waits for its next")
    assert again.site["who"].startswith("start the service hosting-automator; then: the domain's DNS")
    assert again.fact("last failure") == told.fact("last failure")
    assert set(os.listdir(automator.state)) == names


def test_the_memory_of_a_running_daemon_is_read_without_a_trace(sandbox, server, automator, new_domain):
    domain = new_domain()
    server.knob(command="lets-encrypt:install:certificate", domain=domain, fail="validation_404")
    sandbox.add_site(domain, server)
    daemon = automator.start(retry=LONG)
    wait_for(lambda: (automator.state / "state.db").exists() and
             automator.memory("select certificate_attempts from sites") == [(1,)], 30, "an attempt is remembered")
    daemon.signal(signal.SIGSTOP)
    wait_for(lambda: all_stopped(daemon.pid), 30, "it writes nothing now")
    before = files(automator.state)
    assert {"state.db", "state.db-wal", "state.db-shm"} <= {os.path.basename(path) for path in before}
    assert explain_beside(automator, domain).fact("last failure")
    assert files(automator.state) == before
    daemon.signal(signal.SIGCONT)
    assert daemon.stop().code == 0
    before = files(automator.state)
    assert explain_beside(automator, domain).fact("last failure")
    assert files(automator.state) == before


def test_an_invalid_domain(sandbox, server, automator):
    site = sandbox.add_site("bad_name;x.com", server)
    told = explain(automator, "Bad_Name;x.com")
    assert told.site["site_id"] == site
    assert "it fails at the next poll: E_DOMAIN_INVALID: " in told.verdict
    assert "correct the domain in the Management Hub" in told.site["who"]
    assert automator.once().code == 1
    told = explain(automator, site)
    assert told.verdict.startswith("it failed, and is not tried again by itself: E_DOMAIN_INVALID: ")


def test_spellings_and_several_rows(sandbox, server, automator):
    ascii_form = "xn--" + "bücher-explained".encode("punycode").decode() + ".de"
    ids = sandbox.add_sites(["bücher-explained.de", f" {ascii_form.upper()}"], server)
    told = explain(automator, "Bücher-Explained.de")
    assert sorted(site["site_id"] for site in told.sites) == sorted(ids)
    assert {site["domain"] for site in told.sites} == {ascii_form}
    assert sandbox.add_site("other-bücher-explained.de", server) not in {site["site_id"] for site in told.sites}


def test_a_site_without_a_server(sandbox, server, automator, new_domain):
    domain = new_domain()
    sandbox.add_site(domain)
    sandbox.add_server()
    told = explain(automator, domain)
    assert "E_SERVER_AMBIGUOUS: the site names no server, and 2 servers are active" in told.verdict


def test_a_paused_server(sandbox, automator, new_domain):
    domain = new_domain()
    paused = sandbox.add_server(is_active=False)
    sandbox.add_site(domain, paused)
    told = explain(automator, domain)
    assert f"its server '{paused.name}' is paused" in told.verdict
    assert told.fact("server")[0].endswith(", paused")


def test_a_server_that_is_down(sandbox, server, automator, new_domain):
    domain = new_domain()
    sandbox.add_site(domain, server)
    server.stop()
    daemon = automator.start(retry=LONG)
    wait_for(lambda: (automator.state / "state.db").exists() and
             automator.memory("select place from incidents"), 30, "the incident is remembered")
    told = explain_beside(automator, domain)
    assert told.verdict.startswith(f"it waits for its server '{server.name}', which cannot be used since 20")
    assert "E_SSH_UNREACHABLE: " in told.verdict
    assert told.site["who"] == "the server's administrator must act"
    down, = told.fact("server down")
    assert "0 probes failed; next probe 20" in down and "(in " in down
    assert daemon.stop().code == 0


def test_a_server_that_refused_the_key(sandbox, automator, new_domain):
    refusing = sandbox.add_server(key="unauthorized")
    sandbox.add_site(new_domain(), refusing)
    assert automator.once().code == 1
    domain = new_domain()
    sandbox.add_site(domain, refusing)
    told = explain(automator, domain)
    assert f"its server '{refusing.name}' refused us and is left in peace until 20" in told.verdict
    assert "put the right key into the server's row" in told.site["who"]
    refusal, = told.fact("server refused us")
    assert "or until its row's key changes: E_SSH_AUTH: " in refusal
    assert len(refusing.failed_logins()) == 1


def test_a_budget_that_is_used_up(sandbox, server, automator, new_domain):
    one = {"orders_per_server_per_3h": 1}
    sandbox.add_site(new_domain(), server)
    assert automator.once(certificates=one).code == 0
    domain = new_domain()
    sandbox.add_site(domain, server)
    assert automator.once(certificates=one).code == 1
    told = explain(automator, domain, certificates=one)
    assert "Let's Encrypt's limits, as counted here, allow no certificate order before" in told.verdict
    assert "nobody has to: the limits refill by themselves" in told.site["who"]
    budget, = told.fact("certificate budget")
    assert budget.startswith("0 of 1 orders are left on its server for 3 hours; no order for this domain before 20")
    assert told.fact("order") == []


def test_an_unknown_domain(sandbox, server, automator):
    for asked in ("nobody-has-this.com", "no domain;at all", "4d5a7cde-0000-4000-8000-000000000000"):
        told = explain(automator, asked)
        assert (told.code, told.sites) == (1, [])
        assert told.notes[-1] == f"no site is known by the domain or id '{asked}'"


def test_supabase_is_away(sandbox, server, automator, new_domain):
    domain = new_domain()
    server.knob(command="lets-encrypt:install:certificate", domain=domain, fail="validation_404")
    site = sandbox.add_site(domain, server)
    assert automator.once("--wait", "1s", retry=LONG).code == 1
    sandbox.gateway.stop()
    try:
        told, unknown = explain(automator, domain, retry=LONG), explain(automator, "nobody-has-this.com")
    finally:
        sandbox.gateway.start()
    assert told.code == unknown.code == 3
    assert told.notes[0].startswith("Supabase cannot be asked, so what follows is from memory alone: ")
    assert told.site["site_id"] == site
    assert "after its stage certificate failed: E_CERT_VALIDATION: " in told.verdict
    assert unknown.sites == [] and unknown.notes[-1].startswith("no site is known")


def test_an_outcome_that_could_not_be_written(sandbox, server, automator, new_domain):
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    daemon = automator.start(retry=LONG)
    daemon.wait_log("started")
    wait_for(lambda: sandbox.site(site)["status_hosting"] == "active", 30, "it is active")
    other = new_domain()
    with server.hold("lets-encrypt:install:certificate", other) as held:
        sandbox.add_site(other, server)
        held.wait_reached()
        sandbox.gateway.stop()
    try:
        wait_for(lambda: automator.memory("select outcome from sites") == [("active",)], 30, "the outcome is remembered")
    finally:
        daemon.kill()
        sandbox.gateway.start()
    told = explain_beside(automator, other)
    assert "its outcome is decided, but could not be written to its row yet: " in told.verdict
    assert told.fact("not yet written") == ["active"]


def test_a_row_that_is_gone_and_one_that_was_edited(sandbox, server, automator, new_domain):
    gone, edited = new_domain(), new_domain()
    for domain in (gone, edited):
        server.knob(command="lets-encrypt:install:certificate", domain=domain, fail="validation_404")
    ids = sandbox.add_sites([gone, edited], server)
    daemon = automator.start(retry=LONG)
    wait_for(lambda: (automator.state / "state.db").exists() and
             automator.memory("select count(*) from sites") == [(2,)], 30, "both are remembered")
    daemon.kill()
    sandbox.sql("delete from sites where id = %s", ids[0])
    sandbox.sql("update sites set domain = %s where id = %s", new_domain(), ids[1])
    told = explain_beside(automator, gone)
    assert told.code == 0 and told.verdict == "its row is gone: what is remembered of it is dropped"
    told = explain_beside(automator, ids[1])
    assert told.fact("remembered") == ["of another domain or server of this row: it is dropped"]
    assert "nothing keeps it" in told.verdict


def test_hostile_texts_do_not_reach_the_terminal(sandbox, server, automator, new_domain):
    domain = new_domain()
    sandbox.add_site(domain, server, status_hosting="failed", error_message="\x1b]0;gotcha\x07\x1b[31m\nE_X: red\u009b")
    for arguments in ([domain], [domain, "--json"], [f"{domain}\x1b[2J"]):
        run = automator.run("--config", automator.write(), "explain", *arguments)
        assert not any(ord(c) < 0x20 and c != "\n" or ord(c) in range(0x7f, 0xa0) for c in run.out), repr(run.out)
    assert sandbox.service_key not in run.out


def test_wrong_usage(automator):
    assert automator.run("explain").code == 2
    assert automator.run("--once", "explain", "x.com").code == 2
    assert automator.run("--config", automator.write(text="[loog]\n"), "explain", "x.com").code == 2
