"""Pending sites on servers, a proxy on every path between the program and the rest, and a program that is killed."""

import itertools
import threading
from dataclasses import dataclass

from automator import SANITIZER
from hosting_sandbox import wait_for
from hosting_sandbox.server import Server
from hosting_sandbox.tcp_proxy import TcpProxy
from invariants import assert_done

# Waiting for what never comes is short. Nothing here may use up a site's attempts.
SETTINGS = {
    "supabase": {"request_timeout": "2s"},
    "ssh": {"connect_timeout": "2s", "keepalive": "1s"},
    "matomo": {"timeout": "2s"},
    "retry": {"max_attempts": 50},
}
SLOWNESS = {"release": 1}.get(SANITIZER, 4)


@dataclass
class Site:
    id: str
    domain: str
    server: Server


class Scene:
    """`supabase`, `matomo` and `ssh` (one for each server) are the proxies."""

    def __init__(self, sandbox, automator, new_domain, servers):
        self.sandbox = sandbox
        self.sites = []
        self.daemon = None
        self.kills = 0
        self.servers = sandbox.add_servers(servers)
        self.supabase = TcpProxy(sandbox.url)
        self.matomo = TcpProxy(sandbox.matomo_url)
        self.ssh = [TcpProxy(server) for server in self.servers]
        for server, proxy in zip(self.servers, self.ssh):
            sandbox.point_server_at(server, proxy)
        sandbox.set_matomo_credentials(url=self.matomo.url)
        self._starting = threading.Lock()
        self._automator = automator
        self._new_domain = new_domain
        self._turns = itertools.cycle(self.servers)

    @property
    def proxies(self):
        return [self.supabase, self.matomo, *self.ssh]

    def add_sites(self, count, server=None):
        """On this server, or one after the other on the servers, each in its turn; returns them."""
        added = []
        for _ in range(count):
            where, domain = server or next(self._turns), self._new_domain()
            added.append(Site(self.sandbox.add_site(domain, where), domain, where))
        self.sites += added
        return added

    def withdraw(self, sites):
        """The Hub wants them no more."""
        self.sandbox.sql("delete from sites where id = any(%s::uuid[])", [site.id for site in sites])
        self.sites = [site for site in self.sites if site not in sites]

    def settings(self, **sections):
        merged = {name: dict(keys) for name, keys in SETTINGS.items()}
        for name, keys in {"supabase": {}, **sections}.items():
            merged.setdefault(name, {}).update(keys)
        merged["supabase"]["url"] = self.supabase.url
        return merged

    def start(self, **sections):
        """One life of the daemon begins."""
        with self._starting:
            self.daemon = self._automator.start(**self.settings(**sections))
        return self.daemon

    def once(self, **sections):
        """A life with --once, to its end."""
        return self._automator.once(**self.settings(**sections))

    def kill(self):
        """kill -9 of the daemon; any thread may call it."""
        with self._starting:
            if self.daemon.process.poll() is None:
                self.daemon.kill()
                self.kills += 1

    def wait_killed(self, timeout=30):
        wait_for(lambda: self.daemon.process.poll() is not None, timeout * SLOWNESS, "the daemon was killed")
        assert self.daemon.process.returncode == -9, self.daemon.log

    def pending(self):
        return self.sandbox.sql("select count(*) from sites where status_hosting = 'pending'")[0]["count"]

    def failures(self):
        return [row["error_message"] for row in self.sandbox.sql("select * from sites where status_hosting = 'failed'")]

    def wait_done(self, timeout=30):
        """Every row has an outcome, whatever it is; the time is for each step towards that."""
        left = self.pending()
        while left:
            try:
                wait_for(lambda before=left: self.pending() < before, timeout * SLOWNESS, f"less than {left} rows are pending")
            except TimeoutError as error:
                raise TimeoutError(f"{error}\n{self.logs()[-20_000:]}") from None
            left = self.pending()

    def logs(self):
        return self.daemon.log

    def finish(self, matomo=True, timeout=30):
        """The last life, which nothing disturbs: everything ends right."""
        if self.daemon is None or self.daemon.process.poll() is not None:
            self.start()
        self.daemon.wait_log("started")  # until then SIGTERM would just end it
        self.wait_done(timeout)
        run = self.daemon.stop()
        assert run.code == 0, run.log
        assert_done(self.sandbox, self.sites, self.servers, matomo)
        return run

    def close(self):
        for proxy in self.proxies:
            proxy.close()
