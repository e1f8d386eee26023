"""A small DNS server of the tests' own: answers by name, over UDP, on a loopback address of its own.

    with DnsServer() as dns:
        dns.answer("example.com", "192.0.2.1", "2001:db8::1")
        dns.servfail("broken.example", delay=0.2)
        automator.resolv_conf = dns.resolv_conf(tmp_path)

It listens on port 53, for resolv.conf has no ports. A name that the test says nothing about does not exist.
"""

import asyncio
import ipaddress
import random
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from .loop_thread import LoopThread

TYPES = {1: "A", 28: "AAAA"}
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
RESPONSE, RECURSION_WANTED, RECURSION_OFFERED = 0x8000, 0x0100, 0x0080
INTERNET = 1
TTL_SECONDS = 0
POINTER_TO_THE_QUESTION = b"\xc0\x0c"
HEADER = struct.Struct("!6H")


@dataclass(frozen=True)
class Question:
    """What was asked; `at` is comparable with time.monotonic()."""

    at: float
    name: str  # in lower case
    kind: str  # A, AAAA or the number of another type


@dataclass(frozen=True)
class Answer:
    """To every question about a name; a type without addresses of its own has no data."""

    code: int = NOERROR  # None: silence
    addresses: tuple = ()
    delay: float = 0


class DnsServer:
    """Its methods say what is answered from now on; they may be called while it runs."""

    def __init__(self):
        self._answers = {}
        self._default = Answer(NXDOMAIN)
        self._questions = []
        self._socket, self.address = _bind_port_53()
        self._thread = LoopThread(f"dns-{self.address}")
        self._thread.call(lambda: asyncio.get_running_loop().add_reader(self._socket, self._read))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._thread.call(lambda: asyncio.get_running_loop().remove_reader(self._socket))
        self._thread.stop()
        self._socket.close()

    def resolv_conf(self, folder):
        """Writes a resolv.conf that names this server alone; its path."""
        path = Path(folder) / f"resolv.conf.{self.address}"
        path.write_text(f"nameserver {self.address}\n", encoding="ascii")
        return path

    # --- answers: `name` None is every name that nothing else is said about ---------------------------------------

    def answer(self, name, *addresses, delay=0):
        """These IPv4 and IPv6 addresses."""
        self._set(name, Answer(NOERROR, tuple(ipaddress.ip_address(address) for address in addresses), delay))

    def nodata(self, name, delay=0):
        """The name exists and has neither."""
        self._set(name, Answer(NOERROR, (), delay))

    def nxdomain(self, name, delay=0):
        self._set(name, Answer(NXDOMAIN, (), delay))

    def servfail(self, name, delay=0):
        self._set(name, Answer(SERVFAIL, (), delay))

    def silence(self, name):
        self._set(name, Answer(None))

    def questions(self, name=None):
        """What was asked so far, in order."""
        return [question for question in list(self._questions) if name in (None, question.name)]

    def _set(self, name, answer):
        if name is None:
            self._default = answer
        else:
            self._answers[name.lower().rstrip(".")] = answer

    # --- in the loop's thread -----------------------------------------------------------------------------------

    def _read(self):
        packet, client = self._socket.recvfrom(4096)
        try:
            name, number, end = _question_of(packet)
        except (IndexError, struct.error, UnicodeDecodeError):  # no question that we understand
            return
        self._questions.append(Question(time.monotonic(), name, TYPES.get(number, str(number))))
        answer = self._answers.get(name, self._default)
        if answer.code is None:
            return
        reply = _reply(packet[:end], number, answer)
        asyncio.get_running_loop().call_later(answer.delay, self._socket.sendto, reply, client)


def _bind_port_53():
    """A socket on an address that no other server of this machine has."""
    for _ in range(50):
        address = f"127.0.{random.randrange(54, 250)}.{random.randrange(1, 255)}"
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.setblocking(False)
        try:
            listener.bind((address, 53))
            return listener, address
        except OSError as error:
            listener.close()
            problem = error
    raise RuntimeError(f"no loopback address has its port 53 free: {problem}")


def _question_of(packet):
    """The name, the type's number and where the question ends."""
    labels, at = [], HEADER.size
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii"))
        at += 1 + packet[at]
    (number,) = struct.unpack_from("!H", packet, at + 1)
    return ".".join(labels).lower(), number, at + 5


def _reply(question, number, answer):
    """The question again, and behind it the addresses of its type."""
    version = {"A": 4, "AAAA": 6}.get(TYPES.get(number))
    data = [address.packed for address in answer.addresses if address.version == version]
    records = [POINTER_TO_THE_QUESTION + struct.pack("!HHIH", number, INTERNET, TTL_SECONDS, len(packed)) + packed
               for packed in data]
    identity, flags = struct.unpack_from("!HH", question)
    flags = RESPONSE | (flags & RECURSION_WANTED) | RECURSION_OFFERED | answer.code
    return HEADER.pack(identity, flags, 1, len(records), 0, 0) + question[HEADER.size:] + b"".join(records)
