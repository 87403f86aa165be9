"""Timers that are due at the same time are fired in one transaction: each once, and none stands in another's way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from waiting import join, until

from flowengine import Database, Engine, SimulatedClock
from flowengine.errors import FlowError
from flowengine.runtime.observing import Attempted, Commanded
from flowengine.store import Transaction
from flowengine.work import due

WAITING = """
process: waiting
title: A moment
need: Patience
states:
  need: {type: need, fields: {n: {type: integer}}, next: rest}
  rest: {type: wait, for: PT1H, next: [{to: fulfilled, when: data.need.n > 0}, gone]}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nothing to wait for}
"""
HELD = """
process: held
title: A slot that is held
need: A slot
calendars:
  shop: {open: {mon-fri: "09:00-17:00"}, every: PT1H, ahead: P7D}
states:
  need: {type: need, next: meet}
  meet:
    type: fitting
    with: anyone
    calendar: shop
    length: PT1H
    hold: PT20M
    within: P14D
    on: {held: fulfilled, missed: meet, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody came}
"""
PAIR = """
process: pair
title: Two at once
need: Both
states:
  need: {type: need, next: both}
  both:
    type: parallel
    branches:
      left: {start: one, states: {one: {type: wait, for: PT1H, next: done}}}
      right: {start: other, states: {other: {type: wait, for: PT1H, next: done}}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""


@pytest.fixture
def jobs(engine: Engine, clock: SimulatedClock) -> Callable[..., list[str]]:
    """Jobs whose timers are due."""

    def begin(many: int, process: str = "waiting") -> list[str]:
        engine.deploy(WAITING if process == "waiting" else PAIR)
        need = {"n": 1} if process == "waiting" else {}
        found = [engine.start(process, by="ada", need=need).job for _ in range(many)]
        clock.advance(timedelta(hours=2))
        return found

    return begin


@pytest.fixture
def fires(engine: Engine) -> list[int]:
    """How many timers each transaction has fired."""
    found: list[int] = []

    class Counting:
        @contextmanager
        def command(self, seen: Commanded) -> Iterator[None]:
            yield
            found.extend([len(seen.saved)] if seen.saved else [])

        def attempt(self, seen: Attempted) -> AbstractContextManager[None]:  # noqa: ARG002
            return nullcontext()

    engine.watch(Counting())
    return found


def test_all_are_fired_in_one_transaction(engine: Engine, jobs: Callable[..., list[str]], fires: list[int]) -> None:
    """Each job goes on, with one entry in its own history, and nothing is left to fire (L3)."""
    begun = jobs(5)
    fires.clear()
    assert due.fire_timers(engine.shell, 100) == (5, 0)
    assert fires == [5]
    assert [len(engine.history(job)) for job in begun] == [2] * 5
    assert due.fire_timers(engine.shell, 100) == (0, 0)
    assert engine.audit().fine


def test_no_more_are_fired_together_than_may_be(
    engine: Engine, jobs: Callable[..., list[str]], fires: list[int]
) -> None:
    """Their jobs are locked meanwhile, so how many are taken at once is bounded."""
    jobs(2 * due.TOGETHER + 1)
    fires.clear()
    assert due.fire_timers(engine.shell, 100) == (2 * due.TOGETHER + 1, 0)
    assert fires == [due.TOGETHER, due.TOGETHER, 1]


def unreadable(engine: Engine, job: str) -> None:
    """The job's own row is damaged: whoever reads it meets an error that nobody raises on purpose."""
    change(engine.database.url, f"UPDATE flow_jobs SET root = '{{' WHERE id = '{job}'")


def without_data(engine: Engine, job: str) -> None:
    """What the way on from the wait asks is not there any more."""
    change(engine.database.url, f"UPDATE flow_jobs SET data = '{{}}' WHERE id = '{job}'")


def change(url: str, statement: str) -> None:
    database = sa.create_engine(url)
    with database.begin() as connection:
        assert connection.exec_driver_sql(statement).rowcount == 1
    database.dispose()


@pytest.mark.parametrize("spoil", [without_data, unreadable])
def test_one_that_fails_is_postponed_alone(
    engine: Engine, jobs: Callable[..., list[str]], spoil: Callable[[Engine, str], None]
) -> None:
    """Whatever stops one of them, the others fire, and the one is an incident that is tried again later."""
    first, bad, last = jobs(3)
    spoil(engine, bad)
    assert due.fire_timers(engine.shell, 100) == (2, 1)
    assert {row.id for row in engine.jobs(status="fulfilled")} == {first, last}
    with engine.database.reading() as tx:
        ((job, attempts),) = [(one.job, one.attempts) for one in tx.timers.incidents()]
    assert (job, attempts) == (bad, 1)
    assert due.fire_timers(engine.shell, 100) == (0, 0)
    assert engine.audit(first).fine
    assert engine.audit(last).fine


class Refusing(Database):
    """A database that keeps no transaction in which one job goes on."""

    job = ""

    def keep(self, work: Callable[[Transaction], Any]) -> Any:
        def refusing(tx: Transaction) -> Any:
            found = work(tx)
            if any(one.job == self.job for one in tx.saved):
                raise FlowError("the slot was taken meanwhile")
            return found

        return super().keep(refusing)


def test_what_cannot_be_written_takes_no_other_with_it(
    engine: Engine, jobs: Callable[..., list[str]], clock: SimulatedClock, database_url: str
) -> None:
    """When one write is refused the transaction is, and each timer is fired by itself: the others are."""
    _, bad, _ = jobs(3)
    with Refusing.open(database_url) as database, Engine(database, clock=clock, handlers={}) as other:
        assert isinstance(database, Refusing)
        database.job = bad
        assert due.fire_timers(other.shell, 100) == (2, 1)
    assert [row.id for row in engine.jobs(status="open")] == [bad]
    assert engine.audit().fine


def test_of_two_timers_of_one_job_the_second_waits_its_turn(engine: Engine, jobs: Callable[..., list[str]]) -> None:
    """The second is computed on what the first has made of the job."""
    (job,) = jobs(1, "pair")
    assert due.fire_timers(engine.shell, 100)[1] == 0
    assert [row.status for row in engine.jobs()] == ["fulfilled"]
    assert engine.audit(job).fine


def test_only_the_first_that_changes_bookings_is_taken(engine: Engine, clock: SimulatedClock, fires: list[int]) -> None:
    """Two transactions that take calendars job by job could wait for each other; so the second is left to itself."""
    engine.deploy(WAITING)
    engine.deploy(HELD)
    engine.start("waiting", by="ada", need={"n": 1})
    clock.advance(timedelta(minutes=30))
    for who, hour in (("ada", 10), ("ben", 12)):
        job = engine.start("held", by=who).job
        (step,) = [item.id for item in engine.inbox(who) if item.job == job]
        engine.act(step, "hold", {"slot": f"2026-05-05T{hour}:00:00+00:00"}, by=who)
    clock.advance(timedelta(hours=2))
    fires.clear()
    assert due.fire_timers(engine.shell, 100) == (3, 0)
    assert fires == [2, 1]
    assert engine.audit().fine


def test_a_job_that_somebody_holds_is_fired_after_the_others(
    engine: Engine, jobs: Callable[..., list[str]], database: Database
) -> None:
    """A job locked by another transaction holds nobody up: the others are fired at once, and it when it is free."""
    if database.dialect == "sqlite":
        pytest.skip("on SQLite one writer at a time has all jobs to himself")
    held, other = jobs(2)
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with database.writing() as tx:
            tx.jobs.lock(held)
            locked.set()
            done.wait(60)

    holder, worker = threading.Thread(target=hold), threading.Thread(target=due.fire_timers, args=(engine.shell, 100))
    holder.start()
    try:
        assert locked.wait(60)
        worker.start()
        until(lambda: engine.jobs(status="fulfilled"))
        assert [row.id for row in engine.jobs(status="fulfilled")] == [other]
    finally:
        done.set()
        join(holder, worker)
    assert engine.jobs(status="open") == []
