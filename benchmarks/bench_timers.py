"""What people wait for while many timers are due at once. ``--quick`` for a look.

100,000 jobs wait for a timer that is due; a worker fires them, in the process of those who act and in another one.
Meanwhile a person acts again and again, with a pause in between. At the end each timer has fired exactly once.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from threading import Event, Thread
from time import monotonic, perf_counter, sleep

import sqlalchemy as sa
from bench_fill import Filler
from bench_machine import folder, machine, postgres
from bench_worker import worker

from flowengine import Engine, Worker
from flowengine.store.tables import metadata

WAITING = """
process: waiting
title: A moment
need: Patience
states:
  need: {type: need, next: rest}
  rest: {type: wait, for: PT1S, next: fulfilled}
  fulfilled: {type: fulfilled}
"""

ASKING = """
process: asking
title: A question
need: An answer
states:
  need: {type: need, next: ask}
  ask: {type: ask, ask: How many?, fields: {many: {type: integer}}, within: P7D,
        on: {answered: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Silence}
"""

ADA = "ada_the_first"
"""A customer whose id is in no other text, so that it can be replaced in copies."""

PAUSE = 0.02
"""Seconds between two acts of the person."""


def ready(url: str, timers: int) -> str:
    """Fill a database with jobs whose timer is due. The id of the first of them, of which the others are copies."""
    with Engine(url, handlers={}) as engine:
        engine.deploy(WAITING)
        engine.deploy(ASKING)
        engine.add_customer(ADA, "Ada")
        job = engine.start("waiting", by=ADA).job
    filler = Filler(url)
    filler.customers(ADA)
    filler.copy(job, ADA, timers - 1)
    filler.done()
    table = metadata.tables["flow_timers"]
    with connected(url) as connection:
        due = sa.select(sa.func.min(table.c.wake)).scalar_subquery()
        connection.execute(sa.update(table).values(wake=connection.execute(sa.select(due)).scalar_one()))
    sleep(1.1)
    return job


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    database = sa.create_engine(url)
    try:
        with database.begin() as connection:
            yield connection
    finally:
        database.dispose()


def left(engine: Engine) -> bool:
    """Whether a timer is due that nobody has fired."""
    with engine.database.reading() as tx:
        return bool(tx.timers.due(engine.clock.now(), 1))


def ended(engine: Engine) -> bool:
    """Whether the first timer has been fired."""
    return bool(engine.jobs(status="fulfilled", process="waiting", limit=1))


def acts(engine: Engine, more: Callable[[int], bool]) -> list[float]:
    """Milliseconds of the acts of a person, as long as more are wanted."""
    found: list[float] = []
    while more(len(found)):
        step = engine.start("asking", by=ADA).steps[0]
        began = perf_counter()
        engine.act(step, "answered", {"many": 3}, by=ADA)
        found.append((perf_counter() - began) * 1e3)
        sleep(PAUSE)
    return found


@contextmanager
def working_here(engine: Engine) -> Iterator[None]:
    """A worker in the process of the person."""
    here = Worker(engine)
    thread = Thread(target=here.run)
    thread.start()
    try:
        yield
    finally:
        here.stop()
        thread.join()


def fired_once(url: str, timers: int) -> None:
    """Each job has its two entries, its start and one timer, and is over; no timer is left of them."""
    jobs, history, pending = (metadata.tables[f"flow_{name}"] for name in ("jobs", "history", "timers"))
    entries = (
        sa.select(sa.func.count().label("many"))
        .join_from(jobs, history, history.c.job_id == jobs.c.id)
        .where(jobs.c.process == "waiting", jobs.c.status == "fulfilled")
        .group_by(jobs.c.id)
        .subquery()
    )
    with connected(url) as connection:
        found = connection.execute(sa.select(entries.c.many, sa.func.count()).group_by(entries.c.many)).all()
        assert [tuple(row) for row in found] == [(2, timers)], f"entries a job, and how many jobs have so many: {found}"
        of_waiting = sa.select(jobs.c.id).where(jobs.c.process == "waiting")
        rest = sa.select(sa.func.count()).select_from(pending).where(pending.c.job_id.in_(of_waiting))
        assert connection.execute(rest).scalar_one() == 0, "a timer is left"


def shown(what: str, found: list[float]) -> str:
    cuts = quantiles(found, n=100)
    return f"{what:<44} p50 {cuts[49]:7.2f} ms   p99 {cuts[98]:7.2f} ms   longest {max(found):7.1f} ms"


def measured(url: str, where: Path, timers: int, quiet: int, here: bool) -> Iterator[str]:
    """The acts before and while the timers are fired, and how fast those were."""
    ready(url, timers)
    with Engine(url, handlers={}) as engine:
        acts(engine, lambda done: done < 5)
        yield shown("  acts with no worker", acts(engine, lambda done: done < quiet))
        over = Event()
        seconds: list[float] = []

        def wait() -> None:
            while not ended(engine):
                sleep(0.01)  # the worker is not there yet
            began = monotonic()
            while left(engine):
                sleep(0.05)
            seconds.append(monotonic() - began)
            over.set()

        watch = Thread(target=wait)
        with working_here(engine) if here else worker(url, where):
            watch.start()
            found = acts(engine, lambda done: done < 2 or not over.is_set())
            watch.join()
        yield shown(f"  acts while {timers:,} timers are fired", found)
        yield f"  {timers / seconds[0]:,.0f} timers a second, beside {len(found) / seconds[0]:,.0f} acts a second"
    fired_once(url, timers)
    yield "  each fired exactly once"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="one of the two alone")
    given = parser.parse_args()
    timers, quiet = (5_000, 100) if given.quick else (100_000, 500)
    print(machine(), flush=True)
    with folder() as where:
        if given.database != "postgresql":
            told("sqlite", lambda name: f"sqlite:///{where}/{name}.db", where, timers, quiet)
        if given.database != "sqlite":
            with postgres(where) as fresh:
                told("postgresql", fresh, where, timers, quiet)


def told(kind: str, fresh: Callable[[str], str], where: Path, timers: int, quiet: int) -> None:
    """Measure in two fresh databases of a kind, and print what was found."""
    for here in (False, True):
        print(f"{kind}, the worker in {'the same' if here else 'another'} process", flush=True)
        for line in measured(fresh("here" if here else "there"), where, timers, quiet, here):
            print(line, flush=True)


if __name__ == "__main__":
    main()
