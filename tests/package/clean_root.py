"""The smallest Debian that boots, from this machine's own apt sources: what a package forgot to depend on is not there."""

import platform
import shutil
import subprocess
from pathlib import Path

from hosting_sandbox.cache import cached

PACKAGES = "systemd,systemd-sysv,dbus"
HOST_CA = Path("/etc/ssl/certs/ca-certificates.crt")  # for mirrors with https: the root has no certificates of its own


def sources():
    """The distribution's own archives, one line each."""
    os_release = platform.freedesktop_os_release()
    written = subprocess.run(
        ["apt-get", "indextargets", "--format", "deb $(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages",
         f"Origin: {os_release['ID'].capitalize()}"], capture_output=True, text=True, check=True).stdout
    return os_release["VERSION_CODENAME"], "".join(sorted(set(written.splitlines(keepends=True))))


def make(folder):
    codename, lines = sources()
    made = subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "--format=directory",
         "--skip=cleanup/apt/lists", codename, str(folder / "root"), "-"],
        input=lines, stderr=subprocess.PIPE, text=True, check=False)
    if made.returncode != 0:
        shutil.rmtree(folder / "root", ignore_errors=True)
        raise RuntimeError(f"mmdebstrap failed: {made.stderr[-2000:]}")
    if HOST_CA.exists():
        shutil.copy(HOST_CA, folder / "root/etc/apt/host-ca.crt")
        (folder / "root/etc/apt/apt.conf.d/50host-ca").write_text('Acquire::https::CaInfo "/etc/apt/host-ca.crt";\n')


def clean_root():
    """The folder with its files, made once (20 s); nobody writes into it."""
    return cached(f"debian-root-1-{platform.freedesktop_os_release()['VERSION_CODENAME']}", make) / "root"
