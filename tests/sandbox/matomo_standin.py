#!/usr/bin/python3
"""A stand-in for Matomo's HTTP API: the few methods that registering a website needs, bad manners included.

    matomo_standin.py --listen 127.0.0.1:0 --state DIR --token TOKEN [--view-token TOKEN] [--any-token TOKEN]

Runs in the foreground until SIGTERM. Each "observed" below is an answer recorded from a real Matomo 5.1.2 or 4.16.1
(nginx, php-fpm, MariaDB). What was never observed is either said to be from Matomo's public source ("source"), or
answered 501 in plain text: a test must not pass on something we made up.

Tokens
    --token       super user, accepted in the body only, as 5.x creates tokens by default ("secure only")
    --view-token  no super-user access; sees the sites in the knob view_sites
    --any-token   super user, accepted in the query as well

Files in DIR
    port            the port listened on; appears, whole, once the program listens, and goes when it ends. Whoever
                    starts it after a crash removes the old file first.
    sites.json      {"next_idsite": 2, "sites": [{"idsite": 1, "name": "..", "urls": [".."], "ts_created": ".."}]}
                    Replaced by rename at every change; read at start, so a test may seed it (ts_created may be left
                    out). An orphan has "urls": [].
    requests.jsonl  one line a request, written before the answer leaves:
                    {"at_s", "verb", "method", "url", "status", "token": good|bad|none, "token_in": body|query|null}
                    "url" is the parameter `url`, or addSite's first `urls`. "status" is null if the connection was
                    cut with no answer. A token's value is never written.
    knobs.json      read at every request; missing means all defaults. Replace it by rename. A mistake in it answers
                    500 in plain text ("stand-in: ..."), so that a typo cannot make a test pass.

Knobs
    A value is plain, or {"value": V, "next": N, "method": M}: only the next N requests, and only requests for the API
    method M. Either key may be left out. Writing the file again starts its counts again.

    version           "5.1.2"    4.x ("4.16.1") answers a wrong token as anonymous, refusals with 200, and takes any
                                 token in the query
    mode              "normal"   maintenance (503 HTML), maintenance_multi_server (200 HTML), upgrade (503 JSON),
                                 database_denied, database_down (500), not_installed (200 HTML), force_ssl (302),
                                 php_down (502 HTML), ip_not_allowed (401 JSON)
    framing           "chunked"  as nginx, keep-alive; "close": HTTP/1.0, the end of the connection ends the body
    chunk_bytes       8192       the longest chunk
    delay_s           0          the wait before the answer leaves; for a method other than addSite no more than that
    insert            "first"    addSite inserts before the delay; "last": after it; "split": the name before, the URLs
                                 after. In each case it completes although the client has gone.
    cut               "none"     the connection ends with no answer "before_work" or "after_work", or "mid_answer"
    orphan            false      addSite inserts the name, never the URLs, and answers 502: its worker was killed
    ids_as_strings    false      {"idsite":"1"} and {"value":"1"}
    row_limit         100        the silent cap on lists where the request has no filter_limit
    lockout_after     21         bad tokens from one address within the window after which every token answers 500;
                                 0 locks at once, even with no bad token
    lockout_window_s  3600
    view_sites        []         the ids that the view token sees
    language          "en"       of some error texts: "de", "fr" where observed; the request's `language` parameter or
                                 Accept-Language header goes before it
    sites_admin_disabled  false  enable_sites_admin=0: addSite answers result:error
    only_secure_tokens    false  only_allow_secure_auth_tokens=1: no token in the query is good

Not reproduced: multipart and JSON bodies (the second is no parameters to PHP either, observed), chunked request bodies
(501), addSite's settings other than name and URLs, XML of lists, force_api_session, JSONP, the
names' HTML escaping inside the database (the cut at 90 characters counts `&` as one).
"""

import argparse
import contextlib
import enum
import functools
import html
import http
import http.server
import itertools
import json
import os
import re
import secrets
import signal
import socket
import sys
import threading
import time
import types
import unicodedata
from collections import defaultdict, deque
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_plus, urlsplit

NAME_MAX_CHARS = 90
MAIN_URL_MAX_CHARS = 255
MAX_INPUT_VARS = 1000  # PHP's default: of 1100 bulk entries 996 were answered, beside four other variables
MAX_BODY_BYTES = 1024 * 1024  # nginx's default client_max_body_size
IDLE_TIMEOUT_S = 75  # nginx's default keepalive_timeout

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"


def write_atomically(path: Path, text: str) -> None:
    """Readers see the old file or the new one, never a part."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


# ---------------------------------------------------------------------------------------------------------- knobs


class KnobError(Exception):
    """knobs.json does not say what its author meant."""


@dataclass(frozen=True)
class Knob:
    default: object
    choices: tuple = ()


KNOBS = {
    "version": Knob("5.1.2"),
    "mode": Knob("normal", ("normal", "maintenance", "maintenance_multi_server", "upgrade", "database_denied",
                            "database_down", "not_installed", "force_ssl", "php_down", "ip_not_allowed")),
    "framing": Knob("chunked", ("chunked", "close")),
    "chunk_bytes": Knob(8192),
    "delay_s": Knob(0.0),
    "insert": Knob("first", ("first", "last", "split")),
    "cut": Knob("none", ("none", "before_work", "after_work", "mid_answer")),
    "orphan": Knob(False),
    "ids_as_strings": Knob(False),
    "row_limit": Knob(100),
    "lockout_after": Knob(21),
    "lockout_window_s": Knob(3600.0),
    "view_sites": Knob([]),
    "language": Knob("en", ("en", "de", "fr")),
    "sites_admin_disabled": Knob(False),
    "only_secure_tokens": Knob(False),
}


def checked_setting(name: str, setting: object) -> dict:
    """The setting in its long form, {"value", "next", "method"}."""
    if name not in KNOBS:
        raise KnobError(f"unknown knob '{name}'")
    entry = setting if isinstance(setting, dict) else {"value": setting}
    if "value" not in entry or not entry.keys() <= {"value", "next", "method"}:
        raise KnobError(f"knob '{name}' takes the keys value, next and method")
    knob, value = KNOBS[name], entry["value"]
    accepted = (int, float) if isinstance(knob.default, float) else (type(knob.default),)
    if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
        raise KnobError(f"knob '{name}' has a value of the wrong type")
    if knob.choices and value not in knob.choices:
        raise KnobError(f"knob '{name}' is one of {', '.join(knob.choices)}")
    if type(entry.get("next", 0)) is not int:
        raise KnobError(f"knob '{name}' counts whole requests")
    if "method" in entry and entry["method"] not in Api.METHODS:
        raise KnobError(f"knob '{name}' names a method that the stand-in does not have")
    if name == "chunk_bytes" and value < 1:
        raise KnobError("knob 'chunk_bytes' is at least 1")
    return entry


class Knobs:
    """knobs.json, and what is left of its counts."""

    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.Lock()
        self._version: object = None  # of the file that the counts belong to
        self._left: dict[str, int] = {}

    def take(self, method: str) -> types.SimpleNamespace:
        """The knobs' values for one request of this API method; uses up one of each count that applies to it."""
        with self._lock:
            values = {name: knob.default for name, knob in KNOBS.items()}
            for name, entry in self._read().items():
                if "method" in entry and entry["method"] != method:
                    continue
                if "next" in entry:
                    left = self._left.setdefault(name, entry["next"])
                    if left <= 0:
                        continue
                    self._left[name] = left - 1
                values[name] = entry["value"]
            return types.SimpleNamespace(**values)

    def _read(self) -> dict[str, dict]:
        try:
            with self._path.open(encoding="utf-8") as file:
                stat, text = os.fstat(file.fileno()), file.read()
        except FileNotFoundError:
            self._version = None
            self._left.clear()
            return {}
        try:
            settings = json.loads(text)
        except ValueError as error:
            raise KnobError(f"knobs.json is not JSON: {error}") from error
        if not isinstance(settings, dict):
            raise KnobError("knobs.json is not an object")
        version = (stat.st_mtime_ns, stat.st_ino, text)
        if version != self._version:
            self._version = version
            self._left.clear()
        return {name: checked_setting(name, setting) for name, setting in settings.items()}


# ---------------------------------------------------------------------------------------------------------- sites


@functools.lru_cache(maxsize=65536)
def folded(text: str) -> str:
    """What MariaDB's collation compares: letters without case or accent (muller.example finds müller.example)."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def without_one_slash(url: str) -> str:
    """One trailing slash is ignored, a second is not (https://example.org// finds nothing)."""
    return url.removesuffix("/")


def lookup_variants(url: str) -> set[str]:
    """The five URLs that a lookup compares with, folded.

    `www.` goes wherever it stands, so awww.example.org also finds aexample.org; the scheme is recognised in lower
    case only, and HTTPS://example.org is found as the URL given.
    """
    given = without_one_slash(url)
    host = given.replace("www.", "").replace("http://", "").replace("https://", "")
    prefixed = (prefix + host for prefix in ("http://", "http://www.", "https://", "https://www."))
    return {folded(variant) for variant in (given, *prefixed)}


class Sites:
    """The two tables site and site_url, kept in sites.json."""

    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.Lock()
        state = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"sites": []}
        self._by_id = {site["idsite"]: {"ts_created": "2026-01-01 00:00:00", **site} for site in state["sites"]}
        self._next_id = state.get("next_idsite", max(self._by_id, default=0) + 1)
        self._save()

    def insert(self, name: str) -> int:
        """A new row with an empty main URL. No dedupe: the same site again is another site."""
        with self._lock:
            idsite, self._next_id = self._next_id, self._next_id + 1
            created = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
            self._by_id[idsite] = {"idsite": idsite, "name": name[:NAME_MAX_CHARS], "urls": [], "ts_created": created}
            self._save()
            return idsite

    def set_urls(self, idsite: int, urls: list[str]) -> None:
        with self._lock:
            stored = [url[:MAIN_URL_MAX_CHARS] for url in urls[:1]] + urls[1:]
            self._by_id[idsite] = {**self._by_id[idsite], "urls": stored}
            self._save()

    def all(self) -> list[dict]:
        """By ascending id. The rows are not changed in place, so a caller may keep them."""
        with self._lock:
            return list(self._by_id.values())

    def _save(self) -> None:
        state = {"next_idsite": self._next_id, "sites": list(self._by_id.values())}
        write_atomically(self._path, json.dumps(state, ensure_ascii=False) + "\n")


# -------------------------------------------------------------------------------------------------------- request


def php_parameters(text: str) -> dict[str, str | dict[str, str]]:
    """As PHP fills $_GET and $_POST: `a[]` and `a[k]` make an array, of one name the last value stays."""
    parameters: dict[str, str | dict[str, str]] = {}
    pairs = parse_qsl(text, keep_blank_values=True, errors="replace")
    for key, value in itertools.islice(pairs, MAX_INPUT_VARS):
        name, bracket, index = key.partition("[")
        if not bracket:
            parameters[key] = value
            continue
        array = parameters.get(name)
        if not isinstance(array, dict):
            array = parameters[name] = {}
        array[index.removesuffix("]") or f"next {len(array)}"] = value
    return parameters


def text_of(parameters: dict, name: str) -> str:
    value = parameters.get(name, "")
    return value if isinstance(value, str) else ""


def list_of(parameters: dict, name: str) -> list[str] | None:
    """An array, or one value for an array; None if the request has neither."""
    value = parameters.get(name)
    return list(value.values()) if isinstance(value, dict) else None if value is None else [value]


@dataclass
class Request:
    verb: str
    target: str
    path: str
    query: dict
    body: dict
    host: str
    client: str
    accept_language: str
    parameters: dict = field(init=False)

    def __post_init__(self):
        self.parameters = {**self.body, **self.query}  # $_GET + $_POST: the query wins

    def __getitem__(self, name: str) -> str:
        return text_of(self.parameters, name)

    @property
    def token(self) -> tuple[str, str | None]:
        """The token and where it was. A Bearer header is no token: it answered as anonymous (observed)."""
        for place, parameters in (("body", self.body), ("query", self.query)):
            if token := text_of(parameters, "token_auth"):
                return ("", None) if token == "anonymous" else (token, place)
        return "", None

    @property
    def errors_as_json(self) -> bool:
        """Matomo's front controller looks at the query alone when it renders an error of its own.

        So a wrong token is 401 in JSON with module, method and format in the query, and an HTML page with any of them
        in the body (observed).
        """
        query = functools.partial(text_of, self.query)
        return query("module") == "API" and query("method") != "" and query("format").lower() == "json"


# --------------------------------------------------------------------------------------------------------- answer


class Reply(NamedTuple):
    status: int
    content_type: str
    body: str
    headers: tuple[tuple[str, str], ...] = ()
    by_nginx: bool = False  # nginx's own pages carry a Content-Length, PHP's answers do not


def php_json(value: object) -> str:
    r"""As json_encode: no blanks, `\/` for a slash, `\uXXXX` for all that is not ASCII."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def html_page(status: int, message: str, content_type: str = HTML, headers: tuple = ()) -> Reply:
    content = f'\t<div class="content"><h2>{html.escape(message, quote=False)}</h2></div>'
    lines = ("<!DOCTYPE html>", "<html>", "<body>", content, "</body>", "</html>", "")
    return Reply(status, content_type, "\n".join(lines), headers)


def error_json(status: int, message: str) -> Reply:
    return Reply(status, JSON, php_json({"result": "error", "message": message}))


def front_controller_error(request: Request, status: int, message: str) -> Reply:
    if request.errors_as_json:
        return error_json(status, message)
    return html_page(status, message, headers=(("Cache-Control", "private, no-cache, no-store"),))


def nginx_page(status: int, headers: tuple = ()) -> Reply:
    title = f"{status} {http.HTTPStatus(status).phrase}"
    lines = ("<html>", f"<head><title>{title}</title></head>", "<body>", f"<center><h1>{title}</h1></center>",
             "<hr><center>nginx/1.22.1</center>", "</body>", "</html>", "")
    return Reply(status, "text/html", "\r\n".join(lines), headers, by_nginx=True)


def standin_page(status: int, message: str) -> Reply:
    """Ours, not Matomo's: the test asked for something that the stand-in does not have."""
    return Reply(status, "text/plain; charset=utf-8", f"stand-in: {message}\n", by_nginx=True)


def login_page(message: str = "Sign in") -> Reply:
    """What a browser gets: also where a POST that followed a 301, and became a GET, ends up."""
    return html_page(200, message, headers=(
        ("Set-Cookie", f"MATOMO_SESSID={secrets.token_hex(13)}; path=/; HttpOnly; SameSite=Lax"),
        ("Cache-Control", "no-store, must-revalidate"),
        ("X-Frame-Options", "sameorigin"),
        ("Referrer-Policy", "same-origin")))


def mode_reply(mode: str, request: Request) -> Reply | None:
    """The states of a whole installation. They come before any look at the token (observed for `upgrade`)."""
    plain_html = "text/html; charset=UTF-8"  # upper case where Matomo left PHP's default
    match mode:
        case "normal":
            return None
        case "maintenance":
            return html_page(503, "Maintenance mode", plain_html)
        case "maintenance_multi_server":
            return html_page(200, "Maintenance mode", plain_html)
        case "upgrade":  # JSON whatever the query says
            return error_json(503, "Database Upgrade Required. Your Matomo database is out-of-date, "
                                   "and must be upgraded before you can continue.")
        case "database_denied":
            return front_controller_error(request, 500, "Database access denied")
        case "database_down":
            return front_controller_error(request, 500, "SQLSTATE[HY000] [2002] Connection refused")
        case "not_installed":
            return login_page("Installation")
        case "force_ssl":
            host = request.host.rpartition(":")[0] or request.host
            headers = ("X-Robots-Tag", "noindex"), ("Location", f"https://{host}{request.target}")
            return Reply(302, plain_html, "", headers)
        case "php_down":
            return nginx_page(502)
        case "ip_not_allowed":  # JSON whatever the query says
            return error_json(401, f"You cannot use this Matomo as your IP {request.client} is not allowed.")
    raise AssertionError(mode)


# ------------------------------------------------------------------------------------------------------ API calls


class Role(enum.Enum):
    SUPER_USER = enum.auto()
    VIEW = enum.auto()
    ANONYMOUS = enum.auto()


class ApiError(Exception):
    """{"result":"error"} of an API method: HTTP 200, unless it is about access."""


class NoAccess(ApiError):
    """HTTP 401 in 5.x, 200 in 4.x, in the request's format either way."""


class WorkerKilled(Exception):
    """The php-fpm worker died amid the request; nginx answers 502."""


class NotReproduced(Exception):
    """Real Matomo has it, the stand-in does not."""


class Rows(dict):
    """A PHP array keyed by site id: an object if it comes whole, a list once the row limit has cut it."""


TEXTS = {  # by language where observed; the other error texts are English always
    "missing": {"en": "Please specify a value for '{}'.", "de": "Bitte geben Sie einen Wert für '{}' an."},
    "super_user": {
        "en": "You can't access this resource as it requires a 'superuser' access.",
        "de": "Sie können auf die Ressource nicht zugreifen, da dies mindestens das Recht 'superuser' erfordert.",
        "fr": "Vous ne pouvez accéder à cette ressource, ceci requiert un accès de type 'superuser'."},
}
NOT_HERE = frozenset({  # methods that exist in Matomo, and appear in the recordings, but not here
    "SitesManager.updateSite", "SitesManager.deleteSite", "SitesManager.addSiteAliasUrls",
    "SitesManager.setSiteAliasUrls", "SitesManager.getSitesWithAtLeastViewAccess",
    "SitesManager.getSitesWithAdminAccess", "UsersManager.getUserPreference"})


def cleaned_urls(values: list[str]) -> list[str]:
    """addSite's checks on `urls`: few (`not a url` and ftp://x.example are taken), and it decodes once more."""
    urls = []
    for value in filter(None, values):
        url = without_one_slash(unquote_plus(value))
        if "://" not in url and not re.match(r"[a-z][a-z0-9+.-]*:(?!\d)", url, re.IGNORECASE):
            url = "http://" + url
        urls.append(url.strip())
    if not urls:
        raise ApiError("URLs: You must specify at least one URL for the website.")
    for url in urls:
        if not re.match(r"([a-z][a-z0-9+.-]*:)?//.", url, re.IGNORECASE):
            raise ApiError(f"URLs: The url '{url}' is not a valid URL.")
    return list(dict.fromkeys(urls))


class Api:
    """The API methods, for one authenticated request."""

    def __init__(self, sites: Sites, knobs, role: Role, language: str, pause):
        self._sites = sites
        self._knobs = knobs
        self._role = role
        self._language = language
        self._pause = pause  # waits for delay_s the first time it is called

    def call(self, parameters: dict, nested: bool = False) -> object:
        method = text_of(parameters, "method")
        if not method:
            raise ApiError("The parameter 'method' isn't set in the Request, and a default value wasn't provided.")
        plugin, dot, name = method.partition(".")
        if not dot:
            raise ApiError("The method name is invalid. Expected 'module.methodName'")
        if method in NOT_HERE or (nested and method == "API.getBulkRequest"):
            raise NotReproduced(f"{method} is not reproduced" + " inside a bulk request" * nested)
        if method not in self.METHODS:
            if plugin not in {known.partition(".")[0] for known in self.METHODS}:
                raise ApiError(f"The plugin {plugin} is not enabled. You can activate the plugin on "
                               "Settings &gt; Plugins page in Matomo.")
            raise ApiError(f"The method '{name}' does not exist or is not available in the module "
                           f"'\\Piwik\\Plugins\\{plugin}\\API'.")
        return self._limited(self.METHODS[method](self, parameters), parameters)

    def add_site(self, parameters: dict) -> object:
        """Inserts with an empty main URL first and sets the URLs after: whoever dies in between leaves an orphan."""
        name = self._needed(parameters, "siteName")
        self._need_super_user()
        if self._knobs.sites_admin_disabled:
            raise ApiError("Creating, updating, and deleting sites has been disabled.")
        given = list_of(parameters, "urls")
        urls = [] if given is None else cleaned_urls(given)  # without `urls` the site has no URL (observed)
        idsite = self._sites.insert(name)
        if self._knobs.insert == "split":
            self._pause()
        if self._knobs.orphan:
            raise WorkerKilled
        self._sites.set_urls(idsite, urls)
        return self._id(idsite)

    def ids_from_url(self, parameters: dict) -> object:
        variants = lookup_variants(self._needed(parameters, "url"))
        return [{"idsite": self._id(site["idsite"])} for site in self._visible()
                if any(folded(url) in variants for url in site["urls"])]

    def urls_from_id(self, parameters: dict) -> object:
        """[""] for an orphan and [] for an unknown site: from Matomo's source, not observed."""
        site = self._viewable(self._needed(parameters, "idSite"))
        return [] if site is None else site["urls"] or [""]

    def site_from_id(self, parameters: dict) -> object:
        idsite = self._needed(parameters, "idSite")
        site = self._viewable(idsite)
        if site is None:
            raise ApiError(f"An unexpected website was found in the request: website id was set to '{idsite}' .")
        return self._row(site)

    def sites_by_pattern(self, parameters: dict) -> object:
        """A part of the name or the main URL, or the id (source); the only way to find an orphan (observed)."""
        pattern = self._needed(parameters, "pattern")

        def matches(site: dict) -> bool:
            texts = (site["name"], *site["urls"][:1])
            return pattern == str(site["idsite"]) or any(folded(pattern) in folded(text) for text in texts)

        rows = [self._row(site) for site in self._visible() if matches(site)]
        limit = text_of(parameters, "limit")
        return rows[:int(limit)] if limit.isdigit() else rows

    def all_sites(self, _parameters: dict) -> object:
        self._need_super_user()
        return Rows({str(site["idsite"]): self._row(site) for site in self._sites.all()})

    def all_ids(self, _parameters: dict) -> object:
        self._need_super_user()
        return [self._id(site["idsite"]) for site in self._sites.all()]

    def version(self, _parameters: dict) -> object:
        if self._role is not Role.SUPER_USER and not self._visible():
            raise NoAccess("You can't access this resource as it requires view access for at least one website.")
        return self._knobs.version

    def has_super_user_access(self, _parameters: dict) -> object:
        return self._role is Role.SUPER_USER

    def bulk(self, parameters: dict) -> object:
        """Every entry runs, the answers beyond the row limit are lost: of 150 addSite 100 answers, 150 rows."""
        entries = list_of(parameters, "urls")
        if not entries:
            raise ApiError(self._text("missing", "urls"))
        answers = []
        for entry in entries:
            try:  # an entry's own format and token_auth change nothing (observed)
                answers.append(json_shape(self.call(php_parameters(entry), nested=True)))
            except ApiError as error:
                answers.append({"result": "error", "message": str(error)})
        return answers

    METHODS = {
        "SitesManager.addSite": add_site,
        "SitesManager.getSitesIdFromSiteUrl": ids_from_url,
        "SitesManager.getSiteUrlsFromId": urls_from_id,
        "SitesManager.getSiteFromId": site_from_id,
        "SitesManager.getPatternMatchSites": sites_by_pattern,
        "SitesManager.getAllSites": all_sites,
        "SitesManager.getAllSitesId": all_ids,
        "API.getMatomoVersion": version,
        "API.getBulkRequest": bulk,
        "UsersManager.hasSuperUserAccess": has_super_user_access,
    }

    def _text(self, key: str, *values: str) -> str:
        texts = TEXTS[key]
        return texts.get(self._language, texts["en"]).format(*values)

    def _needed(self, parameters: dict, name: str) -> str:
        """An empty value counts as none (observed for siteName and url)."""
        if value := text_of(parameters, name):
            return value
        raise ApiError(self._text("missing", name))

    def _need_super_user(self) -> None:
        if self._role is not Role.SUPER_USER:
            raise NoAccess(self._text("super_user"))

    def _visible(self) -> list[dict]:
        sites = self._sites.all()
        if self._role is Role.SUPER_USER:
            return sites
        seen = self._knobs.view_sites if self._role is Role.VIEW else []
        return [site for site in sites if site["idsite"] in seen]

    def _viewable(self, idsite: str) -> dict | None:
        """The site, None if there is none; the text of the refusal was not observed."""
        for site in self._visible():
            if str(site["idsite"]) == idsite:
                return site
        if self._role is not Role.SUPER_USER:
            raise NoAccess("You can't access this resource as it requires 'view' access "
                           f"for the website id = {idsite}.")
        return None

    def _id(self, idsite: int) -> int | str:
        return str(idsite) if self._knobs.ids_as_strings else idsite

    def _row(self, site: dict) -> dict:
        row = {"idsite": self._id(site["idsite"]), "name": site["name"], "main_url": "".join(site["urls"][:1]),
               "ts_created": site["ts_created"], "ecommerce": 0, "sitesearch": 1, "sitesearch_keyword_parameters": "",
               "sitesearch_category_parameters": "", "timezone": "UTC", "currency": "USD", "exclude_unknown_urls": 0,
               "excluded_ips": "", "excluded_parameters": "", "excluded_user_agents": "", "excluded_referrers": "",
               "group": "", "type": "website", "keep_url_fragment": 0, "creator_login": "root",
               "timezone_name": "UTC", "currency_name": "US Dollar"}
        if self._role is not Role.SUPER_USER:
            del row["creator_login"]  # source: other users' logins are not shown
        return row

    def _limited(self, result: object, parameters: dict) -> object:
        """filter_limit and filter_offset, as every list gets them: -1 is all, 0 is none, the default says nothing."""
        if not isinstance(result, (list, Rows)):
            return result
        given = text_of(parameters, "filter_limit")
        limit = int(given) if re.fullmatch(r"-?\d+", given) else self._knobs.row_limit
        if limit < 0:
            return result or []
        offset = text_of(parameters, "filter_offset")
        first = int(offset) if offset.isdigit() else 0
        rows = list(result.values()) if isinstance(result, Rows) else result
        return rows[first:first + limit]


def json_shape(result: object) -> object:
    return result if isinstance(result, (list, dict)) else {"value": result}


FORMATS = ("console", "csv", "html", "json", "original", "rss", "tsv", "xml")


def rendered(result: object, wanted: str, status: int = 200, error: str | None = None) -> Reply:
    """The result, or the error, in the request's format; the default is XML."""
    name = wanted.lower() or "xml"
    if name not in FORMATS:
        return Reply(200, "text/plain; charset=utf-8", f"Error: Renderer format '{wanted}' not valid. Try any of the "
                                                       f"following instead: {', '.join(FORMATS)}.")
    if name == "json":
        return Reply(status, JSON, php_json(json_shape(result))) if error is None else error_json(status, error)
    if name != "xml" or (error is None and not isinstance(result, (str, int))):
        raise NotReproduced(f"this result in format {name} is not reproduced")
    if error is not None:
        message = html.escape(error, quote=False).replace('"', "&quot;")  # an apostrophe stays as it is (observed)
        inner = f'\n\t<error message="{message}" />\n'
    else:
        inner = html.escape(str(int(result)) if isinstance(result, bool) else str(result))
    declaration = '<?xml version="1.0" encoding="utf-8" ?>'
    return Reply(status, "text/xml; charset=utf-8", f"{declaration}\n<result>{inner}</result>")


# --------------------------------------------------------------------------------------------------------- Matomo


class Lockout:
    """Failed logins by address. Observed: 21 rows and no more, then 500 for good tokens too; anonymous still passes."""

    def __init__(self):
        self._lock = threading.Lock()
        self._failures: dict[str, deque[float]] = defaultdict(deque)

    def is_locked(self, address: str, now: float, after: int, window_s: float) -> bool:
        with self._lock:
            failures = self._failures[address]
            while failures and failures[0] <= now - window_s:
                failures.popleft()
            return len(failures) >= after

    def note_failure(self, address: str, now: float) -> None:
        with self._lock:
            self._failures[address].append(now)


class Refused(Exception):
    """The front controller turned the request away before any API method ran."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class Matomo:
    """The application behind the web server: a request and the knobs go in, a reply comes out."""

    PATHS = ("/", "/index.php", "/matomo/", "/matomo/index.php")

    def __init__(self, sites: Sites, secure_token: str, view_token: str | None, any_tokens: list[str]):
        self._sites = sites
        self._lockout = Lockout()
        self._roles = {token: Role.SUPER_USER for token in (secure_token, *any_tokens)}
        if view_token:
            self._roles[view_token] = Role.VIEW
        self._any_tokens = frozenset(any_tokens)

    def answer(self, request: Request, knobs) -> Reply:
        """Answers after delay_s, spent before, amid or after the work as `insert` says."""
        pause = once(lambda: time.sleep(knobs.delay_s))
        if knobs.insert == "last":
            pause()
        try:
            reply = self._work(request, knobs, pause)
        except WorkerKilled:
            reply = nginx_page(502)
        except NotReproduced as missing:
            reply = standin_page(501, str(missing))
        pause()
        return reply

    def token_mark(self, request: Request, knobs) -> str:
        token, _ = request.token
        return "none" if not token else "good" if self._accepts(request, knobs) else "bad"

    def _work(self, request: Request, knobs, pause) -> Reply:
        if request.path == "/matomo":
            query = "?" + request.target.partition("?")[2] if "?" in request.target else ""
            return nginx_page(301, (("Location", f"http://{request.host}/matomo/{query}"),))
        if request.path not in self.PATHS:
            return nginx_page(403)
        if reply := mode_reply(knobs.mode, request):
            return reply
        token, _ = request.token
        if request["module"] != "API":  # a token without a module is an error (observed), without both: a browser
            return html_page(500, "Error") if token and not request["module"] else login_page()
        try:
            role = self._authenticated(request, knobs)
        except Refused as refusal:
            return front_controller_error(request, refusal.status, str(refusal))
        return self._call(request, knobs, role, pause)

    def _call(self, request: Request, knobs, role: Role, pause) -> Reply:
        asked = request["language"] or request.accept_language[:2]
        language = asked if asked in KNOBS["language"].choices else knobs.language
        api = Api(self._sites, knobs, role, language, pause)
        try:
            return rendered(api.call(request.parameters), request["format"])
        except ApiError as error:
            status = 401 if isinstance(error, NoAccess) and not is_version_4(knobs) else 200
            return rendered(None, request["format"], status, str(error))

    def _accepts(self, request: Request, knobs) -> bool:
        token, place = request.token
        if place == "query" and not is_version_4(knobs):
            return token in self._any_tokens and not knobs.only_secure_tokens
        return token in self._roles

    def _authenticated(self, request: Request, knobs) -> Role:
        token, place = request.token
        if not token:
            return Role.ANONYMOUS
        now = time.monotonic()
        if self._lockout.is_locked(request.client, now, knobs.lockout_after, knobs.lockout_window_s):
            raise Refused(500, "Too many failed logins. Please wait and try logging in again later.")
        if self._accepts(request, knobs):
            return self._roles[token]
        self._lockout.note_failure(request.client, now)
        if is_version_4(knobs):
            return Role.ANONYMOUS
        reason = " or expired" if place == "body" else ", expired or is required to be sent as a POST parameter"
        raise Refused(401, f"Unable to authenticate with the provided token. It is either invalid{reason}.")


def is_version_4(knobs) -> bool:
    return knobs.version.startswith("4.")


def once(action):
    """Callable many times, acts the first time only."""
    turns = iter([action])
    return lambda: next(turns, lambda: None)()


# ----------------------------------------------------------------------------------------------------- web server


class RequestLog:
    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.Lock()

    def write(self, request: Request, status: int | None, mark: str) -> None:
        urls = list_of(request.parameters, "urls") if request["method"] == "SitesManager.addSite" else None
        line = {"at_s": round(time.time(), 3), "verb": request.verb, "method": request["method"] or None,
                "url": request["url"] or (urls[0] if urls else None), "status": status, "token": mark,
                "token_in": request.token[1]}
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], matomo: Matomo, knobs: Knobs, log: RequestLog):
        super().__init__(address, Connection)
        self.matomo = matomo
        self.knobs = knobs
        self.log = log

    def handle_error(self, request, client_address):
        """A client that has gone is an ordinary event; addSite went on without it."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class Connection(http.server.BaseHTTPRequestHandler):
    """One connection, request after request; writes answers byte by byte, for the framing is what clients trip on."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_TIMEOUT_S

    def exchange(self) -> None:
        request = self._read_request()
        if request is None:
            return
        server: Server = self.server
        try:
            knobs = server.knobs.take(request["method"])
        except KnobError as error:
            server.log.write(request, 500, "none")
            self._send(standin_page(500, str(error)), types.SimpleNamespace(framing="chunked", cut="none"))
            return
        mark = server.matomo.token_mark(request, knobs)
        if knobs.cut == "before_work":
            time.sleep(knobs.delay_s)
            server.log.write(request, None, mark)
            self._drop()
            return
        reply = server.matomo.answer(request, knobs)
        server.log.write(request, None if knobs.cut == "after_work" else reply.status, mark)
        if knobs.cut == "after_work":
            self._drop()
        else:
            self._send(reply, knobs)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = exchange

    def log_message(self, *_):
        """requests.jsonl is the log; the default one would show tokens in queries."""

    def _read_request(self) -> Request | None:
        """None if it was answered here: nothing more can be read from the connection then."""
        length = int(self.headers.get("Content-Length") or 0)
        if "Transfer-Encoding" in self.headers or length > MAX_BODY_BYTES:
            chunked = "Transfer-Encoding" in self.headers
            reply = standin_page(501, "chunked request bodies are not reproduced") if chunked else nginx_page(413)
            self.close_connection = True
            self._send(reply, types.SimpleNamespace(framing="chunked", cut="none"))
            return None
        content = self.rfile.read(length)
        if len(content) < length:
            raise ConnectionResetError("the client left amid its request")
        form = self.headers.get_content_type() == "application/x-www-form-urlencoded"
        body = php_parameters(content.decode("utf-8", "replace")) if form and self.command == "POST" else {}
        target = urlsplit(self.path)
        return Request(verb=self.command, target=self.path, path=re.sub("/+", "/", target.path),
                       query=php_parameters(target.query), body=body, host=self.headers.get("Host", "127.0.0.1"),
                       client=self.client_address[0], accept_language=self.headers.get("Accept-Language", ""))

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, reply: Reply, knobs) -> None:
        body = reply.body.encode()
        as_php_s = knobs.framing == "close" and not reply.by_nginx
        chunked = not as_php_s and not reply.by_nginx and self.request_version != "HTTP/1.0"
        if not chunked and not reply.by_nginx:
            self.close_connection = True
        head = [f"HTTP/{'1.0' if as_php_s else '1.1'} {reply.status} {http.HTTPStatus(reply.status).phrase}"]
        head += [f"Host: {self.headers.get('Host', '')}"] if as_php_s else ["Server: nginx/1.22.1"]
        head += [f"Date: {formatdate(usegmt=True)}", f"Content-Type: {reply.content_type}"]
        if reply.by_nginx:
            head.append(f"Content-Length: {len(body)}")
        elif chunked and self.command != "HEAD":
            head.append("Transfer-Encoding: chunked")
            body = in_chunks(body, knobs.chunk_bytes)
        head.append("Connection: " + ("close" if self.close_connection else "keep-alive"))
        if not reply.by_nginx:
            head.append(f"X-Matomo-Request-Id: {secrets.token_hex(3)[:5]}")
        head += [f"{name}: {value}" for name, value in reply.headers]
        if self.command == "HEAD":
            body = b""
        if knobs.cut == "mid_answer":
            body = body[:len(body) // 2]
        self.wfile.write("\r\n".join([*head, "", ""]).encode("utf-8") + body)
        if knobs.cut == "mid_answer":
            self._drop()


def in_chunks(body: bytes, longest: int) -> bytes:
    pieces = [body[start:start + longest] for start in range(0, len(body), longest)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Matomo's HTTP API; see the module's docstring.")
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT")
    parser.add_argument("--state", required=True, type=Path, metavar="DIR")
    parser.add_argument("--token", required=True, help="super user; in the body only")
    parser.add_argument("--view-token", help="no super-user access")
    parser.add_argument("--any-token", action="append", default=[], help="super user; in the query too")
    options = parser.parse_args()
    host, _, port = options.listen.rpartition(":")
    options.state.mkdir(parents=True, exist_ok=True)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    matomo = Matomo(Sites(options.state / "sites.json"), options.token, options.view_token, options.any_token)
    log = RequestLog(options.state / "requests.jsonl")
    with Server((host, int(port)), matomo, Knobs(options.state / "knobs.json"), log) as server:
        write_atomically(options.state / "port", f"{server.server_port}\n")
        try:
            server.serve_forever(poll_interval=0.05)
        finally:  # a later run's reader must not find a dead port
            (options.state / "port").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
