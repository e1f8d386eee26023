"""The command line and the configuration, as a person meets them."""

import os
import tempfile
from pathlib import Path

SERVICE_USER = 12_345  # whoever that is


def test_version_and_help(automator):
    assert automator.run("--version").out.startswith("hosting-automatord ")
    assert "--once" in automator.run("--help").out


def test_check_config_prints_every_mistake(automator):
    bad = automator.write(text="[supabase]\nulr = 'x'\npage_size = 0\n[loog]\n")
    run = automator.run("--config", bad, "--check-config")
    assert run.code == 2
    for part in ('unknown key supabase.ulr (did you mean "url"?)', "supabase.page_size must be", "unknown section [loog]",
                 "supabase.url is missing", "supabase.service_key is missing"):
        assert part in run.log
    good = automator.run("--config", automator.write(), "--check-config")
    assert (good.code, good.out) == (0, "the configuration is good\n")


def test_a_configuration_that_cannot_be_read(automator, tmp_path):
    run = automator.run("--config", tmp_path / "none.toml", "--once")
    assert run.code == 2 and "none.toml: cannot be read: No such file or directory" in run.log
    run = automator.run("--config", automator.write(text="[supabase\n"), "--once")
    assert run.code == 2 and "automator.toml:1:" in run.log


def test_a_configuration_with_a_key_that_everyone_can_read(automator):
    path = automator.write()
    path.chmod(0o644)
    run = automator.run("--config", path, "--once")
    assert run.code == 2 and "readable by everyone" in run.log


def test_wrong_usage(automator):
    for arguments in (["--dry-run"], ["--site", "x"], ["--nope"], ["--once", "--wait", "soon"]):
        assert automator.run(*arguments).code == 2


def test_a_ca_file_that_is_not_there(automator, sandbox):
    run = automator.once(supabase={"url": sandbox.https_url, "ca_file": "/nowhere/ca.pem"})
    assert run.code == 2 and "/nowhere/ca.pem" in run.log


def test_one_state_folder_serves_one_process(automator, sandbox):
    daemon = automator.start()
    daemon.wait_log("started")
    second = automator.once()
    assert second.code == 2
    assert f"the state folder {automator.state} is held by process {daemon.pid}" in second.log
    assert automator.once("--dry-run").code != 2  # it only looks
    assert daemon.stop().code == 0


def test_a_state_folder_that_cannot_be_used_is_survived(automator, sandbox, server, new_domain):
    site = sandbox.add_site(new_domain(), server)
    run = automator.once(daemon={"state_dir": "/proc/nowhere"})
    assert run.code == 0, run.log
    assert len(run.lines("^<4>The memory in /proc/nowhere/state.db cannot be used ")) == 1
    assert sandbox.site(site)["status_hosting"] == "active"


def test_the_environment_is_enough(automator, sandbox, server, new_domain, tmp_path):
    site = sandbox.add_site(new_domain(), server)
    automator.environment |= {"SUPABASE_URL": sandbox.url, "SUPABASE_SERVICE_KEY": sandbox.service_key}
    config = automator.write(text=f'[daemon]\nstate_dir = "{automator.state}"\n[certificates]\npreflight = "off"\n')
    assert automator.run("--config", config, "--once").code == 0
    assert sandbox.site(site)["status_hosting"] == "active"


def test_root_leaves_nothing_of_its_own_in_the_services_folder(automator, sandbox, server, new_domain):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        state = Path(folder) / "state"
        state.mkdir(mode=0o700)
        os.chown(state, SERVICE_USER, SERVICE_USER)
        sandbox.add_site(new_domain(), server)
        run = automator.once(daemon={"state_dir": state})
        assert (run.code, run.out) == (0, "1 active, 0 failed, 0 waiting\n")
        owners = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in state.iterdir()}
        assert {"known_hosts", "lock", "state.db"} <= owners.keys()
        assert set(owners.values()) == {(SERVICE_USER, SERVICE_USER)}, owners
