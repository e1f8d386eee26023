"""Tests of the whole program on the sandbox."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sandbox"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from fixtures import (automator, new_automator, new_domain, sandbox, server, shared_queue,  # noqa: E402, F401
                      shared_sandbox)
