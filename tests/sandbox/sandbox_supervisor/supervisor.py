"""The process that holds a sandbox together, so that nothing of it can be left behind.

Two processes: the *keeper* stands outside, and the *init* is process 1 of a pid, mount and ipc namespace in
which everything else runs. When the keeper ends the sandbox (the library's pipe closed, SIGTERM, or the
keeper itself was killed) the init dies, and the kernel then kills every process in the namespace and drops
every mount and SysV segment. No list of processes can be incomplete.

The init listens on DIR/supervisor.sock; a request is one JSON line, the answer another:

    spawn   argv, log, user?, env?, inside?   start a process (inside a server's namespaces); its pids
    signal  name, signal                      send a signal to a process that was spawned
    stop    name, signal, timeout             the same, then SIGKILL after the timeout; wait until it is gone
    server  plan                              make a server's namespaces (server_namespace.py); its pids
    overlay lower, layers, target, owner      a writable view of a cached folder (PostgreSQL's data)
    bind    source, target                    a read-only view of a file, where its own path is closed to others
    names                                     what runs, with pids as the host sees them
"""

import json
import os
import pwd
import select
import shutil
import signal
import socket
import sys
import traceback

from . import kernel
from .server_namespace import enter_new_server

SERVER_NAMESPACES = (kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS)
CLEAN_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def host_pid():
    """This process's id as the host sees it: the host's /proc is still mounted in the init's namespace."""
    return int(os.readlink("/proc/self"))


def drop_privileges(user):
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


class Init:
    """Process 1 of the sandbox's namespaces: starts, signals and reaps everything else."""

    def __init__(self, directory):
        self._directory = directory
        self._pids = {}       # name -> pid in this namespace
        self._host_pids = {}  # name -> pid as the host sees it
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        path = os.path.join(directory, "supervisor.sock")
        self._listener.bind(path)
        os.chmod(path, 0o600)
        self._listener.listen(64)

    def run(self):
        wakeup_read, wakeup_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wakeup_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poller = select.poll()
        poller.register(self._listener, select.POLLIN)
        poller.register(wakeup_read, select.POLLIN)
        while True:
            for descriptor, _ in poller.poll():
                if descriptor == wakeup_read:
                    os.read(wakeup_read, 4096)
                    self._reap()
                else:
                    self._serve_one()

    def _reap(self):
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for name in [name for name, known in self._pids.items() if known == pid]:
                del self._pids[name], self._host_pids[name]

    def _serve_one(self):
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rwb") as stream:
            try:
                request = json.loads(stream.readline())
                answer = getattr(self, "do_" + request.pop("do"))(**request)
            except Exception as error:  # whatever it was, the asker hears of it and the sandbox lives on
                answer = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
            try:
                stream.write(json.dumps(answer).encode() + b"\n")
                stream.flush()
            except BrokenPipeError:
                pass

    def _fork(self, name, child):
        """Forks; `child(report)` runs in the child, reports its pids by `report(pid)` or raises."""
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        forked = os.fork()
        if forked == 0:
            try:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os.close(read_end)
                child(lambda **fields: os.write(write_end, json.dumps(fields).encode() + b"\n"))
            except BaseException as error:
                os.write(write_end, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode() + b"\n")
            os._exit(70)
        os.close(write_end)
        with open(read_end, "rb") as pipe:
            fields = {}
            for line in pipe:  # ends when exec closes the pipe, or with the child
                fields.update(json.loads(line))
        if "error" in fields:
            raise RuntimeError(fields["error"])
        self._pids[name] = fields.get("pid", forked)
        self._host_pids[name] = fields["host_pid"]
        return {"host_pid": fields["host_pid"]}

    def do_spawn(self, name, argv, log, user=None, env=None, inside=None):
        if name in self._pids:
            raise RuntimeError(f"{name} runs already")

        def execute(report):
            os.setsid()
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            nothing = os.open("/dev/null", os.O_RDONLY)
            if inside is not None:
                target = os.pidfd_open(self._pids[inside])
                kernel.setns(target, kernel.CLONE_NEWPID)
                child = os.fork()  # only a child enters the pid namespace
                if child != 0:
                    report(pid=child)
                    os._exit(0)
                report(host_pid=host_pid())
                kernel.setns(target, kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS)
                os.chdir("/")
            else:
                report(host_pid=host_pid())
            os.dup2(nothing, 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            if user:
                drop_privileges(user)
            os.execve(argv[0], argv, {**CLEAN_ENVIRONMENT, **(env or {})})

        return self._fork(name, execute)

    def do_server(self, name, plan):
        def create(report):
            kernel.unshare(SERVER_NAMESPACES)
            child = os.fork()
            if child != 0:
                report(pid=child)
                os._exit(0)
            report(host_pid=host_pid())
            self._listener.close()
            enter_new_server(plan)
            os.closerange(3, 256)  # the report's pipe too: the server is ready
            reap_for_ever()

        return self._fork(name, create)

    def do_signal(self, name, signal):  # pylint: disable=redefined-outer-name
        os.kill(self._pids[name], signal)
        return {}

    def do_stop(self, name, signal=signal.SIGTERM, timeout=5):  # pylint: disable=redefined-outer-name
        self._reap()
        pid = self._pids.get(name)
        if pid is None:
            return {}
        descriptor = os.pidfd_open(pid)
        try:
            os.kill(pid, signal)
            if not select.select([descriptor], [], [], timeout)[0]:
                os.kill(pid, 9)
                select.select([descriptor], [], [], 5)
        finally:
            os.close(descriptor)
        self._reap()
        return {}

    def do_overlay(self, lower, layers, target, owner):
        """Shows `lower` at `target`; what is written lies on a tmpfs at `layers` and dies with the sandbox."""
        kernel.mount("sandbox", layers, "tmpfs", 0, "mode=0755")
        upper, work = os.path.join(layers, "upper"), os.path.join(layers, "work")
        os.mkdir(upper, 0o700)
        os.mkdir(work)
        os.chown(upper, *owner)
        kernel.mount("overlay", target, "overlay", 0, f"lowerdir={lower},upperdir={upper},workdir={work}")
        return {}

    def do_bind(self, source, target):
        kernel.bind(source, target, read_only=True)
        return {}

    def do_names(self):
        self._reap()
        return {"names": self._host_pids}


def reap_for_ever():
    """The whole life of a server's process 1: orphans of a dropped SSH channel end up here."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        signal.sigwait({signal.SIGCHLD})
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


def become_init(directory, ready):
    kernel.die_with_parent(signal.SIGKILL)
    kernel.set_process_name("sandbox-init")
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC)
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    init = Init(directory)
    os.write(ready, b"ready\n")
    os.close(ready)
    init.run()


def keep(directory, follow_stdin):
    """Waits for the end and then clears away; `follow_stdin`: the end is also when stdin closes."""
    ready = os.dup(1)
    os.set_inheritable(ready, False)
    log = os.open(os.path.join(directory, "supervisor.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    kernel.unshare(kernel.CLONE_NEWPID)  # of the child; the keeper itself must not see the sandbox's mounts
    init = os.fork()
    if init == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
        become_init(directory, ready)
    os.close(ready)
    kernel.set_process_name("sandbox-keeper")
    wait_for_the_end(init, follow_stdin)
    try:
        os.kill(init, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.waitpid(init, 0)  # returns when every process of the namespace is gone
    shutil.rmtree(directory, ignore_errors=True)


def wait_for_the_end(init, follow_stdin):
    read_end, write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(write_end)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    poller = select.poll()
    poller.register(os.pidfd_open(init), select.POLLIN)
    poller.register(read_end, select.POLLIN)
    if follow_stdin:
        poller.register(0, select.POLLIN | select.POLLHUP)
    poller.poll()


if __name__ == "__main__":
    keep(sys.argv[1], follow_stdin="--follow-stdin" in sys.argv[2:])
