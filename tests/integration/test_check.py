"""`check`: everything that the configuration names is tried, what is wrong is named, and nothing is changed."""

import json
import os
from dataclasses import dataclass

import pytest
from automator import Automator, toml
from hosting_sandbox import Sandbox
from hosting_sandbox.waiting import wait_for
from traces import files

MUTATING = ("site:add:static", "site:delete", "lets-encrypt:install:certificate")


@dataclass
class Checked:
    code: int
    parts: dict  # part -> {"state", "what", "who"}

    def states(self):
        return {part: found["state"] for part, found in self.parts.items()}

    def wrong(self):
        return {part for part, state in self.states().items() if state == "wrong"}


def check(automator, **sections):
    run = automator.run("--config", automator.write(**sections), "check", "--json")
    answer = json.loads(run.out)
    assert answer["result"] == ("ok" if run.code == 0 else "wrong"), run.out
    assert run.log == "", run.log
    parts = {found["part"]: found for found in answer["checks"]}
    assert len(parts) == len(answer["checks"])
    return Checked(run.code, parts)


def server_part(server):
    return f"server {server.name}"


def know(automator, *servers):
    """The operator has looked at the servers' host keys."""
    lines = [server.host_key_lines()["ssh-ed25519"] for server in servers]
    automator.known_hosts.write_text("".join(line + "\n" for line in lines))


def rows(sandbox):
    return [sandbox.sql(f"select * from {table} order by id") for table in
            ("sites", "servers", "infrastructure_credentials")]


def test_all_is_well(sandbox, automator):
    root, deploy = sandbox.add_server(), sandbox.add_server(user="deploy")
    know(automator, root, deploy)
    found = check(automator)
    assert found.code == 0, found
    assert set(found.states().values()) == {"ok"}
    assert list(found.parts)[:3] == ["configuration", "state folder", "known_hosts"]
    for server in (root, deploy):
        what = found.parts[server_part(server)]["what"]
        assert what == (f"{server.user}@{server.address}:{server.port}: logged in, clpctl answers, "
                        "CloudPanel 2.5.4-3+clp-bookworm")
        assert len(server.accepted_logins()) == 1 and len(server.connections()) == 1
    assert "the token from infrastructure_credentials is accepted" in found.parts["Matomo"]["what"]


def test_the_table_for_people(sandbox, server, automator):
    server.remove_clpctl()
    know(automator, server)
    run = automator.run("--config", automator.write(), "check")
    assert run.code == 1
    lines = run.out.splitlines()
    assert lines[0].split() == ["PART", "STATE", "WHAT", "->", "WHO", "MUST", "ACT"]
    at = next(i for i, line in enumerate(lines) if line.startswith(server_part(server)))
    assert " wrong " in lines[at] and "E_CLPCTL_MISSING: " in lines[at]
    assert lines[at + 1].strip() == "-> install CloudPanel on the server"
    assert lines[-1] == "1 part is wrong"
    assert sandbox.service_key not in run.out


def test_nothing_is_changed(sandbox, automator, new_domain):
    """Not even when a daemon has left a state folder, sites wait, and a host key is new."""
    old, new, broken = sandbox.add_server(), sandbox.add_server(user="deploy"), sandbox.add_server(key="unauthorized")
    know(automator, old)
    sandbox.add_site(new_domain(), old)
    assert automator.once().code == 0
    sandbox.add_sites([new_domain(), "x;y"], old)
    sandbox.add_site(new_domain(), new)
    before = rows(sandbox), files(automator.folder), [server.snapshot() for server in (old, new, broken)]
    config = automator.folder / "automator.toml"
    calls = len(old.calls())
    requests = len(sandbox.requests())
    run = automator.run("--config", config, "check", "--json")
    assert run.code == 1
    assert (rows(sandbox), files(automator.folder), [server.snapshot() for server in (old, new, broken)]) == before
    for call in [*old.calls()[calls:], *new.calls()]:
        assert call.command not in MUTATING
    assert len(old.calls()) == calls + 1
    assert {request["method"] for request in sandbox.requests()[requests:]} == {"GET"}
    found = {part["part"]: part for part in json.loads(run.out)["checks"]}
    assert found[server_part(new)]["state"] == "note"
    assert "SHA256:" in found[server_part(new)]["what"]
    assert len(broken.failed_logins()) == 1


def test_beside_a_running_daemon(sandbox, server, automator, new_domain):
    daemon = automator.start()
    sandbox.wait_for_sites(30, ids=[sandbox.add_site(new_domain(), server)])
    names = set(os.listdir(automator.state))
    with server.hold("site:add:static") as held:
        site = sandbox.add_site(new_domain(), server)
        held.wait_reached()  # the daemon has the lock on the server
        run = automator.run("--config", automator.folder / "automator.toml", "check", "--json")
        assert run.code == 0, run.out
        found = {part["part"]: part for part in json.loads(run.out)["checks"]}
        assert found["state folder"]["what"].endswith(f"held by process {daemon.pid} (the daemon is running)")
        assert found[server_part(server)]["state"] == "ok"
    sandbox.wait_for_sites(30, ids=[site])
    assert set(os.listdir(automator.state)) == names
    assert daemon.stop().code == 0
    assert server.overlaps() == []


def test_a_key_that_supabase_does_not_accept(sandbox, server, automator):
    found = check(automator, supabase={"service_key": "sb_secret_wrong"})
    assert found.code == 1 and found.wrong() == {"Supabase"}
    assert "does not accept the service key" in found.parts["Supabase"]["what"]
    assert found.parts["servers"]["state"] == found.parts["Matomo"]["state"] == "note"
    assert server.connections() == []


def test_a_key_without_rights(sandbox, server, automator):
    found = check(automator, supabase={"service_key": sandbox.anon_key})
    assert found.wrong() == {"servers"}
    assert "the key has no rights" in found.parts["servers"]["what"]


def test_supabase_is_away(sandbox, server, automator):
    sandbox.gateway.stop()
    try:
        found = check(automator)
    finally:
        sandbox.gateway.start()
    assert found.wrong() == {"Supabase"}
    assert "cannot be reached" in found.parts["Supabase"]["what"]


def test_a_key_that_a_server_refuses_is_tried_once(sandbox, server, automator):
    refusing = sandbox.add_server(key="unauthorized")
    found = check(automator)
    assert found.code == 1 and found.wrong() == {server_part(refusing)}
    assert found.parts[server_part(refusing)]["what"].startswith("E_SSH_AUTH: ")
    assert found.parts[server_part(refusing)]["who"] == "put the right key into the server's row, or on the server"
    assert len(refusing.connections()) == 1


def test_a_changed_host_key(sandbox, server, automator):
    know(automator, server)
    server.new_host_key()
    found = check(automator)
    assert found.wrong() == {server_part(server)}
    what = found.parts[server_part(server)]["what"]
    assert what.startswith("E_SSH_HOST_KEY: ") and f"ssh-keygen -f {automator.known_hosts} -R" in what
    assert server.accepted_logins() == [] and server.failed_logins() == []


def test_strict_refuses_an_unknown_host_key(sandbox, server, automator):
    found = check(automator, ssh={"host_keys": "strict"})
    assert found.wrong() == {server_part(server), "known_hosts"}
    assert "which is not known" in found.parts[server_part(server)]["what"]


def test_a_user_who_may_not_become_root(sandbox, automator):
    plain = sandbox.add_server(user="plain")
    found = check(automator)
    assert found.wrong() == {server_part(plain)}
    assert found.parts[server_part(plain)]["what"].startswith("E_CLPCTL_PRIVILEGE: the user plain may not use sudo")
    assert plain.calls() == []


def test_a_panel_that_cannot_start(sandbox, server, automator):
    server.knob(command="vhost-templates:list", fail="broken_install")
    found = check(automator)
    assert found.wrong() == {server_part(server)}
    assert found.parts[server_part(server)]["what"].startswith("E_PANEL: clpctl vhost-templates:list failed: ")


def test_a_server_that_is_down(sandbox, server, automator):
    server.stop()
    found = check(automator)
    assert found.wrong() == {server_part(server)}
    assert "Connection refused" in found.parts[server_part(server)]["what"]
    assert found.parts[server_part(server)]["who"] == "the server's administrator must act"


def test_a_server_that_is_silent_holds_up_no_other(sandbox, server, automator):
    silent = sandbox.add_server()
    silent.freeze()
    try:
        found = check(automator, ssh={"connect_timeout": "5s"})
    finally:
        silent.thaw()
    assert found.wrong() == {server_part(silent)}
    assert found.parts[server_part(silent)]["what"].startswith("E_SSH_UNREACHABLE: ")


def test_a_name_that_does_not_exist(sandbox, server, automator):
    sandbox.sql("update servers set ip_address = 'no-such-host.invalid' where id = %s", server.id)
    found = check(automator)
    assert found.wrong() == {server_part(server)}
    assert "no-such-host.invalid" in found.parts[server_part(server)]["what"]


def test_a_row_without_an_address(sandbox, server, automator):
    sandbox.sql("update servers set ip_address = '' where id = %s", server.id)
    found = check(automator)
    assert found.parts[server_part(server)]["what"].startswith("E_SERVER_UNKNOWN: ")


def test_a_paused_server_is_not_tried(sandbox, server, automator):
    paused = sandbox.add_server(is_active=False)
    found = check(automator)
    assert found.code == 0
    assert found.parts[server_part(paused)]["state"] == "paused"
    assert paused.connections() == []


def test_rows_that_are_one_server_share_a_login(sandbox, server, automator):
    sandbox.sql("insert into servers (name, ip_address, ssh_port, ssh_user, ssh_private_key) "
                "select 'twin', ip_address, ssh_port, ssh_user, ssh_private_key from servers where id = %s", server.id)
    # The last by its id: the first row's key is the one that is tried.
    sandbox.sql("insert into servers (id, name, ip_address, ssh_port, ssh_user, ssh_private_key) "
                "select 'ffffffff-ffff-4fff-bfff-ffffffffffff', 'other', ip_address, ssh_port, ssh_user, %s "
                "from servers where id = %s", server.keys["unauthorized"].read_text(), server.id)
    know(automator, server)
    found = check(automator)
    assert found.code == 0
    assert found.parts["server twin"] | {"part": ""} == found.parts[server_part(server)] | {"part": ""}
    assert found.parts["server other"]["state"] == "note"
    assert len(server.connections()) == 1


def test_a_default_server_that_is_none(sandbox, server, automator):
    found = check(automator, cloudpanel={"default_server": "nowhere"})
    assert found.wrong() == {"default server"}
    assert check(automator, cloudpanel={"default_server": server.name}).code == 0


def test_a_wrong_matomo_token(sandbox, server, automator):
    sandbox.set_matomo_credentials(token="0" * 32)
    before = len(sandbox.matomo.requests())
    found = check(automator)
    assert found.wrong() == {"Matomo"}
    assert found.parts["Matomo"]["who"] == "the Matomo administrator must act"
    assert len([r for r in sandbox.matomo.requests()[before:] if r["token"] == "bad"]) == 1


def test_matomo_from_the_configuration_and_none_at_all(sandbox, server, automator):
    sandbox.sql("delete from infrastructure_credentials")
    found = check(automator)
    assert (found.code, found.parts["Matomo"]["state"]) == (0, "note")
    assert check(automator, matomo={"enabled": False}).parts["Matomo"]["state"] == "ok"
    found = check(automator, matomo={"url": sandbox.matomo_url, "token": sandbox.matomo_token})
    assert "the token from the configuration is accepted" in found.parts["Matomo"]["what"]


def test_missing_columns_and_tables(sandbox, server, automator):
    sandbox.sql("alter table sites rename column error_message to error_text")
    sandbox.sql("alter table sites rename column status_dns to dns")
    sandbox.sql("alter table infrastructure_credentials rename to credentials")
    sandbox.reload_schema()
    try:
        wait_for(lambda: check(automator).wrong() == {"table sites"}, 30, "the schema is read again")
        found = check(automator)
    finally:
        sandbox.sql("alter table sites rename column error_text to error_message")
        sandbox.sql("alter table sites rename column dns to status_dns")
        sandbox.sql("alter table credentials rename to infrastructure_credentials")
        sandbox.reload_schema()
        wait_for(lambda: check(automator).code == 0, 30, "the schema is read again")
    assert found.parts["table sites"]["what"] == "lacks status_dns, error_message"
    assert found.parts["table infrastructure_credentials"]["state"] == "note"


def test_the_oldest_schema(tmp_path):
    with Sandbox(servers=1, schema="oldest") as oldest:
        oldest.set_matomo_credentials()
        found = check(Automator(oldest, tmp_path))
        assert found.code == 0, found
        assert found.parts["table sites"]["what"].startswith("done without server_id: sites go to ")
        assert "is_active: no server can be paused" in found.parts["table servers"]["what"]
        assert found.parts["default server"]["state"] == "ok"
        oldest.add_server()
        folder = tmp_path / "two"
        folder.mkdir()
        assert check(Automator(oldest, folder)).wrong() == {"default server"}


def test_a_configuration_with_mistakes(automator):
    bad = automator.write(text="[supabase]\nulr = 'x'\n")
    run = automator.run("--config", bad, "check", "--json")
    assert run.code == 2
    found = json.loads(run.out)["checks"]
    assert {part["part"] for part in found} == {"configuration"} and len(found) > 1
    assert automator.run("--config", bad, "check").code == 2


def test_a_ca_file_that_is_not_there(automator, sandbox):
    config = automator.write(supabase={"url": sandbox.https_url, "ca_file": "/nowhere/ca.pem"})
    run = automator.run("--config", config, "check", "--json")
    assert run.code == 2
    assert [p["what"] for p in json.loads(run.out)["checks"] if p["part"] == "configuration"][0].count("/nowhere/ca.pem")


def test_the_key_is_found_where_systemd_finds_it(automator, sandbox, server):
    sections = automator.configuration()
    del sections["supabase"]["service_key"]
    config = automator.write(text=toml(sections))
    run = automator.run("--config", config, "check")
    assert run.code == 2 and "a file supabase_service_key beside that" in run.out
    key = automator.folder / "supabase_service_key"
    key.touch(mode=0o600)
    key.write_text(sandbox.service_key + "\n")
    assert automator.run("--config", config, "check").code == 0
    key.chmod(0o644)
    run = automator.run("--config", config, "check")
    assert run.code == 2 and "supabase_service_key: holds a secret and is readable by everyone" in run.out


@pytest.mark.parametrize("below, words", [("", "cannot be used: it is no folder"), ("state", "cannot be made in ")])
def test_a_state_folder_that_cannot_be_used(automator, sandbox, server, below, words):
    file = automator.folder / "file"
    file.touch()
    found = check(automator, daemon={"state_dir": file / below}, ssh={"known_hosts": automator.known_hosts})
    assert found.wrong() == {"state folder"}
    assert words in found.parts["state folder"]["what"]


def test_a_damaged_memory(automator, sandbox, server):
    (automator.state / "state.db").write_bytes(b"no database at all" * 100)
    found = check(automator)
    assert found.wrong() == {"state folder"}
    assert "state.db cannot be read: " in found.parts["state folder"]["what"]


def test_hostile_names_do_not_reach_the_terminal(automator, sandbox, server):
    sandbox.sql("update servers set name = E'\\x1b[2Jx\\ny' where id = %s", server.id)
    run = automator.run("--config", automator.write(), "check")
    assert "\x1b" not in run.out and "server [2Jx y" in run.out
