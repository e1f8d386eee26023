"""One sandbox serves all tests; each test has rows, servers, knobs and a state folder of its own."""

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sandbox"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from automator import Automator  # noqa: E402
from hosting_sandbox import Sandbox  # noqa: E402


@pytest.fixture(scope="session")
def shared_sandbox():
    with Sandbox(servers=0) as running:
        yield running


@pytest.fixture
def sandbox(shared_sandbox):
    """The sandbox without rows and knobs; servers that the test adds are stopped at its end."""
    shared_sandbox.canned.stop()
    shared_sandbox.matomo.set_knobs({})
    shared_sandbox.sql("delete from sites")
    shared_sandbox.sql("delete from servers")
    shared_sandbox.set_matomo_credentials()
    before = len(shared_sandbox.servers)
    yield shared_sandbox
    for server in shared_sandbox.servers[before:]:
        server.stop()


@pytest.fixture
def server(sandbox):
    """One server with its row."""
    return sandbox.add_server()


@pytest.fixture
def automator(sandbox, tmp_path):
    program = Automator(sandbox, tmp_path)
    yield program
    program.close()


_numbers = itertools.count(1)


@pytest.fixture
def new_domain():
    """A domain that no other test uses; Matomo and the servers live for the whole run."""
    return lambda label="site", tld="com": f"{label}{next(_numbers)}.{tld}"
