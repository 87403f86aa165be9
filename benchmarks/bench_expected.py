"""Expected dates in the store: what they add to an act, to a worklist of fifty and to tracking, and to counting.

    python benchmarks/bench_expected.py [--rounds 20] [--database sqlite|postgresql]

An act with them is one in a job that promises something, in a database that has the index of promises to be looked at;
without them the index is not there. Rounds of both are interleaved, and the ratio is the median of the rounds' ratios.
Calls are those of Python functions. What is known are 900 made-up suits of 24 visits (``simulated_shop.py``).
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import median
from time import process_time
from typing import Any

import sqlalchemy as sa
from bench_dates import SUIT, steady
from bench_machine import folder, machine, postgres

from flowengine import Engine, SimulatedClock
from flowengine.commands import counting
from flowengine.insight.expecting import Cell, StateCounts, cells_of
from flowengine.language import parse
from flowengine.reading import inbox, tracking
from flowengine.store import Transaction
from flowengine.store.codec import text

SHOP = """
process: shop
title: A shop
need: Something
roles: {maker: {title: Maker}}
promise: {by: data.need.by}
states:
  need: {type: need, fields: {by: {type: string, format: date}}, next: sew}
  sew: {type: task, for: maker, takes: P10D, on: {done: fulfilled, again: sew}}
  fulfilled: {type: fulfilled}
"""
JOBS = 50


@contextmanager
def shop(url: str) -> Iterator[Engine]:
    """An engine with fifty open jobs, on each of which a step waits for Mia."""
    with Engine(url, clock=SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC)), handlers={}) as engine:
        engine.deploy(SHOP)
        engine.add_customer("ada", "Ada")
        engine.add_staff("mia", "Mia", roles=["maker"])
        for _ in range(JOBS):
            engine.start("shop", by="ada", need={"by": "2026-12-24"})
        yield engine


def counted(work: Callable[[], object]) -> int:
    """How many calls of Python functions it takes."""
    calls = [0]

    def note(_frame: object, event: str, _given: object) -> None:
        calls[0] += event == "call"

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls[0]


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of the processor."""
    began = process_time()
    work()
    return (process_time() - began) * 1e3


def round_of(engine: Engine) -> Callable[[], None]:
    """A job that begins, and an act on each of ten."""

    def work() -> None:
        engine.start("shop", by="ada", need={"by": "2026-12-24"})
        for item in items:
            engine.act(item, "again", by="mia")

    items = [item.id for item in engine.inbox("mia", limit=10)]
    return work


def acts(urls: tuple[str, str], rounds: int) -> None:
    """What they add to a job that begins and ten acts."""
    with shop(urls[0]) as one, shop(urls[1]) as other:
        rows = sa.create_engine(urls[1])
        with rows.begin() as connection:
            connection.execute(sa.text("DROP INDEX ix_flow_promises_look"))
        rows.dispose()
        pairs, calls = [], []
        for number in range(rounds + 2):
            order = (one, other) if number % 2 else (other, one)
            took = {id(engine): timed(round_of(engine)) for engine in order}
            if number >= 2:
                pairs.append((took[id(one)], took[id(other)]))
                calls = [counted(round_of(engine)) for engine in (one, other)]
        ratio = median(a / b for a, b in pairs)
        with_, without = (median(pair[place] for pair in pairs) for place in (0, 1))
        print(f"  a start and ten acts: {with_:.2f} ms with them, {without:.2f} without: {ratio:.3f}; calls {calls}")
        took, jobs = 0.0, 0
        while True:
            began = process_time()
            done = counting.count(one.shell)[0]
            took += process_time() - began
            jobs += done
            if not done:
                break
        print(f"  counting: {took / jobs * 1e3:.2f} ms of the processor a job")


def fill(tx: Transaction) -> None:
    """What 900 suits have taught, as if they were of this shop; ``sew`` is a state of both."""
    states: dict[str, Counter[Cell]] = {}
    for course in steady(parse(SUIT.read_text(encoding="utf-8")), 1, 450):
        for cell, count in cells_of(course).items():
            states.setdefault(cell.state, Counter())[cell] += count
    bodies = {}
    for state, cells in states.items():
        counts = StateCounts()
        counts.add(cells)
        bodies[state] = text(counts)
    tx.expected.put("shop", 1, bodies)
    tx.expected.correct("shop", 99, '{"middle":0.1,"late":0.1}')
    print(f"  what is known: {len(bodies)} rows, {sum(map(len, bodies.values())):,} bytes")


def looks(url: str, rounds: int) -> None:
    """A worklist of fifty, and tracking, with expected dates and without."""
    with shop(url) as engine:
        engine.shell.keep(fill)
        job = engine.jobs(limit=1)[0].id
        for what, module, look in (
            ("a worklist of 50", inbox, lambda: engine.inbox("mia", limit=JOBS)),
            ("tracking", tracking, lambda: engine.track(job, by="ada")),
        ):
            look()
            engine.shell.learnt.clear()
            first, known = timed(look), []
            expected: Any = module.expected
            for _ in range(rounds):
                with_ = timed(look)
                module.expected = lambda *_: {}  # type: ignore[assignment]
                known.append((with_, timed(look)))
                module.expected = expected
            with_, without = (median(pair[place] for pair in known) for place in (0, 1))
            print(f"  {what}: {with_:.2f} ms with them, {without:.2f} without; {first:.2f} where all is read first")


def main() -> None:
    """Run it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=20)
    asked.add_argument("--database", choices=["sqlite", "postgresql"])
    given = asked.parse_args()
    print(machine())
    with folder() as where:
        if given.database != "postgresql":
            print("SQLite")
            acts((f"sqlite:///{where}/with.db", f"sqlite:///{where}/without.db"), given.rounds)
            looks(f"sqlite:///{where}/looks.db", given.rounds)
        if given.database != "sqlite":
            print("PostgreSQL")
            with postgres(where) as fresh:
                acts((fresh("with_it"), fresh("without_it")), given.rounds)
                looks(fresh("looks"), given.rounds)


if __name__ == "__main__":
    sys.exit(main())
