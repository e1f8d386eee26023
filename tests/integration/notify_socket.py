"""systemd's end of sd_notify: what the program tells, a datagram each."""

import socket
import threading

from hosting_sandbox.waiting import wait_for


class NotifySocket:
    """`environment` is what the program needs; `told` has the messages, each as a dictionary."""

    def __init__(self, folder, watchdog_seconds=None):
        self.told = []
        self._path = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._path)
        self.environment = {"NOTIFY_SOCKET": self._path}
        if watchdog_seconds is not None:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog_seconds * 1_000_000))
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._reader.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self._path)
        self._reader.join(10)
        self._socket.close()

    def wait(self, predicate, what, timeout=30):
        """The first message for which that is true."""
        return wait_for(lambda: next((m for m in list(self.told) if predicate(m)), None), timeout,
                        f"systemd is told {what}; it was told {self.told[-5:]}")

    def count(self, key):
        return sum(key in message for message in list(self.told))

    def _read(self):
        while data := self._socket.recv(65536):
            self.told.append(dict(line.split("=", 1) for line in data.decode().splitlines()))
