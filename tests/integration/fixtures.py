"""What the suites that run the program share: one sandbox for all tests; each test has rows, servers, knobs and a
state folder of its own."""

import itertools

import pytest
from automator import Automator
from hosting_sandbox import Sandbox


@pytest.fixture(scope="session")
def shared_sandbox():
    with Sandbox(servers=0) as running:
        yield running


@pytest.fixture
def sandbox(shared_sandbox):
    """The sandbox without rows and knobs; servers that the test adds are removed at its end."""
    shared_sandbox.canned.stop()
    shared_sandbox.matomo.set_knobs({})
    shared_sandbox.sql("delete from sites")
    shared_sandbox.sql("delete from servers")
    shared_sandbox.set_matomo_credentials()
    before = len(shared_sandbox.servers)
    yield shared_sandbox
    for server in shared_sandbox.servers[before:]:
        server.remove()


@pytest.fixture
def server(sandbox):
    """One server with its row."""
    return sandbox.add_server()


@pytest.fixture
def automator(sandbox, tmp_path):
    program = Automator(sandbox, tmp_path)
    yield program
    program.close()


@pytest.fixture
def new_automator(sandbox, tmp_path):
    """new_automator(): one more program, with a state folder of its own."""
    made = []

    def make():
        folder = tmp_path / f"program-{len(made) + 1}"
        folder.mkdir()
        made.append(Automator(sandbox, folder))
        return made[-1]
    yield make
    for program in made:
        program.close()


@pytest.fixture
def shared_queue(sandbox):
    """The queue that daemons share is in the database for the length of the test."""
    sandbox.shared_queue.install()
    yield sandbox.shared_queue
    sandbox.shared_queue.remove()


_numbers = itertools.count(1)


@pytest.fixture
def new_domain():
    """A domain that no other test uses; Matomo and the servers live for the whole run."""
    return lambda label="site", tld="com": f"{label}{next(_numbers)}.{tld}"
