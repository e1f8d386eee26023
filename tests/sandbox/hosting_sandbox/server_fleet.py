"""All the servers of a sandbox: addresses, namespaces, rows."""

import random

from . import certificates, server_skeleton, ssh_keys
from .processes import free_port
from .server import Server

SERVERS_PER_NETWORK = 250


class ServerFleet:
    """Makes servers; each has a loopback address of its own and all have the same port, as in real life."""

    def __init__(self, supervisor, folder, supabase):
        self.servers = []
        self._supervisor = supervisor
        self._folder = folder
        self._supabase = supabase  # for the rows
        # sandboxes that run beside each other most probably differ in the network, and in the port if not
        self._network = (random.randrange(16, 240), random.randrange(0, 240))
        self._port = None
        self._keys = None

    def _address(self, index):
        carry, last = divmod(index, SERVERS_PER_NETWORK)
        return f"127.{self._network[0]}.{self._network[1] + carry}.{last + 1}"

    def _prepare(self):
        self._keys = ssh_keys.user_keys()
        self._port = free_port(self._address(0))
        self._folder.mkdir(mode=0o711)
        server_skeleton.build_skeleton(self._folder / "skeleton")
        server_skeleton.build_panel_database(self._folder / "db.sq3")
        server_skeleton.build_application(self._folder / "application")

    def add(self, name=None, key=ssh_keys.DEFAULT_KEY, user="root", row=True, wait=True, sshd_options="", **columns):
        """Starts a server and inserts its row. key: one of ssh_keys.USER_KEYS; columns: of the row, e.g.
        is_active=False; sshd_options: lines for sshd_config, which win over the usual ones."""
        if self._port is None:
            self._prepare()
        index = len(self.servers)
        server = Server(self._supervisor, self._folder, index, name or f"web-{index + 1}",
                        self._address(index), self._port, user, key, self._keys)
        server.create(certificates.acme_authority(), sshd_options)
        server.start(wait=False)
        self.servers.append(server)
        if row:
            self._insert_row(server, columns)
        if wait:
            server.wait_until_ready()
        return server

    def add_many(self, count, **options):
        added = [self.add(wait=False, **options) for _ in range(count)]
        for server in added:
            server.wait_until_ready()
        return added

    def _insert_row(self, server, columns):
        values = {"ip_address": server.address, "ssh_port": server.port, "ssh_user": server.user,
                  "ssh_private_key": server.private_key.read_text()}
        if self._supabase.schema != "oldest":
            values.update(name=server.name, is_active=True)
        values.update(columns)
        rows = self._supabase.sql(f"insert into servers ({', '.join(values)}) values "
                                  f"({', '.join(['%s'] * len(values))}) returning id", *values.values())
        server.id = rows[0]["id"]


