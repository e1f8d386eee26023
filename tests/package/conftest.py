"""Tests of the Debian package: what is in it, and the service that it installs, in a booted systemd."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "sandbox"), str(HERE)]

from clean_root import clean_root  # noqa: E402
from hosting_sandbox import Sandbox  # noqa: E402
from machine import Machine  # noqa: E402
from service import Service  # noqa: E402

ROOT = HERE.parents[1]


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The .deb that HOSTING_PACKAGE names; else one with the program that HOSTING_AUTOMATORD names, or a whole build."""
    if ready := os.environ.get("HOSTING_PACKAGE"):
        return Path(ready)
    environment = {**os.environ, "HOSTING_PREBUILT": os.environ.get("HOSTING_AUTOMATORD", "")}
    built = subprocess.run([ROOT / "packaging/build-deb", tmp_path_factory.mktemp("package")], env=environment,
                           capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return Path(built.stdout.strip())


@pytest.fixture(scope="session")
def sandbox():
    with Sandbox(servers=1) as running:
        running.set_matomo_credentials()
        yield running


@pytest.fixture(scope="module")
def machine(package, tmp_path_factory):
    """A machine on which the package was just installed."""
    with Machine(clean_root(), tmp_path_factory.mktemp("machine")) as booted:
        booted.apt_install(package)
        yield booted


@pytest.fixture(scope="module")
def service(machine, sandbox):
    return Service(machine, sandbox)
