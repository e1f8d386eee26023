"""A Supabase, CloudPanel servers and a Matomo on loopback, for tests, the demo and benchmarks."""

from .sandbox import Sandbox
from .waiting import wait_for

__all__ = ["Sandbox", "wait_for"]
