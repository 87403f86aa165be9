"""What a worker does side by side, how it stops, and what it survives; in real time, waiting for events."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from waiting import join, until

from flowengine import (
    NOTIFY,
    ConnectionLost,
    Database,
    DatabaseBusy,
    Engine,
    FlowError,
    HandlerCall,
    NotAllowed,
    SimulatedClock,
    StoreError,
    Worker,
)
from flowengine.runtime.waking import Ear
from flowengine.store import Transaction
from flowengine.work import completing, services

SHOP = """
process: ordering
title: Ordering
need: Cloth
states:
  need: {type: need, next: order}
  order:
    type: service
    call: order_cloth
    retry: {attempts: 3, first: PT0.05S, factor: 1, longest: PT0.05S}
    limit: PT30S
    on: {done: fulfilled, failed: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No cloth}
"""
WAITING = """
process: waiting
title: Waiting
need: Patience
states:
  need: {type: need, next: rest}
  rest: {type: wait, for: PT1H, next: fulfilled}
  fulfilled: {type: fulfilled}
"""
ASKING = """
process: asking
title: Asking
need: An answer
states:
  need: {type: need, next: ask}
  ask:
    type: ask
    fields: {begin: {type: boolean}}
    within: P1D
    on: {answered: fulfilled, expired: fulfilled}
  fulfilled: {type: fulfilled}
"""
HOUR = timedelta(hours=1)
LONG = 60.0
"""Seconds after which a test gives up waiting for something."""


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def engine(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    """An engine in simulated time."""
    with Engine(database, clock=clock, handlers={}) as engine:
        yield ready(engine)


@pytest.fixture
def real(database: Database) -> Iterator[Engine]:
    """An engine in real time."""
    with Engine(database, handlers={}) as engine:
        yield ready(engine)


def ready(engine: Engine) -> Engine:
    engine.deploy(SHOP)
    engine.deploy(WAITING)
    engine.add_customer("ada", "Ada")
    return engine


@contextmanager
def working(engine: Engine, **options: Any) -> Iterator[Worker]:
    """A worker on a thread of its own, which is stopped at the end; what it raises is raised."""
    worker, raised = Worker(engine, **options), []

    def run() -> None:
        try:
            worker.run()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield worker
    finally:
        worker.hurry()
        thread.join(LONG)
    assert not thread.is_alive()
    if raised:
        raise raised[0]


def over(engine: Engine) -> list[str]:
    return [row.status for row in engine.jobs(limit=1_000) if row.status != "open"]


def test_calls_run_side_by_side(engine: Engine) -> None:
    """As many handlers run at a time as ``concurrency`` says, and no more."""
    running, most, lock = 0, 0, threading.Lock()
    all_there = threading.Barrier(4)

    def meets(_: HandlerCall) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        all_there.wait(LONG)
        with lock:
            running -= 1

    engine.register({"order_cloth": meets})
    for _ in range(12):
        engine.start("ordering", by="ada")
    with working(engine, concurrency=4):
        until(lambda: len(over(engine)) == 12)
    assert most == 4


def test_a_slow_handler_holds_up_nothing_else(engine: Engine, clock: SimulatedClock) -> None:
    """While every hand is busy, timers fire and messages go out; while messages are slow, calls run."""
    gate, delivering = threading.Event(), threading.Event()

    def notify(_: HandlerCall) -> None:
        delivering.set()
        gate.wait(LONG)

    engine.register({"order_cloth": lambda _: gate.wait(LONG) and None, NOTIFY: notify})
    engine.deploy(ASKING)
    engine.start("asking", by="ada")
    engine.start("ordering", by="ada")
    engine.start("waiting", by="ada")
    clock.advance(HOUR)
    with working(engine, concurrency=1):
        until(delivering.is_set)
        until(lambda: over(engine) == ["fulfilled"])
        engine.register({"order_cloth": lambda _: None})
        gate.set()
        until(lambda: len(over(engine)) == 2)
        assert len(engine.jobs(status="open")) == 1


def test_what_is_committed_here_wakes_it_at_once(engine: Engine) -> None:
    """A worker that would look once in ten minutes runs a call as soon as the act that opened it is committed."""
    engine.register({"order_cloth": lambda _: None})
    with working(engine, poll=600.0):
        until(lambda: engine.shell.hint.ears)
        for count in range(1, 4):
            engine.start("ordering", by="ada")
            until(lambda count=count: len(over(engine)) == count)


def test_a_refused_command_wakes_nobody(engine: Engine) -> None:
    """Only what was kept is a hint, and only where it leaves work."""

    def refused(tx: Transaction) -> None:
        tx.wakes = True
        raise NotAllowed("for a reason")

    ear = Ear()
    engine.shell.hint.listen(ear)
    with pytest.raises(FlowError):
        engine.shell.keep(refused)
    engine.start("waiting", by="ada")
    assert not ear.wait(0)
    engine.start("ordering", by="ada")
    assert ear.wait(0)


def test_what_others_leave_is_found_by_looking(engine: Engine, database: Database) -> None:
    """A call that another process opened is found though nothing wakes the worker."""
    engine.register({"order_cloth": lambda _: None})
    with working(engine, poll=0.01), Engine(database, clock=engine.clock) as other:
        other.start("ordering", by="ada")
        until(lambda: over(engine) == ["fulfilled"])


# leases


def test_a_long_handler_keeps_its_lease(real: Engine, database: Database) -> None:
    """A handler that runs for many leases is run once: the heartbeat prolongs them, and no other worker gets it."""
    runs, gate = [], threading.Event()

    def slow(call: HandlerCall) -> None:
        runs.append(call.attempt)
        gate.wait(LONG)

    real.register({"order_cloth": slow})
    real.start("ordering", by="ada")
    with (
        Engine(database, handlers={"order_cloth": slow}) as other,
        working(real, lease=1.0, poll=0.01),
        working(other, lease=1.0, poll=0.01),
    ):
        until(lambda: runs)
        three_leases_later = real.clock.now() + timedelta(seconds=3)
        until(lambda: real.clock.now() > three_leases_later)
        assert runs == [1]
        gate.set()
        until(lambda: over(real) == ["fulfilled"])
    assert runs == [1]


def test_the_calls_of_a_lost_worker_are_taken_up(real: Engine) -> None:
    """What a worker that is heard of no more has taken is run by another when the lease is over, in a
    process of its own if it can be."""
    attempts = []
    real.register({"order_cloth": lambda call: attempts.append(call.attempt)})
    real.start("ordering", by="ada")
    (held,) = services.take(real.shell, 1, lease=timedelta(seconds=0.5))
    with working(real):
        until(lambda: over(real) == ["fulfilled"])
    assert attempts == [1]
    assert not services.attempt(real.shell, held, lambda *_: None)  # the lost one comes back (L10)
    assert len(real.history(held.claimed.job)) == 2


def test_what_a_worker_had_that_is_known_to_be_gone_is_taken_over(engine: Engine) -> None:
    """Its calls are ready at once, and before all that came later; the clock does not move, so no lease runs out."""
    order: list[str] = []
    engine.register({"order_cloth": lambda call: order.append(call.job)})
    jobs = [engine.start("ordering", by="ada").job for _ in range(5)]
    had = services.take(engine.shell, 2, worker="worker-that-is-gone")
    with working(engine, concurrency=1):
        until(lambda: len(order) == 3)
    assert sorted(order) == sorted(set(jobs) - {one.claimed.job for one in had})
    order.clear()
    later = engine.start("ordering", by="ada").job
    worker = Worker(engine, concurrency=1, poll=0.01)
    worker.take_over("worker-that-is-gone")
    worker.run(until_idle=True)
    assert order[2:] == [later]
    assert sorted(order[:2]) == sorted(one.claimed.job for one in had)
    assert set(over(engine)) == {"fulfilled"}


def test_a_handler_is_told_that_its_claim_is_lost(real: Engine) -> None:
    """``call.lost`` becomes true when the job has gone on without it, so that the handler may stop early."""
    begun, seen = threading.Event(), threading.Event()

    def slow(call: HandlerCall) -> None:
        begun.set()
        end = time.monotonic() + LONG
        while not call.lost and time.monotonic() < end:
            time.sleep(0.01)
        if call.lost:
            seen.set()

    real.register({"order_cloth": slow})
    job = real.start("ordering", by="ada").job
    with working(real, lease=0.5):
        until(begun.is_set)
        call = real.stuck()[0].waits[0]
        assert call.kind == "call"
        real.complete(completing.token(real.shell, job, int(call.id.rpartition(".")[2])))
        until(seen.is_set)
    assert len(real.history(job)) == 2


def test_progress_is_kept_while_the_handler_runs(real: Engine) -> None:
    """What a handler says is shown to operators soon, the last of it, and does not cost the handler a write."""
    gate, told = threading.Event(), threading.Event()

    def talks(call: HandlerCall) -> None:
        for number in range(1_000):
            call.progress(f"{number + 1} of 1000 bolts cut")
        told.set()
        gate.wait(LONG)

    real.register({"order_cloth": talks})
    real.start("ordering", by="ada")
    with working(real):
        until(told.is_set)
        until(lambda: real.stuck()[0].waits[0].progress == "1000 of 1000 bolts cut")
        gate.set()
        until(lambda: over(real) == ["fulfilled"])


# stopping


def test_a_running_handler_ends_before_the_worker_does(engine: Engine) -> None:
    """Stopped gracefully, a worker takes nothing more, waits for what runs, and commits it."""
    begun, gate = threading.Event(), threading.Event()

    def slow(_: HandlerCall) -> None:
        begun.set()
        gate.wait(LONG)

    engine.register({"order_cloth": slow})
    first = engine.start("ordering", by="ada").job
    with working(engine, concurrency=1) as worker:
        until(begun.is_set)
        worker.stop()
        second = engine.start("ordering", by="ada").job
        gate.set()
        until(lambda: over(engine) == ["fulfilled"])
    by_job = {row.id: row.status for row in engine.jobs()}
    assert by_job == {first: "fulfilled", second: "open"}


@pytest.mark.parametrize("hurried", [True, False])
def test_what_does_not_end_in_its_grace_is_given_back(engine: Engine, hurried: bool) -> None:
    """The call is free at once, its attempt does not count, and what the handler comes to later changes nothing
    (L10)."""
    begun, gate, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(call: HandlerCall) -> str:
        begun.set()
        gate.wait(LONG)
        ended.set()
        return "too late" if call.lost else "in time"

    engine.register({"order_cloth": slow})
    job = engine.start("ordering", by="ada").job
    with working(engine, grace=600.0 if hurried else 0.1) as worker:
        until(begun.is_set)
        if hurried:
            worker.hurry()
        else:
            worker.stop()
    (held,) = services.take(engine.shell, 1)
    assert (held.claimed.attempts, held.claimed.alone) == (1, False)
    gate.set()
    until(ended.is_set)
    assert services.attempt(engine.shell, held, lambda *_: {"by": "another"})
    assert [line.command.get("result") for line in engine.history(job)][1:] == [{"by": "another"}]


def test_too_many_handlers_that_overran_wear_a_worker_out(real: Engine) -> None:
    """When twice as many handlers as hands are stuck, the worker ends and says why, so that it can be replaced."""
    gate = threading.Event()
    real.deploy(SHOP.replace("limit: PT30S", "limit: PT0.05S"))
    real.register({"order_cloth": lambda _: gate.wait(LONG)})
    for _ in range(3):
        real.start("ordering", by="ada")
    worker = Worker(real, concurrency=1, poll=0.01)
    try:
        worker.run()
        assert "2 handlers overran" in worker.worn_out
    finally:
        gate.set()


# a database that fails


class Failing(Database):
    """A database that fails for a while, but for the thread of the test."""

    error: Exception | None = None
    asked = 0

    def reading(self) -> Any:
        self._fail()
        return super().reading()

    def keep(self, *given: Any) -> Any:
        self._fail()
        return super().keep(*given)

    def _fail(self) -> None:
        if self.error is not None and threading.current_thread() is not threading.main_thread():
            self.asked += 1
            raise self.error


@pytest.fixture
def failing(database_url: str) -> Iterator[Failing]:
    with Failing.open(database_url) as database:
        assert isinstance(database, Failing)
        yield database


def test_a_database_that_is_gone_is_waited_for(failing: Failing, clock: SimulatedClock) -> None:
    """A worker outlives its database: it goes on when that is back, and a handler's result is not lost meanwhile."""
    begun, gate, runs = threading.Event(), threading.Event(), []

    def slow(call: HandlerCall) -> dict[str, int]:
        runs.append(call.attempt)
        begun.set()
        gate.wait(LONG)
        return {"attempt": call.attempt}

    engine = ready(Engine(failing, clock=clock, handlers={"order_cloth": slow}))
    job = engine.start("ordering", by="ada").job
    with working(engine):
        until(begun.is_set)
        failing.error = ConnectionLost("the server closed the connection")
        gate.set()
        until(lambda: failing.asked > 3)
        assert over(engine) == []
        failing.error = None
        until(lambda: over(engine) == ["fulfilled"])
        engine.start("ordering", by="ada")
        until(lambda: len(over(engine)) == 2)
    assert runs == [1, 1]
    assert engine.history(job)[-1].command["result"] == {"attempt": 1}


@pytest.mark.parametrize("error", [DatabaseBusy("somebody writes"), StoreError("the disk is full")])
def test_until_idle_does_not_wait_for_a_database(failing: Failing, error: StoreError) -> None:
    """A single run says that the database cannot be used, and does not hang."""
    worker = Worker(Engine(failing, handlers={}))
    failing.error = error
    raised: list[StoreError] = []

    def run() -> None:
        try:
            worker.run(until_idle=True)
        except StoreError as found:
            raised.append(found)

    running = threading.Thread(target=run, daemon=True)
    running.start()
    join(running)
    assert [str(found) for found in raised] == [str(error)]


def test_a_bug_in_delivering_does_not_end_the_worker(
    engine: Engine, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What must not happen is logged, and all else goes on."""
    engine.register({"order_cloth": lambda _: None})
    job = engine.start("ordering", by="ada").job
    with engine.database.writing() as tx:
        tx.outbox.add(job, 1, "child_ended", {}, engine.clock.now())
    damaging = sa.create_engine(database_url)
    with damaging.begin() as connection:
        connection.exec_driver_sql("UPDATE flow_outbox SET body = '{'")
    damaging.dispose()
    with working(engine):
        until(lambda: over(engine) == ["fulfilled"])
        until(lambda: "DecodeError" in caplog.text)


# timers and clocks


def test_all_timers_fire_once(engine: Engine, clock: SimulatedClock, database: Database) -> None:
    """Many timers due at once are each fired once by two workers together, in batches."""
    jobs = [engine.start("waiting", by="ada").job for _ in range(60)]
    clock.advance(HOUR)
    with Engine(database, clock=clock, handlers={}) as other, working(engine, limit=7), working(other, limit=7):
        until(lambda: len(over(engine)) == 60)
    assert all(len(engine.history(job)) == 2 for job in jobs)
    assert engine.audit().fine


def test_acts_are_not_stopped_by_many_timers(engine: Engine, clock: SimulatedClock) -> None:
    """While timers fire, an act waits for a transaction or two, not for all of them."""
    for _ in range(200):
        engine.start("waiting", by="ada")
    clock.advance(HOUR)
    with working(engine):
        until(lambda: over(engine))
        engine.start("ordering", by="ada")
        done_by_then = len(over(engine))
        until(lambda: len(over(engine)) == 200)
    assert done_by_then < 200


def test_a_clock_that_jumps_ahead_takes_no_call_from_its_worker(engine: Engine, clock: SimulatedClock) -> None:
    """When the clock jumps by an hour all leases seem over; a worker prolongs its own before it takes anything."""
    runs, begun, gate = [], threading.Event(), threading.Event()

    def slow(call: HandlerCall) -> None:
        runs.append(call.attempt)
        begun.set()
        gate.wait(LONG)

    engine.register({"order_cloth": slow})
    engine.start("ordering", by="ada")
    with working(engine, poll=0.01):
        until(begun.is_set)
        for _ in range(5):
            clock.advance(HOUR)
            until(lambda: (due := engine.next_due()) is not None and due > clock.now())  # it was prolonged
        gate.set()
        until(lambda: over(engine) == ["fulfilled"])
    assert runs == [1]


@pytest.mark.parametrize("what", ["lost", "opened"])
def test_a_clock_that_jumps_back_leaves_nothing_waiting(engine: Engine, clock: SimulatedClock, what: str) -> None:
    """What a clock that was an hour ahead has claimed or opened does not wait for that hour."""
    runs = []
    engine.register({"order_cloth": lambda call: runs.append(call.attempt)})
    engine.start("ordering", by="ada")
    if what == "lost":
        services.take(engine.shell, 1)  # and its worker dies, which does not count
    clock.set(clock.now() - HOUR)
    with working(engine, poll=0.01):
        until(lambda: over(engine) == ["fulfilled"])
    assert runs == [1]


def test_a_clock_that_jumps_back_while_it_works(engine: Engine, clock: SimulatedClock) -> None:
    """The worker notices the jump itself: a lost worker's call is run, and timers wait for their time."""
    engine.register({"order_cloth": lambda _: None})
    engine.start("waiting", by="ada")
    lost = engine.start("ordering", by="ada").job
    services.take(engine.shell, 1)  # and its worker dies
    with working(engine, poll=0.01):
        engine.start("ordering", by="ada")
        until(lambda: len(over(engine)) == 1)
        clock.set(clock.now() - 2 * HOUR)
        until(lambda: len(over(engine)) == 2)
        assert lost in {row.id for row in engine.jobs(status="fulfilled")}
        assert [row.process for row in engine.jobs(status="open")] == ["waiting"]
        clock.advance(3 * HOUR)
        until(lambda: len(over(engine)) == 3)


# what it refuses


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"limit": 0}, {"lease": 0}, {"lease": 61}])
def test_options_that_make_no_sense_are_refused(engine: Engine, options: dict[str, Any]) -> None:
    """A worker without hands, or with a lease that others would take for a mistake of the clock, is refused."""
    with pytest.raises(ValueError, match=r"at least one|lease"):
        Worker(engine, **options)


def test_it_does_not_run_inside_somebodys_transaction(engine: Engine, database_url: str) -> None:
    """No handler runs while a transaction is open (L11)."""
    programs_own = sa.create_engine(database_url)
    with programs_own.connect() as connection, connection.begin(), pytest.raises(NotAllowed):
        Worker(engine.using(connection)).run(until_idle=True)
    programs_own.dispose()
