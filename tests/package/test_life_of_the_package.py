"""Installation, upgrade and purge, in this order on one machine."""

import re
import subprocess

import pytest
from machine import UNIT
from service import CONFIGURATION, KEY_FILE


@pytest.fixture(scope="module")
def newer_package(package, tmp_path_factory):
    """The same with a higher version."""
    tree = tmp_path_factory.mktemp("newer") / "tree"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: (.*)$", r"Version: \1+newer", control.read_text(), flags=re.M))
    newer = tree.parent / package.name.replace("_", "-newer_", 1)
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, newer], check=True, stdout=subprocess.DEVNULL)
    return newer


def owner_and_mode(machine, path):
    return machine.run("stat", "--format=%U:%G %a", path).stdout.strip()


def test_a_new_one_is_neither_enabled_nor_started(machine):
    assert machine.systemctl("is-enabled", UNIT, check=False).stdout.strip() == "disabled"
    assert machine.systemctl("is-active", UNIT, check=False).stdout.strip() == "inactive"
    assert machine.run("hosting-automatord", "--version").stdout.startswith("hosting-automatord ")


def test_the_manual_has_every_option_and_command(machine):
    manual = machine.shell("zcat /usr/share/man/man8/hosting-automatord.8.gz").stdout.replace(r"\-", "-")
    help_text = machine.run("hosting-automatord", "--help").stdout
    named = re.findall(r"^ +(?:-\w,)?(--[a-z-]+)", help_text, re.M)
    named += re.findall(r"^  (\w+)", help_text.partition("Subcommands:")[2], re.M)
    assert "--once" in named
    assert [name for name in named if name not in manual] == []


def test_the_unit_has_no_mistakes(machine):
    done = machine.run("systemd-analyze", "verify", "--man=no", UNIT + ".service", check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_only_the_service_reads_the_configuration(machine):
    assert owner_and_mode(machine, CONFIGURATION) == "root:hosting-automator 640"
    assert owner_and_mode(machine, "/etc/hosting-automator") == "root:hosting-automator 750"
    assert machine.run("getent", "passwd", UNIT).stdout.split(":")[6].strip() == "/usr/sbin/nologin"


def test_without_a_key_it_does_not_start(machine, service):
    assert machine.systemctl("start", UNIT, check=False).returncode != 0
    service.wait_line("status=243/CREDENTIALS")
    assert (machine.show("NRestarts"), machine.show("ActiveState")) == ("0", "failed")


def test_a_wrong_configuration_is_said_once(machine, service):
    service.configure(log={"level": "loud"})
    machine.systemctl("reset-failed", UNIT, check=False)
    assert machine.systemctl("start", UNIT, check=False).returncode != 0
    assert (machine.show("NRestarts"), machine.show("ActiveState")) == ("0", "failed")
    assert machine.show("ExecMainStatus") == "2"
    service.wait_line("log.level must be")


def test_an_upgrade_restarts_what_runs(machine, service, newer_package):
    service.configure()
    machine.run("chgrp", "root", CONFIGURATION)  # an administrator's choice
    machine.run("chmod", "644", CONFIGURATION)
    configured = machine.read(CONFIGURATION)
    service.start()
    before = machine.main_pid()
    machine.apt_install(newer_package)
    assert machine.show("ActiveState") == "active"
    assert machine.main_pid() not in (0, before)
    assert machine.read(CONFIGURATION) == configured
    assert owner_and_mode(machine, CONFIGURATION) == "root:root 644"


def test_an_upgrade_starts_nothing_that_was_stopped(machine, service, package):
    service.stop()
    machine.run("dpkg", "--install", machine.copy_in(package))
    assert machine.systemctl("is-active", UNIT, check=False).stdout.strip() == "inactive"


def test_removal_stops_it_and_keeps_what_was_configured(machine, service):
    service.start()
    machine.run("apt-get", "-q", "-y", "remove", UNIT)
    assert machine.run("pgrep", "--full", "/usr/bin/hosting-automatord", check=False).returncode == 1
    assert machine.exists(KEY_FILE) and machine.exists("/var/lib/hosting-automator/state.db")


def test_a_purge_leaves_only_the_account(machine):
    machine.run("apt-get", "-q", "-y", "purge", UNIT)
    left = machine.run("find", "/", "-xdev", "-name", "*hosting-automator*", "-not", "-path", "/var/tmp/*",
                       "-not", "-path", "/var/cache/apt/*", "-not", "-path", "/run/systemd/system/*").stdout.split()
    assert left == []
    assert machine.run("getent", "passwd", UNIT).returncode == 0
    machine.systemctl("daemon-reload")
    assert machine.show("LoadState") == "not-found"
