"""Supabase's API keys: legacy JWTs signed with PostgREST's secret, and the new opaque ones.

https://supabase.com/docs/guides/api/api-keys
"""

import base64
import hashlib
import hmac
import json
import secrets
import time

TEN_YEARS_SECONDS = 10 * 365 * 86400


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(secret, role, **claims):
    """A JWT as Supabase makes its legacy keys; `claims` may override iss, iat and exp."""
    now = int(time.time())
    payload = {"iss": "supabase", "ref": "sandbox", "role": role, "iat": now - 60, "exp": now + TEN_YEARS_SECONDS,
               **claims}
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode())
                      for part in ({"alg": "HS256", "typ": "JWT"}, payload))
    return f"{signed}.{_base64url(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


class ApiKeys:
    """The keys of one project."""

    def __init__(self):
        self.jwt_secret = secrets.token_hex(32)
        self.service_key = "sb_secret_" + secrets.token_urlsafe(24)
        self.publishable_key = "sb_publishable_" + secrets.token_urlsafe(24)
        self.jwt_key = jwt(self.jwt_secret, "service_role")
        self.anon_key = jwt(self.jwt_secret, "anon")
