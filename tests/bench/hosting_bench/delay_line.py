"""A path with a round-trip time: every byte arrives that much later, however many are under way (the sandbox's
TcpProxy holds one piece after the other, so a burst would pay more than once)."""

import asyncio
import socket
import urllib.parse

from hosting_sandbox.loop_thread import LoopThread

PIECE_BYTES = 65536


class DelayLine:
    """Listens on loopback and forwards to `target`, a server of the sandbox or a URL."""

    def __init__(self, target, round_trip_seconds):
        parts = urllib.parse.urlsplit(target) if isinstance(target, str) else None
        self._target = (parts.hostname, parts.port) if parts else (target.address, target.port)
        self._one_way = round_trip_seconds / 2
        self._thread = LoopThread("delay-line")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.address, self.port = self._listener.getsockname()
        self._thread.call(lambda: self._thread.start_task(self._accept()))

    @property
    def url(self):
        return f"http://{self.address}:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._thread.stop()
        self._listener.close()

    async def _accept(self):
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(self._listener)
            self._thread.start_task(self._serve(client))

    async def _serve(self, client):
        loop = asyncio.get_running_loop()
        server = socket.socket()
        try:
            for end in (client, server):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.sleep(2 * self._one_way)  # TCP's own handshake
            await loop.sock_connect(server, self._target)
            await asyncio.gather(self._carry(client, server), self._carry(server, client))
        except OSError:
            pass  # one end is gone: so is the other
        finally:
            client.close()
            server.close()

    async def _carry(self, source, target):
        loop, under_way = asyncio.get_running_loop(), asyncio.Queue()
        arriving = loop.create_task(self._arrive(under_way, target))
        while True:
            data = await loop.sock_recv(source, PIECE_BYTES)
            under_way.put_nowait((loop.time() + self._one_way, data))
            if not data:
                break
        await arriving

    @staticmethod
    async def _arrive(under_way, target):
        loop = asyncio.get_running_loop()
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                target.shutdown(socket.SHUT_WR)
                return
            await loop.sock_sendall(target, data)
