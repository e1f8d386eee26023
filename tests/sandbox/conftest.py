"""One sandbox serves all tests; each test takes a server or domains of its own."""

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hosting_sandbox import Sandbox  # noqa: E402


@pytest.fixture(scope="session")
def sandbox():
    with Sandbox(servers=1) as running:
        yield running


@pytest.fixture(scope="module")
def server(sandbox):
    return sandbox.servers[0]


@pytest.fixture
def knob(server):
    """server.knob, forgotten after the test."""
    yield server.knob
    server.clear_knobs()


@pytest.fixture(scope="session")
def new_name():
    """A label that no other test uses."""
    numbers = itertools.count(1)
    return lambda prefix="site": f"{prefix}{next(numbers)}"
