"""The demo: eight sites on two servers, the real daemon, and the rows as they change."""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/sandbox"))

from hosting_sandbox import Sandbox  # noqa: E402

PROGRAM = ROOT / "build/release/daemon/hosting-automatord"
TIMEOUT_SECONDS = 60
CERTIFICATE = "lets-encrypt:install:certificate"

CONFIG = """
[supabase]
url = "{url}"
service_key = "{key}"
ca_file = "{ca}"
poll_interval = "500ms"
[daemon]
state_dir = "{state}"
[retry]
max_attempts = 3
first_delay = "200ms"
max_delay = "2s"
[certificates]
preflight = "off" # the demo's domains are nobody's
[http]
listen = ""
[log]
level = "warning"
"""

# domain, what is shown, the status that it must end with
SITES = [
    ("plain-site.com", "a plain one", "active"),
    ("my-shop.com", "with a hyphen", "active"),
    ("UPPER-Case.COM", "in upper case", "active"),
    ("blog.plain-site.com", "a subdomain", "active"),
    ("already-there.com", "is on the server already, made by somebody else", "active"),
    ("known-to-matomo.com", "is in Matomo already", "active"),
    ("no-dns.com", "its certificate fails, DNS", "failed"),
    ("x;touch /tmp/pwned.com", "hostile", "failed"),
]


def prepare(sandbox):
    """The rows, and the troubles that some of them meet."""
    first, second = sandbox.servers
    for server in sandbox.servers:
        server.knob(command="site:add:static", delay=0.4)
        server.knob(command=CERTIFICATE, delay=0.8)
    second.knob(command=CERTIFICATE, domain="no-dns.com", fail="dns_nxdomain")
    first.clpctl("site:add:static", "--domainName=already-there.com", "--siteUser=john",
                 "--siteUserPassword=Somebody1")
    sandbox.set_matomo_credentials()
    sandbox.matomo.add_site("known-to-matomo.com", "https://known-to-matomo.com")
    servers = {"already-there.com": first, "no-dns.com": second}
    for index, (domain, _, _) in enumerate(SITES):
        sandbox.add_site(domain, servers.get(domain, sandbox.servers[index % 2]))


def rows(sandbox):
    found = sandbox.sql("select domain, status_hosting, hosting_doc_root, matomo_site_id, error_message from sites")
    return {row["domain"]: row for row in found}


def describe(row):
    if row["status_hosting"] == "active":
        return f"{row['hosting_doc_root']}  Matomo {row['matomo_site_id']}"
    return (row["error_message"] or "")[:96]


class Screen:
    """On a terminal the table stays and changes; elsewhere each change is a line."""

    def __init__(self):
        self.live = sys.stdout.isatty()
        self.drawn = {}
        self.began = time.monotonic()

    def show(self, table):
        changed = {domain: row for domain, row in table.items() if self.drawn.get(domain) != row}
        if not changed:
            return
        if self.live:
            if self.drawn:
                print(f"\x1b[{len(SITES)}F", end="")
            for domain, what, _ in SITES:
                row = table[domain]
                print(f"\x1b[2K{domain:24.24} {row['status_hosting']:8} {describe(row) or '(' + what + ')':.110}")
        else:
            for domain, row in changed.items():
                print(f"{time.monotonic() - self.began:6.1f} s  {domain:24} {row['status_hosting']:8} {describe(row)}",
                      flush=True)
        self.drawn = table


def watch(sandbox, daemon):
    """Shows the rows until each has its outcome; False: the daemon died or it took too long."""
    screen = Screen()
    while True:
        table = rows(sandbox)
        screen.show(table)
        if all(row["status_hosting"] != "pending" for row in table.values()):
            return True
        if daemon.poll() is not None or time.monotonic() - screen.began > TIMEOUT_SECONDS:
            return False
        time.sleep(0.1)  # the pace of the picture


def check(sandbox):
    """What is not as it must be, as sentences."""
    table = rows(sandbox)
    wrong = [f"{domain} is {table[domain]['status_hosting']}, not {wanted}"
             for domain, _, wanted in SITES if table[domain]["status_hosting"] != wanted]
    for server in sandbox.servers:
        if len(server.accepted_logins()) != 1:
            wrong.append(f"{server.name} saw {len(server.accepted_logins())} logins")
        if server.overlaps():
            wrong.append(f"{server.name} saw commands overlap")
        if server.exists("/tmp/pwned.com"):
            wrong.append(f"{server.name} was broken into")
    entries = [url for site in sandbox.matomo.sites() for url in site["urls"]]
    if len(entries) != len(set(entries)):
        wrong.append("Matomo has an entry twice")
    return wrong


def main():
    began = time.monotonic()
    with Sandbox(servers=2) as sandbox, tempfile.TemporaryDirectory() as folder:
        prepare(sandbox)
        print(f"the sandbox is up: Supabase at {sandbox.https_url}, {len(sandbox.servers)} servers, "
              f"Matomo at {sandbox.matomo_url} ({time.monotonic() - began:.1f} s)")
        config = Path(folder) / "demo.toml"
        config.touch(mode=0o600)
        config.write_text(CONFIG.format(url=sandbox.https_url, key=sandbox.service_key, ca=sandbox.ca_file, state=folder))
        with open(Path(folder) / "log", "w+", encoding="utf-8") as log:
            daemon = subprocess.Popen([PROGRAM, "--config", config], stderr=log, stdin=subprocess.DEVNULL)
            complete = watch(sandbox, daemon)
            daemon.send_signal(signal.SIGTERM)
            code = daemon.wait()
            log.seek(0)
            print("\nwhat the daemon had to say to an operator:")
            print("".join("  " + line for line in log), end="")
        wrong = check(sandbox)
        if not complete:
            wrong.append(f"not every site had its outcome within {TIMEOUT_SECONDS} s")
        if code != 0:
            wrong.append(f"the daemon ended with {code}")
        counts = [row["status_hosting"] for row in rows(sandbox).values()]
    print(f"\n{counts.count('active')} active, {counts.count('failed')} failed, as they should be; "
          f"one login on each server, no two commands at once; {time.monotonic() - began:.1f} s"
          if not wrong else "\nNOT as it should be: " + "; ".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
