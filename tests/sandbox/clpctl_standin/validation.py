"""What CloudPanel accepts, and in which words it refuses; one line per violation, all of them at once."""

import re

from .refusal import Refusal

SITE_USER = re.compile(r"[a-z][-a-z0-9_]+", re.IGNORECASE)
# Labels may be Unicode (CE#585); the top-level domain is 2-14 letters, so a punycode one does not pass.
DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[a-z]{2,14}")
IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")

# Enough of the Public Suffix List for tests; CloudPanel downloads all of it.
TWO_LEVEL_SUFFIXES = frozenset(
    "co.uk org.uk com.au net.au co.nz com.br co.jp co.za com.tr co.in com.mx".split())

PSL_FAILURES = {
    "psl_timeout": "cURL error 28: Operation timed out after 10000 milliseconds with 0 bytes received (see "
                   "https://curl.haxx.se/libcurl/c/libcurl-errors.html) for "
                   "https://publicsuffix.org/list/public_suffix_list.dat",
    "psl_resolve": "cURL error 6: Could not resolve host: publicsuffix.org (see "
                   "https://curl.haxx.se/libcurl/c/libcurl-errors.html) for "
                   "https://publicsuffix.org/list/public_suffix_list.dat",
}


def registrable(domain):
    """The registered domain (public suffix plus one label)."""
    labels = domain.split(".")
    suffix = 2 if ".".join(labels[-2:]) in TWO_LEVEL_SUFFIXES else 1
    return ".".join(labels[-suffix - 1:])


def certificate_names(domain, alternatives):
    """An apex or www domain gets both names, another subdomain only itself."""
    names = [domain]
    apex = domain[4:] if domain.startswith("www.") else domain
    if registrable(apex) == apex:
        names = [domain, apex if domain != apex else "www." + apex]
    return names + [name for name in alternatives if name not in names]


def _length(field, value, least, most):
    if len(value) < least:
        return [f"{field}: This value is too short. It should have {least} characters or more."]
    if len(value) > most:
        return [f"{field}: This value is too long. It should have {most} characters or less."]
    return []


def check_new_site(domain, user, password, taken_domain, taken_user):
    """Raises a Refusal with every violation; `taken_...(value)` say whether the panel has it already."""
    if IPV4.fullmatch(domain):
        raise Refusal(f"The domain `{domain}` is invalid: this is an IPv4 host.")
    violations = []
    if not DOMAIN.fullmatch(domain):
        violations.append("domainName: This value is not valid.")
    violations += _length("domainName", domain, 1, 128)
    # bare x.com is refused if www.x.com exists, but not the reverse
    if taken_domain(domain) or (registrable(domain) == domain and taken_domain("www." + domain)):
        violations.append("domainName: This value already exists.")
    if not SITE_USER.fullmatch(user):
        violations.append("siteUser: This value is not valid.")
    violations += _length("siteUser", user, 3, 32)
    if taken_user(user):
        violations.append("siteUser: This value already exists.")
    violations += _length("siteUserPassword", password, 8, 200)
    if violations:
        raise Refusal("\n".join(violations))
