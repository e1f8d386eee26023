"""What one server sees as its file system: the host's programs, read-only, and everything else its own.

Nothing of the host leaks in (a host's .bashrc alone slowed every exec tenfold) and nothing gets out: `/` is
read-only here, and /etc, /home, /root, /run, /tmp, /var and /usr/bin lie on a tmpfs that dies with the server.
"""

import os
import shutil

from . import kernel

OWN_DIRECTORIES = {  # path -> mode
    "home": 0o755, "root": 0o700, "run": 0o755, "run/lock": 0o1777, "run/sshd": 0o755, "tmp": 0o1777,
    "var": 0o755, "var/cache": 0o755, "var/lib": 0o755, "var/log": 0o755, "var/mail": 0o755,
    "var/spool": 0o755, "var/tmp": 0o1777,
}
BOUND = ("home", "root", "run", "tmp", "var")
ASIDE = "/mnt"
EMPTIED_IN_ETC = ("nginx", "ssh", "profile.d", "sudoers.d", "logrotate.d")  # the host's own are not shown


def enter_new_server(plan):
    """Builds the server's view in the calling process's fresh namespaces; `plan` comes from server.py.

    plan: hostname; skeleton: a folder copied over the whole; binds: [source, target, read_only].
    """
    kernel.set_hostname(plan["hostname"])
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    scratch = plan["scratch"]
    kernel.mount("server", scratch, "tmpfs", 0, "mode=0755")
    os.umask(0)
    for name, mode in OWN_DIRECTORIES.items():
        os.makedirs(os.path.join(scratch, name), exist_ok=True)
        os.chmod(os.path.join(scratch, name), mode)
    os.umask(0o022)
    os.symlink("/run", os.path.join(scratch, "var/run"))
    os.symlink("/run/lock", os.path.join(scratch, "var/lock"))
    for layer in ("etc", "bin"):
        os.mkdir(os.path.join(scratch, layer))
        os.mkdir(os.path.join(scratch, layer + ".work"))
    for name in EMPTIED_IN_ETC:
        hidden = os.path.join(scratch, "etc", name)
        os.mkdir(hidden)
        os.setxattr(hidden, "trusted.overlay.opaque", b"y")
    for skeleton in plan["skeletons"]:
        copy_over(skeleton, scratch)
    _overlay(scratch, "etc", "/etc")
    _overlay(scratch, "bin", "/usr/bin")
    for source, target, read_only in plan["binds"]:
        inside = os.path.join(scratch, target.lstrip("/"))
        os.makedirs(inside, exist_ok=True)
        kernel.bind(source, inside, read_only)
    kernel.mount(None, "/", None, kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY)  # after the binds, which inherit it
    kernel.mount(scratch, ASIDE, None, kernel.MS_BIND | kernel.MS_REC)  # the next mounts may hide `scratch` itself
    for name in BOUND:
        kernel.mount(f"{ASIDE}/{name}", "/" + name, None, kernel.MS_BIND | kernel.MS_REC)
    kernel.unmount(ASIDE)
    kernel.mount("shm", "/dev/shm", "tmpfs", 0, "mode=1777")
    kernel.mount("proc", "/proc", "proc")
    os.chdir("/")


def _overlay(scratch, layer, target):
    upper = os.path.join(scratch, layer)
    kernel.mount("overlay", target, "overlay", 0, f"lowerdir={target},upperdir={upper},workdir={upper}.work")


def copy_over(source, target):
    """Copies a prepared tree with owners and modes; shutil.copytree drops the owners."""
    for directory, _, files in os.walk(source):
        there = os.path.normpath(os.path.join(target, os.path.relpath(directory, source)))
        state = os.lstat(directory)
        if not os.path.isdir(there):
            os.mkdir(there)
        if directory != source:
            os.chown(there, state.st_uid, state.st_gid)
            os.chmod(there, state.st_mode & 0o7777)
        for name in files:
            origin, copy = os.path.join(directory, name), os.path.join(there, name)
            state = os.lstat(origin)
            shutil.copyfile(origin, copy, follow_symlinks=False)
            os.chown(copy, state.st_uid, state.st_gid, follow_symlinks=False)
            if not os.path.islink(copy):
                os.chmod(copy, state.st_mode & 0o7777)
