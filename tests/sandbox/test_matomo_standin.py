"""Holds the Matomo stand-in against answers recorded from real Matomo 5.1.2 and 4.16.1.

The expected values are the recorded ones, embedded here. Run with: /usr/bin/python3 -m pytest
"""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hosting_sandbox.json_lines import json_lines
from hosting_sandbox.waiting import wait_for

PROGRAM = Path(__file__).with_name("matomo_standin.py")
TOKEN = "5ec0000000000000000000000000000a"
VIEW_TOKEN = "71e0000000000000000000000000000b"
ANY_TOKEN = "a4e0000000000000000000000000000c"
WRONG_TOKEN = "bad0000000000000000000000000000d"
ALL_TOKENS = (TOKEN, VIEW_TOKEN, ANY_TOKEN, WRONG_TOKEN)

LOOKUP = "SitesManager.getSitesIdFromSiteUrl"
INVALID = ('{"result":"error","message":"Unable to authenticate with the provided token. '
           'It is either invalid or expired."}')
LOCKED = '{"result":"error","message":"Too many failed logins. Please wait and try logging in again later."}'
NO_SUPER_USER = '''{"result":"error","message":"You can't access this resource as it requires a 'superuser' access."}'''


class Answer:
    def __init__(self, response: http.client.HTTPResponse):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()
        self.kind = response.headers.get_content_type()

    @property
    def value(self):
        return json.loads(self.text)


class Standin:
    """The program, run as the daemon's tests run it, and a client that talks to it as the daemon should."""

    def __init__(self, state: Path):
        self.state = state
        command = [sys.executable, str(PROGRAM), "--listen", "127.0.0.1:0", "--state", str(state), "--token", TOKEN,
                   "--view-token", VIEW_TOKEN, "--any-token", ANY_TOKEN]
        self._process = subprocess.Popen(command)
        try:
            eventually((state / "port").exists)
            self.port = int((state / "port").read_text())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> int:
        os.kill(self._process.pid, signal.SIGTERM)
        return self._process.wait(timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.stop() == 0

    def knobs(self, **settings) -> None:
        (self.state / "knobs.new").write_text(json.dumps(settings))
        os.replace(self.state / "knobs.new", self.state / "knobs.json")

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)

    def send(self, verb: str, target: str, form=(), headers=None, connection=None) -> Answer:
        owned = connection or self.connect()
        try:
            content = {"Content-Type": "application/x-www-form-urlencoded"} if verb == "POST" else {}
            owned.request(verb, target, urlencode(form) if verb == "POST" else None, {**content, **(headers or {})})
            return Answer(owned.getresponse())
        finally:
            if not connection:
                owned.close()

    def call(self, method: str, form=(), token: str = TOKEN, base: str = "/", **rest) -> Answer:
        """module, method and format in the query, the token in the body: the form the daemon uses."""
        target = f"{base}?" + urlencode({"module": "API", "method": method, "format": "json"})
        return self.send("POST", target, [*form, ("token_auth", token)], **rest)

    def call_in_body(self, method: str, form=(), token: str = TOKEN) -> Answer:
        return self.send("POST", "/", [("module", "API"), ("method", method), ("format", "json"), *form,
                                       ("token_auth", token)])

    def add(self, name: str, *urls: str) -> Answer:
        return self.call("SitesManager.addSite", [("siteName", name), *((f"urls[{i}]", u) for i, u in enumerate(urls))])

    def lookup(self, url: str, **rest) -> Answer:
        return self.call(LOOKUP, [("url", url)], **rest)

    def request_bytes(self, method: str, form=(), version: str = "1.1") -> bytes:
        body = urlencode([*form, ("token_auth", TOKEN)])
        return (f"POST /?module=API&format=json&method={method} HTTP/{version}\r\nHost: 127.0.0.1\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode()

    def sites(self) -> list[dict]:
        return json.loads((self.state / "sites.json").read_text())["sites"]

    def requests(self) -> list[dict]:
        return json_lines(self.state / "requests.jsonl")


def eventually(condition) -> None:
    """Waits for the condition; the deadline only bounds a failure."""
    wait_for(condition, 30, "the condition is true")


def ids(answer: Answer) -> list:
    return [row["idsite"] for row in answer.value]


@pytest.fixture
def matomo(tmp_path):
    with Standin(tmp_path / "state") as standin:
        yield standin


# ------------------------------------------------------------------------------------------------ sites and lookups


def test_ids_are_sequential_and_nothing_is_deduplicated(matomo):
    assert [matomo.add("example.org", "https://example.org").text for _ in range(2)] == ['{"value":1}', '{"value":2}']
    assert matomo.lookup("https://example.org").text == '[{"idsite":1},{"idsite":2}]'


def test_parallel_adds_of_one_url_make_that_many_sites(matomo):
    threads = [threading.Thread(target=matomo.add, args=("one", "https://one.example")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids(matomo.lookup("https://one.example")) == [1, 2, 3, 4, 5, 6, 7, 8]


MATCHES = [
    ("https://example.org", [1, 2]), ("http://example.org", [1, 2]), ("https://example.org/", [1, 2]),
    ("https://example.org//", []), ("http://www.example.org", [1, 2]), ("https://www.example.org", [1, 2]),
    ("example.org", [1, 2]), ("www.example.org", [1, 2]), ("https://sub.example.org", []),
    ("https://EXAMPLE.org", [1, 2]), ("HTTPS://example.org", [1, 2]), ("https://example.org/x", []),
    ("https://example.org?x=1", []), ("https://example.org:443", []), ("ftp://example.org", []), ("//example.org", []),
    ("https://www.wonly.example", [3]), ("https://wonly.example", [3]), ("wonly.example", [3]),
    ("https://www.www.wonly.example", [3]), ("https://port.example", []), ("https://port.example:8443", []),
    ("https://port.example:8443/path", [4]), ("https://port.example:8443/path/", [4]),
    ("http://port.example:8443/path", [4]), ("https://upper.example", [5]), ("https://UPPER.EXAMPLE", [5]),
    ("bare.example", [6]), ("http://bare.example", [6]), ("https://müller.example", [7]),
    ("https://muller.example", [7]), ("https://MÜLLER.example", [7]), ("https://xn--mller-kva.example", []),
    ("https://dot.example", []), ("https://dot.example.", [8]), ("https://q.example/?a=1&b=2", [9]),
    ("https://q.example", []), ("https://space.example", [10]), ("https://awww.example.org", [11]),
    ("http://awww.example.net", []), ("%", []), ("https://'x", []), ("https://nosuch.example", []),
]


def test_lookup_matches_as_recorded(matomo):
    for url in ("https://example.org", "https://example.org", "https://www.wonly.example",
                "https://port.example:8443/path", "https://UPPER.example", "bare.example", "https://müller.example",
                "https://dot.example.", "https://q.example/?a=1&b=2", " https://space.example ",
                "https://aexample.org", "https://awww.example.net"):
        assert matomo.add("n", url).status == 200
    assert {url: ids(matomo.lookup(url)) for url, _ in MATCHES} == dict(MATCHES)


@pytest.mark.parametrize("fields, expected", [
    ([("urls[]", "https://noname.example")], "Please specify a value for 'siteName'."),
    ([("siteName", ""), ("urls[]", "https://emptyname.example")], "Please specify a value for 'siteName'."),
    ([("siteName", "bad"), ("urls[]", "https://")], "URLs: The url 'https:/' is not a valid URL."),
    ([("siteName", "bad"), ("urls[]", "")], "URLs: You must specify at least one URL for the website."),
    ([("siteName", "nourl")], None),
    ([("siteName", "scalar"), ("urls", "https://scalar.example")], None),
    ([("siteName", "bad"), ("urls[]", "not a url")], None),
    ([("siteName", "bad"), ("urls[]", "ftp://x.example")], None),
])
def test_add_site_checks_little_and_refuses_with_200(shared, fields, expected):
    answer = shared.call("SitesManager.addSite", fields)
    assert answer.status == 200
    assert answer.value.get("message") == expected
    assert ("value" in answer.value) == (expected is None)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One stand-in for the tests that leave the knobs alone and do not look at ids."""
    with Standin(tmp_path_factory.mktemp("shared")) as standin:
        yield standin


def test_urls_come_main_first_without_their_slash_and_with_escaped_slashes(matomo):
    matomo.add("two", "https://two.example", "http://www.two.example/")
    answer = matomo.call("SitesManager.getSiteUrlsFromId", [("idSite", "1")])
    assert answer.text == r'["https:\/\/two.example","http:\/\/www.two.example"]'


def test_add_site_decodes_urls_once_more(matomo):
    matomo.add("pct", "https://pct.example/a%20b+c%2Fd")
    answer = matomo.call("SitesManager.getSiteUrlsFromId", [("idSite", "1")])
    assert answer.text == r'["https:\/\/pct.example\/a b c\/d"]'
    assert matomo.lookup("https://pct.example/a%20b+c%2Fd").text == "[]"


def test_a_site_row_is_the_recorded_one_escapes_included(matomo):
    matomo.add("A & B <x> \"q\" 's' ü 😀 \\ /", "https://spec.example/?a=1&b=2")
    text = matomo.call("SitesManager.getSiteFromId", [("idSite", "1")]).text
    assert re.sub(r'"ts_created":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"', '"ts_created":"T"', text) == (
        r'''{"idsite":1,"name":"A & B <x> \"q\" 's' \u00fc \ud83d\ude00 \\ \/",'''
        r'"main_url":"https:\/\/spec.example\/?a=1&b=2","ts_created":"T","ecommerce":0,"sitesearch":1,'
        r'"sitesearch_keyword_parameters":"","sitesearch_category_parameters":"","timezone":"UTC","currency":"USD",'
        r'"exclude_unknown_urls":0,"excluded_ips":"","excluded_parameters":"","excluded_user_agents":"",'
        r'"excluded_referrers":"","group":"","type":"website","keep_url_fragment":0,"creator_login":"root",'
        r'"timezone_name":"UTC","currency_name":"US Dollar"}')


def test_names_and_main_urls_are_cut(matomo):
    url = "https://long.example/" + "x" * 300
    matomo.add("n" * 120, url)
    [site] = matomo.sites()
    assert (len(site["name"]), len(site["urls"][0])) == (90, 255)
    assert matomo.lookup(url).value == []


def test_lists_are_silently_capped_at_100_rows(matomo):
    entry = urlencode({"method": "SitesManager.addSite", "siteName": "many", "urls[0]": "https://many.example"})
    assert len(matomo.call("API.getBulkRequest", [(f"urls[{i}]", entry) for i in range(150)]).value) == 100
    assert len(matomo.sites()) == 150  # each entry ran, whatever was answered
    form = [("url", "https://many.example")]
    assert len(matomo.lookup("https://many.example").value) == 100
    assert len(matomo.call(LOOKUP, [*form, ("filter_limit", "-1")]).value) == 150
    assert matomo.call("SitesManager.getAllSites", [("filter_limit", "0")]).value == []
    assert ids(matomo.call("SitesManager.getAllSites", [("filter_limit", "5"), ("filter_offset", "100")]))[0] == 101
    assert len(matomo.call("SitesManager.getAllSites").value) == 100
    whole = matomo.call("SitesManager.getAllSites", [("filter_limit", "-1")]).value
    assert isinstance(whole, dict) and len(whole) == 150 and whole["1"]["idsite"] == 1


def test_ids_may_come_as_strings(matomo):
    matomo.knobs(ids_as_strings=True)
    assert matomo.add("s", "https://s.example").text == '{"value":"1"}'
    assert matomo.lookup("https://s.example").text == '[{"idsite":"1"}]'


def test_bulk_answers_in_order_and_goes_on_after_an_error(matomo):
    matomo.add("example.org", "https://example.org")
    entries = [f"method={LOOKUP}&url=https%3A%2F%2Fexample.org", "method=API.getMatomoVersion&format=xml",
               "method=SitesManager.getSiteFromId&idSite=99999",
               "method=SitesManager.addSite&siteName=b&urls[0]=https%3A%2F%2Fb.example"]
    answer = matomo.call("API.getBulkRequest", [(f"urls[{i}]", entry) for i, entry in enumerate(entries)])
    assert answer.text == (
        '[[{"idsite":1}],{"value":"5.1.2"},{"result":"error","message":"An unexpected website was found in the '
        """request: website id was set to '99999' ."},{"value":2}]""")
    assert matomo.call("API.getBulkRequest").value["message"] == "Please specify a value for 'urls'."


def test_bulk_is_capped_by_the_row_limit_and_by_phps_variable_limit(shared):
    form = [("module", "API"), ("method", "API.getBulkRequest"), ("format", "json"), ("token_auth", TOKEN),
            *((f"urls[{i}]", "method=API.getMatomoVersion") for i in range(1100))]
    assert len(shared.send("POST", "/", form).value) == 100
    assert len(shared.send("POST", "/?filter_limit=-1", form).value) == 996


# ------------------------------------------------------------------------------------------------------------ tokens


@pytest.mark.parametrize("token", ["", "anonymous"])
def test_no_token_is_anonymous_and_finds_nothing(matomo, token):
    matomo.add("example.org", "https://example.org")
    answer = matomo.lookup("https://example.org", token=token)
    assert (answer.status, answer.text) == (200, "[]")
    assert matomo.requests()[-1]["token"] == "none"


def test_a_bearer_header_is_ignored(matomo):
    matomo.add("example.org", "https://example.org")
    answer = matomo.lookup("https://example.org", token="", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status, answer.text) == (200, "[]")


def test_a_wrong_token_is_401_in_json_or_html_by_the_query(shared):
    answer = shared.lookup("https://example.org", token=WRONG_TOKEN)
    assert (answer.status, answer.kind, answer.text) == (401, "application/json", INVALID)
    answer = shared.call_in_body(LOOKUP, [("url", "https://example.org")], token=WRONG_TOKEN)
    assert (answer.status, answer.kind) == (401, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_the_query_takes_only_tokens_that_need_not_be_secure(matomo):
    target = "/?module=API&format=json&method=UsersManager.hasSuperUserAccess&token_auth="
    assert matomo.send("GET", target + ANY_TOKEN).text == '{"value":true}'
    refused = matomo.send("GET", target + TOKEN)
    assert refused.status == 401
    assert refused.value["message"] == ("Unable to authenticate with the provided token. It is either invalid, expired "
                                        "or is required to be sent as a POST parameter.")
    matomo.knobs(only_secure_tokens=True)
    assert matomo.send("GET", target + ANY_TOKEN).status == 401


def test_a_token_without_super_user_access(matomo):
    for name in ("a", "b"):
        matomo.add(name, "https://example.org")
    assert matomo.call("UsersManager.hasSuperUserAccess").text == '{"value":true}'
    assert matomo.call("UsersManager.hasSuperUserAccess", token=VIEW_TOKEN).text == '{"value":false}'
    refused = matomo.call("SitesManager.addSite", [("siteName", "c")], token=VIEW_TOKEN)
    assert (refused.status, refused.text) == (401, NO_SUPER_USER)
    assert matomo.call_in_body("SitesManager.addSite", [("siteName", "c")], token=VIEW_TOKEN).text == NO_SUPER_USER
    refused = matomo.call("API.getMatomoVersion", token=VIEW_TOKEN)
    assert (refused.status, refused.value["message"]) == (
        401, "You can't access this resource as it requires view access for at least one website.")
    matomo.knobs(view_sites=[2])
    assert ids(matomo.lookup("https://example.org", token=VIEW_TOKEN)) == [2]


def test_the_lockout_hits_good_tokens_too_but_not_anonymous(matomo):
    answers = [matomo.lookup("https://example.org", token=WRONG_TOKEN) for _ in range(24)]
    assert [answer.status for answer in answers] == [401] * 21 + [500] * 3
    locked = matomo.lookup("https://example.org")
    assert (locked.status, locked.text) == (500, LOCKED)
    locked = matomo.call_in_body(LOOKUP, [("url", "https://example.org")])
    assert (locked.status, locked.kind) == (500, "text/html")
    assert "<h2>Too many failed logins. Please wait and try logging in again later.</h2>" in locked.text
    assert matomo.lookup("https://example.org", token="").text == "[]"
    matomo.knobs(lockout_window_s=0)  # as if the hour had passed
    assert matomo.lookup("https://example.org").status == 200


def test_matomo_4_answers_a_wrong_token_as_anonymous(matomo):
    matomo.add("example.org", "https://example.org")
    matomo.knobs(version="4.16.1")
    assert matomo.call("API.getMatomoVersion").text == '{"value":"4.16.1"}'
    for answer in (matomo.lookup("https://example.org", token=WRONG_TOKEN),
                   matomo.call_in_body(LOOKUP, [("url", "https://example.org")], token=WRONG_TOKEN)):
        assert (answer.status, answer.text) == (200, "[]")
    refused = matomo.call("SitesManager.addSite", [("siteName", "x")], token=WRONG_TOKEN)
    assert (refused.status, refused.text) == (200, NO_SUPER_USER)
    assert matomo.call("UsersManager.hasSuperUserAccess", token=WRONG_TOKEN).text == '{"value":false}'
    target = f"/?module=API&format=json&method={LOOKUP}&url=https://example.org&token_auth={TOKEN}"
    assert matomo.send("GET", target).text == '[{"idsite":1}]'
    bad = [matomo.lookup("https://example.org", token=WRONG_TOKEN).status for _ in range(18)]
    assert bad == [200] * 17 + [500]  # 21 bad tokens in all, as in 5.x
    assert matomo.lookup("https://example.org").status == 500


# ------------------------------------------------------------------------------------------------- errors and paths


@pytest.mark.parametrize("method, form, message", [
    ("SitesManager.nope", [], "The method 'nope' does not exist or is not available in the module "
                              "'\\Piwik\\Plugins\\SitesManager\\API'."),
    ("Nope.nope", [], "The plugin Nope is not enabled. You can activate the plugin on Settings &gt; Plugins page in "
                      "Matomo."),
    ("", [], "The parameter 'method' isn't set in the Request, and a default value wasn't provided."),
    ("nodot", [], "The method name is invalid. Expected 'module.methodName'"),
    (LOOKUP, [], "Please specify a value for 'url'."),
    ("SitesManager.getSiteFromId", [("idSite", "99999")],
     "An unexpected website was found in the request: website id was set to '99999' ."),
    ("SitesManager.getSiteFromId", [("idSite", "abc")],
     "An unexpected website was found in the request: website id was set to 'abc' ."),
])
def test_application_errors_are_200(shared, method, form, message):
    answer = shared.call(method, form)
    assert (answer.status, answer.value) == (200, {"result": "error", "message": message})


def test_error_texts_follow_a_language(shared):
    german = {"Accept-Language": "de"}
    assert shared.call("SitesManager.getSiteFromId", headers=german).text == (
        r'''{"result":"error","message":"Bitte geben Sie einen Wert f\u00fcr 'idSite' an."}''')
    refused = shared.call("SitesManager.addSite", [("siteName", "x"), ("language", "fr")], token=VIEW_TOKEN)
    assert refused.text == (r'{"result":"error","message":"Vous ne pouvez acc\u00e9der \u00e0 cette ressource, '
                            r'''ceci requiert un acc\u00e8s de type 'superuser'."}''')


@pytest.mark.parametrize("base", ["/", "/index.php", "/matomo/", "/matomo/index.php", "//index.php"])
def test_it_answers_at_every_base_path(shared, base):
    assert shared.call("API.getMatomoVersion", base=base).text == '{"value":"5.1.2"}'


def test_the_folder_without_its_slash_is_a_redirect_that_ends_at_the_login_page(shared):
    moved = shared.call("API.getMatomoVersion", base="/matomo")
    location = f"http://127.0.0.1:{shared.port}/matomo/"
    assert (moved.status, moved.headers["Content-Length"], moved.kind) == (301, "169", "text/html")
    assert moved.headers["Location"].startswith(location)
    followed = shared.send("GET", "/matomo/")
    assert (followed.status, followed.kind) == (200, "text/html")
    assert followed.headers["Set-Cookie"].startswith("MATOMO_SESSID=")


def test_other_ways_to_ask_wrongly(shared):
    wrong_folder = shared.call("API.getMatomoVersion", base="/elsewhere/")
    assert (wrong_folder.status, wrong_folder.headers["Content-Length"]) == (403, "153")
    no_module = shared.send("POST", "/?method=API.getMatomoVersion&format=json", [("token_auth", TOKEN)])
    assert (no_module.status, no_module.kind) == (500, "text/html")
    json_body = shared.send("POST", "/", [("module", "API")], headers={"Content-Type": "application/json"})
    assert (json_body.status, json_body.kind) == (200, "text/html")
    no_format = shared.send("POST", "/?module=API&method=API.getMatomoVersion", [("token_auth", TOKEN)])
    assert no_format.text == '<?xml version="1.0" encoding="utf-8" ?>\n<result>5.1.2</result>'
    bad_format = shared.send("POST", "/?module=API&method=API.getMatomoVersion&format=jsonx", [("token_auth", TOKEN)])
    assert bad_format.text == ("Error: Renderer format 'jsonx' not valid. Try any of the following instead: "
                               "console, csv, html, json, original, rss, tsv, xml.")


UPGRADE = ('{"result":"error","message":"Database Upgrade Required. Your Matomo database is out-of-date, '
           'and must be upgraded before you can continue."}')


@pytest.mark.parametrize("mode, by_query, all_in_body", [
    ("maintenance", (503, "text/html", None), (503, "text/html")),
    ("maintenance_multi_server", (200, "text/html", None), (200, "text/html")),
    ("upgrade", (503, "application/json", UPGRADE), (503, "application/json")),
    ("database_denied", (500, "application/json", '{"result":"error","message":"Database access denied"}'),
     (500, "text/html")),
    ("database_down", (500, "application/json",
                       '{"result":"error","message":"SQLSTATE[HY000] [2002] Connection refused"}'), (500, "text/html")),
    ("not_installed", (200, "text/html", None), (200, "text/html")),
    ("force_ssl", (302, "text/html", ""), (302, "text/html")),
    ("php_down", (502, "text/html", None), (502, "text/html")),
    ("ip_not_allowed", (401, "application/json", '{"result":"error","message":"You cannot use this Matomo as your IP '
                                                 '127.0.0.1 is not allowed."}'), (401, "application/json")),
])
def test_states_of_the_installation(moody, mode, by_query, all_in_body):
    moody.knobs(mode=mode)
    answer = moody.lookup("https://example.org", token=WRONG_TOKEN)  # the state comes before the token
    status, kind, text = by_query
    assert (answer.status, answer.kind) == (status, kind)
    assert text is None or answer.text == text
    answer = moody.call_in_body(LOOKUP, [("url", "https://example.org")])
    assert (answer.status, answer.kind) == all_in_body
    if mode == "force_ssl":
        assert answer.headers["Location"] == "https://127.0.0.1/"
    if mode == "php_down":
        assert answer.headers["Content-Length"] == "157"


@pytest.fixture(scope="module")
def moody(tmp_path_factory):
    """One stand-in for the tests that set all the knobs they depend on."""
    with Standin(tmp_path_factory.mktemp("moody")) as standin:
        yield standin


def test_sites_admin_can_be_disabled(moody):
    moody.knobs(sites_admin_disabled=True)
    assert moody.add("x", "https://x.example").text == (
        '{"result":"error","message":"Creating, updating, and deleting sites has been disabled."}')


# ------------------------------------------------------------------------------------------------- timing and frames


GONE = [("siteName", "gone.example"), ("urls[0]", "https://gone.example")]


@pytest.mark.parametrize("insert", ["first", "last", "split"])
def test_add_site_completes_after_the_client_has_gone(matomo, insert):
    matomo.knobs(delay_s={"value": 0.1, "next": 1}, insert=insert)
    with socket.create_connection(("127.0.0.1", matomo.port)) as client:
        client.sendall(matomo.request_bytes("SitesManager.addSite", GONE))
    eventually(lambda: [site["urls"] for site in matomo.sites()] == [["https://gone.example"]])
    assert matomo.lookup("https://gone.example").text == '[{"idsite":1}]'


@pytest.mark.parametrize("insert, urls", [("first", ["https://gone.example"]), ("split", [])])
def test_what_the_database_holds_before_the_answer(matomo, insert, urls):
    matomo.knobs(delay_s=30, insert=insert)
    with socket.create_connection(("127.0.0.1", matomo.port)) as client:
        client.sendall(matomo.request_bytes("SitesManager.addSite", GONE))
        eventually(lambda: [site["urls"] for site in matomo.sites()] == [urls])
        assert matomo.requests() == []


def test_an_insert_at_the_end_comes_after_a_later_request(matomo):
    matomo.knobs(delay_s={"value": 3, "method": "API.getBulkRequest"}, insert="last")
    with socket.create_connection(("127.0.0.1", matomo.port)) as client:
        entry = "method=SitesManager.addSite&siteName=a"
        client.sendall(matomo.request_bytes("API.getBulkRequest", [("urls[0]", entry)]))
        assert matomo.add("b").text == '{"value":1}'
        eventually(lambda: [site["name"] for site in matomo.sites()] == ["b", "a"])


def test_a_killed_worker_leaves_an_orphan_that_only_its_name_finds(matomo):
    matomo.knobs(orphan={"value": True, "next": 1, "method": "SitesManager.addSite"})
    assert matomo.lookup("https://orphan.example").status == 200  # another method does not use the count up
    killed = matomo.add("orphan.example", "https://orphan.example")
    assert (killed.status, killed.kind, killed.headers["Content-Length"]) == (502, "text/html", "157")
    assert matomo.lookup("https://orphan.example").text == "[]"
    [row] = matomo.call("SitesManager.getPatternMatchSites", [("pattern", "orphan.example")]).value
    assert (row["idsite"], row["name"], row["main_url"]) == (1, "orphan.example", "")
    assert matomo.add("orphan.example", "https://orphan.example").text == '{"value":2}'


def test_the_connection_can_end_after_the_insert_with_no_answer(matomo):
    matomo.knobs(cut={"value": "after_work", "next": 1})
    with pytest.raises(http.client.RemoteDisconnected):
        matomo.add("cut.example", "https://cut.example")
    assert matomo.requests()[-1]["status"] is None
    assert matomo.lookup("https://cut.example").text == '[{"idsite":1}]'


def test_the_connection_can_end_before_the_work_or_amid_the_answer(matomo):
    matomo.knobs(cut="before_work")
    with pytest.raises(http.client.RemoteDisconnected):
        matomo.add("cut.example", "https://cut.example")
    assert matomo.sites() == []
    matomo.knobs(cut="mid_answer")
    with pytest.raises(http.client.IncompleteRead):
        matomo.add("cut.example", "https://cut.example")
    assert len(matomo.sites()) == 1


def raw_answer(port: int, request: bytes) -> bytes:
    """All bytes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_nginx_answers_in_chunks_and_keeps_the_connection(moody):
    moody.knobs(chunk_bytes=4)
    connection = moody.connect()
    answers = [moody.call("API.getMatomoVersion", connection=connection) for _ in range(2)]
    connection.close()
    for answer in answers:
        assert answer.text == '{"value":"5.1.2"}'
        assert (answer.headers["Transfer-Encoding"], answer.headers["Connection"]) == ("chunked", "keep-alive")
        assert answer.headers["Content-Length"] is None
    once_only = moody.request_bytes("API.getMatomoVersion").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    raw = raw_answer(moody.port, once_only)
    assert raw.startswith(b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n")
    assert raw.endswith(b'\r\n\r\n4\r\n{"va\r\n4\r\nlue"\r\n4\r\n:"5.\r\n4\r\n1.2"\r\n1\r\n}\r\n0\r\n\r\n')


def test_php_s_and_http_1_0_end_the_body_with_the_connection(moody):
    moody.knobs(framing="close")
    raw = raw_answer(moody.port, moody.request_bytes("API.getMatomoVersion"))
    assert raw.startswith(b"HTTP/1.0 200 OK\r\n")
    moody.knobs()
    old_client = raw_answer(moody.port, moody.request_bytes("API.getMatomoVersion", version="1.0"))
    for answer in (raw, old_client):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert body == b'{"value":"5.1.2"}'
        assert b"Content-Length" not in head and b"Transfer-Encoding" not in head
        assert b"Connection: close" in head


# ------------------------------------------------------------------------------------------------ the program itself


def test_requests_are_served_side_by_side(matomo):
    matomo.knobs(delay_s={"value": 30, "method": "API.getMatomoVersion"})
    with socket.create_connection(("127.0.0.1", matomo.port)) as slow:
        slow.sendall(matomo.request_bytes("API.getMatomoVersion"))
        assert matomo.call("UsersManager.hasSuperUserAccess").status == 200


def test_counts_run_out_and_start_again_with_the_file(moody):
    for _ in range(2):
        moody.knobs(mode={"value": "maintenance", "next": 2})
        assert [moody.call("API.getMatomoVersion").status for _ in range(3)] == [503, 503, 200]


@pytest.mark.parametrize("settings", [
    {"mood": "normal"}, {"mode": "bad"}, {"delay_s": "1"}, {"orphan": 1}, {"mode": {"next": 1}},
    {"cut": {"value": "after_work", "method": "SitesManager.typo"}},
])
def test_a_mistake_in_the_knobs_is_loud(moody, settings):
    moody.knobs(**settings)
    answer = moody.call("API.getMatomoVersion")
    assert (answer.status, answer.kind) == (500, "text/plain")
    assert answer.text.startswith("stand-in: ")


def test_the_log_tells_what_was_asked_and_never_a_token(matomo):
    matomo.add("log.example", "https://log.example")
    matomo.lookup("https://log.example", token=WRONG_TOKEN)
    matomo.lookup("https://log.example", token="")
    matomo.send("GET", f"/?module=API&format=json&method=API.getMatomoVersion&token_auth={ANY_TOKEN}")
    seen = [tuple(line[key] for key in ("verb", "method", "url", "status", "token", "token_in"))
            for line in matomo.requests()]
    assert seen == [
        ("POST", "SitesManager.addSite", "https://log.example", 200, "good", "body"),
        ("POST", LOOKUP, "https://log.example", 401, "bad", "body"),
        ("POST", LOOKUP, "https://log.example", 200, "none", None),
        ("GET", "API.getMatomoVersion", None, 200, "good", "query"),
    ]
    files = "".join(path.read_text() for path in matomo.state.iterdir())
    assert not [token for token in ALL_TOKENS if token in files]


def test_sites_survive_a_restart_and_can_be_seeded(tmp_path):
    (tmp_path / "sites.json").write_text(json.dumps({"sites": [
        {"idsite": 7, "name": "seed.example", "urls": ["https://seed.example"]}]}))
    for expected in ("8", "9"):
        with Standin(tmp_path) as standin:
            assert standin.lookup("https://seed.example").text == '[{"idsite":7}]'
            assert standin.add("n", "https://n.example").text == f'{{"value":{expected}}}'


def test_the_program_needs_only_the_standard_library():
    imported = re.findall(r"^(?:import|from) (\w+)", PROGRAM.read_text(), re.MULTILINE)
    assert set(imported) <= set(sys.stdlib_module_names)
