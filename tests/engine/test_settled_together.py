"""Calls that end at the same time are settled in one transaction: all that can be, and nobody waits for the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from refused_writes import full_history
from service_flows import ORDERING
from shared_flows import PAIR
from waiting import join

from flowengine import ConnectionLost, Database, Engine, SimulatedClock
from flowengine.errors import StoreError
from flowengine.runtime.observing import Attempted, Commanded
from flowengine.store.tables import jobs
from flowengine.work import services
from flowengine.work.ending import Done, settle_together
from flowengine.work.services import Held

CHAIN = """
process: chain
title: One after another
need: All
states:
  need: {type: need, next: one}
  one: {type: service, call: order_cloth, on: {done: two}}
  two: {type: service, call: order_cloth, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""
DONE = Done("done", {"order": 7})


@pytest.fixture
def shop(engine: Engine) -> Engine:
    for text in (ORDERING, PAIR, CHAIN):
        engine.deploy(text)
    return engine


def taken(engine: Engine, many: int, process: str = "ordering") -> list[Held]:
    """Calls of so many new jobs, in the hands of a worker."""
    for _ in range(many):
        engine.start(process, by="ada", need={"metres": 3} if process == "ordering" else {})
    return services.take(engine.shell, 100)


def settle(engine: Engine, held: list[Held], *verdicts: Done) -> list[bool]:
    return settle_together(
        engine.shell, [(one.claimed, verdicts[n] if verdicts else DONE) for n, one in enumerate(held)]
    )


def where(engine: Engine, held: list[Held]) -> list[tuple[str, ...]]:
    states = {row.id: row.states for row in engine.jobs()}
    return [states[one.claimed.job] for one in held]


def test_all_are_kept_in_one_transaction(shop: Engine) -> None:
    """Each job goes on by its own result, with an entry of its own in its own history, and is whole."""
    held = taken(shop, 3)
    shop.watch(watch := Watch())
    assert (
        settle(shop, held, Done("done", {"order": 1}), Done("out_of_stock", {}), Done("done", {"order": 3}))
        == [True] * 3
    )
    assert watch.wrote == [["Finish"] * 3]
    assert where(shop, held) == [("accept",), ("sorry",), ("accept",)]
    assert [shop.history(one.claimed.job)[-1].command["result"] for one in held] == [{"order": 1}, {}, {"order": 3}]
    assert services.take(shop.shell, 100) == []
    assert shop.audit().fine


def test_nothing_to_settle_is_nothing(shop: Engine) -> None:
    """An empty list asks for nothing."""
    assert settle(shop, []) == []


def test_a_claim_that_is_gone_changes_nothing(shop: Engine, clock: SimulatedClock) -> None:
    """Late work among others is left out, also when another worker has the call by now (L10); the others are kept."""
    late, other = taken(shop, 2)
    clock.advance(timedelta(seconds=5))
    services.beat(shop.shell, [other])
    clock.advance(timedelta(seconds=6))
    (again,) = services.take(shop.shell, 100)
    before = shop.history(late.claimed.job)
    assert settle(shop, [late, other]) == [False, True]
    assert shop.history(late.claimed.job) == before
    assert settle(shop, [again, other]) == [True, False]  # and what was settled is not settled twice
    assert not services.conclude(shop.shell, late, DONE)
    assert late.lost
    assert shop.audit().fine


def test_what_cannot_be_computed_stops_no_other(shop: Engine, database_url: str) -> None:
    """One job's row is damaged: the others are kept, and it goes on by its own result once the row is mended."""
    held = taken(shop, 3)
    bad = held[1].claimed.job
    data = change(database_url, bad, "{")
    assert settle(shop, held) == [True, False, True]
    change(database_url, bad, data)
    assert services.conclude(shop.shell, held[1], DONE)
    assert where(shop, held) == [("accept",)] * 3
    assert shop.audit().fine


def change(url: str, job: str, data: str) -> str:
    """Write another text for the data of a job into its row; the text that was there."""
    database = sa.create_engine(url)
    row = sa.select(jobs.c.data).where(jobs.c.id == job)
    with database.begin() as connection:
        before = str(connection.execute(row).scalar_one())
        connection.execute(sa.update(jobs).where(jobs.c.id == job).values(data=data))
    database.dispose()
    return before


def test_of_two_calls_of_one_job_the_second_waits_its_turn(shop: Engine) -> None:
    """The second is computed on what the first has made of the job, so it is settled after it."""
    held = taken(shop, 1, "pair")
    assert len(held) == 2
    assert settle(shop, held) == [True, False]
    assert settle(shop, held) == [False, True]
    assert shop.jobs()[0].status == "fulfilled"
    assert shop.audit().fine


def test_a_job_that_somebody_holds_is_not_waited_for(shop: Engine, database: Database) -> None:
    """A job locked by another transaction is left out; the others are kept meanwhile."""
    if database.dialect == "sqlite":
        pytest.skip("on SQLite one writer at a time has all jobs to himself")
    held = taken(shop, 2)
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with database.writing() as tx:
            tx.jobs.lock(held[0].claimed.job)
            locked.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(60)
        assert settle(shop, held) == [False, True]
    finally:
        done.set()
        join(holder)
    assert settle(shop, held) == [True, False]


def test_what_cannot_be_written_leaves_nothing_of_all(shop: Engine, database_url: str) -> None:
    """When one write is refused the transaction is: no job has half of what it came to."""
    held = taken(shop, 2)
    before = [shop.history(one.claimed.job) for one in held]
    with full_history(database_url, held[1].claimed.job), pytest.raises(StoreError, match="no more of this job"):
        settle(shop, held)
    assert [shop.history(one.claimed.job) for one in held] == before
    assert settle(shop, held) == [True, True]
    assert shop.audit().fine


class Losing(Database):
    """A database whose first answer to a commit is lost on the way, once it is asked to."""

    def __init__(self, driver: Any, *more: Any) -> None:
        super().__init__(LosingDriver(driver), *more)


class LosingDriver:
    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.lost: list[object] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.driver, name)

    def once(self, work: Callable[[Any], Any]) -> Any:
        given = self.driver.once(work)
        if not self.lost and given == [True, True]:
            self.lost.append(given)
            raise ConnectionLost("the connection was cut", where="commit", in_doubt=True)
        return given


def test_an_answer_that_was_lost_is_found_out(shop: Engine, clock: SimulatedClock, database_url: str) -> None:
    """Where the commit's answer is lost, the histories tell: all were kept, and none is settled again."""
    held = taken(shop, 2)
    with Losing.open(database_url) as database, Engine(database, clock=clock, handlers={}) as losing:
        assert settle(losing, held) == [True, True]
    assert [len(shop.history(one.claimed.job)) for one in held] == [2, 2]
    assert settle(shop, held) == [False, False]


class Watch:
    """Gives each command a trace, and notes what it wrote."""

    def __init__(self) -> None:
        self.trace = ""
        self.wrote: list[list[str]] = []

    @contextmanager
    def command(self, seen: Commanded) -> Iterator[None]:
        seen.trace = self.trace
        yield
        self.wrote.append([one.command for one in seen.saved])

    def attempt(self, seen: Attempted) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()


@pytest.mark.parametrize("alone", [False, True])
def test_each_job_stays_in_its_own_trace(shop: Engine, alone: bool) -> None:
    """What a job calls next is in the trace of the act that led to it, whatever it was settled with."""
    shop.shell.observers.add(watch := Watch())
    traces = [f"00-{letter * 32}-{'1' * 16}-01" for letter in "abc"]
    for watch.trace in traces[:2]:
        shop.start("chain", by="ada")
    watch.trace = traces[2]
    held = services.take(shop.shell, 10)
    watch.wrote.clear()
    if alone:
        assert [services.conclude(shop.shell, one, DONE) for one in held] == [True, True]
    else:
        assert settle(shop, held) == [True, True]
        assert watch.wrote == [["Finish", "Finish"]]
    following = services.take(shop.shell, 10)
    assert {one.claimed.job: one.claimed.trace for one in following} == {
        one.claimed.job: one.claimed.trace for one in held
    }
    assert sorted(one.claimed.trace for one in following) == traces[:2]
