"""Insight: what it adds to an act, how many jobs a second are counted, and how soon the cells of a million jobs answer.

    python benchmarks/bench_insight.py [--jobs 40] [--rounds 20] [--million 1000000] [--database sqlite|postgresql]

An act with insight finds its job counted each time, which is the most that it can cost: the job's row and the index of
those that are not counted are written as well. The act without it finds a job that is not counted, in a database that
has no such index. Rounds of both are interleaved, and the ratio is the median of the rounds' ratios.

The cells of a million jobs are made from those of some jobs that were lived: their numbers are multiplied, spread over
months and customers, and written through the store. Their histories are not there, and are not asked for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from time import perf_counter, process_time

import sqlalchemy as sa
from bench_flows import Talker, ready
from bench_machine import folder, machine, postgres

from flowengine import Actor, Database, Engine, SimulatedClock
from flowengine.commands import counting
from flowengine.insight.cells import BUCKETS, Cell, bin_of
from flowengine.store.codec import text

MONTHS = [(2023 + number // 12) * 100 + number % 12 + 1 for number in range(36)]
STATES = [f"state_{number}" for number in range(25)]
OPTIONS = [f"cloth=cloth_{number}" for number in range(30)]
SEGMENTS = ("", "version:0123456789ab", "version:ba9876543210", "group:gold", "group:silver")
WAITS = """
process: talk_shop
title: A shop
need: Something
roles: {maker: {title: Maker}}
states:
  need: {type: need, fields: {topic: {type: string}}, next: state_1}
  state_1: {type: task, for: maker, next: fulfilled}
  fulfilled: {type: fulfilled}
"""


@contextmanager
def engine_on(url: str) -> Iterator[Engine]:
    with Engine(url, handlers={}) as engine:
        yield ready(engine)


class Shop:
    """So many jobs that can be acted on for ever."""

    def __init__(self, engine: Engine, url: str, jobs: int, *, counted: bool) -> None:
        self.rows = sa.create_engine(url)
        self.counted = counted
        self.talkers = [Talker(engine, f"job-{number}") for number in range(jobs)]
        if not counted:
            with self.rows.begin() as connection:
                connection.execute(sa.text("DROP INDEX ix_flow_jobs_uncounted"))

    def round(self) -> tuple[float, float]:
        """Microseconds for an act, and those of the processor here: one on each job, of which all, or none, were
        counted before."""
        with self.rows.begin() as connection:
            connection.execute(sa.text(f"UPDATE flow_jobs SET counted = {int(self.counted)}"))
        began, before = perf_counter(), process_time()
        for talker in self.talkers:
            talker.act()
        took = perf_counter() - began, process_time() - before
        return took[0] / len(self.talkers) * 1e6, took[1] / len(self.talkers) * 1e6


def acts(urls: tuple[str, str], jobs: int, rounds: int) -> None:
    """What an act costs with insight and without."""
    with engine_on(urls[0]) as one, engine_on(urls[1]) as other:
        shops = Shop(one, urls[0], jobs, counted=True), Shop(other, urls[1], jobs, counted=False)
        pairs = []
        for number in range(rounds + 2):
            order = shops if number % 2 else shops[::-1]
            found = {shop.counted: shop.round() for shop in order}
            if number >= 2:
                pairs.append((found[True], found[False]))
        for side, what in ((0, "in all"), (1, "of the processor")):
            with_, without = (median(pair[place][side] for pair in pairs) for place in (0, 1))
            ratio = median(a[side] / b[side] for a, b in pairs)
            print(f"  an act, {what}: {with_:,.0f} µs with insight, {without:,.0f} without: {ratio:.3f}")
        began, done = perf_counter(), 0
        while now := counting.count(one.shell)[0]:
            done += now
        took = perf_counter() - began
        entries = sum(talker.count + 1 for talker in shops[0].talkers)
        print(f"  counting: {done / took:,.0f} jobs a second, {entries / took:,.0f} entries a second")


def fill(database: Database, jobs: int) -> int:
    """The cells of so many jobs of a process of 25 states; how many there are."""
    chance, rows = Random(7), list[dict[str, object]]()
    each = jobs // len(MONTHS)

    def cell(count: int, *, lasts: bool) -> str:
        spread: dict[int, int] = {}
        for _ in range(60 if lasts else 0):
            place = bin_of(int(chance.lognormvariate(11, 1.2)))
            spread[place] = spread.get(place, 0) + max(1, count // 60)
        who = {bucket: max(1, count // BUCKETS) for bucket in range(BUCKETS)}
        return text(Cell(count, sum(spread.values()) * 80_000, spread, who))

    def put(month: int, segment: str, measure: str, state: str, value: str, count: int, *, lasts: bool = False) -> None:
        key = {"process": "talk_shop", "segment": segment, "month": month, "measure": measure, "state": state}
        rows.append(key | {"value": value, "gone": 0, "body": cell(count, lasts=lasts)})

    for month in MONTHS:
        for segment in SEGMENTS:
            count = each if not segment else each // 3
            put(month, segment, "started", "", "", count)
            put(month, segment, "ended", "fulfilled", "fulfilled", count, lasts=True)
            for state in STATES:
                put(month, segment, "wait", state, "role:maker", count, lasts=True)
                for outcome in ("done", "expired", ""):
                    put(month, segment, "visit", state, outcome, count // 3)
            for option in OPTIONS:
                put(month, segment, "chosen", "state_2", option, count // len(OPTIONS))
            for who in ("customer", "staff", "clock", "service"):
                put(month, segment, "act", "", who, count * 5)
    for first in range(0, len(rows), 500):
        part = rows[first : first + 500]

        def work(tx: object, part: list[dict[str, object]] = part) -> None:
            tx.insights.put(part)  # type: ignore[attr-defined]

        database.keep(work)
    return len(rows)


def million(url: str, jobs: int) -> None:
    """How soon the cells of so many jobs answer, and a worklist of fifty beside which it stands what is usual."""
    clock = SimulatedClock(datetime(2025, 12, 20, tzinfo=UTC))
    with Database.open(url) as database, Engine(database, clock=clock, handlers={}) as engine:
        engine.deploy(WAITS)
        engine.add_customer("ada", "Ada")
        engine.add_staff("mia", "Mia", roles=["maker"])
        cells = fill(database, jobs)
        print(f"  {jobs:,} jobs are {cells:,} cells")
        olga = Actor(kind="operator", id="olga")
        for given in ({}, {"split": "month"}, {"split": "version"}, {"split": "group"}, {"since": "2025-01"}):
            took = []
            for _ in range(3):
                began, before = perf_counter(), process_time()
                found = engine.insight("talk_shop", by=olga, **given)  # type: ignore[arg-type]
                took.append((perf_counter() - began, process_time() - before))
            lines = sum(len(table.rows) for table in found.tables)
            wall, busy = (median(one[side] for one in took) for side in (0, 1))
            print(f"  insight {given or 'of all'}: {wall:.2f} s ({busy:.2f} of the processor), {lines:,} rows")
        for _ in range(50):
            engine.start("talk_shop", by="ada", need={"topic": "x"})
        for what in ("with what is usual looked up", "with it known"):
            began = process_time()
            items = engine.inbox("mia", limit=50)
            print(f"  a worklist of {len(items)}, {what}: {(process_time() - began) * 1000:.1f} ms of the processor")
        engine.shell.usual.clear()
        with engine.shell.reading() as tx:
            from flowengine.reading.insight import usual

            began = process_time()
            usual(engine.shell, tx, "talk_shop")
            print(f"  to look up what is usual: {(process_time() - began) * 1000:.1f} ms of the processor")
        clock.advance(timedelta(days=1))


def main() -> None:
    """Run it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--jobs", type=int, default=40)
    asked.add_argument("--rounds", type=int, default=20)
    asked.add_argument("--million", type=int, default=1_000_000)
    asked.add_argument("--database", choices=["sqlite", "postgresql"])
    given = asked.parse_args()
    print(machine())
    with folder() as where:
        if given.database != "postgresql":
            print("SQLite")
            acts((f"sqlite:///{where}/with.db", f"sqlite:///{where}/without.db"), given.jobs, given.rounds)
            million(f"sqlite:///{where}/million.db", given.million)
        if given.database != "sqlite":
            print("PostgreSQL")
            with postgres(where) as fresh:
                acts((fresh("with_it"), fresh("without_it")), given.jobs, given.rounds)
                million(fresh("million"), given.million)


if __name__ == "__main__":
    sys.exit(main())
