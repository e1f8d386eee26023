"""The program's own part in the shared queue, tried on the sandbox's PostgREST: see tests/conformance."""

import os
import subprocess
from pathlib import Path

import pytest
from databases import run_script
from hosting_sandbox.waiting import wait_for
from queue_client import Client, is_reachable

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("HOSTING_AUTOMATORD") or str(ROOT / "build/release/daemon/hosting-automatord")
CONFORMANCE = Path(PROGRAM).parents[1] / "tests/conformance/conformance_shared_queue"
# ThreadSanitizer's shadow does not fit everywhere that a randomised layout may put the program.
LAUNCHER = ["setarch", "-R"] if os.environ.get("HOSTING_SANITIZER") == "tsan" else []


def run(sandbox, suite):
    """One suite of the program; its output where it fails."""
    done = subprocess.run([*LAUNCHER, CONFORMANCE, f"--run_test={suite}"], capture_output=True, text=True,
                          env={**os.environ, "HOSTING_TEST_URL": sandbox.url, "HOSTING_TEST_KEY": sandbox.service_key})
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("suite", ["memory_contract", "claims_port"])
def test_conformance(sandbox, suite):
    run(sandbox, suite)


@pytest.fixture
def without_queue(sandbox):
    """The sandbox before the migration."""
    assert run_script(sandbox.postgres.folder, "postgres", "shared-queue-remove.sql") is None
    # PostgREST's own word: PostgreSQL says at once that there is no such function any more, which is a 404, too
    wait_for(lambda: Client(sandbox).post("hosting_automator_work", {})[1]["code"] == "PGRST202", 20, "it has read that")
    yield sandbox
    assert run_script(sandbox.postgres.folder, "postgres", "shared-queue.sql") is None
    wait_for(lambda: is_reachable(sandbox), 20, "PostgREST knows the functions")


def test_without_the_queue(without_queue):
    run(without_queue, "without_the_queue")


def test_with_a_queue_of_another_version(sandbox):
    sandbox.sql("update hosting_automator.about set version = 2")
    try:
        run(sandbox, "another_version")
    finally:
        sandbox.sql("update hosting_automator.about set version = 1")
