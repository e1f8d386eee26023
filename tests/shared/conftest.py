"""The shared queue's functions on real PostgreSQL and PostgREST."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "shared"), str(TESTS / "sandbox")]

from hosting_sandbox import Sandbox  # noqa: E402
from queue_client import Worker  # noqa: E402


@pytest.fixture(scope="session")
def shared_sandbox():
    with Sandbox(servers=0, matomo=False) as running:
        running.shared_queue.install()
        yield running


@pytest.fixture
def sandbox(shared_sandbox):
    """The database without rows and workers."""
    shared_sandbox.shared_queue.clear()
    shared_sandbox.sql("delete from sites")
    shared_sandbox.sql("delete from servers")
    return shared_sandbox


@pytest.fixture
def new_worker(sandbox):
    return lambda *arguments, **options: Worker(sandbox, *arguments, **options)


@pytest.fixture
def worker(new_worker):
    return new_worker()


@pytest.fixture
def add_server(sandbox):
    """Rows of servers that no test logs in to."""
    def add(**columns):
        columns = {"name": "web", **columns}
        names, values = ", ".join(columns), ", ".join(["%s"] * len(columns))
        return sandbox.sql(f"insert into servers ({names}) values ({values}) returning id", *columns.values())[0]["id"]
    return add


@pytest.fixture
def server(add_server):
    return add_server()


@pytest.fixture
def now_ms(sandbox):
    """The database's clock."""
    return lambda: sandbox.sql("select hosting_automator.now_ms() as now")[0]["now"]
