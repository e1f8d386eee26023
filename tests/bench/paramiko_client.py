#!/usr/bin/python3
"""A contender: one connection to each server, one site after the other, one command after the other, with Paramiko.

    paramiko_client.py [--nodelay] JOBS     # JSON: a list of {address, port, user, key, commands}; prints JSON

`commands` names a file of commands, each ended by a NUL. Paramiko itself leaves TCP_NODELAY off.
"""

import json
import resource
import socket
import sys
import time
from pathlib import Path

import paramiko


def connect(job, nodelay):
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    channel = None
    if nodelay:
        channel = socket.create_connection((job["address"], job["port"]))
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.connect(job["address"], job["port"], job["user"], key_filename=job["key"], sock=channel,
                   allow_agent=False, look_for_keys=False)
    return client


def run(client, command):
    """Whether it ended with status 0."""
    _, out, err = client.exec_command(command)
    out.read()
    err.read()
    return out.channel.recv_exit_status() == 0


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main():
    nodelay = "--nodelay" in sys.argv
    jobs = json.loads(Path(sys.argv[-1]).read_text())
    lists = [Path(job["commands"]).read_bytes().decode().split("\0")[:-1] for job in jobs]
    failed, cpu, begin = 0, cpu_seconds(), time.monotonic()  # what importing takes is not counted
    for job, commands in zip(jobs, lists):
        with connect(job, nodelay) as client:
            failed += sum(not run(client, command) for command in commands)
    print(json.dumps({"commands": sum(map(len, lists)), "failed": failed, "seconds": time.monotonic() - begin,
                      "cpu_seconds": cpu_seconds() - cpu}))


if __name__ == "__main__":
    main()
