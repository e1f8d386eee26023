"""The README's way from the package to the first site, word by word."""

import re
from pathlib import Path

import pytest
from clean_root import clean_root
from hosting_sandbox.waiting import wait_for
from machine import UNIT, Machine
from service import CONFIGURATION

README = Path(__file__).resolve().parents[2] / "README.md"
KEY_COMMAND = "install -m 600 /dev/stdin"


def commands(heading):
    """Those of the first block under the heading, without their comments."""
    block = re.search(rf"^#+ {heading}\n.*?^```sh\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)[1]
    return [re.sub(r"\s+#.*", "", line) for line in block.splitlines()]


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with Machine(clean_root(), tmp_path_factory.mktemp("machine")) as booted:
        yield booted


def test_from_the_package_to_the_first_site(machine, package, sandbox):
    server = sandbox.add_server()
    install, edit, key, check, enable, follow = commands("Install")

    assert install.startswith("apt install ./hosting-automator_")
    machine.apt_install(package)
    assert edit == f"editor {CONFIGURATION}"
    machine.run("sed", "-i", f's|^url = .*|url = "{sandbox.url}"|', CONFIGURATION)
    machine.run("sed", "-i", 's|^#preflight = .*|preflight = "off"|', CONFIGURATION)  # the sandbox's domains are nobody's
    assert key.startswith(KEY_COMMAND)
    machine.shell(key, text_in=sandbox.service_key + "\n")
    checked = machine.shell(check, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    machine.shell(enable)

    site = sandbox.add_site("first-site.com", server)
    sandbox.wait_for_sites(30, ids=[site])
    assert follow.endswith(" -f")
    wait_for(lambda: "active, its certificate is valid" in machine.shell(follow.removesuffix(" -f")).stdout, 30,
             "the journal says it")


def test_a_new_key(machine, sandbox):
    key, restart = commands("Key rotation")
    before = machine.main_pid()
    machine.shell(key, text_in=sandbox.jwt_key + "\n")
    machine.shell(restart)
    assert machine.main_pid() not in (0, before)
    site = sandbox.add_site("second-site.com", sandbox.servers[0])
    sandbox.wait_for_sites(30, ids=[site])
    assert machine.run("stat", "--format=%U %a", "/etc/hosting-automator/supabase_service_key").stdout == "root 600\n"
    assert machine.systemctl("is-enabled", UNIT).stdout.strip() == "enabled"
