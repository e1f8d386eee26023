"""`site:add:static`: the steps in CloudPanel's order, each with its real effect, and no rollback (CE#390)."""

import os

from . import certificates, validation
from .database import Panel, locked
from .refusal import Refusal
from .system import crypt, run, step_failed, step_timed_out, write_file

# in the order of the reference page on clpctl, "What site:add does"
STEPS = ("self_signed", "useradd", "htdocs", "logrotate", "index", "certificate_files", "vhost", "reload",
         "permissions", "row")

INDEX = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{{domain_name}}</title></head>
<body><h1>Hello World :-)</h1></body>
</html>
"""

VHOST = """server {
  listen 80;
  listen [::]:80;
  listen 443 ssl http2;
  listen [::]:443 ssl http2;
  ssl_certificate_key /etc/nginx/ssl-certificates/{{domain_name}}.key;
  ssl_certificate /etc/nginx/ssl-certificates/{{domain_name}}.crt;
  server_name {{server_name}};
  root /home/{{user}}/htdocs/{{domain_name}};

  access_log /home/{{user}}/logs/nginx/access.log main;
  error_log /home/{{user}}/logs/nginx/error.log;

  if ($scheme != "https") {
    rewrite ^ https://$host$request_uri permanent;
  }

  location ~ /.well-known {
    auth_basic off;
    allow all;
  }

  index index.html;

  location ~* ^.+\\.(css|js|jpg|jpeg|gif|png|ico|gz|svg|svgz|ttf|otf|woff|woff2|eot|mp4|ogg|ogv|webm|webp|zip|swf)$ {
    add_header Access-Control-Allow-Origin "*";
    expires max;
    access_log on;
  }
}
"""

LOGROTATE = """/home/{{user}}/logs/nginx/*.log {
  su {{user}} {{user}}
  daily
  rotate 7
  missingok
  compress
  notifempty
}
"""


class SiteAdd:
    """One new site. `domain` is trimmed and lowercased, which only this command does."""

    def __init__(self, call, options):
        self.call = call
        self.domain = options["domainName"].strip().lower()
        self.user = options["siteUser"]
        self.password = options["siteUserPassword"]
        self.panel = Panel()

    def validate(self):
        failure = self.call.effects.get("fail")
        if failure in validation.PSL_FAILURES:
            raise Refusal(validation.PSL_FAILURES[failure])
        validation.check_new_site(self.domain, self.user, self.password, self.panel.owner, self._is_taken)

    def _is_taken(self, user):
        # [I] the user of a half-made site is taken too (CE#390); with the knob, useradd is left to find out
        if self.panel.has_user(user):
            return True
        return self.call.effects.get("user_check") != "panel" and _has_entry("/etc/passwd", user)

    def perform(self):
        for step in STEPS:
            getattr(self, "step_" + step)()
            self.call.note("step", step=step)
            if self.call.effects.get("fail_after") == step:
                raise step_failed(f"/usr/local/bin/{step}", self.call.effects.get("text") or "exit status 1")
        return f"Site {self.domain} has been added."

    def fill(self, template):
        server_name = self.domain
        if validation.registrable(self.domain) == self.domain:
            server_name += " www." + self.domain
        return (template.replace("{{domain_name}}", self.domain).replace("{{user}}", self.user)
                .replace("{{server_name}}", server_name))

    def step_self_signed(self):
        self.self_signed = certificates.make_self_signed(self.domain)

    def step_useradd(self):
        password = self.password if self.call.effects.get("print_password") else "..."
        command = (f"/usr/sbin/useradd --home-dir /home/{self.user} --create-home --user-group "
                   f"--shell /bin/bash --password '{password}' {self.user}")
        if self.call.effects.get("fail") == "useradd_failed":
            raise step_failed(command, self.call.effects.get("text")
                              or "useradd: cannot lock /etc/passwd; try again later.")
        salt = "$6$rounds=1000$" + os.urandom(8).hex() + "$"  # few rounds: nobody's password, and it saves 10 ms
        code, errors = run("/usr/sbin/useradd", "--home-dir", f"/home/{self.user}", "--create-home", "--user-group",
                           "--shell", "/bin/bash", "--password", crypt(self.password, salt), self.user)
        if code != 0:
            raise step_failed(command, errors)

    def step_htdocs(self):
        if self.call.effects.get("fail") == "disk_full":
            raise step_failed(f"/usr/bin/mkdir -p /home/{self.user}/htdocs/{self.domain}",
                              f"/usr/bin/mkdir: cannot create directory ‘/home/{self.user}/htdocs’: "
                              "No space left on device")
        os.makedirs(f"/home/{self.user}/htdocs/{self.domain}")
        os.makedirs(f"/home/{self.user}/logs/nginx", exist_ok=True)

    def step_logrotate(self):
        write_file(f"/etc/logrotate.d/{self.user}", self.fill(LOGROTATE))

    def step_index(self):
        write_file(f"/home/{self.user}/htdocs/{self.domain}/index.html", self.fill(INDEX))

    def step_certificate_files(self):
        certificates.install(self.domain, self.self_signed)

    def step_vhost(self):
        write_file(f"/etc/nginx/sites-enabled/{self.domain}.conf", self.fill(VHOST))

    def step_reload(self):
        if self.call.effects.get("fail") == "step_timeout":
            raise step_timed_out(self.call.effects.get("timeout_seconds", 90))

    def step_permissions(self):
        uid, gid = _ids(self.user)
        for folder, folders, files in os.walk(f"/home/{self.user}"):
            for path in [folder, *(f"{folder}/{name}" for name in [*folders, *files])]:
                os.chown(path, uid, gid, follow_symlinks=False)
        os.chmod(f"/home/{self.user}", 0o770)
        os.chmod(f"/home/{self.user}/htdocs", 0o770)
        os.chmod(f"/home/{self.user}/htdocs/{self.domain}", 0o770)

    def step_row(self):
        if self.call.effects.get("fail") == "db_locked_after_files":
            raise locked()
        self.panel.add(self.domain, self.user)


def _has_entry(file, name):
    with open(file, encoding="utf-8") as lines:
        return any(line.startswith(name + ":") for line in lines)


def _ids(user):
    with open("/etc/passwd", encoding="utf-8") as lines:
        for line in lines:
            fields = line.split(":")
            if fields[0] == user:
                return int(fields[2]), int(fields[3])
    raise Refusal(f"Unknown user {user}")
