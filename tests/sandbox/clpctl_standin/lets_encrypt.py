"""`lets-encrypt:install:certificate`: every call issues a new certificate; an existing one is no error."""

from . import certificates
from .database import Panel
from .refusal import Refusal
from .validation import certificate_names

ADDRESS = "203.0.113.7"
# name of the knob -> ACME error type and detail; {name} is the name that failed
VALIDATION_FAILURES = {
    "validation_404": ("unauthorized", f"{ADDRESS}: Invalid response from "
                       "http://{name}/.well-known/acme-challenge/T0ken: 404"),
    "validation_403": ("unauthorized", f"{ADDRESS}: Invalid response from "
                       "https://{name}/.well-known/acme-challenge/T0ken: 403"),
    "secondary_validation": ("unauthorized", f"During secondary validation: {ADDRESS}: Invalid response from "
                             "https://{name}/.well-known/acme-challenge/T0ken: 403"),
    "connection_timeout": ("connection", f"{ADDRESS}: Fetching http://{{name}}/.well-known/acme-challenge/T0ken: "
                           "Timeout during connect (likely firewall problem)"),
    "network_unreachable": ("connection", "2001:db8::7: Fetching http://{name}/.well-known/acme-challenge/T0ken: "
                            "Network is unreachable"),
    "dns_nxdomain": ("dns", "DNS problem: NXDOMAIN looking up A for {name} - check that a DNS record exists for "
                     "this domain"),
    "dns_servfail": ("dns", "DNS problem: SERVFAIL looking up A for {name} - the domain's nameservers may be "
                     "malfunctioning"),
}
ACME = "https://acme-v02.api.letsencrypt.org"
# Guzzle's message keeps 120 characters of the body, so "retry after" is usually lost
RATE_LIMIT_BODY = ('{{\n  "type": "urn:ietf:params:acme:error:rateLimited",\n  "detail": "too many certificates (50) '
                   'already issued for \\"{name}\\" in the last 168h0m0s, retry after 2026-01-01 00:00:00 UTC",\n'
                   '  "status": 429\n}}')
RATE_LIMIT_KEPT = 120
OTHER_FAILURES = {
    "validation_timeout": "validation timed out after 90 seconds",
    "acme_account": "An error occurred while registering an account, error message: cURL error 28: Connection timed "
                    f"out after 10001 milliseconds for {ACME}/acme/new-acct",
    "acme_order": "An error occurred while requesting an order, error message: cURL error 28: Operation timed out "
                  f"after 30000 milliseconds for {ACME}/acme/new-order",
    "acme_finalize": "An error occurred while finalizing the order, error message: Server error: POST "
                     f"{ACME}/acme/finalize/1/2 resulted in a 500 Internal Server Error response:",
}


class InstallCertificate:
    """One order. Unlike site:add it neither trims nor lowercases the domain."""

    def __init__(self, call, options):
        self.call = call
        self.domain = options["domainName"]
        alternatives = [name.strip() for name in (options.get("subjectAlternativeName") or "").split(",")]
        self.names = certificate_names(self.domain, [name for name in alternatives if name])
        self.panel = Panel()

    def validate(self):
        if self.panel.owner(self.domain) is None:
            raise Refusal(f'Site "{self.domain}" does not exist.')

    def perform(self):
        effects = self.call.effects
        failure = effects.get("fail")
        if failure in VALIDATION_FAILURES:
            raise Refusal(self._validation_failure(*VALIDATION_FAILURES[failure]))
        if failure == "rate_limited_429":
            body = RATE_LIMIT_BODY.format(name=self.domain)[:RATE_LIMIT_KEPT]
            raise Refusal(f"An error occurred while requesting an order, error message: Client error: POST {ACME}/acme/"
                          f"new-order resulted in a 429 Too Many Requests response:\n{body} (truncated...)")
        if failure in OTHER_FAILURES:
            raise Refusal(OTHER_FAILURES[failure])
        chain, serial = self._issue(effects.get("certificate", "production"))
        self.call.note("issued", names=self.names, serial=serial)
        certificates.install(self.domain, chain)
        return "Certificate installation was successful."

    def _validation_failure(self, kind, detail):
        """One failing name fails the order; the knob's `names`, else its `domain`, else all fail."""
        effects = self.call.effects
        failing = effects.get("names") or [name for name in self.names if effects.get("domain") in (None, name)]
        parts = [f"{name}: Domain could not be validated, error message: error type: urn:ietf:params:acme:error:{kind}, "
                 f"error detail: {detail.format(name=name)}" for name in failing]
        return ", ".join(parts)

    def _issue(self, kind):
        days = self.call.effects.get("days")
        if kind == "staging":
            return certificates.issue(self.names, kind="staging", days=days or 90)
        if kind == "expired":
            return certificates.issue(self.names, valid_from=-(days or 90) - 10, days=days or 90)
        if kind == "short_lived":
            return certificates.issue(self.names, days=days or 6)
        if kind == "wrong_name":
            return certificates.issue(["elsewhere.example"], days=days or 90)
        return certificates.issue(self.names, days=days or 90)
