"""Matomo never fails a site, never gets a second entry, and is not asked again and again with a bad token."""

import pytest


def entries(sandbox, domain):
    return [site for site in sandbox.matomo.sites() if f"https://{domain}" in site["urls"]]


def matomo_requests(sandbox, since=0):
    return sandbox.matomo.requests()[since:]


def test_an_entry_that_exists_is_used(sandbox, server, automator, new_domain):
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    assert automator.once().code == 0
    first = sandbox.site(site)["matomo_site_id"]
    sandbox.sql("update sites set status_hosting = 'pending', matomo_site_id = null where id = %s", site)
    assert automator.once().code == 0
    assert sandbox.site(site)["matomo_site_id"] == first
    assert len(entries(sandbox, domain)) == 1


@pytest.mark.parametrize("knobs", [
    {"mode": "maintenance"}, {"mode": "not_installed"}, {"mode": "force_ssl"}, {"mode": "php_down"},
    {"mode": "database_denied"}, {"mode": "upgrade"},
], ids=lambda knobs: knobs["mode"])
def test_its_failure_is_a_warning(sandbox, server, automator, new_domain, knobs):
    sandbox.matomo.set_knobs(knobs)
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    run = automator.once()
    assert run.code == 0, run.log
    row = sandbox.site(site)
    assert (row["status_hosting"], row["matomo_site_id"], row["error_message"]) == ("active", None, None)
    assert len(run.lines("^<4>the site has no Matomo entry: ")) == 1


@pytest.mark.parametrize("version", ["5.1.2", "4.16.1"])
def test_a_bad_token_is_tried_once(sandbox, server, automator, new_domain, version):
    sandbox.matomo.set_knobs({"version": version})
    sandbox.set_matomo_credentials(token="0" * 32)
    before = len(sandbox.matomo.requests())
    ids = sandbox.add_sites([new_domain() for _ in range(6)], server)
    assert automator.once().code == 0
    assert all(sandbox.site(site)["status_hosting"] == "active" for site in ids)
    assert all(sandbox.site(site)["matomo_site_id"] is None for site in ids)
    bad = [r for r in matomo_requests(sandbox, before) if r["token"] == "bad"]
    assert 1 <= len(bad) <= 3


def test_an_add_whose_answer_was_lost_is_not_repeated(sandbox, server, automator, new_domain):
    sandbox.matomo.set_knobs({"cut": {"value": "after_work", "next": 1, "method": "SitesManager.addSite"}})
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    assert automator.once().code == 0
    assert len(entries(sandbox, domain)) == 1
    assert sandbox.site(site)["matomo_site_id"] == entries(sandbox, domain)[0]["idsite"]


def test_credentials_may_come_from_the_configuration(sandbox, server, automator, new_domain):
    sandbox.sql("delete from infrastructure_credentials")
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    url = sandbox.matomo_url + "/matomo"  # without its slash: a redirect would turn POST into GET
    assert automator.once(matomo={"url": url, "token": sandbox.matomo_token}).code == 0
    assert sandbox.site(site)["matomo_site_id"] == entries(sandbox, domain)[0]["idsite"]


def test_without_credentials_or_turned_off_there_is_none(sandbox, server, automator, new_domain):
    before = len(sandbox.matomo.requests())
    sandbox.sql("delete from infrastructure_credentials")
    ids = [sandbox.add_site(new_domain(), server)]
    assert automator.once().code == 0
    sandbox.set_matomo_credentials()
    ids.append(sandbox.add_site(new_domain(), server))
    assert automator.once(matomo={"enabled": False}).code == 0
    assert all(sandbox.site(site)["status_hosting"] == "active" for site in ids)
    assert len(sandbox.matomo.requests()) == before
