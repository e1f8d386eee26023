"""The oldest schema in use: no sites.server_id, servers.name, servers.is_active or created_at."""

import pytest
from automator import Automator
from hosting_sandbox import Sandbox


@pytest.fixture(scope="module")
def oldest():
    with Sandbox(servers=1, schema="oldest") as running:
        yield running


def test_it_is_worked_on_all_the_same(oldest, tmp_path):
    oldest.set_matomo_credentials()
    site = oldest.add_site("oldest-schema.com")
    hostile = oldest.add_site("x;y")
    run = Automator(oldest, tmp_path).once()
    assert run.code == 1, run.log
    row = oldest.site(site)
    assert row["status_hosting"] == "active", row
    assert row["hosting_doc_root"] == "/home/user_oldest-schemacom/htdocs/oldest-schema.com"
    assert row["matomo_site_id"] is not None
    assert oldest.site(hostile)["error_message"].startswith("E_DOMAIN_INVALID")
