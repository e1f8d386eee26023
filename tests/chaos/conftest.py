"""Kills and bad paths, on the sandbox that the integration tests use."""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "chaos"), str(TESTS / "integration"), str(TESTS / "sandbox")]
pytest.register_assert_rewrite("invariants")

import history  # noqa: E402
from fixtures import (automator, new_automator, new_domain, sandbox, server, shared_queue,  # noqa: E402, F401
                      shared_sandbox)
from fleet import Fleet  # noqa: E402
from scene import Scene  # noqa: E402


@pytest.fixture
def make_scene(sandbox, automator, new_domain):  # noqa: F811
    """make_scene(servers=1, sites=1): pending sites, a proxy on every path."""
    history.keep(sandbox)
    made = []

    def make(servers=1, sites=1):
        made.append(Scene(sandbox, automator, new_domain, servers))
        made[-1].add_sites(sites)
        return made[-1]
    yield make
    for scene in made:
        scene.close()


@pytest.fixture
def scene(make_scene):
    """One site on one server."""
    return make_scene()


@pytest.fixture
def make_fleet(sandbox, shared_queue, new_automator, new_domain):  # noqa: F811
    """make_fleet(daemons=2, servers=1, sites=0): daemons that share a queue, not started yet."""
    history.keep(sandbox)
    made = []

    def make(daemons=2, servers=1, sites=0):
        made.append(Fleet(sandbox, new_automator, new_domain, daemons, servers))
        made[-1].add_sites(sites)
        return made[-1]
    yield make
    for fleet in made:
        fleet.close()
