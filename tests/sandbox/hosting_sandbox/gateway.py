"""What hosted Supabase puts before PostgREST: nginx for /rest/v1/, the `apikey` check and the new keys.

Texts and rules: the reference page on Supabase, "What hosted Supabase adds". The access log counts
requests and connections; it holds no header and so no key.
"""

from pathlib import Path

from .json_lines import json_lines
from .processes import free_port

NGINX = "/usr/sbin/nginx"
WORKER_USER = "nobody nogroup"

# "Forbidden use of secret API key in browser" is what the hosted gateway says to a browser's User-Agent.
CONFIGURATION = """\
daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type application/json;
    server_tokens off;
    keepalive_timeout {keepalive};
    keepalive_requests 100000;
    large_client_header_buffers 4 16k;
    map_hash_bucket_size 1024;

    log_format calls escape=json '{{"method":"$request_method","uri":"$logged_uri","status":$status,'
        '"seconds":$request_time,"at":$msec,"connection":$connection,"request":$connection_requests,'
        '"bytes":$body_bytes_sent,"port":$server_port,"user_agent":"$http_user_agent"}}';
    access_log {folder}/access.log calls;

    # a key may also come as a parameter; such a URI is not logged
    map $request_uri $logged_uri {{ ~*apikey= "(a URI with a key)"; default $request_uri; }}
    map "$http_apikey$arg_apikey" $key {{
        "" none;
        "{service_key}" secret;
        "{publishable_key}" publishable;
        "{jwt_key}" jwt;
        "{anon_key}" jwt;
        default invalid;
    }}
    map "$key:$http_user_agent" $refused {{
        ~^none: missing;
        ~^invalid: invalid;
        "~*^secret:.*(Mozilla|Chrome|Safari|Firefox|Edg/|Opera)" browser;
        default "";
    }}
    # An Authorization header goes through untouched, right or wrong; without one an opaque key becomes a role.
    map "$http_authorization:$key" $authorization {{
        ":secret" "Bearer {service_jwt}";
        ":publishable" "Bearer {anon_key}";
        default $http_authorization;
    }}
    # hosted projects load pg-safeupdate; without a filter there is no WHERE
    map "$request_method:$args" $unfiltered {{ "PATCH:" UPDATE; "DELETE:" DELETE; default ""; }}

    map $request_uri $uri_below_rest {{ ~^/rest/v1(?<below>/.*)$ $below; default /; }}

    upstream postgrest {{ server 127.0.0.1:{postgrest}; keepalive 16; }}
    upstream canned {{ server unix:{folder}/canned.sock; }}
    proxy_http_version 1.1;
    proxy_read_timeout 120s;
{servers}
}}
"""

SERVER = """\
    server {{
        listen 127.0.0.1:{port}{ssl};
        {certificate}
        location /rest/v1/ {{
            if (-f {folder}/canned.on) {{ rewrite ^ /canned last; }}
            if ($refused = missing) {{
                return 401 '{{"message":"No API key found in request","hint":"No `apikey` request header or url param was found."}}';
            }}
            if ($refused = invalid) {{
                return 401 '{{"message":"Invalid API key","hint":"Double check your Supabase `anon` or `service_role` API key."}}';
            }}
            if ($refused = browser) {{
                return 401 '{{"message":"Forbidden use of secret API key in browser","hint":"Secret API keys can only be used in a protected environment and should never be used in a browser. Delete this secret API key immediately."}}';
            }}
            if ($unfiltered) {{
                return 400 '{{"code":"21000","details":null,"hint":null,"message":"$unfiltered requires a WHERE clause"}}';
            }}
            rewrite ^/rest/v1(/.*)$ $1 break;
            proxy_pass http://postgrest;
            proxy_set_header Connection "";
            proxy_set_header Authorization $authorization;
            proxy_set_header apikey "";
        }}
        location = /canned {{
            internal;
            proxy_pass http://canned;
            proxy_set_header X-Original-URI $request_uri;
            proxy_set_header X-Postgrest-Port {postgrest};
            proxy_set_header Connection "";
            proxy_set_header Authorization $authorization;
        }}
        # canned_answers.py lets a request through with X-Accel-Redirect: @through
        location @through {{
            proxy_pass http://postgrest$uri_below_rest;
            proxy_set_header Connection "";
            proxy_set_header Authorization $authorization;
            proxy_set_header apikey "";
        }}
        location / {{ return 404 '{{"message":"no Route matched with those values"}}'; }}
    }}
"""


class Gateway:
    """nginx with an HTTP listener, an HTTPS one, and an HTTPS one whose certificate is for another host."""

    def __init__(self, supervisor, folder, keys, postgrest_port, certificates, keepalive_seconds):
        self.folder = Path(folder)
        self._supervisor = supervisor
        self._keys = keys
        self._postgrest_port = postgrest_port
        self._certificates = certificates
        self._keepalive_seconds = keepalive_seconds
        self.ports = {}

    def create(self):
        self.folder.mkdir(mode=0o711)
        for kind in ("http", "https", "wrong-host"):
            port = free_port()
            while port in (*self.ports.values(), self._postgrest_port):
                port = free_port()
            self.ports[kind] = port
        configuration = self.folder / "nginx.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(CONFIGURATION.format(
            user=WORKER_USER, folder=self.folder, keepalive=f"{self._keepalive_seconds}s",
            service_key=self._keys.service_key, publishable_key=self._keys.publishable_key,
            jwt_key=self._keys.jwt_key, anon_key=self._keys.anon_key, service_jwt=self._keys.jwt_key,
            postgrest=self._postgrest_port,
            servers=self._listener("http") + self._listener("https", "localhost")
            + self._listener("wrong-host", "wrong-host")))

    def _listener(self, kind, certificate=None):
        lines = ""
        if certificate:
            path = self._certificates / certificate
            lines = f"ssl_certificate {path}.crt; ssl_certificate_key {path}.key;"
        return SERVER.format(port=self.ports[kind], ssl=" ssl" if certificate else "", certificate=lines,
                             folder=self.folder, postgrest=self._postgrest_port)

    def start(self):
        (self.folder / "nginx.pid").unlink(missing_ok=True)
        self._supervisor.spawn("nginx", [NGINX, "-e", self.folder / "error.log", "-c", self.folder / "nginx.conf"],
                               log=self.folder / "nginx.log")
        self._supervisor.wait_ready("nginx", lambda: (self.folder / "nginx.pid").read_text().strip(),
                                    self.folder / "error.log", "it listens")

    def stop(self):
        """Connections are refused from now on; open ones are closed."""
        self._supervisor.stop("nginx")

    def requests(self):
        """What was answered so far: dicts with method, uri, status, seconds, connection, request, ..."""
        return json_lines(self.folder / "access.log")

    def forget_requests(self):
        """Empties the log; what is in flight is still logged when it ends."""
        with open(self.folder / "access.log", "r+", encoding="utf-8") as log:
            log.truncate(0)
