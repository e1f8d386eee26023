"""Running the system's own tools, and the panel's words when one fails."""

import os

from .refusal import Refusal


def run(*command, **environment):
    """Runs a program without a shell; (exit code, stderr). posix_spawn: importing subprocess costs 8 ms."""
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    pid = os.posix_spawn(command[0], command, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                               **environment},
                         file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                                       (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                                       (os.POSIX_SPAWN_DUP2, write_end, 2)])
    os.close(write_end)
    with open(read_end, "rb") as pipe:
        errors = pipe.read().decode(errors="replace")
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), errors


def step_failed(command, message):
    """CE#341: the message of the failed step stands there twice."""
    message = message.strip()
    return Refusal(f'Command " : /usr/bin/sudo {command}" failed, error message: {message} {message}')


def step_timed_out(seconds):
    """CE#390; 30 seconds in CE#233."""
    return Refusal(f'The process "/usr/bin/sudo /usr/bin/systemctl reload nginx" exceeded the timeout of '
                   f'{seconds} seconds.')


def write_file(path, text, mode=0o644):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        os.write(descriptor, text.encode())
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def crypt(password, salt):
    """crypt(3). Python's own module for it hashes five times while it is imported, and is gone from 3.13 on."""
    try:
        from _crypt import crypt as hashed
        return hashed(password, salt)
    except ModuleNotFoundError:
        import ctypes
        library = ctypes.CDLL("libcrypt.so.1")
        library.crypt.restype = ctypes.c_char_p
        return library.crypt(password.encode(), salt.encode()).decode()
