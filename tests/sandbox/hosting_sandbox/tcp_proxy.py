"""A TCP proxy of the tests' own: stands on the path to Supabase, Matomo or a server's sshd and spoils it.

    with TcpProxy(server) as proxy:                          # or sandbox.url, sandbox.matomo_url
        sandbox.point_server_at(server, proxy)               # or proxy.url in the configuration, in Matomo's row
        proxy.delay(0.05, jitter=0.02)                       # open connections too, until heal()
        proxy.cut_after(100, "reply", times=2)               # the next two connections only
        proxy.silence(after=300, times=1)                    # and then the third
        proxy.on(b"PATCH ", daemon.kill, moment="answered", cut=True)

A direction is "request" (towards the server), "reply" or "both". Faults with `times` stand in a queue from which each
new connection takes one; those without are met by every connection. Counts of bytes are a connection's own, from its
beginning. Nothing here knows HTTP, except that `on` tells where a request ends.
"""

import asyncio
import fcntl
import random
import socket
import struct
import termios
import urllib.parse

from .loop_thread import LoopThread
from .processes import free_port
from .proxy_faults import Fault, Trigger, request_is_complete

PIECE_BYTES = 65536
DIRECTIONS = {"request": ("request",), "reply": ("reply",), "both": ("request", "reply")}
MOMENTS = ("before", "after", "answered")
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, zero seconds


class _Cut(Exception):
    """This connection ends here."""


def _unread_bytes(end):
    return struct.unpack("i", fcntl.ioctl(end, termios.FIONREAD, bytes(4)))[0]


class _Link:
    """One connection: the client's socket and the server's."""

    def __init__(self, client, faults):
        self.client = client
        self.server = None
        self.faults = faults  # of its own, from the queue
        self.passed = {"request": 0, "reply": 0}
        self.taken = 0  # bytes of requests
        self.request = b""  # since the last reply, for triggers
        self.unanswered = []  # triggers that wait for the reply
        self.met = set()
        self.how = "close"
        self.task = None

    def close(self):
        for end in (self.client, self.server):
            if end is not None:
                if self.how == "reset":
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                end.close()


class TcpProxy:
    """Listens on a loopback address and forwards to `target` as the faults let it."""

    def __init__(self, target, address="127.0.0.1", seed=None):
        """target: a URL, or a server of the sandbox. seed: of the jitter."""
        parts = urllib.parse.urlsplit(target) if isinstance(target, str) else None
        self.target = (parts.hostname, parts.port) if parts else (target.address, target.port)
        self.address = address
        self.port = free_port(address)
        self.connections = 0  # accepted so far
        self.bytes = {"request": 0, "reply": 0}  # forwarded so far
        self._random = random.Random(seed)
        self._faults = []
        self._triggers = []
        self._links = set()
        self._errors = []
        self._thread = LoopThread(f"proxy-{self.port}")
        self._changed = self._thread.call(asyncio.Event)
        self._listener = None
        self._accepting = None
        self.listen()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def url(self):
        return f"http://{self.address}:{self.port}"

    @property
    def open_connections(self):
        return len(self._links)

    def close(self):
        """Ends it; an exception of an action, or of the proxy itself, is raised here."""
        self._thread.call(self._stop_listening)
        self._thread.stop()
        if self._errors:
            raise self._errors.pop()

    # --- faults -------------------------------------------------------------------------------------------------

    def delay(self, seconds, jitter=0, direction="both", times=None):
        """Each piece of data is held for `seconds`, more or less `jitter`."""
        return self._add(Fault(DIRECTIONS[direction], times, seconds=seconds, jitter=jitter))

    def drip(self, count, seconds, direction="both", times=None):
        """`count` bytes at a time, `seconds` between them."""
        return self._add(Fault(DIRECTIONS[direction], times, seconds=seconds, drip=count))

    def cut_after(self, count, direction="request", times=None, how="reset", action=None):
        """When `count` bytes have passed in one direction, both ends see a reset (or an orderly end: how="close").
        With 0 the first byte does it and does not pass. `action` is called just before."""
        return self._add(Fault(DIRECTIONS[direction], times, cut=count, how=how, action=action))

    def silence(self, direction="both", after=0, times=None):
        """What comes after `after` bytes, an end of the connection too, stays in the proxy until heal()."""
        return self._add(Fault(DIRECTIONS[direction], times, silent=after))

    def silence_open(self, direction="both"):
        """The same for the connections that are open now, and for no new one."""
        return self._thread.call(self._silence_open, Fault(DIRECTIONS[direction], 0, silent=0))

    def held_bytes(self):
        """Of requests that have come and were not passed on, in our hands or the kernel's."""
        return self._thread.call(self._held_bytes)

    def reset_new(self, times=None):
        """New connections are accepted and reset at once."""
        return self._add(Fault((), times, at_once=True))

    def reset_connections(self):
        """Both ends of every open connection see a reset."""
        self._thread.call(self._reset_connections)

    def refuse(self):
        """Nobody listens any more; open connections stay."""
        self._thread.call(self._stop_listening)

    def listen(self):
        self._thread.call(self._start_listening)

    def heal(self):
        """No faults from now on, for open connections too: what was held goes on."""
        self._thread.call(self._heal)

    def on(self, pattern, action, moment="before", cut=False, skip=0, times=1):
        """Calls `action()` when the pattern is in a request, all of it at a stand meanwhile; returns the Trigger.

        moment: "before" any byte of the piece with the pattern goes on, "after" the whole request has, or when it
        is "answered" and the reply has not gone back. cut: the connection is reset then, and what has not gone on
        never does. skip: let the first so many pass.
        """
        if moment not in MOMENTS:
            raise ValueError(f"no such moment: {moment}")
        trigger = Trigger(pattern, action, moment, cut, skip, times)
        self._thread.call(self._triggers.append, trigger)
        return trigger

    def forget_triggers(self):
        self._thread.call(self._triggers.clear)

    # --- in the loop's thread -----------------------------------------------------------------------------------

    def _add(self, fault):
        self._thread.call(self._faults.append, fault)
        return fault

    def _silence_open(self, fault):
        for link in self._links:
            link.faults.append(fault)
        return fault

    def _held_bytes(self):
        return sum(link.taken - link.passed["request"] + _unread_bytes(link.client) for link in self._links)

    def _heal(self):
        self._faults.clear()
        for link in self._links:
            link.faults.clear()
        self._changed.set()
        self._changed = asyncio.Event()
        self._start_listening()

    def _start_listening(self):
        if self._listener is None:
            self._listener = socket.create_server((self.address, self.port), backlog=128)
            self._listener.setblocking(False)
            self._accepting = self._thread.start_task(self._accept(self._listener))

    def _stop_listening(self):
        if self._listener is not None:
            self._accepting.cancel()
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _reset_connections(self):
        for link in self._links:
            link.how = "reset"
            link.task.cancel()

    async def _accept(self, listener):
        while True:
            client, _ = await asyncio.get_running_loop().sock_accept(listener)
            self.connections += 1
            link = _Link(client, self._deal_faults())
            self._links.add(link)
            link.task = self._thread.start_task(self._serve(link))

    def _deal_faults(self):
        fault = next((fault for fault in self._faults if fault.left), None)
        if fault is None:
            return []
        fault.left -= 1
        return [fault]

    async def _serve(self, link):
        try:
            await self._connect(link)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(link, "request", link.client, link.server))
                both.create_task(self._pump(link, "reply", link.server, link.client))
        except* _Cut:
            pass
        except* OSError:  # one end is gone without a goodbye: so is the other
            link.how = "reset"
        except* Exception as errors:
            self._errors += errors.exceptions
        finally:
            self._links.discard(link)
            link.close()

    async def _connect(self, link):
        link.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for fault in self._of(link):
            if fault.at_once:
                self._cut(link, fault)
        link.server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        link.server.setblocking(False)
        link.server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(link.server, self.target)

    async def _pump(self, link, direction, source, target):
        while data := await asyncio.get_running_loop().sock_recv(source, PIECE_BYTES):
            if direction == "request":
                link.taken += len(data)
                await self._request(link, data)
            else:
                await self._while_silent(link, direction)
                self._fire(link, link.unanswered)
                link.request = b""
                await self._forward(link, direction, target, data)
        await self._while_silent(link, direction)
        target.shutdown(socket.SHUT_WR)

    async def _request(self, link, data):
        known = len(link.request)
        link.request += data
        found = [trigger for trigger in self._triggers if trigger.takes(link.request, known)]
        self._fire(link, [trigger for trigger in found if trigger.moment == "before"])
        link.unanswered += [trigger for trigger in found if trigger.moment != "before"]  # the reply may be quick
        await self._forward(link, "request", link.server, data)
        if request_is_complete(link.request):
            self._fire(link, [trigger for trigger in link.unanswered if trigger.moment == "after"])

    @staticmethod
    def _fire(link, triggers):
        for trigger in list(triggers):
            if trigger in link.unanswered:
                link.unanswered.remove(trigger)
            trigger.fire()
            if trigger.cut:
                link.how = "reset"
                raise _Cut

    def _of(self, link, direction=None):
        shared = [fault for fault in self._faults if fault.left is None]
        return [fault for fault in link.faults + shared if direction is None or direction in fault.directions]

    def _meet(self, link, fault):
        if fault not in link.met:
            link.met.add(fault)
            fault.met += 1

    def _cut(self, link, fault):
        self._meet(link, fault)
        if fault.action:
            fault.action()
        link.how = fault.how
        raise _Cut

    async def _forward(self, link, direction, target, data):
        await self._delay(link, direction)
        while True:
            await self._while_silent(link, direction)
            passed = link.passed[direction]
            for fault in self._of(link, direction):
                if fault.cut is not None and fault.cut <= passed:
                    self._cut(link, fault)
            if not data:
                return
            size, pause = self._portion(link, direction, len(data))
            link.passed[direction] += size
            self.bytes[direction] += size  # before, so that whoever has them finds them counted
            await asyncio.get_running_loop().sock_sendall(target, data[:size])
            data = data[size:]
            await asyncio.sleep(pause)

    async def _delay(self, link, direction):
        for fault in self._of(link, direction):
            if fault.seconds and fault.drip is None:
                self._meet(link, fault)
                await asyncio.sleep(max(0, fault.seconds + self._random.uniform(-fault.jitter, fault.jitter)))

    async def _while_silent(self, link, direction):
        """Returns when nothing silences this direction."""
        while silent := [fault for fault in self._of(link, direction)
                         if fault.silent is not None and fault.silent <= link.passed[direction]]:
            self._meet(link, silent[0])
            await self._changed.wait()

    def _portion(self, link, direction, size):
        """How much may go now, and the pause after it."""
        pause = 0
        for fault in self._of(link, direction):
            end = fault.cut if fault.cut is not None else fault.silent
            if end is not None:
                size = min(size, end - link.passed[direction])
            elif fault.drip is not None:
                self._meet(link, fault)
                size, pause = min(size, fault.drip), max(pause, fault.seconds)
        return size, pause
