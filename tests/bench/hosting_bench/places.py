"""Where the benchmark finds the sandbox's library, the tests' runner of the program, and what was built."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILT = ROOT / "build/release/tests/bench"
CLPCTL, SSH_LOOP, REMOTE_SCRIPTS = BUILT / "bench_clpctl", BUILT / "bench_ssh_loop", BUILT / "bench_remote_scripts"
SCALE = BUILT / "bench_scale"
PARAMIKO_CLIENT = ROOT / "tests/bench/paramiko_client.py"

sys.path[:0] = [str(ROOT / "tests/sandbox"), str(ROOT / "tests/integration")]
