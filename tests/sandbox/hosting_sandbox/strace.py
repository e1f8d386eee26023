"""Killing a program at one of its own system calls, with strace and no hook in the program."""


def kill_at(syscall, number=1, log="/dev/null", path=None):
    """What to put before a program's command line: SIGKILL where a thread of it enters `syscall` for the `number`th
    time; that call is not performed any more.

    path: counts only calls about this file. The program keeps the process id (-D: strace is the one that detaches).
    """
    only = ["-P", str(path)] if path else []
    return ["strace", "-D", "-f", "-qq", "-o", str(log), *only, "-e", f"trace={syscall}",
            "-e", f"inject={syscall}:signal=KILL:when={number}"]
