"""Timers that are due at the same time are fired in one transaction: each once, and none stands in another's way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from flowengine import Database, Engine, SimulatedClock
from flowengine.core import commands as c
from flowengine.core.events import SlotFreed
from flowengine.errors import FlowError
from flowengine.store import StoredJob, Transaction
from flowengine.work import due, together

WAITING = """
process: waiting
title: A moment
need: Patience
states:
  need: {type: need, next: rest}
  rest: {type: wait, for: PT1H, next: fulfilled}
  fulfilled: {type: fulfilled}
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
        found = [engine.start(process, by="ada").job for _ in range(many)]
        clock.advance(timedelta(hours=2))
        return found

    return begin


@pytest.fixture
def fires(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many timers each transaction has fired."""
    found: list[int] = []
    original = Database.keep

    def keep(self: Database, work: Callable[[Transaction], Any]) -> Any:
        def counted(tx: Transaction) -> Any:
            given = work(tx)
            found.extend([len(tx.saved)] if tx.saved else [])
            return given

        return original(self, counted)

    monkeypatch.setattr(Database, "keep", keep)
    return found


def refuse(monkeypatch: pytest.MonkeyPatch, engine: Engine, job: str, error: Exception) -> None:
    """From now on that job takes no timer."""
    original = type(engine.shell).compute

    def compute(shell: Any, tx: Transaction, locked: StoredJob, command: Any, *more: Any) -> Any:
        if locked.id == job and isinstance(command, c.Fire):
            raise error
        return original(shell, tx, locked, command, *more)

    monkeypatch.setattr(type(engine.shell), "compute", compute)


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
    engine: Engine, jobs: Callable[..., list[str]], fires: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their jobs are locked meanwhile, so how many are taken at once is bounded."""
    monkeypatch.setattr(due, "TOGETHER", 2)
    jobs(5)
    fires.clear()
    assert due.fire_timers(engine.shell, 100) == (5, 0)
    assert fires == [2, 2, 1]


@pytest.mark.parametrize("error", [FlowError("no such route"), KeyError("bug")])
def test_one_that_fails_is_postponed_alone(
    engine: Engine, jobs: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever stops one of them, the others fire, and the one is an incident that is tried again later."""
    first, bad, last = jobs(3)
    refuse(monkeypatch, engine, bad, error)
    assert due.fire_timers(engine.shell, 100) == (2, 1)
    assert {row.id: row.status for row in engine.jobs()} == {first: "fulfilled", bad: "open", last: "fulfilled"}
    (incident,) = engine.incidents()
    assert (incident.job, incident.attempts) == (bad, 1)
    assert due.fire_timers(engine.shell, 100) == (0, 0)
    assert engine.audit().fine


def test_what_cannot_be_written_takes_no_other_with_it(
    engine: Engine, jobs: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When one write is refused the transaction is, and each timer is fired by itself: the others are."""
    _, bad, _ = jobs(3)
    original = type(engine.shell).write

    def write(shell: Any, tx: Transaction, computed: Any, *more: Any) -> Any:
        if computed.job is not None and computed.job.id == bad:
            raise FlowError("the slot was taken meanwhile")
        return original(shell, tx, computed, *more)

    monkeypatch.setattr(type(engine.shell), "write", write)
    assert due.fire_timers(engine.shell, 100) == (2, 1)
    assert [row.id for row in engine.jobs(status="open")] == [bad]
    assert engine.audit().fine


def test_of_two_timers_of_one_job_the_second_waits_its_turn(engine: Engine, jobs: Callable[..., list[str]]) -> None:
    """The second is computed on what the first has made of the job."""
    (job,) = jobs(1, "pair")
    assert due.fire_timers(engine.shell, 100)[1] == 0
    assert [row.status for row in engine.jobs()] == ["fulfilled"]
    assert engine.audit(job).fine


def test_only_the_first_that_changes_bookings_is_taken() -> None:
    """Two transactions that take calendars job by job could wait for each other; so the second is left to itself."""
    freed = SlotFreed(branch="main", calendar="shop", start=datetime(2026, 3, 1, tzinfo=UTC))

    def compute(_tx: Any, _job: Any, events: Any, _permit: Any) -> Any:
        return SimpleNamespace(done=SimpleNamespace(events=events))

    events = {"a": [], "b": [freed], "c": [freed], "d": []}
    wanted = [together.Wanted(SimpleNamespace(id=id), one) for id, one in events.items()]  # type: ignore[arg-type]
    found = together._computed(SimpleNamespace(compute=compute), None, wanted)  # type: ignore[arg-type]
    assert [computed is not None for _, computed in found] == [True, True, False, True]


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
        for _ in range(600):
            if engine.jobs(status="fulfilled"):
                break
            done.wait(0.05)
        assert [row.id for row in engine.jobs(status="fulfilled")] == [other]
    finally:
        done.set()
        holder.join()
        worker.join()
    assert engine.jobs(status="open") == []
