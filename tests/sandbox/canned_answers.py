"""The small HTTP server behind the gateway's knobs: answers as canned.json says, or lets a request through.

Letting through is nginx's X-Accel-Redirect to @through, which keeps method and body. canned.json is read again
whenever it has changed, and its `times` counted from then on.
"""

import http.client
import json
import os
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler

FOLDER = sys.argv[1]


class Rule:
    """The current canned.json with the number of its uses."""

    def __init__(self):
        self._lock = threading.Lock()
        self._version = None
        self._answer = {}
        self._used = 0

    def take(self, method, uri):
        """The answer for this request, or None: let it through."""
        with self._lock:
            state = os.stat(f"{FOLDER}/canned.json")
            if (state.st_ino, state.st_mtime_ns) != self._version:
                with open(f"{FOLDER}/canned.json", encoding="utf-8") as file:
                    self._answer = json.load(file)
                self._version, self._used = (state.st_ino, state.st_mtime_ns), 0
            answer = self._answer
            if answer["methods"] and method not in answer["methods"]:
                return None
            if answer["uri"] and answer["uri"] not in uri:
                return None
            if answer["times"] is not None and self._used >= answer["times"]:
                return None
            self._used += 1
            return answer


RULE = Rule()


class Handler(BaseHTTPRequestHandler):
    """Any method, one request per connection."""

    def handle_one_request(self):
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        uri = self.headers.get("X-Original-URI", self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = RULE.take(self.command, uri)
        if answer is None:
            self.send_response(200)
            self.send_header("X-Accel-Redirect", "@through")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            if answer["after"]:
                self.perform(uri, body)
            content = answer["body"].encode()
            self.send_response(answer["status"], "Canned")
            self.send_header("Content-Type", answer["content_type"])
            for name, value in answer["headers"].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        self.close_connection = True

    def perform(self, uri, body):
        """The request is sent to PostgREST as nginx would, and the reply thrown away."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.headers["X-Postgrest-Port"]), timeout=60)
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() in ("authorization", "content-type", "prefer", "accept")}
        connection.request(self.command, uri.removeprefix("/rest/v1"), body, headers)
        connection.getresponse().read()
        connection.close()

    def address_string(self):
        return "gateway"

    def log_message(self, format, *arguments):
        pass


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    with Server(f"{FOLDER}/canned.sock.new", Handler) as server:
        os.chmod(f"{FOLDER}/canned.sock.new", 0o666)
        os.rename(f"{FOLDER}/canned.sock.new", f"{FOLDER}/canned.sock")
        server.serve_forever()
