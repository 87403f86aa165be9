"""What a worker's handlers came to at the same time is written down together, and by itself where that cannot be."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest
from shared_flows import PAIR
from waiting import until

from flowengine import Database, Engine, FlowError, HandlerCall, Outcome, StoreError, Worker
from flowengine.runtime.observing import Attempted, Commanded
from flowengine.store import Transaction
from flowengine.work import ending, services
from flowengine.work.together import MOST
from flowengine.worker.settler import Settler

SHOP = """
process: ordering
title: Ordering
need: Cloth
states:
  need: {type: need, next: order}
  order:
    type: service
    call: order_cloth
    retry: {attempts: 2, first: PT0.05S, factor: 1, longest: PT0.05S}
    limit: PT0.5S
    on: {done: fulfilled, none_left: gone, failed: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No cloth}
"""
JOBS = 12


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    with Engine(database, handlers={}) as engine:
        engine.deploy(SHOP)
        engine.add_customer("ada", "Ada")
        yield engine


@pytest.fixture
def batches(engine: Engine) -> list[int]:
    """How many calls were settled together, each time."""
    sizes: list[int] = []

    class Counting:
        @contextmanager
        def command(self, seen: Commanded) -> Iterator[None]:
            yield
            if seen.saved and seen.saved[0].command == "Finish":
                sizes.append(len(seen.saved))

        def attempt(self, seen: Attempted) -> AbstractContextManager[None]:  # noqa: ARG002
            return nullcontext()

    engine.watch(Counting())
    return sizes


def work(engine: Engine, **options: Any) -> Worker:
    """Begin jobs, and do what is due until nothing is."""
    for _ in range(JOBS):
        engine.start("ordering", by="ada")
    worker = Worker(engine, poll=0.02, **options)
    worker.run(until_idle=True)
    return worker


def again(engine: Engine) -> None:
    """Work once more, after the wait before a second attempt."""
    due = engine.next_due()
    until(lambda: due is None or engine.clock.now() >= due)
    Worker(engine, poll=0.02).run(until_idle=True)


def statuses(engine: Engine) -> list[str]:
    return [row.status for row in engine.jobs(limit=100)]


def test_calls_that_end_together_are_settled_together(engine: Engine, batches: list[int]) -> None:
    """Handlers that are let go at the same moment end in a few transactions, and each job has its own result."""
    meeting = threading.Barrier(4)

    def order(call: HandlerCall) -> dict[str, str]:
        meeting.wait(60)
        return {"job": call.job}

    engine.register({"order_cloth": order})
    total = work(engine, concurrency=4)
    assert total.worn_out == ""
    assert sum(batches) == JOBS
    assert len(batches) < JOBS
    assert statuses(engine) == ["fulfilled"] * JOBS
    for row in engine.jobs(limit=100):
        assert engine.history(row.id)[-1].command["result"] == {"job": row.id}
    assert engine.audit().fine


def given_at_once(engine: Engine, held: list[services.Held]) -> tuple[list[str], list[str]]:
    """A settler is given all of these before it begins: the jobs of those that it kept, and of those that it left to be
    settled by themselves."""
    kept, alone = list[str](), list[str]()
    settler = Settler(
        engine.shell,
        in_hand=lambda: len(held),
        settled=lambda one: kept.append(one.claimed.job),
        alone=lambda one, _: alone.append(one.claimed.job),
    )
    for one in held:
        settler.give(one, ending.Done("done", {}))
    settler.start()
    until(lambda: len(kept) + len(alone) == len(held))
    settler.close()
    return kept, alone


def test_no_more_are_settled_together_than_may_be(engine: Engine, batches: list[int]) -> None:
    """Their jobs are locked meanwhile, so how many are taken at once is bounded."""
    jobs = [engine.start("ordering", by="ada").job for _ in range(MOST + 3)]
    kept, alone = given_at_once(engine, services.take(engine.shell, len(jobs)))
    assert batches == [MOST, 3]
    assert (sorted(kept), alone) == (sorted(jobs), [])
    assert statuses(engine) == ["fulfilled"] * len(jobs)


class OneByOne(Database):
    """A database that keeps no transaction in which several jobs went on."""

    error: Exception

    def keep(self, work: Callable[[Transaction], Any]) -> Any:
        def refusing(tx: Transaction) -> Any:
            found = work(tx)
            if len(tx.saved) > 1:
                raise self.error
            return found

        return super().keep(refusing)


@pytest.mark.parametrize(
    "error", [FlowError("the slot was taken"), StoreError("the disk is full"), RuntimeError("bug")]
)
def test_what_cannot_be_settled_together_is_settled_by_itself(database_url: str, error: Exception) -> None:
    """Whatever stops all of them stops none of them: each is written down, and was run once."""
    runs: list[str] = []

    def order(call: HandlerCall) -> Outcome:
        runs.append(call.key)
        return Outcome("done" if len(runs) % 2 else "none_left")

    with OneByOne.open(database_url) as database, Engine(database, handlers={"order_cloth": order}) as engine:
        assert isinstance(database, OneByOne)
        database.error = error
        engine.deploy(SHOP)
        engine.add_customer("ada", "Ada")
        work(engine)
        assert len(runs) == len(set(runs)) == JOBS
        assert sorted(statuses(engine)) == ["ended"] * 6 + ["fulfilled"] * 6
        assert engine.audit().fine


def test_what_is_left_out_is_settled_by_itself(engine: Engine) -> None:
    """The second of two calls of one job is not settled with the first, and it is not forgotten."""
    engine.deploy(PAIR)
    job = engine.start("pair", by="ada").job
    assert given_at_once(engine, services.take(engine.shell, 2)) == ([job], [job])
    engine.register({"order_cloth": lambda _: {}})
    other = engine.start("pair", by="ada").job
    Worker(engine, poll=0.02).run(until_idle=True)
    assert {row.id: row.status for row in engine.jobs(limit=100)} == {job: "open", other: "fulfilled"}


def test_a_handler_that_overran_makes_room_for_another(engine: Engine) -> None:
    """A thread that is stuck with its handler is replaced: all others are run by the one hand there is, and what the
    late handler comes to is dropped."""
    gate, back, late = threading.Event(), threading.Event(), []

    def order(call: HandlerCall) -> dict[str, int]:
        if not late or late[0] == call.key:
            late.append(call.key)
            if call.attempt == 1:
                gate.wait(60)
                back.set()
                return {"late": 1}
        return {"attempt": call.attempt}

    engine.register({"order_cloth": order})
    work(engine, concurrency=1)
    gate.set()
    assert back.wait(60)
    again(engine)
    assert statuses(engine) == ["fulfilled"] * JOBS
    results = [engine.history(row.id)[-1].command["result"] for row in engine.jobs(limit=100)]
    assert sorted(result["attempt"] for result in results) == [1] * (JOBS - 1) + [2]


def test_coroutines_are_awaited_within_their_limit(engine: Engine) -> None:
    """An ``async def`` runs on the loop; one that overstays is cancelled, and told the limit that the process has."""
    cancelled = threading.Event()

    async def order(call: HandlerCall) -> dict[str, int]:
        if call.attempt == 1:
            try:
                await asyncio.sleep(60)
            finally:
                cancelled.set()
        return {"attempt": call.attempt}

    engine.register({"order_cloth": order})
    job = engine.start("ordering", by="ada").job
    Worker(engine, poll=0.02).run(until_idle=True)
    assert cancelled.is_set()
    ((waits,),) = [stuck.waits for stuck in engine.stuck()]
    assert waits.error == "Overran: took longer than PT0.5S"
    again(engine)
    assert engine.history(job)[-1].command["result"] == {"attempt": 2}
