"""The tests' own TCP proxy, between a client and a server that says back what it hears."""

import socket
import threading
import time

import pytest

from hosting_sandbox import wait_for
from hosting_sandbox.tcp_proxy import TcpProxy


class Echo:
    """Says back every byte; `heard` is all that reached it, on every connection."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address, self.port = self._listener.getsockname()
        self.heard = b""
        self.ended = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection):
        with connection:
            try:
                while data := connection.recv(65536):
                    self.heard += data
                    connection.sendall(data)
            except OSError:
                pass
        self.ended += 1

    def close(self):
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
            self._listener.close()


@pytest.fixture
def echo():
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo):
    with TcpProxy(echo, seed=1) as running:
        yield running


@pytest.fixture
def connect(proxy):
    """Opens a connection through the proxy."""
    opened = []

    def open_one():
        opened.append(socket.create_connection((proxy.address, proxy.port), 5))
        return opened[-1]
    yield open_one
    for connection in opened:
        connection.close()


def ask(connection, data):
    """What comes back for `data`, until there is as much."""
    connection.sendall(data)
    answer = b""
    while len(answer) < len(data):
        piece = connection.recv(65536)
        if not piece:
            break
        answer += piece
    return answer


def says_nothing(connection, seconds=0.1):
    connection.settimeout(seconds)
    try:
        return connection.recv(1) is None
    except TimeoutError:
        return True
    finally:
        connection.settimeout(5)


def test_without_faults_everything_passes_and_is_counted(echo, proxy, connect):
    data = bytes(range(256)) * 4000
    first, second = connect(), connect()
    first.sendall(data)
    first.shutdown(socket.SHUT_WR)
    assert b"".join(iter(lambda: first.recv(65536), b"")) == data
    assert ask(second, b"x") == b"x"
    assert proxy.connections == 2 and proxy.bytes == {"request": len(data) + 1, "reply": len(data) + 1}
    wait_for(lambda: proxy.open_connections == 1, 5, "the first connection has ended")
    second.close()
    wait_for(lambda: echo.ended == 2, 5, "the server saw both ends")


def test_latency_is_added_to_open_connections_and_taken_away(proxy, connect):
    connection = connect()
    assert ask(connection, b"x") == b"x"
    fault = proxy.delay(0.2, jitter=0.05)
    start = time.monotonic()
    assert ask(connection, b"x") == b"x"
    assert time.monotonic() - start >= 0.3  # there and back, at least 0.15 each
    assert fault.met == 1
    proxy.heal()
    proxy.delay(3600)
    proxy.heal()
    assert ask(connection, b"x") == b"x"


def test_a_reset_is_seen_at_both_ends(echo, proxy, connect):
    connection = connect()
    assert ask(connection, b"x") == b"x"
    proxy.reset_connections()
    with pytest.raises(ConnectionResetError):
        connection.recv(1)
    wait_for(lambda: echo.ended == 1 and proxy.open_connections == 0, 5, "it is gone")
    assert ask(connect(), b"x") == b"x"


@pytest.mark.parametrize("direction", ["request", "reply"])
def test_a_cut_after_some_bytes(echo, proxy, connect, direction):
    fault = proxy.cut_after(7, direction, times=2)
    for count in (1, 2):
        connection = connect()
        assert ask(connection, b"12345") == b"12345"
        connection.sendall(b"67890")
        with pytest.raises(ConnectionResetError):
            while connection.recv(1):
                pass
        wait_for(lambda: echo.ended == count, 5, "the server saw the end")
    assert fault.met == 2
    assert echo.heard == (b"1234567" * 2 if direction == "request" else b"1234567890" * 2)
    assert ask(connect(), b"1234567890") == b"1234567890"  # the third


def test_a_cut_may_be_orderly_and_says_so(proxy, connect):
    cuts = []
    proxy.cut_after(0, "reply", how="close", action=lambda: cuts.append("now"))
    assert ask(connect(), b"x") == b""
    assert cuts == ["now"]


def test_silence_keeps_the_connection_and_what_was_said(echo, proxy, connect):
    connection = connect()
    assert ask(connection, b"first ") == b"first "
    proxy.silence()
    connection.sendall(b"second")
    late = connect()  # accepted
    late.sendall(b" third")
    assert says_nothing(connection) and says_nothing(late)
    assert echo.heard == b"first "
    proxy.heal()
    assert connection.recv(6) == b"second" and late.recv(6) == b" third"


def test_silence_in_one_direction_after_some_bytes_on_the_next_connection(echo, proxy, connect):
    fault = proxy.silence("reply", after=3, times=1)
    silent = connect()
    silent.sendall(b"12345")
    assert silent.recv(5) == b"123" and says_nothing(silent)
    wait_for(lambda: fault.met == 1, 5, "it was met")
    assert echo.heard == b"12345"
    assert ask(connect(), b"12345") == b"12345"


def test_silence_of_the_open_connections_is_not_met_by_new_ones(echo, proxy, connect):
    connection = connect()
    assert ask(connection, b"first ") == b"first "
    fault = proxy.silence_open("request")
    assert fault.met == 0
    connection.sendall(b"second")
    wait_for(lambda: fault.met == 1, 5, "it waits in the proxy")
    assert ask(connect(), b"third") == b"third"
    assert echo.heard == b"first third"
    proxy.heal()
    assert connection.recv(6) == b"second"


def test_a_client_that_leaves_during_a_silence_is_noticed_after_it(echo, proxy, connect):
    connection = connect()
    assert ask(connection, b"x") == b"x"
    proxy.silence()
    connection.close()
    assert echo.ended == 0
    proxy.heal()
    wait_for(lambda: echo.ended == 1, 5, "the server saw the end")


def test_slow_drip(proxy, connect):
    proxy.drip(3, 0.02, "reply")
    start = time.monotonic()
    assert ask(connect(), b"1234567890") == b"1234567890"
    assert time.monotonic() - start >= 0.06


def test_faults_with_a_count_stand_in_a_queue(proxy, connect):
    faults = [proxy.cut_after(count, "reply", how="close", times=1) for count in (1, 2, 3)]
    assert [ask(connect(), b"12345") for _ in range(4)] == [b"1", b"12", b"123", b"12345"]
    assert [fault.met for fault in faults] == [1, 1, 1]


def test_refused_and_listening_again(proxy, connect):
    connection = connect()
    assert ask(connection, b"x") == b"x"
    for _ in range(3):
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connect()
        assert ask(connection, b"x") == b"x"
        proxy.listen()
        assert ask(connect(), b"x") == b"x"


def test_new_connections_are_reset(proxy, connect):
    connection = connect()
    assert ask(connection, b"x") == b"x"
    proxy.reset_new(times=1)
    with pytest.raises(ConnectionResetError):
        connect().recv(1)
    assert ask(connection, b"x") == b"x" and ask(connect(), b"x") == b"x"


def test_a_server_that_is_down_is_a_reset(echo, proxy, connect):
    echo.close()
    with pytest.raises(ConnectionResetError):
        connect().recv(1)


REQUEST = b"PATCH /sites HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"


@pytest.mark.parametrize("moment, heard", [("before", b""), ("after", REQUEST), ("answered", REQUEST)])
def test_a_pattern_cuts_at_the_moment_asked_for(echo, proxy, connect, moment, heard):
    seen = []
    trigger = proxy.on(b"PATCH ", lambda: seen.append(echo.heard), moment=moment, cut=True)
    connection = connect()
    connection.sendall(REQUEST)
    with pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert trigger.fired.wait(5) and len(seen) == 1
    if moment == "before":
        assert echo.heard == b"" and seen == [b""]
    else:
        wait_for(lambda: echo.heard == heard, 5, "the server has the request")
    assert ask(connect(), REQUEST) == REQUEST  # once is enough


def test_a_pattern_may_come_in_pieces_and_pass(proxy, connect):
    seen = []
    proxy.on(b"secret word", lambda: seen.append("before"))
    proxy.on(b"secret word", lambda: seen.append("after"), moment="after")
    proxy.on(b"secret word", lambda: seen.append("answered"), moment="answered")
    proxy.silence("reply")  # a server that knows HTTP would wait for the second piece
    connection, pieces = connect(), [b"POST / HTTP/1.1\r\ncontent-length: 16\r\n\r\na secr", b"et word 12"]
    connection.sendall(pieces[0])
    wait_for(lambda: proxy.bytes["request"] == len(pieces[0]), 5, "the first piece passed")
    connection.sendall(pieces[1])
    wait_for(lambda: seen == ["before", "after"], 5, "the pattern was seen")
    proxy.heal()
    wait_for(lambda: len(seen) == 3, 5, "the pattern was seen")
    assert seen == ["before", "after", "answered"]


def test_a_pattern_may_be_counted(proxy, connect):
    seen = []
    proxy.on(b"x", lambda: seen.append(1), skip=1, times=2)
    connection = connect()
    for _ in range(4):
        assert ask(connection, b"x") == b"x"
    assert len(seen) == 2
    proxy.on(b"x", lambda: seen.append(1))
    proxy.forget_triggers()
    assert ask(connection, b"x") == b"x"
    assert len(seen) == 2


def test_an_action_that_fails_fails_the_test(echo):
    def broken():
        raise ValueError("broken")
    proxy = TcpProxy(echo)
    proxy.on(b"x", broken)
    with socket.create_connection((proxy.address, proxy.port), 5) as connection:
        connection.sendall(b"x")
        assert connection.recv(1) == b""
    with pytest.raises(ValueError, match="broken"):
        proxy.close()


def test_it_ends_while_connections_are_open(echo):
    threads = set(threading.enumerate())
    proxy = TcpProxy(echo)
    own = set(threading.enumerate()) - threads
    fault = proxy.silence()
    with socket.create_connection((proxy.address, proxy.port), 5) as connection:
        connection.sendall(b"x")
        wait_for(lambda: fault.met == 1, 5, "it is open, and the byte was taken")
        proxy.close()
        assert connection.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((proxy.address, proxy.port), 5)
    assert own and not any(thread.is_alive() for thread in own)


def test_a_server_behind_a_proxy_of_its_own(sandbox, server):
    with TcpProxy(server) as proxy:
        sandbox.point_server_at(server, proxy)
        row = sandbox.sql("select ip_address, ssh_port from servers where id = %s", server.id)[0]
        assert (row["ip_address"], row["ssh_port"]) == (proxy.address, proxy.port)
        with socket.create_connection((proxy.address, proxy.port), 5) as connection:
            assert connection.recv(4) == b"SSH-"
        sandbox.point_server_at(server)
        row = sandbox.sql("select ip_address from servers where id = %s", server.id)[0]
        assert row["ip_address"] == server.address
