"""The program's own part in the shared queue, tried on the sandbox's PostgREST: see tests/conformance."""

import os
import subprocess
from pathlib import Path

import pytest

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
    sandbox.shared_queue.remove()
    yield sandbox
    sandbox.shared_queue.install()


def test_without_the_queue(without_queue):
    run(without_queue, "without_the_queue")


def test_with_a_queue_of_another_version(sandbox):
    sandbox.sql("update hosting_automator.about set version = 2")
    try:
        run(sandbox, "another_version")
    finally:
        sandbox.sql("update hosting_automator.about set version = 1")
