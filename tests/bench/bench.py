"""Measures the daemon beside what people use, on the sandbox; see run."""

import argparse
import platform
import subprocess
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hosting_bench import (cpu, idle, makespan, memory, pickup, places, polls, processes,  # noqa: E402
                           results, round_trips, scale, sharing, throughput)

MEASUREMENTS = {module.__name__.rpartition(".")[2]: module
                for module in (throughput, makespan, cpu, memory, polls, idle, pickup, scale, round_trips, processes,
                               sharing)}


def processor():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def about(size):
    lines = Path("/proc/meminfo").read_text().splitlines()
    threads = Path("/proc/cpuinfo").read_text().count("processor\t")
    commit = subprocess.run(["git", "-c", f"safe.directory={places.ROOT}", "-C", places.ROOT, "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip()
    sizes = {"short": "short: this shows that it works, and the figures mean nothing", "full": "full"}
    return {"size": sizes[size], "processor": f"{processor()}, {threads} threads, shared by client and servers",
            "memory": f"{int(lines[0].split()[1]) // 1024} MiB", "kernel": platform.release(), "commit": commit or "unknown",
            "load before": Path("/proc/loadavg").read_text().split()[0]}


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__)
    parser.add_argument("--short", action="store_true", help="small sizes: whether it works, no figures")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=list(MEASUREMENTS), help=", ".join(MEASUREMENTS))
    parser.add_argument("--out", type=Path, default=places.ROOT / "build/bench", metavar="DIR")
    options = parser.parse_args()
    size = "short" if options.short else "full"
    known, measured, broken = about(size), [], []
    for name in options.only or MEASUREMENTS:
        print(f"-- {name}", flush=True)
        began = time.monotonic()
        try:
            measured.append(MEASUREMENTS[name].measure(**MEASUREMENTS[name].SIZES[size]))
        except Exception:
            traceback.print_exc()
            broken.append(name)
        print(f"-- {name}: {time.monotonic() - began:.1f} s", flush=True)
    results.write(options.out, known, measured)
    print((options.out / "results.md").read_text())
    print(f"written to {options.out}" + (f"; DID NOT WORK: {', '.join(broken)}" if broken else ""))
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
