"""The tests' own DNS server, asked in its own words, and programs that see it as the machine's."""

import os
import signal
import socket
import struct
import subprocess
import time

import pytest

from hosting_sandbox import private_files, strace
from hosting_sandbox.dns_server import DnsServer

A, AAAA, MX = 1, 28, 15


@pytest.fixture
def dns():
    with DnsServer() as running:
        yield running


def query(name, kind):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 4711, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)


def ask(dns, name, kind=A, timeout=5):
    """(code, addresses), or None for silence."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.connect((dns.address, 53))
        client.send(query(name, kind))
        try:
            reply = client.recv(4096)
        except TimeoutError:
            return None
    identity, flags, questions, answers, _, _ = struct.unpack_from("!6H", reply)
    assert (identity, questions, flags & 0x8180) == (4711, 1, 0x8180)
    at, addresses = len(query(name, kind)), []
    for _ in range(answers):
        number, _, _, size = struct.unpack_from("!HHIH", reply, at + 2)
        assert number == kind
        at += 12 + size
        packed = reply[at - size:at]
        addresses.append(socket.inet_ntop(socket.AF_INET6 if size == 16 else socket.AF_INET, packed))
    assert at == len(reply)
    return flags & 15, addresses


def test_addresses(dns):
    dns.answer("example.com", "192.0.2.1", "2001:db8::1", "192.0.2.2")
    assert ask(dns, "example.com", A) == (0, ["192.0.2.1", "192.0.2.2"])
    assert ask(dns, "Example.COM", AAAA) == (0, ["2001:db8::1"])
    assert ask(dns, "example.com", MX) == (0, [])
    assert [(question.name, question.kind) for question in dns.questions()] == [
        ("example.com", "A"), ("example.com", "AAAA"), ("example.com", "15")]


def test_every_kind_of_no_and_changing_it(dns):
    assert ask(dns, "example.com") == (3, [])
    dns.nodata("example.com")
    assert ask(dns, "example.com") == (0, [])
    dns.servfail("example.com")
    assert ask(dns, "example.com") == (2, [])
    dns.nxdomain("example.com")
    assert ask(dns, "example.com") == (3, [])
    dns.silence("example.com")
    assert ask(dns, "example.com", timeout=0.1) is None
    dns.servfail(None)
    assert ask(dns, "other.example") == (2, [])
    assert len(dns.questions("example.com")) == 5


def test_a_late_answer_keeps_no_other_waiting(dns):
    dns.answer("late.example", "192.0.2.1", delay=0.3)
    dns.answer("example.com", "192.0.2.2")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((dns.address, 53))
        start = time.monotonic()
        client.send(query("late.example", A))
        assert ask(dns, "example.com") == (0, ["192.0.2.2"])
        assert client.recv(4096) and time.monotonic() - start >= 0.3


def test_noise_is_survived(dns):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for noise in (b"", b"x", b"\0" * 12, b"\0" * 12 + b"\xff\xff", query("example.com", A)[:-3]):
            client.sendto(noise, (dns.address, 53))
    dns.answer("example.com", "192.0.2.1")
    assert ask(dns, "example.com") == (0, ["192.0.2.1"])


def test_two_at_once_have_addresses_of_their_own(dns):
    with DnsServer() as other:
        assert other.address != dns.address


def test_a_program_sees_other_files_and_keeps_its_process_id(dns, tmp_path):
    dns.answer("only-here.example", "192.0.2.7")
    hosts = tmp_path / "with a 'quote'"
    hosts.write_text("192.0.2.8 of-the-hosts-file\n")
    program = ("import os, socket\n"
               "print(os.getpid(), *map(socket.gethostbyname, ['only-here.example', 'of-the-hosts-file']))")
    started = subprocess.Popen(
        [*private_files.launcher({"/etc/resolv.conf": dns.resolv_conf(tmp_path), "/etc/hosts": hosts}),
         "/usr/bin/python3", "-c", program], stdout=subprocess.PIPE, text=True)
    output, _ = started.communicate(timeout=20)
    assert output.split() == [str(started.pid), "192.0.2.7", "192.0.2.8"]
    assert "of-the-hosts-file" not in open("/etc/hosts", encoding="utf-8").read()


def test_no_files_need_no_launcher():
    assert private_files.launcher({}) == []


def test_a_program_is_killed_at_a_system_call(tmp_path):
    program = ("import os; file = os.open('{0}', os.O_WRONLY | os.O_CREAT); print(os.getpid(), flush=True)\n"
               "for i in range(9): os.write(file, b'x')").format(tmp_path / "written")
    killer = strace.kill_at("write", 4, path=tmp_path / "written")
    started = subprocess.Popen([*killer, "/usr/bin/python3", "-c", program], stdout=subprocess.PIPE, text=True)
    output, _ = started.communicate(timeout=20)
    assert started.returncode == -signal.SIGKILL and output == f"{started.pid}\n"
    assert os.path.getsize(tmp_path / "written") == 3
