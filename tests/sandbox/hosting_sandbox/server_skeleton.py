"""The files that every server starts with: accounts, the panel's database, clpctl, an empty nginx.

Made once per sandbox and copied onto each server's tmpfs.
"""

import compileall
import os
import py_compile
import shutil
import sqlite3
from pathlib import Path

from .ssh_keys import authorized_keys

SANDBOX = Path(__file__).resolve().parent.parent
BASE_PASSWD = Path("/usr/share/base-passwd")  # Debian's pristine accounts, whatever the host has added

# name -> (uid, home): `deploy` may become root through sudo, `plain` may not; `clp` owns the panel
USERS = {"clp": (990, "/home/clp"), "deploy": (991, "/home/deploy"), "plain": (992, "/home/plain")}
SSHD_UID = 101

PANEL_SCHEMA = """
create table site (
    id integer primary key autoincrement not null, created_at datetime not null, updated_at datetime not null,
    type varchar(255) not null, domain_name varchar(255) not null, root_directory varchar(255) not null,
    user varchar(255) not null, vhost_template clob not null, application varchar(255) not null);
create unique index UNIQ_site_domain_name on site (domain_name);
create unique index UNIQ_site_user on site (user);
create table user (
    id integer primary key autoincrement not null, user_name varchar(255) not null, email varchar(255) not null,
    role varchar(255) not null, status boolean not null);
insert into user (user_name, email, role, status) values ('admin', 'admin@example.com', 'ROLE_ADMIN', 1);
"""

DPKG_STATUS = """Package: cloudpanel
Status: install ok installed
Priority: optional
Section: admin
Maintainer: sandbox <root@localhost>
Architecture: amd64
Version: 2.5.4-3+clp-bookworm
Description: stands for CloudPanel's package, so that dpkg-query names its version

"""

SUDOERS = """Defaults env_reset
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
"""

# Debian's own file begins with this test; without it each exec over SSH would read all of the host's.
BASHRC = '[ -z "$PS1" ] && return\n'

SSHD_CONFIG = """\
ListenAddress {address}
Port {port}
HostKey /etc/ssh/ssh_host_ed25519_key
HostKey /etc/ssh/ssh_host_ecdsa_key
HostKey /etc/ssh/ssh_host_rsa_key
LogLevel VERBOSE
PidFile none
UsePAM no
UseDNS no
PrintMotd no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile .ssh/authorized_keys
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
"""


def _write(path, text, mode=0o644, owner=(0, 0)):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.chmod(path, mode)
    os.chown(path, *owner)


def _accounts(etc):
    base = (BASE_PASSWD / "passwd.master").read_text().replace(":*:", ":x:")
    passwd = base + f"sshd:x:{SSHD_UID}:65534::/run/sshd:/usr/sbin/nologin\n"
    group = (BASE_PASSWD / "group.master").read_text()
    for name, (number, home) in USERS.items():
        passwd += f"{name}:x:{number}:{number}::{home}:/bin/bash\n"
        group += f"{name}:x:{number}:\n"
    names = [line.split(":")[0] for line in passwd.splitlines()]
    groups = [line.split(":")[0] for line in group.splitlines()]
    _write(etc / "passwd", passwd)
    _write(etc / "group", group)
    _write(etc / "shadow", "".join(f"{name}:*:19000:0:99999:7:::\n" for name in names), 0o640)
    _write(etc / "gshadow", "".join(f"{name}:*::\n" for name in groups), 0o640)


def build_skeleton(folder):
    """Fills `folder` with what lies over the server's /, its /etc and its /usr/bin (as `bin`)."""
    etc = folder / "etc"
    etc.mkdir(parents=True)
    _accounts(etc)
    _write(etc / "hosts", "127.0.0.1 localhost\n::1 localhost\n")
    _write(etc / "resolv.conf", "")
    _write(etc / "environment", "")
    _write(etc / "bash.bashrc", BASHRC)
    _write(etc / "motd", "")
    _write(etc / "sudoers", SUDOERS, 0o440)
    _write(etc / "sudoers.d/deploy", "deploy ALL=(root) NOPASSWD: /bin/sh, /usr/bin/sh\n", 0o440)
    _write(folder / "var/lib/dpkg/status", DPKG_STATUS)
    (folder / "var/lib/dpkg/info").mkdir()
    for name in ("sites-enabled", "ssl-certificates"):
        (etc / "nginx" / name).mkdir(parents=True)
    (etc / "logrotate.d").mkdir()
    accepted = authorized_keys().read_text()
    _write(folder / "root/.ssh/authorized_keys", accepted, 0o600)
    for name, (number, _) in USERS.items():
        home = folder / "home" / name
        home.mkdir(parents=True)
        if name != "clp":
            _write(home / ".ssh/authorized_keys", accepted, 0o600, (number, number))
            os.chown(home / ".ssh", number, number)
            os.chmod(home / ".ssh", 0o700)
        os.chown(home, number, number)
    os.chmod(folder / "root/.ssh", 0o700)
    (folder / "bin").mkdir()
    shutil.copy(SANDBOX / "clpctl", folder / "bin/clpctl")


def build_panel_database(path):
    database = sqlite3.connect(path)
    database.executescript(PANEL_SCHEMA)
    database.close()


def build_application(folder):
    """The stand-in's modules, compiled: bound into every server at /home/clp/htdocs/app/files."""
    package = folder / "clpctl_standin"
    shutil.copytree(SANDBOX / "clpctl_standin", package, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(package, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
