"""Knobs of the gateway: answers of Cloudflare, Kong and friends in Supabase's place."""

import json
from pathlib import Path

from .processes import PYTHON

SERVER = Path(__file__).resolve().parent.parent / "canned_answers.py"
HTML = "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"

# what stands before PostgREST says, by name (the reference page on Supabase)
ANSWERS = {
    "html_503": (503, "text/html", HTML.format(title="503 Service Temporarily Unavailable")),
    "upstream_503": (503, "text/plain", "upstream connect error or disconnect/reset before headers. reset reason: "
                                        "connection failure"),
    "429": (429, "application/json", '{"message":"Too many requests"}'),
    "402": (402, "application/json", '{"message":"Service for this project is restricted due to exceeded quota"}'),
    "520": (520, "text/plain", "error code: 520"),
    "523": (523, "text/plain", "error code: 523"),
    "html_522": (522, "text/html", HTML.format(title="522: Connection timed out")),
    "540": (540, "application/json", '{"message":"Project paused"}'),
    "544": (544, "text/plain", "Gateway timeout"),
    "html_200": (200, "text/html", HTML.format(title="Welcome")),
    "empty_200": (200, "application/json", ""),
    "broken_json": (200, "application/json", '[{"id":"'),
    "403": (403, "application/json", '{"message":"Forbidden"}'),
    "invalid_key": (401, "application/json",
                    '{"message":"Invalid API key","hint":"Double check your Supabase `anon` or `service_role` API key."}'),
    "legacy_keys_disabled": (401, "application/json", '{"message":"Legacy API keys are disabled","hint":"Your legacy '
                             'API keys (anon, service_role) were disabled. Re-enable them in the Supabase dashboard, '
                             'or use the new publishable and secret API keys."}'),
    "empty_401": (401, "application/json", ""),
    "jwt_issued_at_future": (401, "application/json", '{"code":"PGRST303","details":null,"hint":null,'
                             '"message":"JWT issued at future"}'),
}


class CannedAnswers:
    """Switches the gateway to fixed answers and back, without a reload: open connections stay open."""

    def __init__(self, supervisor, folder):
        self._supervisor = supervisor
        self._folder = folder
        self._running = False

    def give(self, name=None, status=200, body="", content_type="application/json", headers=None, times=None,
             methods=None, uri=None, after=False):
        """Answers `name` of ANSWERS, or the given status and body.

        times: only the next so many requests. methods, uri: only those (uri: a part of it). The rest goes through.
        after: PostgREST performs the request first, and only its answer is replaced (a lost reply).
        """
        if name is not None:
            status, content_type, body = ANSWERS[name]
        answer = {"status": status, "body": body, "content_type": content_type, "headers": headers or {},
                  "times": times, "methods": methods, "uri": uri, "after": after}
        new = self._folder / "canned.json.new"
        new.touch(mode=0o600)
        new.write_text(json.dumps(answer))
        new.rename(self._folder / "canned.json")
        self._start_server()
        (self._folder / "canned.on").touch()

    def stop(self):
        """Requests reach PostgREST again."""
        (self._folder / "canned.on").unlink(missing_ok=True)

    def _start_server(self):
        if self._running:
            return
        self._supervisor.spawn("canned", [PYTHON, "-I", SERVER, self._folder],
                               log=self._folder / "canned.log")
        self._supervisor.wait_ready("canned", (self._folder / "canned.sock").exists, self._folder / "canned.log",
                                    "it serves")
        self._running = True
