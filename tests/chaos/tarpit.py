"""A server that accepts every connection and never says a word, and remembers when each one came and went."""

import selectors
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
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._thread.join(10)
        self._listener.close()

    def _serve(self):
        while True:
            ready = [key for key, _ in self._selector.select()]
            for key in ready:  # who has left comes first: the next one may have come because of that
                if key.fileobj is not self._listener:
                    self._hear(key.fileobj, key.data)
            if any(key.fileobj is self._listener for key in ready) and not self._accept():
                return

    def _accept(self):
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return False
        self.visits.append(Visit(time.monotonic()))
        self._selector.register(connection, selectors.EVENT_READ, self.visits[-1])
        return True

    def _hear(self, connection, visit):
        try:
            if connection.recv(4096):
                return
        except OSError:
            pass
        self._selector.unregister(connection)
        connection.close()
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
