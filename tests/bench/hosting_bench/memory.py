"""Goal 4: memory with many waiting sites and many connected servers."""

from . import plot, program, usage
from .arithmetic import growth
from .results import Goal, Measured, Row
from .stage import Stage, new_domains
from hosting_sandbox import wait_for

SIZES = {"short": {"rows": (20, 200), "servers": (1, 3)},
         "full": {"rows": (1000, 5000, 10_000), "servers": (20, 100, 200)}}
FOR_EVER_MS = 3_600_000
POLLS, POLL_INTERVAL = 5, "500ms"
KIB_IN_MIB = 1024


def _anonymous(rows, servers):
    """KiB of anonymous memory: at most, from the start until all rows are known, every server is connected and busy and
    some more polls were answered; and at that end."""
    domains = new_domains(rows)
    with Stage(servers, FOR_EVER_MS, FOR_EVER_MS) as stage:
        for server, its in stage.deal(domains).items():
            stage.sandbox.add_sites(its, server)
        stage.sandbox.gateway.forget_requests()
        seen = [0]
        with program.Requests(stage.sandbox.gateway) as requests, \
                program.daemon(stage, supabase={"poll_interval": POLL_INTERVAL}) as running:
            waiting = list(stage.servers)

            def all_busy():
                seen.append(usage.kib(running.pid, "RssAnon"))
                waiting[:] = [server for server in waiting if not stage.has_calls(server)]
                return not waiting and len(requests.polls()) >= POLLS
            wait_for(all_busy, 300, "every server is busy with a site", interval=program.LOOK_SECONDS)
            logins = [len(server.accepted_logins()) for server in stage.servers]
            running.kill()  # its commands never end
    if logins != [1] * servers:
        raise AssertionError(f"not one login on each server: {logins}")
    print(f"  {rows} rows on {servers} servers: at most {max(seen)} KiB, at the end {seen[-1]} KiB", flush=True)
    return max(seen), seen[-1]


def measure(rows, servers):
    found = {(count, servers[-1]): _anonymous(count, servers[-1]) for count in rows}
    found |= {(rows[-1], count): _anonymous(rows[-1], count) for count in servers[:-1]}
    by_rows = [(count, found[count, servers[-1]][0]) for count in rows]
    by_servers = [(count, found[rows[-1], count][0]) for count in servers]
    largest = by_rows[-1][1] / KIB_IN_MIB
    goals = [Goal("4", f"peak anonymous RSS, {rows[-1]} rows on {servers[-1]} servers", [largest], "<=", 40, "MiB"),
             Goal("4", "growth for each waiting site", [growth(by_rows)], "<=", 1, "KiB"),
             Goal("4", "growth for each connected server", [growth(by_servers)], "<=", 120, "KiB")]
    shown = [Row(f"{sites} rows, {count} servers", "KiB", [peak], f"{settled} KiB once all are busy")
             for (sites, count), (peak, settled) in found.items()]
    drawings = {
        "memory-rows.svg": plot.lines("Memory against waiting sites", "sites", "MiB", {
            f"{servers[-1]} servers": [(count, kib / KIB_IN_MIB) for count, kib in by_rows]}),
        "memory-servers.svg": plot.lines("Memory against connected servers", "servers", "MiB", {
            f"{rows[-1]} sites": [(count, kib / KIB_IN_MIB) for count, kib in by_servers]})}
    return Measured("memory", "Memory: peak anonymous RSS", shown, goals, drawings)
