"""A server that accepts every connection and never says a word, and remembers when each one came and went."""

import socket
import threading
import time
from dataclasses import dataclass

from hosting_sandbox.processes import free_port


@dataclass
class Visit:
    """CLOCK_MONOTONIC seconds; while it lasts, `left` is None."""

    came: float
    left: float = None


class Tarpit:
    def __init__(self):
        self.address, self.port = "127.0.0.1", free_port()
        self.visits = []
        self._listener = socket.create_server((self.address, self.port), backlog=128)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join(10)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            visit = Visit(time.monotonic())
            self.visits.append(visit)
            threading.Thread(target=self._keep, args=[connection, visit], daemon=True).start()

    @staticmethod
    def _keep(connection, visit):
        with connection:
            try:
                while connection.recv(4096):
                    pass
            except OSError:
                pass
        visit.left = time.monotonic()

    def present(self):
        return sum(visit.left is None for visit in self.visits)

    def overlaps(self, since=0):
        """Of those that came after the first `since`, the ones that came before an earlier one had left."""
        found, gone = [], 0
        for visit in self.visits[since:]:
            if visit.came < gone:
                found.append(visit)
            gone = max(gone, visit.left or float("inf"))
        return found
