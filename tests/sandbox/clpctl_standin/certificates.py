"""Certificates on the server's disk: the self-signed one of site:add, and what the test CA issues."""

import os
import shutil
import time

from .refusal import Refusal
from .system import run, write_file

AUTHORITY = "/var/lib/clpctl-standin-ca"  # hosting_sandbox/certificates.py, acme_authority()
INSTALLED = "/etc/nginx/ssl-certificates"
DAY_SECONDS = 86400
LONGEST_COMMON_NAME = 64  # of X.509; Let's Encrypt leaves it out beyond that


def make_self_signed(domain):
    """PEM of a self-signed RSA-4096 certificate for 365 days."""
    path = f"/tmp/self-signed-{os.getpid()}.crt"
    _openssl("req", "-x509", "-new", "-key", f"{AUTHORITY}/site.key", "-days", "365", "-sha256",
             "-subj", f"/C=CC/O=CloudPanel/CN={domain[:LONGEST_COMMON_NAME]}",
             "-addext", f"subjectAltName=DNS:{_ascii(domain)}", "-out", path)
    with open(path, encoding="ascii") as file:
        text = file.read()
    os.unlink(path)
    return text


def issue(names, kind="production", valid_from=0, days=90):
    """PEM chain (leaf, intermediate) for `names`; `valid_from` in days from now; and the leaf's serial number."""
    folder = f"/tmp/acme-{os.getpid()}"
    os.mkdir(folder, 0o700)
    try:
        write_file(f"{folder}/index", "")
        start = time.time() + valid_from * DAY_SECONDS - 3600  # Let's Encrypt backdates by an hour
        subject = f"/CN={names[0]}" if len(names[0]) <= LONGEST_COMMON_NAME else "/"
        _openssl("ca", "-batch", "-notext", "-utf8", "-config", f"{AUTHORITY}/ca.cnf",
                 "-cert", f"{AUTHORITY}/{kind}.crt", "-keyfile", f"{AUTHORITY}/{kind}.key",
                 "-in", f"{AUTHORITY}/site.csr", "-subj", subject, "-startdate", _asn1_time(start),
                 "-enddate", _asn1_time(start + days * DAY_SECONDS), "-out", f"{folder}/leaf.crt",
                 ACME_STATE=folder, ACME_NAMES=",".join(f"DNS:{_ascii(name)}" for name in names))
        with open(f"{folder}/leaf.crt", encoding="ascii") as leaf, \
                open(f"{AUTHORITY}/{kind}.crt", encoding="ascii") as intermediate:
            chain = leaf.read() + intermediate.read()
        serial = next(name[:-4] for name in os.listdir(folder) if name.endswith(".pem"))
        return chain, serial
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def install(domain, certificate):
    with open(f"{AUTHORITY}/site.key", encoding="ascii") as key:
        write_file(f"{INSTALLED}/{domain}.key", key.read(), 0o600)
    write_file(f"{INSTALLED}/{domain}.crt", certificate)


def _openssl(*arguments, **environment):
    code, errors = run("/usr/bin/openssl", *arguments, **environment)
    if code != 0:
        raise Refusal(f"openssl failed: {errors}")  # a fault of the stand-in, not of CloudPanel


def _asn1_time(seconds):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(seconds))


def _ascii(name):
    return name if name.isascii() else name.encode("idna").decode()
