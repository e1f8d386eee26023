"""A run whose sites are not all there is no measurement."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hosting_bench import commands, program  # noqa: E402
from hosting_bench.rounds import alternate  # noqa: E402
from hosting_bench.stage import CERTIFICATE, SITE_ADD, Stage, user_of  # noqa: E402

DOMAIN = "site1.co.uk"


class Disk:
    """A folder as a server's disk, with the record of its clpctl."""

    name = "web-1"

    def __init__(self, folder):
        self.state = self._root = folder
        (folder / "instant").mkdir()
        self.record(SITE_ADD, CERTIFICATE)
        self.write(f"/etc/nginx/sites-enabled/{DOMAIN}.conf", f"root /home/{user_of(DOMAIN)}/htdocs/{DOMAIN};")
        self.write(f"/etc/nginx/ssl-certificates/{DOMAIN}.crt", "issued")

    def record(self, *called):
        lines = "".join(f"{number} {command} {DOMAIN}\n" for number, command in enumerate(called))
        (self.state / "instant/calls").write_text(lines)

    def write(self, path, text):
        file = self._root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def read(self, path):
        return (self._root / path.lstrip("/")).read_text()

    def vhost(self, domain):
        return self.read(f"/etc/nginx/sites-enabled/{domain}.conf")


@pytest.fixture
def stage():
    made = Stage(1)
    (made.folder / "issued.crt").write_text("issued")
    yield made
    made.__exit__()


@pytest.fixture
def server(tmp_path):
    return Disk(tmp_path)


def test_a_site_with_its_certificate_and_two_calls_is_there(stage, server):
    stage.check_disk(server, [DOMAIN])


def test_another_certificate_is_found(stage, server):
    server.write(f"/etc/nginx/ssl-certificates/{DOMAIN}.crt", "self-signed")
    with pytest.raises(AssertionError, match="certificate"):
        stage.check_disk(server, [DOMAIN])


def test_another_user_is_found(stage, server):
    server.write(f"/etc/nginx/sites-enabled/{DOMAIN}.conf", f"root /home/other/htdocs/{DOMAIN};")
    with pytest.raises(AssertionError, match="vhost"):
        stage.check_disk(server, [DOMAIN])


@pytest.mark.parametrize("called", [(SITE_ADD,), (SITE_ADD, CERTIFICATE, CERTIFICATE), ()])
def test_calls_that_are_missing_or_too_many_are_found(stage, server, called):
    server.record(*called)
    with pytest.raises(AssertionError, match="two calls"):
        stage.check_disk(server, [DOMAIN])


class Rows:
    """A sandbox of which only the rows are asked for."""

    def __init__(self, *rows):
        self._rows = [{"domain": DOMAIN, "status_hosting": "active", "error_message": None,
                       "hosting_doc_root": f"/home/{user_of(DOMAIN)}/htdocs/{DOMAIN}", **row} for row in rows]

    def sql(self, _):
        return self._rows

    def close(self):
        pass


@pytest.mark.parametrize("rows", [[{"status_hosting": "failed"}], [{"status_hosting": "pending"}],
                                  [{"hosting_doc_root": None}], [], [{}, {"domain": "site2.co.uk"}]])
def test_rows_that_are_not_active_are_found(stage, rows):
    stage.sandbox = Rows(*rows)
    with pytest.raises(AssertionError, match="not active"):
        stage.check_rows([DOMAIN])


def test_active_rows_are_right(stage):
    stage.sandbox = Rows({})
    stage.check_rows([DOMAIN])


class Gateway:
    def __init__(self, folder):
        self.folder = folder
        (folder / "access.log").touch()

    def log(self, text):
        with open(self.folder / "access.log", "a", encoding="utf-8") as file:
            file.write(text)


def test_polls_and_outcomes_are_told_apart_while_the_log_grows(tmp_path):
    gateway = Gateway(tmp_path)
    line = '{"method":"%s","uri":"/rest/v1/%s","status":%d,"at":%d}\n'
    with program.Requests(gateway) as requests:
        gateway.log(line % ("GET", "sites?select=id&order=id.asc&limit=200", 200, 1))
        gateway.log(line % ("GET", "sites?select=id&order=id.asc&limit=200&id=gt.7", 200, 2))  # the same poll's next page
        gateway.log(line % ("GET", "sites?select=id&id=eq.7", 200, 3))  # a site before its run
        gateway.log(line % ("GET", "servers?select=id&order=id.asc", 200, 4))
        gateway.log(line % ("GET", "sites?select=id&order=created_at.desc", 503, 5))
        assert requests.polls() == [1] and requests.written() == []
        gateway.log((line % ("PATCH", "sites?id=eq.7", 200, 6))[:20])
        assert requests.written() == []
        gateway.log((line % ("PATCH", "sites?id=eq.7", 200, 6))[20:] + line % ("PATCH", "sites?id=eq.8", 500, 7))
        assert requests.written() == [6] and requests.polls() == [1]


def test_a_site_is_two_bare_commands():
    first, second = commands.bare([DOMAIN])
    assert first.startswith(f"clpctl {SITE_ADD} --domainName={DOMAIN} --siteUser=user_site1couk ")
    assert second == f"clpctl {CERTIFICATE} --domainName={DOMAIN}"


def test_each_round_begins_with_another_contender():
    order = []
    found = alternate({name: lambda name=name: order.append(name) or len(order) for name in "abc"}, 3)
    assert order == list("abcbcacab")
    assert found == {"a": [1, 6, 8], "b": [2, 4, 9], "c": [3, 5, 7]}
