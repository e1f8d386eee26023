"""What a TcpProxy does to connections, as data."""

import re
import threading
from dataclasses import dataclass, field


@dataclass(eq=False)
class Fault:
    """One way to spoil connections. `met` counts those that it did something to (for a test to be sure)."""

    directions: tuple
    left: int = None  # how many new connections still get it; None: all, open ones too
    seconds: float = 0
    jitter: float = 0
    drip: int = None  # bytes at a time, `seconds` between them
    cut: int = None  # after so many bytes
    silent: int = None  # the same
    how: str = "reset"  # or "close"
    action: object = None  # called when it cuts
    at_once: bool = False  # cut before a byte is read
    met: int = 0


@dataclass(eq=False)
class Trigger:
    """Calls `action` when the pattern passes in a request; see TcpProxy.on."""

    pattern: bytes
    action: object
    moment: str
    cut: bool
    skip: int
    left: int
    fired: threading.Event = field(default_factory=threading.Event)

    def takes(self, seen, fresh_from):
        """Whether the pattern ends in what is new in `seen`, and its turn has come."""
        if self.left == 0 or seen.find(self.pattern, max(0, fresh_from - len(self.pattern) + 1)) < 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.left -= 1
        return True

    def fire(self):
        self.action()
        self.fired.set()


def request_is_complete(text):
    """Whether an HTTP request with a Content-Length, or without a body, is all there."""
    head, blank, body = text.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: *(\d+)", head, re.IGNORECASE)
    return bool(blank) and len(body) >= (int(length.group(1)) if length else 0)
