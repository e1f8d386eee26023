"""Matomo never fails a site, never gets a second entry, and is not asked again and again with a bad token."""

import urllib.error

import pytest
from hosting_sandbox.waiting import wait_for


def entries(sandbox, domain):
    return [site for site in sandbox.matomo.sites() if f"https://{domain}" in site["urls"]]


def ids_of_name(sandbox, domain):
    return [site["idsite"] for site in sandbox.matomo.sites() if site["name"] == domain]


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


def test_what_an_earlier_life_left_half_made_is_adopted(sandbox, server, automator, new_domain):
    domain = new_domain()
    sandbox.matomo.set_knobs({"orphan": True})
    with pytest.raises(urllib.error.HTTPError):
        sandbox.matomo.add_site(domain, f"https://{domain}")
    sandbox.matomo.set_knobs({})
    site = sandbox.add_site(domain, server)
    assert automator.once().code == 0
    assert ids_of_name(sandbox, domain) == [sandbox.site(site)["matomo_site_id"]]


@pytest.mark.parametrize("insert", ["first", "split"])
def test_killed_while_it_is_added_there_is_one_entry(sandbox, server, automator, new_domain, insert):
    slow = {"value": 6.0, "next": 1, "method": "SitesManager.addSite"}
    sandbox.matomo.set_knobs({"insert": insert, "delay_s": slow})
    before = len(sandbox.matomo.requests())
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    daemon = automator.start()
    wait_for(lambda: ids_of_name(sandbox, domain), 30, "addSite has inserted the name")
    daemon.kill()
    assert sandbox.site(site)["status_hosting"] == "pending"
    assert automator.once().code == 0
    wait_for(lambda: entries(sandbox, domain), 30, "the first addSite has inserted the URL")
    wait_for(lambda: any(request["method"] == slow["method"] for request in matomo_requests(sandbox, before)), 30,
             "the first addSite has ended")  # it is no other test's then
    assert ids_of_name(sandbox, domain) == [sandbox.site(site)["matomo_site_id"]]


def test_a_lockout_is_left_in_peace(sandbox, server, automator, new_domain):
    sandbox.matomo.set_knobs({"lockout_after": 0})
    before = len(sandbox.matomo.requests())
    ids = sandbox.add_sites([new_domain() for _ in range(6)], server)
    run = automator.once()
    assert run.code == 0, run.log
    assert all(sandbox.site(site)["status_hosting"] == "active" for site in ids)
    # Once with our token, and once as anybody, to tell a lockout from a Matomo that is broken.
    assert [request["token"] for request in matomo_requests(sandbox, before)] == ["good", "none"]
    assert run.lines("^<4>.*locked this address out")


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
