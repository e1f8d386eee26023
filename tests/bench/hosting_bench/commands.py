"""Files with the commands for some sites, each ended by a NUL: bare ones, and the daemon's own scripts."""

import subprocess

from . import places
from .stage import CERTIFICATE, SITE_ADD, user_of

PASSWORD = "Bench0password1"


def bare(domains):
    """What a client without any precaution would send."""
    for domain in domains:
        yield f"clpctl {SITE_ADD} --domainName={domain} --siteUser={user_of(domain)} --siteUserPassword={PASSWORD}"
        yield f"clpctl {CERTIFICATE} --domainName={domain}"


def write_bare(path, domains):
    path.write_bytes(b"".join(command.encode() + b"\0" for command in bare(domains)))


def write_scripts(path, domains, self_signed):
    text = subprocess.run([places.REMOTE_SCRIPTS, self_signed], input="\n".join(domains).encode() + b"\n",
                          check=True, capture_output=True).stdout
    path.write_bytes(text)
