"""What is slow to make and the same every time (keys, certificates, PostgreSQL's first data folder) is made once.

It lies in $HOSTING_SANDBOX_CACHE, by default in the user's cache folder, readable by its owner only.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path


def cache_folder():
    named = os.environ.get("HOSTING_SANDBOX_CACHE")
    if named:
        folder = Path(named)
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hosting-automator"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(name):
    """One process at a time builds `name`; the lock goes with the process."""
    with open(cache_folder() / f".{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cached(name, build):
    """The folder `name` of the cache; if it is not there, `build(empty_folder)` fills it, all or nothing."""
    target = cache_folder() / name
    if target.is_dir():
        return target
    with locked(name):
        if not target.is_dir():
            work = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=cache_folder()))
            try:
                build(work)
                work.rename(target)
            except BaseException:
                shutil.rmtree(work, ignore_errors=True)
                raise
    return target
