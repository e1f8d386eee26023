"""The sandbox of a measurement: servers with the instant clpctl, new domains, and the look whether all came true."""

import itertools
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import places
from hosting_sandbox import Sandbox
from hosting_sandbox.certificates import acme_authority

SITE_ADD, CERTIFICATE = "site:add:static", "lets-encrypt:install:certificate"
# One certificate is for all the sites, and yet each is a registered domain of its own, as Let's Encrypt counts them.
SUFFIX = "co.uk"
DAYS = "90"

_numbers = itertools.count(1)


def new_domains(count):
    return [f"site{next(_numbers)}.{SUFFIX}" for _ in range(count)]


def user_of(domain):
    return "user_" + domain.replace(".", "")


def _make_certificates(folder):
    authority = acme_authority()
    extensions = folder / "extensions"
    extensions.write_text(f"subjectAltName=critical,DNS:*.{SUFFIX}\nextendedKeyUsage=serverAuth\n")

    def sign(target, *by):
        subprocess.run(["openssl", "x509", "-req", "-in", authority / "site.csr", *by, "-days", DAYS,
                        "-extfile", extensions, "-out", folder / target], check=True, capture_output=True)
    sign("self-signed.crt", "-key", authority / "site.key")
    sign("issued.crt", "-CA", authority / "production.crt", "-CAkey", authority / "production.key",
         "-set_serial", "4711")
    with open(folder / "issued.crt", "a", encoding="ascii") as chain:
        chain.write((authority / "production.crt").read_text())


@dataclass(frozen=True)
class ClpctlCall:
    at: float  # CLOCK_MONOTONIC seconds
    command: str
    domain: str


class Stage:
    """A sandbox whose servers answer as fast as the benchmark wants."""

    def __init__(self, servers, site_add_ms=0, certificate_ms=0, matomo=True):
        self._count = servers
        self._delays = (site_add_ms, certificate_ms)
        self.folder = Path(tempfile.mkdtemp(prefix="hosting-bench."))
        self.sandbox = Sandbox(servers=0, matomo=matomo)

    def __enter__(self):
        try:
            return self._start()
        except BaseException:
            self.__exit__()
            raise

    def _start(self):
        _make_certificates(self.folder)
        self.sandbox.start()
        if self.sandbox.matomo.url:
            self.sandbox.set_matomo_credentials()
        self.add_servers(self._count)
        return self

    def __exit__(self, *_):
        self.sandbox.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def servers(self):
        return self.sandbox.servers

    def add_servers(self, count):
        for server in self.sandbox.add_servers(count):
            instant = server.state / "instant"
            instant.mkdir()
            for name in ("self-signed.crt", "issued.crt"):
                shutil.copy(self.folder / name, instant)
            (instant / "calls").touch()
            server.replace_clpctl(places.CLPCTL)
        self.set_delays(*self._delays)

    def set_delays(self, site_add_ms, certificate_ms):
        self._delays = (site_add_ms, certificate_ms)
        for server in self.servers:
            new = server.state / "instant/delays.new"
            new.write_text(f"{site_add_ms} {certificate_ms}\n")
            new.rename(server.state / "instant/delays")

    def deal(self, domains):
        """server -> its domains, in turns."""
        return {server: domains[index::len(self.servers)] for index, server in enumerate(self.servers)}

    def forget(self):
        """No rows, no recorded requests and calls; what is on the disks stays, under names that do not come again."""
        self.sandbox.sql("delete from sites")
        self.sandbox.gateway.forget_requests()
        for server in self.servers:
            with open(server.state / "instant/calls", "r+", encoding="ascii") as calls:
                calls.truncate(0)

    def forget_matomo(self):
        """An empty Matomo: the stand-in becomes slower with every site that it has."""
        matomo = self.sandbox.matomo
        if matomo.url:
            matomo.stop()
            for name in ("sites.json", "requests.jsonl"):
                (matomo.directory / name).unlink(missing_ok=True)
            matomo.start()

    @staticmethod
    def calls(server):
        lines = (server.state / "instant/calls").read_text().splitlines()
        return [ClpctlCall(int(at) / 1e9, command, domain) for at, command, domain in map(str.split, lines)]

    @staticmethod
    def has_calls(server):
        return (server.state / "instant/calls").stat().st_size > 0

    def check_disk(self, server, domains):
        """Each site is there with its certificate, and came there by two calls."""
        issued = (self.folder / "issued.crt").read_text()
        for domain in domains:
            if f"root /home/{user_of(domain)}/htdocs/{domain};" not in server.vhost(domain):
                raise AssertionError(f"{domain} has no right vhost on {server.name}")
            if server.read(f"/etc/nginx/ssl-certificates/{domain}.crt") != issued:
                raise AssertionError(f"{domain} has not its certificate on {server.name}")
        done = sorted((call.domain, call.command) for call in self.calls(server))
        if done != sorted((domain, command) for domain in domains for command in (SITE_ADD, CERTIFICATE)):
            raise AssertionError(f"{server.name}: not two calls for each site, but {len(done)} for {len(domains)}")

    def check_rows(self, domains):
        rows = self.sandbox.sql("select domain, status_hosting, hosting_doc_root, error_message from sites")
        wrong = [row for row in rows if row["status_hosting"] != "active"
                 or row["hosting_doc_root"] != f"/home/{user_of(row['domain'])}/htdocs/{row['domain']}"]
        if wrong or sorted(row["domain"] for row in rows) != sorted(domains):
            raise AssertionError(f"{len(wrong)} of {len(rows)} rows (of {len(domains)}) are not active: {wrong[:3]}")
