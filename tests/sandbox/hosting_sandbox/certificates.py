"""The certificates of the sandbox: Supabase's over HTTPS, and the CAs from which the stand-in's ACME issues.

All are made once with `openssl` and kept in the cache; nothing outside a test trusts them.
"""

import subprocess

from .cache import cached

DAYS = "3650"

# `openssl ca` instead of `openssl x509`: only it takes a start and an end date, which expired and short-lived
# certificates need. The names and the folder of its bookkeeping come from the environment (clpctl_standin).
ACME_CONFIGURATION = """\
[ca]
default_ca = acme
[acme]
database = $ENV::ACME_STATE/index
new_certs_dir = $ENV::ACME_STATE
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = optional
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = critical, $ENV::ACME_NAMES
"""


def openssl(*arguments, folder):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _make_key(folder, name):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key",
            folder=folder)


def _make_root(folder, name, subject):
    _make_key(folder, name)
    openssl("req", "-x509", "-new", "-key", f"{name}.key", "-subj", subject, "-days", DAYS, "-out", f"{name}.crt",
            folder=folder)


def _make_signed(folder, name, subject, issuer, extensions):
    _make_key(folder, name)
    (folder / "extensions").write_text(extensions)
    openssl("req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr", folder=folder)
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{issuer}.crt", "-CAkey", f"{issuer}.key", "-days", DAYS,
            "-extfile", "extensions", "-out", f"{name}.crt", folder=folder)
    (folder / "extensions").unlink()
    (folder / f"{name}.csr").unlink()


def _build_https(folder):
    _make_root(folder, "ca", "/O=Hosting sandbox/CN=Test CA")
    _make_root(folder, "other-ca", "/O=Hosting sandbox/CN=Unrelated CA")
    _make_signed(folder, "localhost", "/CN=localhost", "ca",
                 "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nextendedKeyUsage=serverAuth\n")
    _make_signed(folder, "wrong-host", "/CN=elsewhere.example", "ca",
                 "subjectAltName=DNS:elsewhere.example\nextendedKeyUsage=serverAuth\n")


def _build_acme(folder):
    authority = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
    # Let's Encrypt marks all its staging CAs with "(STAGING)" in the name; that is how they are told apart.
    for name, mark in (("production", ""), ("staging", "(STAGING) ")):
        _make_root(folder, f"{name}-root", f"/O={mark}Hosting sandbox ACME/CN={mark}Pretend Root X1")
        _make_signed(folder, name, f"/O={mark}Hosting sandbox ACME/CN={mark}Imitation E1", f"{name}-root", authority)
    # CloudPanel makes an RSA-4096 key per certificate; here one serves for all, because it takes up to seconds.
    openssl("genrsa", "-out", "site.key", "4096", folder=folder)
    openssl("req", "-new", "-key", "site.key", "-subj", "/CN=any", "-out", "site.csr", folder=folder)
    (folder / "ca.cnf").write_text(ACME_CONFIGURATION)


def https_certificates():
    """Folder with ca, other-ca, localhost and wrong-host, each .key and .crt."""
    return cached("https-certificates-1", _build_https)


def acme_authority():
    """Folder with what clpctl_standin/certificates.py signs with."""
    return cached("acme-authority-1", _build_acme)
