"""Seeds that are made anew for each run: keys and certificates, which are not to be committed."""

import subprocess
import tempfile
from pathlib import Path

# Options of ssh-keygen.
KEYS = {
    "ed25519": ["-t", "ed25519"],
    "ecdsa": ["-t", "ecdsa"],
    "ecdsa-pem": ["-t", "ecdsa", "-m", "PEM"],
    "rsa-pkcs8": ["-t", "rsa", "-b", "2048", "-m", "PKCS8"],
    "rsa": ["-t", "rsa", "-b", "2048"],
}
# Issuer, names and days.
CERTIFICATES = {
    "good": ("/O=Let's Encrypt/CN=R11", "DNS:example.com,DNS:www.example.com", 36_500),
    "staging": ("/O=(STAGING) Let's Encrypt/CN=(STAGING) Riddling Rhubarb R12", "DNS:*.example.com", 36_500),
    "self-signed": (None, "DNS:example.com", 365),
    "for-ever": ("/CN=ISRG Root X1", "DNS:example.com", 2_900_000),
}


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def add_private_keys(folder):
    for name, options in KEYS.items():
        run("ssh-keygen", "-q", "-N", "", "-C", "", "-f", folder / name, *options)
        (folder / f"{name}.pub").unlink()


def make_certificate(pem, key, subject, days, *options):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", subject, "-days", str(days), "-keyout", key, "-out", pem, *options)


def add_certificates(folder):
    with tempfile.TemporaryDirectory() as work:
        ca, ca_key = Path(work) / "ca.pem", Path(work) / "ca.key"
        for name, (issuer, names, days) in CERTIFICATES.items():
            options = ["-addext", f"subjectAltName={names}"]
            if issuer:
                make_certificate(ca, ca_key, issuer, days)
                options += ["-CA", ca, "-CAkey", ca_key]
            pem = folder / f"{name}.pem"
            make_certificate(pem, "/dev/null", "/CN=example.com", days, *options)
            run("openssl", "x509", "-in", pem, "-outform", "DER", "-out", folder / f"{name}.der")


def add(target, folder):
    """Those of this target, into the folder."""
    {"private_key": add_private_keys, "certificate_text": add_certificates}.get(target, lambda _: None)(folder)
