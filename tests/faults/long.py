"""The long form: thousands of schedules, and hours of kills, from one command.

::

    python tests/faults/long.py --seed 7 --schedules 10000 --database sqlite
    python tests/faults/long.py --seed 7 --kills 1000 --database postgresql
    python tests/faults/long.py --seed 7 --stops 50 --cuts 200 --promotions 20 --zombies 20
    python tests/faults/long.py --database sqlite --replay 3,0,17,94

Everything that is asked for is done, one after another. It prints its seed first, then how far it is, then totals. When
something does not hold, it prints what, the seed and the shortest schedule that shows it, and ends with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # for what all tests use

import trials
from schedules import run_schedule, shrink
from servers import clusters
from stores import Store

DATABASES = ("memory", "sqlite", "postgresql")
EVERY = 20.0
"""Seconds between two lines that say how far it is."""


def main(words: list[str]) -> int:
    """Do what is asked for; 1 when something did not hold."""
    asked = _arguments(words)
    print(f"seed {asked.seed}", flush=True)
    try:
        for database in asked.database or DATABASES:
            if asked.replay:
                _replay(database, [int(one) for one in asked.replay.split(",")])
            elif asked.schedules:
                _schedules(database, asked.seed, asked.first, asked.schedules)
            if asked.supervised and database != "memory":
                _trial(f"flow worker killed on {database}", database, lambda url, folder: trials.supervised(
                    url, folder, asked.seed, asked.supervised, _say))  # fmt: skip
            if asked.served and database != "memory":
                _trial(f"flow serve killed on {database}", database, lambda url, folder: trials.served(
                    url, folder, asked.seed, asked.served, _say))  # fmt: skip
            if asked.kills and database != "memory":
                _trial(f"kills on {database}", database, lambda url, folder: trials.kills(
                    url, folder, asked.seed, asked.kills, _say))  # fmt: skip
        _repeated("zombies", asked.zombies, lambda n: _zombie(asked.seed, n))
        if asked.stops:
            _trial("stops", "", lambda _, folder: trials.stops(folder, asked.seed, asked.stops, _say))
        if asked.cuts:
            _trial("cuts", "", lambda _, folder: trials.cuts(folder, asked.seed, asked.cuts, _say))
        _repeated("promotions", asked.promotions, lambda n: _promotion(asked.seed, n))
    except AssertionError as broken:
        print(f"BROKEN (seed {asked.seed}): {broken}", flush=True)
        return 1
    return 0


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--seed", default=secrets.token_hex(4), help="any text; a fresh one is made and printed")
    parser.add_argument("--database", action="append", choices=DATABASES, help="may be repeated; all of them otherwise")
    parser.add_argument("--first", type=int, default=0, help="number of the first schedule")
    for name, what in (
        ("schedules", "seeded schedules a database"),
        ("kills", "SIGKILLs a database"),
        ("supervised", "SIGKILLs below or of a flow worker, on each database"),
        ("served", "SIGKILLs of a flow serve and its clients, on each database"),
        ("stops", "immediate stops of PostgreSQL under load"),
        ("cuts", "connections lost around a commit"),
        ("promotions", "primaries lost and standbys promoted"),
        ("zombies", "workers stopped past their lease, on each database"),
    ):
        parser.add_argument(f"--{name}", type=int, default=0, help=what)
    parser.add_argument("--replay", help="the decisions of one schedule, with commas between them")
    return parser.parse_args(words)


def _say(words: str) -> None:
    print(f"  {words}", flush=True)


# schedules


def _schedules(database: str, seed: str, first: int, many: int) -> None:
    total, points, begun, told = Counter[str](), set[str](), time.monotonic(), time.monotonic()
    with _folder() as folder, _database(database, folder) as url:
        store = Store(url)
        for number in range(first, first + many):
            done = run_schedule(store, f"{seed}/{number}")
            if done.broken:
                _tell_broken(store, f"{seed}/{number}", done.broken, done.choices)
            total.update(done.record.totals())
            points |= done.record.points
            if time.monotonic() - told > EVERY:
                told = time.monotonic()
                _say(f"{number - first + 1} of {many} schedules on {database}, {told - begun:.0f} s")
        store.close()
    print(f"{many} schedules on {database} in {time.monotonic() - begun:.0f} s: nothing lost, doubled or stuck")
    _say(", ".join(f"{count} {what}" for what, count in total.items()))
    _say(f"{len(points)} crash points met: {', '.join(sorted(points))}")


def _tell_broken(store: Store, seed: str, broken: str, choices: list[int]) -> None:
    print(f"BROKEN: schedule {seed} on {store.kind}: {broken}\nmaking it shorter …", flush=True)
    less = shrink(store, choices)
    again = run_schedule(store, replay=less)
    print("\n".join(again.log[-200:]))
    raise AssertionError(f"{again.broken}\nrepeat it with: --database {store.kind} --replay {','.join(map(str, less))}")


def _replay(database: str, numbers: list[int]) -> None:
    with _folder() as folder, _database(database, folder) as url:
        store = Store(url)
        done = run_schedule(store, replay=numbers)
        print("\n".join(done.log))
        store.close()
        assert not done.broken, done.broken


# trials


def _trial(what: str, database: str, trial: Callable[[str, Path], dict[str, int]]) -> None:
    begun = time.monotonic()
    with _folder() as folder, _database(database, folder) as url:
        seen = trial(url, folder)
    print(f"{what} in {time.monotonic() - begun:.0f} s: {seen}", flush=True)


def _repeated(what: str, many: int, once: Callable[[int], dict[str, int]]) -> None:
    total, begun = Counter[str](), time.monotonic()
    for number in range(1, many + 1):
        total.update(once(number))
        _say(f"{number} of {many} {what}")
    if many:
        print(f"{what} in {time.monotonic() - begun:.0f} s: {dict(total)}", flush=True)


def _promotion(seed: str, number: int) -> dict[str, int]:
    with _folder() as folder:
        return trials.promotion(folder, f"{seed}/{number}")


def _zombie(seed: str, number: int) -> dict[str, int]:
    total = Counter[str]()
    for database in ("sqlite", "postgresql"):
        with _folder() as folder, _database(database, folder) as url:
            total.update(trials.zombie(url, folder, f"{seed}/{number}"))
    return dict(total)


# where


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder in memory where there is one: what is killed is processes, and never the machine."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="faults", dir=shared if os.access(shared, os.W_OK) else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database."""
    if kind == "postgresql":
        with clusters() as make:
            yield make("long").database("flow")
    elif kind == "sqlite":
        yield f"sqlite:///{folder / 'flow.db'}"
    else:
        yield "sqlite://"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
