"""What must be true after every chaos, on the real database and disks."""

from collections import defaultdict

import history

SITE_ADD = "site:add:static"
CERTIFICATE = "lets-encrypt:install:certificate"


def assert_done(sandbox, sites, servers, matomo=True):
    """Every row is active and was made so once; behind it stand exactly one site, one certificate and one entry.

    matomo=False: Matomo may have answered nothing, so that the row has no id; but never two entries.
    """
    rows = {site.id: sandbox.site(site.id) for site in sites}
    assert [row for row in rows.values() if (row["status_hosting"], row["error_message"]) != ("active", None)] == []
    for server in servers:
        assert server.overlaps() == []
        assert sorted(server.sites()) == sorted(site.domain for site in sites if site.server is server)
    calls, entries, folders = calls_of(servers), sandbox.matomo.sites(), folders_on(servers)
    for site in sites:
        row = rows[site.id]
        assert history.of(sandbox, site.id) == [("pending", "active")]
        assert_one_site(site, row["hosting_doc_root"], calls[site.server, SITE_ADD, site.domain], folders[site.domain])
        assert_one_certificate(site, calls[site.server, CERTIFICATE, site.domain])
        assert_one_entry(entries, site.domain, row["matomo_site_id"], matomo)


def calls_of(servers):
    """(server, command, domain) -> its calls, of all that were made."""
    found = defaultdict(list)
    for server in servers:
        for call in server.calls():
            found[server, call.command, call.domain].append(call)
    return found


def folders_on(servers):
    """domain -> (server, document root) wherever there is one."""
    found = defaultdict(list)
    for server in servers:
        for path in server.path("/home").glob("*/htdocs/*"):
            found[path.name].append((server, f"/{path.relative_to(server.root)}"))
    return found


def assert_one_site(site, document_root, added, folders):
    """In the panel and on the disk of its server, and of no other; made by one command."""
    owner = site.server.sites()[site.domain]
    assert document_root == f"/home/{owner}/htdocs/{site.domain}"
    assert folders == [(site.server, document_root)]
    assert f"root {document_root};" in site.server.vhost(site.domain)
    made = [call for call in added if any(event["event"] == "step" and event["step"] == "row" for event in call.events)]
    assert len(made) == 1 and len(added) == 1


def assert_one_certificate(site, installs):
    """None was asked for while a good one was there: no failure was played, so one alone was issued."""
    issued = [call.event("issued") for call in installs]
    assert len(issued) == 1
    installed = site.server.certificate(site.domain)
    assert f"serial={issued[0]['serial']}\n" in installed and f"DNS:{site.domain}" in installed


def assert_one_entry(all_entries, domain, matomo_site_id, answered=True):
    entries = [entry for entry in all_entries if f"https://{domain}" in entry["urls"] or entry["name"] == domain]
    assert len(entries) == 1 if answered else len(entries) <= 1, entries
    if answered or matomo_site_id is not None:
        assert [(matomo_site_id, [f"https://{domain}"])] == [(entry["idsite"], entry["urls"]) for entry in entries]
