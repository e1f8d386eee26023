"""Dependencies point one way: daemon -> adapters -> core; what decides in core knows neither Asio nor the outside."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)

# Which adapters an adapter may use, by their public headers.
ADAPTERS = {
    "cloudpanel": {"ssh/client.hpp"},
    "supabase": {"http/client.hpp"},
    "matomo": {"http/client.hpp", "http/slots.hpp"},
    "dns": set(),
    "http": set(),
    "metrics": set(),
    "records": set(),
    "shared_queue": {"http/client.hpp", "supabase/supabase.hpp", "supabase/answers.hpp", "supabase/requests.hpp",
                     "records/columns.hpp", "records/milliseconds.hpp", "records/names.hpp"},
    "ssh": set(),
    "store": {"records/columns.hpp", "records/milliseconds.hpp", "records/names.hpp"},
    "systemd": set(),
    "clock": set(),
}
# The parts of core that connect its decisions to the outside: the ports, and what performs actions through them.
CORE_RUNNERS = {"site_runner", "dispatcher", "dry_run", "clearance", "server_desk", "server_turns", "site_ports"}
# Pure functions of C libraries that core may call: names, registered domains, and a digest.
CORE_LIBRARIES = {"idn2.h", "libpsl.h", "openssl/sha.h"}
THREADS_AND_CLOCKS = {"thread", "mutex", "condition_variable", "future"}


def sources(folder):
    return sorted(path for path in (ROOT / folder).rglob("*") if path.suffix in (".cpp", ".hpp"))


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def is_ours(include):
    return include.split("/")[0] in ("core", "adapters", "daemon", "tests")


@pytest.mark.parametrize("path", sources("core"), ids=str)
def test_core_knows_only_itself(path):
    for include in includes(path):
        assert not is_ours(include) or include.startswith("core/"), f"{path} includes {include}"


@pytest.mark.parametrize("path", sources("core"), ids=str)
def test_what_decides_includes_no_asio_and_no_outside(path):
    runs = path.parent.name == "ports" or path.stem in CORE_RUNNERS
    for include in includes(path):
        if is_ours(include):
            if not runs:
                assert not include.startswith("core/ports/") or include == "core/ports/log.hpp", \
                    f"{path} decides, but includes {include}"
                assert Path(include).stem not in CORE_RUNNERS, f"{path} decides, but includes {include}"
            continue
        if include.startswith("boost/asio/"):
            assert runs, f"{path} decides, but includes {include}"
            continue
        allowed = include in CORE_LIBRARIES or include == "boost/system/result.hpp" or "/" not in include
        assert allowed or include.startswith("boost/asio/"), f"{path} includes {include}"
        assert include not in THREADS_AND_CLOCKS, f"{path} includes {include}"


@pytest.mark.parametrize("path", sources("adapters"), ids=str)
def test_adapters_know_core_and_their_own_folder(path):
    own = path.parent.relative_to(ROOT / "adapters").parts
    for include in includes(path):
        if not is_ours(include) or include.startswith("core/"):
            continue
        assert own and include.startswith("adapters/"), f"{path} includes {include}"
        inside = include.removeprefix("adapters/")
        assert inside.startswith(own[0] + "/") or inside in ADAPTERS[own[0]], f"{path} includes {include}"


@pytest.mark.parametrize("path", sources("adapters") + sources("core") + sources("daemon"), ids=str)
def test_no_source_takes_all_of_asio_or_beast(path):
    for include in includes(path):
        assert include not in ("boost/asio.hpp", "boost/beast.hpp", "boost/asio/ssl.hpp", "boost/json/src.hpp")


@pytest.mark.parametrize("path", [p for p in sources("adapters") + sources("core") if p.suffix == ".hpp"], ids=str)
def test_no_header_of_ours_brings_beast_or_tls_into_others(path):
    if path.parent.name == "http" and path.stem != "client":
        return  # the http adapter's own, included by its sources alone
    for include in includes(path):
        assert not include.startswith(("boost/beast", "boost/asio/ssl")), f"{path} includes {include}"
