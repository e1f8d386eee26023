"""Goal 7: what the core takes for a poll and for a site, at any size; virtual time, and nothing but the core."""

import json
import subprocess

from . import places, plot
from .arithmetic import median
from .results import Measured, Row

SIZES = {"short": {"sites": (100, 1000), "servers": (1, 20), "rounds": 1},
         "full": {"sites": (100, 1000, 10_000, 100_000), "servers": (1, 20, 200, 2000), "rounds": 1}}
FIGURES = {"site_us": "us/site", "poll_us": "us/poll", "whole_us_per_row": "us/row"}


def _measured(sites, servers):
    done = subprocess.run([places.SCALE, str(sites), str(servers)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def measure(sites, servers, rounds):
    points = [(count, min(servers)) for count in sites] + [(max(sites), count) for count in servers if count != min(servers)]
    found = {point: [] for point in points}
    for number in range(rounds):
        for point in points:
            found[point].append(_measured(*point))
            print(f"  round {number + 1}: {found[point][-1]}", flush=True)

    def figures(point, name):
        return [one[name] for one in found[point]]
    names = {"site_us": "a site", "poll_us": "a poll of one page", "whole_us_per_row": "reading the whole queue"}
    rows = [Row(f"{names[name]}, {point[0]} sites, {point[1]} servers", unit, figures(point, name))
            for name, unit in FIGURES.items() for point in points]
    drawing = plot.lines("The core's processor time, by queue", f"sites on {'one server' if min(servers) == 1 else 'few servers'}", "us", {
        names[name]: [(count, median(figures((count, min(servers)), name))) for count in sites]
        for name in ("site_us", "poll_us")})
    return Measured("scale", "Scale: the core's processor time", rows, [], {"scale.svg": drawing}, remarks=[
        "A poll reads one page of rows (100 here) and the servers. A queue that is longer than a page is read whole at most once "
        "in 13 polls, and for at most a tenth of the time. A site's cost holds the count of its server's orders within three "
        "hours, of which there are never more than 300."])
