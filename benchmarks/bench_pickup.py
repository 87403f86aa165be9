"""How soon a ready call is picked up, and what a worker costs that has nothing to do. ``--quick`` for a look.

The time is from the moment the act that opened the call was acknowledged until its handler begins: with the worker in
the same process (a commit there wakes it) and in another (it looks ten times a second).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from threading import Thread
from time import monotonic, sleep

from bench_machine import folder, postgres
from bench_worker import ADA, began, family, one_service, processor, ready, worker

from flowengine import Engine, Worker

PAUSES = (0.013, 0.031, 0.057, 0.083)
"""Seconds between two jobs: no beat with the worker's looks."""


def latencies(engine: Engine, jobs: int) -> list[float]:
    """Milliseconds until each call was picked up, sorted."""
    found = []
    for number in range(jobs):
        job = engine.start("of_now", by=ADA).job
        acknowledged = monotonic()
        while engine.jobs(status="open", process="of_now", limit=1):
            sleep(0.005)
        found.append((began(engine, job) - acknowledged) * 1e3)
        sleep(PAUSES[number % len(PAUSES)])
    return sorted(found)


def told(what: str, found: list[float], wanted: float) -> str:
    cuts = quantiles(found, n=100)
    fine = "ok" if cuts[49] <= wanted else "MISSED"
    return f"{what:<46} p50 {cuts[49]:7.1f} ms   p99 {cuts[98]:7.1f} ms   wanted p50 ≤ {wanted:.0f} ms: {fine}"


def measure(url: str, where: Path, name: str, jobs: int, idle: float) -> Iterator[str]:
    with ready(url, one_service("now")) as engine:
        engine.register({"now": lambda _: {"began": monotonic()}})
        here = Worker(engine)
        thread = Thread(target=here.run)
        thread.start()
        latencies(engine, 5)
        yield told(f"{name}, worker in the same process", latencies(engine, jobs), 10)
        here.stop()
        thread.join()
        with worker(url, where) as other:
            latencies(engine, 5)
            yield told(f"{name}, worker in another process", latencies(engine, jobs), 100)
            members = family(other.pid)
            before = [processor(pid) for pid in members]
            sleep(idle)
            shares = [(processor(pid) - spent) / idle for pid, spent in zip(members, before, strict=True)]
            fine = "ok" if max(shares) < 0.01 else "MISSED"
            each = ", ".join(f"{share:.2%}" for share in shares)
            yield f"{name}, supervisor and worker with nothing to do: {each} of a core; wanted < 1%: {fine}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    chosen = parser.parse_args()
    jobs, idle = (30, 5.0) if chosen.quick else (300, 30.0)
    with folder() as where:
        if chosen.only != "postgresql":
            for line in measure(f"sqlite:///{where}/flow.db", where, "SQLite", jobs, idle):
                print(line, flush=True)
        if chosen.only != "sqlite":
            with postgres(where) as address:
                for line in measure(address("flow"), where, "PostgreSQL", jobs, idle):
                    print(line, flush=True)


if __name__ == "__main__":
    main()
