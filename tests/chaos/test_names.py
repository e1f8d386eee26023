"""Names of servers, answered by a DNS server of the tests' own through the program's own resolv.conf."""

import pytest
from hosting_sandbox.dns_server import DnsServer


@pytest.fixture
def dns(automator, tmp_path):
    with DnsServer() as running:
        automator.resolv_conf = running.resolv_conf(tmp_path)
        yield running


def name_servers(scene):
    """Each server's row has a name in place of its address; the names."""
    names = [f"web-{number}.example" for number, _ in enumerate(scene.servers)]
    for name, server, proxy in zip(names, scene.servers, scene.ssh):
        scene.sandbox.sql("update servers set ip_address = %s where id = %s", name, server.id)
    return names


def test_a_name_is_looked_up(make_scene, dns):
    scene = make_scene()
    (name,) = name_servers(scene)
    dns.answer(name, scene.ssh[0].address)
    scene.finish()
    assert {question.kind for question in dns.questions(name)} == {"A", "AAAA"}


@pytest.mark.parametrize("trouble", ["silence", "servfail", "nxdomain", "nodata"])
def test_a_name_without_an_answer_keeps_only_its_own_server_waiting(make_scene, dns, trouble):
    scene = make_scene(servers=2, sites=4)
    lost, good = name_servers(scene)
    getattr(dns, trouble)(lost)
    dns.answer(good, scene.ssh[1].address)
    scene.start(ssh={"connect_timeout": "500ms"})
    scene.daemon.wait_log("ERROR_CODE=E_SSH_UNREACHABLE")
    scene.sandbox.wait_for_sites(30, ids=[site.id for site in scene.sites if site.server is scene.servers[1]])
    assert scene.pending() == 2
    dns.answer(lost, scene.ssh[0].address)
    scene.finish()
