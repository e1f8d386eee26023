"""The few Linux calls that Python 3.11's `os` does not have yet: unshare, setns, mount, prctl.

Called directly instead of through util-linux's tools because one server needs about fifteen of them,
and two hundred servers must start without three thousand processes.
"""

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000

MS_RDONLY = 0x1
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

MNT_DETACH = 0x2

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags):
    _check(_libc.unshare(flags), "unshare")


def setns(descriptor, flags):
    _check(_libc.setns(descriptor, flags), "setns")


def mount(source, target, kind=None, flags=0, data=None):
    encoded = [value.encode() if value is not None else None for value in (source, target, kind, data)]
    _check(_libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]),
           f"mount {source} on {target}")


def bind(source, target, read_only=False):
    mount(source, target, None, MS_BIND)
    if read_only:
        mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY)


def unmount(target):
    _check(_libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def set_hostname(name):
    encoded = name.encode()
    _check(_libc.sethostname(encoded, len(encoded)), "sethostname")


def die_with_parent(signal_number):
    """The kernel sends this signal when the parent's thread ends; it is how nothing outlives a crash."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "prctl")


def set_process_name(name):
    _check(_libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0), "prctl")
