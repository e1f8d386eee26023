"""`site:delete`, which the daemon never calls, but people do."""

import os
import shutil
import sys

from .database import Panel
from .refusal import Refusal
from .system import run


class SiteDelete:
    """Deletes what site:add made. The domain is taken as it is, neither trimmed nor lowercased."""

    def __init__(self, call, options):
        self.call = call
        self.domain = options["domainName"]
        self._force = options.get("force", False)
        self.panel = Panel()

    def validate(self):
        if self.panel.owner(self.domain) is None:
            raise Refusal(f'Site "{self.domain}" does not exist.')
        if not self._force:
            print(f'Do you really want to delete the site "{self.domain}"? Type "yes" to continue: ', end="",
                  file=sys.stderr, flush=True)
            if sys.stdin.readline().strip() != "yes":
                raise Refusal("", code=0)  # nothing deleted, and yet exit 0

    def perform(self):
        user = self.panel.owner(self.domain)
        self.panel.remove(self.domain)
        for path in (f"/etc/nginx/sites-enabled/{self.domain}.conf", f"/etc/logrotate.d/{user}",
                     f"/etc/nginx/ssl-certificates/{self.domain}.key",
                     f"/etc/nginx/ssl-certificates/{self.domain}.crt"):
            if os.path.exists(path):
                os.unlink(path)
        run("/usr/sbin/userdel", "--force", user)
        shutil.rmtree(f"/home/{user}", ignore_errors=True)
        return f"Site {self.domain} has been deleted."
