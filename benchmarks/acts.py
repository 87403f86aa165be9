"""What an act costs. Run it: ``python benchmarks/acts.py`` (``--quick`` for a look, ``--only NAME`` for a part).

An act is: permission, answer checked, transition, job row, step and deadline closed and opened, history entry with its
hash, receipt, commit on disk. The bare driver sends the very same statements with the very same values, taken from
recorded acts, one transaction an act; that both are equally durable and leave the same rows is checked in the run.
Rounds of both are interleaved, and a ratio is the median of the rounds' ratios: a busy machine slows both.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, NamedTuple

from bench_flows import ADA, MANY, MIKA, Talker, long_process, ready
from bench_machine import folder, machine, memory, postgres
from bench_profile import profile
from bench_store import Bare, Differs, PostgresBare, SqliteBare, bulk_jobs, recording, same_rows
from rich.console import Console
from rich.table import Table

from flowengine import Actor, BadAnswer, Engine, NotFound
from flowengine.language import load, parse
from flowengine.rehearsal.lives import play

console = Console(width=None if sys.stdout.isatty() else 118)
Rounds = list[tuple[float, float]]
"""What was measured in each round: for one and for the other."""


class Line(NamedTuple):
    """A line of the table. ``wanted`` is what the ratio, or the one number, should be; ``ok`` whether it is."""

    what: str
    one: str
    other: str
    ratio: str
    wanted: str
    ok: bool | None


def line(what: str, rounds: Rounds, unit: str, *, least: float | None = None, most: float | None = None) -> Line:
    """A line from rounds of (ours, theirs) in acts a second, or of (small, large) in microseconds."""
    per_second = unit == "acts/s"
    ratio = median(a / b if per_second else b / a for a, b in rounds)
    one, other = (f"{median(pair[side] for pair in rounds):,.0f} {unit}" for side in (0, 1))
    wanted = f"≥ {least:.2f}" if least is not None else f"≤ {most:.2f}" if most is not None else ""
    ok = None if not wanted else ratio >= least if least is not None else ratio <= (most or 0)
    return Line(what, one, other, f"{ratio:.2f}", wanted, ok)


# against the bare drivers


def complete(engine: Engine) -> None:
    """Raises Differs unless an act checks who asks and what is answered, and knows a request again."""
    talker = Talker(engine, "complete")
    choose = partial(engine.act, talker.step, "chosen")
    for wrong, refused in (
        (partial(choose, {"way": "up"}, by=Actor(kind="customer", id="ben")), NotFound),
        (partial(choose, {"way": "nowhere"}, by=ADA), BadAnswer),
    ):
        try:
            wrong()
        except refused:
            continue
        raise Differs(f"an act was not refused with {refused.__name__}")
    first = choose({"way": "up"}, by=ADA, key="again")
    if choose({"way": "up"}, by=ADA, key="again") != first or engine.audit(talker.job).problems:
        raise Differs("an act was done twice, or its history does not hold")


def compare(urls: tuple[str, str], bare: Bare, recorded: Bare, rounds: int, acts: int) -> tuple[Rounds, Rounds]:
    """Acts a second of the engine and of the bare driver: writing the same rows, and reading the same before that."""
    writes: Rounds = []
    both: Rounds = []
    with Engine(urls[0]) as engine, Engine(urls[1]) as recorder:
        complete(ready(engine))
        ready(recorder)
        Talker(engine, "warm").acts(acts)
        for number in range(rounds):
            with recording() as record:
                talker = Talker(recorder, f"r{number}")
                record.cut()
                bare.replay(record.take(), reads=False)
                for _ in range(2 * acts):
                    talker.act()
                    record.cut()
                first, second = _halves(record.take())
            fresh = Talker(engine, f"e{number}")
            fresh.acts(10)
            measures = (
                partial(fresh.acts, acts),
                partial(bare.replay, first, reads=False),
                partial(bare.replay, second, reads=True),
            )
            seconds = [0.0, 0.0, 0.0]
            for index in (0, 1, 2) if number % 2 == 0 else (1, 2, 0):  # nobody is always first
                seconds[index] = measures[index]()
            writes.append((acts / seconds[0], acts / seconds[1]))
            both.append((acts / seconds[0], acts / seconds[2]))
        same_rows(recorded, bare)
    return writes, both


def _halves(acts: list[Any]) -> tuple[list[Any], list[Any]]:
    return acts[: len(acts) // 2], acts[len(acts) // 2 :]


def sqlite_lines(where: Path, name: str, rounds: int, acts: int, least: float | None) -> Iterator[Line]:
    for part in ("engine", "recorded", "bare"):
        Engine(f"sqlite:///{where}/{part}.db").close()
    with closing(SqliteBare(where / "bare.db")) as bare, closing(SqliteBare(where / "recorded.db")) as recorded:
        bare.durable()
        urls = (f"sqlite:///{where}/engine.db", f"sqlite:///{where}/recorded.db")
        writes, both = compare(urls, bare, recorded, rounds, acts)
    yield line(f"SQLite on {name}", writes, "acts/s", least=least)
    yield line("  the driver reading the same too", both, "acts/s")


def drivers(quick: bool) -> Iterator[Line]:
    """The engine against the bare drivers."""
    rounds, acts = (8, 24) if quick else (30, 40)
    with folder() as disk:
        yield from sqlite_lines(disk, "disk", rounds, acts, 0.4)
    if memory() is not None:
        with folder(memory()) as fast:
            yield from sqlite_lines(fast, "a disk in memory", rounds, acts, None)
    with folder() as disk, postgres(disk) as address:
        for pipelined in (False, True):
            kind = "pipelined" if pipelined else "plain"
            urls = [address(f"{name}_{kind}") for name in ("engine", "recorded", "bare")]
            Engine(urls[2]).close()
            with closing(PostgresBare(urls[2], pipelined)) as bare:
                Engine(urls[1]).close()
                with closing(PostgresBare(urls[1], pipelined)) as recorded:
                    writes, both = compare((urls[0], urls[1]), bare, recorded, rounds, acts)
                bare.durable()
            what = "psycopg, one pipeline an act" if pipelined else "psycopg"
            yield line(f"PostgreSQL against {what}", writes, "acts/s", least=0.6)
            yield line("  the driver reading the same too", both, "acts/s")


# growth


def growth(quick: bool) -> Iterator[Line]:
    """The cost of an act against the length of the job's history and the number of jobs, where no disk hides it."""
    rounds, acts, long, many = (9, 30, 300, 5_000) if quick else (25, 60, 1_000, 100_000)
    with folder(memory()) as where:
        with Engine(f"sqlite:///{where}/history.db") as engine:
            old = Talker(ready(engine), "old")
            old.acts(long)
            pairs: Rounds = []
            for number in range(rounds):
                young = Talker(engine, f"young{number}")
                young.acts(10)
                pairs.append(_pair(number, partial(_spent, young.acts, 20), partial(_spent, old.acts, 20), 20))
            yield line(f"an act after 10 and after {long:,} entries of history", pairs, "µs", most=1.1)
        names = ("few", "full")
        few, full = (ready(Engine(f"sqlite:///{where}/{name}.db")) for name in names)
        with few, full:
            for engine in (few, full):
                for number in range(10):
                    Talker(engine, f"t{number}").acts(3)
            bulk_jobs(where / "full.db", many - 10)
            pairs = []
            for number in range(rounds):
                one, other = Talker(few, f"x{number}"), Talker(full, f"x{number}")
                one.acts(4), other.acts(4)
                pairs.append(_pair(number, partial(_spent, one.acts, acts), partial(_spent, other.acts, acts), acts))
            yield line(f"an act among 10 and among {many:,} jobs", pairs, "µs", most=1.1)


def _pair(number: int, small: Callable[[], float], large: Callable[[], float], times: int) -> tuple[float, float]:
    """Microseconds of processor for each of two, taken in turns."""
    if number % 2:
        second, first = large(), small()
    else:
        first, second = small(), large()
    return first / times * 1e6, second / times * 1e6


def branches(quick: bool) -> Iterator[Line]:
    """One branch more in an each that has one, and in one that has many."""
    many, rounds = (2_000, 20) if quick else (10_000, 50)
    with folder(memory()) as where, Engine(f"sqlite:///{where}/each.db") as engine:
        engine.deploy(MANY)
        engine.add_customer("ada", "Ada")
        begin = partial(engine.start, "many", by=MIKA, customer="ada")
        small = begin(need={"things": [0]}).job
        began = perf_counter()
        large = begin(need={"things": list(range(many))})
        opening = perf_counter() - began
        steps = list(large.steps)
        adds: Rounds = []
        acts: Rounds = []
        for number in range(rounds):
            more = [partial(_spent, engine.add, job, "all", [number], by=ADA) for job in (small, large.job)]
            adds.append(_pair(number, more[0], more[1], 1))
            fresh = begin(need={"things": [0, 1]}).steps[0]
            ends = [partial(_spent, engine.act, step, by=MIKA) for step in (fresh, steps.pop())]
            acts.append(_pair(number, ends[0], ends[1], 1))
    yield line(f"open one more branch of 1 and of {many:,} open ones", adds, "µs", most=2)
    yield line(f"finish one branch of 2 and of {many:,} open ones", acts, "µs", most=2)
    yield Line(f"open {many:,} branches in one command", f"{opening:.2f} s", "", "", "", None)


def _spent(what: Callable[..., Any], *given: Any, **more: Any) -> float:
    """Seconds of processor: what others do on the machine does not count, and there is no disk to wait for."""
    began = process_time()
    what(*given, **more)
    return process_time() - began


# a designer's wait


def waits(quick: bool) -> Iterator[Line]:
    """How long a designer waits for the check of a long file and for the command line, in seconds of processor."""
    times = 3 if quick else 7
    for what, source in (
        ("1,000 states", long_process(1_000)),
        ("1,000 states, each with a condition", long_process(1_000, deciding=True)),
    ):
        took = median(_spent(parse, source) for _ in range(times))
        yield Line(f"check a file of {what}", f"{took:.2f} s", "", "", "< 1 s", took < 1)
    yield from _shipped(times)
    spent = []
    for _ in range(times):
        before = _children()
        subprocess.run([sys.executable, "-m", "flowengine.cli", "--help"], check=True, capture_output=True)
        spent.append(_children() - before)
    took = median(spent)
    yield Line("flow --help", f"{took:.2f} s", "", "", "< 0.25 s", took < 0.25)


def _shipped(times: int) -> Iterator[Line]:
    """The processes that are shipped: all of them checked, and lives of the suit played by chance."""
    files = sorted((Path(__file__).parents[1] / "processes").glob("*.yaml"))
    took = median(_spent(lambda: [load(file) for file in files]) for _ in range(times))
    yield Line(f"check the {len(files)} processes that are shipped", f"{took:.2f} s", "", "", "< 1 s", took < 1)
    suit = load(next(file for file in files if file.stem == "bespoke_suit"))
    play(suit, 5, 0, LIVED)
    lives = max(40 / _spent(play, suit, 40, seed, LIVED) for seed in range(1, times + 1))
    yield Line("lives of the suit by chance (`flow try --random`)", f"{lives:.0f} /s", "", "", "≥ 100 /s", lives >= 100)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


LIVED = datetime(2026, 10, 5, 9, tzinfo=UTC)
"""When the lives that are played begin."""

PARTS = {"drivers": drivers, "growth": growth, "branches": branches, "waits": waits}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: a look in under a minute, no measurement")
    parser.add_argument("--only", choices=[*PARTS, "profile"], help="one part alone")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is cleaned up as at the end
    console.print(machine())
    if given.only == "profile":
        console.print(profile(300 if given.quick else 2_000))
        return 0
    table = Table("what", "flowengine, or small", "bare driver, or large", "ratio", "wanted", "")
    for name, part in PARTS.items():
        if given.only in (None, name):
            for row in part(given.quick):
                mark = "" if row.ok is None else "met" if row.ok else "missed"
                table.add_row(row.what, row.one, row.other, row.ratio, row.wanted, mark)
                console.print(f"{row.what}: {row.ratio or row.one}", style="dim", highlight=False)
    console.print(table)
    console.print(f"load on {os.cpu_count()} cores at the end: {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
