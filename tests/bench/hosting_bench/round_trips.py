"""Goal 8: a site's cost in round trips, where one takes 50 ms."""

import contextlib

from . import contenders, program
from .arithmetic import growth, paired_ratios
from .delay_line import DelayLine
from .results import Measured, Row
from .rounds import alternate
from .stage import Stage, new_domains

SIZES = {"short": {"sites": (1, 3), "rounds": 1, "milliseconds": 50}, "full": {"sites": (5, 25), "rounds": 3, "milliseconds": 50}}
STAGES = 2  # on the server: site, certificate


def _seconds_for_each(sites, bring_up):
    """Without what a connection costs: the difference between few and many."""
    return growth([(count, bring_up(new_domains(count)).seconds) for count in sites])


@contextlib.contextmanager
def _far(stage, server, round_trip, all_of_it):
    """The server behind a delay, and with `all_of_it` Supabase and Matomo too; yields the daemon's sections."""
    sandbox = stage.sandbox
    with DelayLine(server, round_trip) as path, DelayLine(sandbox.url, round_trip) as supabase, \
            DelayLine(sandbox.matomo_url, round_trip) as matomo:
        sandbox.point_server_at(server, path)
        if all_of_it:
            sandbox.set_matomo_credentials(url=matomo.url)
        yield {"supabase": {"url": supabase.url}} if all_of_it else {}
        sandbox.point_server_at(server)
        sandbox.set_matomo_credentials()


def measure(sites, rounds, milliseconds):
    round_trip = milliseconds / 1000
    with Stage(1) as stage:
        server = stage.servers[0]

        def daemon(all_of_it=None):
            if all_of_it is None:
                return _seconds_for_each(sites, lambda domains: program.bring_up(stage, domains))
            with _far(stage, server, round_trip, all_of_it) as sections:
                return _seconds_for_each(sites, lambda domains: program.bring_up(stage, domains, **sections))

        def loop(is_far):
            with DelayLine(server, round_trip) as path:
                return _seconds_for_each(sites, lambda domains: contenders.bare_loop(
                    stage, domains, scripts=True, via=path if is_far else None))
        found = alternate({"daemon, near": daemon, "daemon, far server": lambda: daemon(False),
                           "daemon, all far": lambda: daemon(True),
                           "loop, near": lambda: loop(False), "loop, far server": lambda: loop(True)}, rounds)

    def trips(far, near):
        return [(a - b) / round_trip for a, b in zip(found[far], found[near], strict=True)]
    far = trips("daemon, far server", "daemon, near")
    rows = [Row("daemon, server far", "round trips/site", far),
            Row("daemon, server far", "round trips/stage", [one / STAGES for one in far], "the least that could be is 1"),
            Row("daemon, all far", "round trips/site", trips("daemon, all far", "daemon, near"),
                "Supabase and Matomo too; different sites' may overlap"),
            Row("libssh2 loop, our scripts", "round trips/site", trips("loop, far server", "loop, near")),
            Row("daemon / loop, server far", "", paired_ratios(found["daemon, far server"], found["loop, far server"]),
                "time for a site")]
    return Measured("round_trips", f"Round-trip time {milliseconds} ms", rows, [], remarks=[
        "A stage is one command, so that it could cost one round trip: with a channel that was opened before. What is above "
        "that is left to gain."])
