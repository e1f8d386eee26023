"""What is in the package, without installing it."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNIT_FILE = ROOT / "packaging/systemd/hosting-automator.service"
KEY = re.compile(r"^#?(\w+) = (.*)$")


def run(*command, **options):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)


def test_lintian_has_nothing_to_say(package):
    done = run("lintian", "--allow-root", "--fail-on=error,warning", package.with_suffix(".changes"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_is_well_locked_up():
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=13", UNIT_FILE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_who_may_read_what(package):
    listed = run("dpkg-deb", "--contents", package).stdout
    assert re.search(r"^-rw-r----- root/root .* \./etc/hosting-automator/hosting-automator\.toml$", listed, re.M)
    assert re.search(r"^drwxr-x--- root/root .* \./etc/hosting-automator/$", listed, re.M)
    assert not re.search(r"^[^l].{7}w", listed, re.M), listed  # nothing that others could write


@pytest.mark.parametrize("page", ["hosting-automatord.8", "hosting-automator.toml.5"])
def test_the_manual_page_has_no_mistakes(page):
    done = run("groff", "-man", "-Tutf8", "-ww", "-z", ROOT / "packaging/man" / page)
    assert done.returncode == 0 and done.stderr == ""


def test_the_manual_has_every_key_with_its_default():
    manual = (ROOT / "packaging/man/hosting-automator.toml.5").read_text(encoding="utf-8")
    described = {}
    for section, body in re.findall(r"^\.SS \[(\w+)\]\n(.*?)(?=^\.S[SH])", manual, re.M | re.S):
        for name, default in re.findall(r'^\.BR? "?(\w+) = (.*?)(?:" " \*")?$', body, re.M):
            described[section, name] = default.replace(r"\(dq", '"').replace(r"\-", "-")
    section, configured = "", {}
    for line in (ROOT / "conf/hosting-automator.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif found := KEY.match(line):
            configured[section, found[1]] = found[2]
    del configured["supabase", "url"]  # an example, no default
    configured["ssh", "known_hosts"] = '"STATE_DIR/known_hosts"'
    assert configured.items() <= described.items()


def test_the_package_is_built_with_what_the_tests_build_with():
    script = f"source {ROOT}/tests/lib/setup.sh && build_packages"
    wanted = set(run("bash", "-c", script).stdout.split())
    control = (ROOT / "packaging/debian/control").read_text(encoding="utf-8")
    named = set(re.findall(r"[a-z0-9][a-z0-9.+-]+", control.split("Build-Depends:")[1].split("\n\n")[0]))
    # The first two are in build-essential, the third only makes it faster, the others are for the tests.
    needed = {name for name in wanted - {"g++", "dpkg-dev", "ccache"} if "boost-test" not in name}
    assert needed <= named


def columns(sandbox, schema):
    rows = sandbox.sql("select table_name, column_name, data_type from information_schema.columns "
                       "where table_schema = %s", schema)
    return {(row["table_name"], row["column_name"], row["data_type"]) for row in rows}


def test_the_example_makes_the_hubs_tables_and_changes_none_of_its_own(sandbox):
    text = (ROOT / "conf/hub-tables.sql").read_text(encoding="utf-8")
    hub = columns(sandbox, "public")
    sandbox.sql(text)
    assert columns(sandbox, "public") == hub
    sandbox.sql("create schema fresh; set search_path to fresh; " + text + "; set search_path to public")
    made = columns(sandbox, "fresh")
    sandbox.sql("drop schema fresh cascade")
    others = {"status_mail", "notes", "username", "password"}  # of the Hub's other modules, or not read
    assert made == {column for column in hub if column[1] not in others}
