"""What memory a worker holds after 10,000, 50,000 and 100,000 calls. ``--quick`` for a tenth of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from time import monotonic

from bench_machine import folder, postgres
from bench_worker import ADA, family, one_service, ready, resident, wait_for_open, worker

CALLS = 20
"""Calls of one job, one after another."""

BATCH = 50
"""Jobs that are open at a time."""


def measure(url: str, where: Path, marks: tuple[int, ...]) -> None:
    found: list[float] = []
    with ready(url, one_service("now", CALLS)) as engine, worker(url, where) as process:
        done, began = 0, monotonic()
        for mark in marks:
            while done < mark:
                for _ in range(BATCH):
                    engine.start("of_now", by=ADA)
                wait_for_open(engine, "of_now", 0, 600)
                done += BATCH * CALLS
            found.append(max(resident(pid) for pid in family(process.pid)))
            rate = done / (monotonic() - began)
            print(f"after {done:>7,} calls: {found[-1]:.0f} MB resident ({rate:,.0f} calls/s)", flush=True)
    small = "ok" if found[-1] < 120 else "MISSED"
    flat = "ok" if found[-1] < 1.1 * found[0] else "MISSED"
    print(f"wanted under 120 MB: {small}; flat (under a tenth more): {flat}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append", help="both otherwise")
    given = parser.parse_args()
    marks = tuple(mark // (10 if given.quick else 1) for mark in (10_000, 50_000, 100_000))
    for database in given.database or ("sqlite", "postgresql"):
        print(database)
        with folder() as where:
            if database == "sqlite":
                measure(f"sqlite:///{where}/flow.db", where, marks)
            else:
                with postgres(where) as fresh:
                    measure(fresh("memory"), where, marks)


if __name__ == "__main__":
    main()
