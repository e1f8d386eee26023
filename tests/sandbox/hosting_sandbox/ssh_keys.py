"""SSH keys: the user keys in every form that the Hub may hold, and host keys for any number of servers.

RSA keys take long to make, so all are made once and kept in the cache (mode 0600, tests only).
"""

import base64
import shutil
import subprocess

from .cache import cached

PASSPHRASE = "sandbox passphrase"

# name -> (algorithm, form); the form is ssh-keygen's -m, or an openssl command that rewrites an OPENSSH key
USER_KEYS = {
    "rsa_pem": ("rsa", "PEM"), "rsa_pkcs8": ("rsa", "PKCS8"), "rsa_openssh": ("rsa", None),
    "ecdsa_pem": ("ecdsa", "PEM"), "ecdsa_pkcs8": ("ecdsa", "PKCS8"), "ecdsa_openssh": ("ecdsa", None),
    "ed25519_openssh": ("ed25519", None), "ed25519_pkcs8": ("ed25519", "GENPKEY"),
    "rsa_encrypted": ("rsa", "ENCRYPTED"),
    "unauthorized": ("rsa", "PEM"),  # a good key that no server accepts
}
DEFAULT_KEY = "rsa_pem"  # what the Hub's `servers` table typically holds
BITS = {"rsa": "2048", "ecdsa": "256", "ed25519": "256"}
HOST_KEY_BATCH = 16


def _ssh_keygen(*arguments):
    subprocess.run(["ssh-keygen", "-q", *arguments], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _new_key(path, algorithm):
    _ssh_keygen("-t", algorithm, "-b", BITS[algorithm], "-N", "", "-C", "sandbox", "-f", str(path))


def _build_user_keys(folder):
    for algorithm in BITS:
        _new_key(folder / f".{algorithm}", algorithm)
    for name, (algorithm, form) in USER_KEYS.items():
        path = folder / name
        if name == "unauthorized":
            _new_key(path, algorithm)
        elif form == "GENPKEY":  # OpenSSH 9.2 writes ed25519 in its own form only
            subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
            path.chmod(0o600)
            public = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"],
                                    check=True, stdout=subprocess.PIPE).stdout[-32:]
            (folder / f"{name}.pub").write_text(ed25519_public_line(public))
        else:
            shutil.copy(folder / f".{algorithm}", path)
            shutil.copy(folder / f".{algorithm}.pub", f"{path}.pub")
            if form == "ENCRYPTED":
                _ssh_keygen("-p", "-P", "", "-N", PASSPHRASE, "-f", str(path))
            elif form:
                _ssh_keygen("-p", "-P", "", "-N", "", "-m", form, "-f", str(path))
    authorized = {(folder / f"{name}.pub").read_text() for name in USER_KEYS if name != "unauthorized"}
    (folder / "authorized_keys").write_text("".join(sorted(authorized)))


def ed25519_public_line(raw):
    """The authorized_keys line of a raw ed25519 public key: two length-prefixed strings (RFC 8709)."""
    kind = b"ssh-ed25519"
    blob = len(kind).to_bytes(4, "big") + kind + len(raw).to_bytes(4, "big") + raw
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} sandbox\n"


def user_keys():
    """name -> path of the private key, for every name in USER_KEYS; `.pub` beside it."""
    folder = cached("ssh-user-keys-1", _build_user_keys)
    return {name: folder / name for name in USER_KEYS}


def authorized_keys():
    return cached("ssh-user-keys-1", _build_user_keys) / "authorized_keys"


def host_keys(index):
    """The folder of the host keys number `index`: ed25519 and ECDSA of its own, RSA shared among all of a kind.

    An even and an odd index never share any key, so that a server whose keys are replaced has three new ones.
    """
    batch = cached(f"ssh-host-keys-1-{index // HOST_KEY_BATCH}", _build_host_keys)
    return batch / str(index % HOST_KEY_BATCH)


def _build_host_keys(folder):
    rsa = [folder / ".rsa0", folder / ".rsa1"]
    for path in rsa:
        _new_key(path, "rsa")
    for index in range(HOST_KEY_BATCH):
        keys = folder / str(index)
        keys.mkdir()
        for algorithm in ("ed25519", "ecdsa"):
            _new_key(keys / f"ssh_host_{algorithm}_key", algorithm)
        shutil.copy(rsa[index % 2], keys / "ssh_host_rsa_key")
        shutil.copy(f"{rsa[index % 2]}.pub", keys / "ssh_host_rsa_key.pub")
