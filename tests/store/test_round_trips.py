"""PostgreSQL: statements that are known together go together, and mean what they mean one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from drafts import NOW, act, begin, call, move_on, started, write
from interrupting import signals_interrupt
from waiting import join, until
from wire_trace import Trips, traced

from flowengine import Engine
from flowengine.core.draft import Draft
from flowengine.errors import StoreError
from flowengine.store import Database, Person
from flowengine.store import people as rows
from flowengine.store.libpq import MOST_PREPARED
from flowengine.store.query import Query
from flowengine.work import services

CLOTH = """
process: cloth
title: Cloth
need: Cloth
states:
  need:
    type: need
    ask: Which cloth?
    fields: {cloth: {type: string}}
    next: order
  order:
    type: service
    call: order_cloth
    on: {done: fulfilled, failed: lost}
  fulfilled: {type: fulfilled}
  lost: {type: ended, because: The mill did not answer}
"""


@pytest.fixture
def trips(tmp_path: Path) -> Iterator[Trips]:
    with traced(tmp_path) as trips:
        yield trips


@pytest.fixture
def database(postgres_url: str, trips: Trips) -> Iterator[Database]:  # noqa: ARG001 - it follows what is opened
    with Database.open(postgres_url) as opened:
        yield opened


def person(id: str, **more: Any) -> Person:
    return Person(id=id, kind="customer", created=NOW, **more)


def test_an_act_is_two_round_trips(database: Database, trips: Trips) -> None:
    """The lock goes with what begins the transaction, and all that is written with the commit."""
    job = begin(database)
    trips.clear()
    act(database, job, move_on)
    first, last = trips.made
    assert first == ["BEGIN", "SELECT", "SELECT"], "what it waits for, and the job"
    assert last[-1] == "COMMIT"
    assert {"INSERT", "UPDATE", "DELETE"} <= set(last)


def test_a_job_of_one_service_is_six_round_trips(database: Database, trips: Trips) -> None:
    """Two to start it, two to take its call with who its customer is, two to settle it; nobody else is asked."""
    with Engine(database, handlers={"order_cloth": lambda call: {"order": call.input}}) as engine:
        engine.deploy(CLOTH)
        engine.start("cloth", by="ada", need={"cloth": "navy"}, key="first")
        engine.run_due()
        trips.clear()
        job = engine.start("cloth", by="ada", need={"cloth": "navy"}, key="second").job
        assert len(trips.made) == 2
        (held,) = services.take(engine.shell, 1)
        assert len(trips.made) == 4
        services.attempt(engine.shell, held, lambda _held, handler, call, _limit: handler(call))
        assert len(trips.made) == 6
        with database.reading() as tx:
            assert tx.jobs.get(job).status == "fulfilled"


def test_a_transaction_that_asks_nothing_is_no_round_trip(database: Database, trips: Trips) -> None:
    """Where nothing is asked or written, the server is left alone."""
    trips.clear()
    with database.writing():
        pass
    with database.reading():
        pass
    assert trips.made == []


def test_what_is_expected_goes_along(database: Database, trips: Trips) -> None:
    """What will be asked is sent behind what is asked first, and its answer is there without a further trip."""
    with database.writing() as tx:
        tx.people.add(person("ada"))
        tx.processes.add("suit", "v1", "A suit", "…", NOW)
        tx.receipts.add("ada", "k", "job", "hash", b"receipt", NOW)
    trips.clear()
    with database.reading() as tx:
        tx.processes.expect("suit")
        tx.receipts.expect("ada", "k")
        assert tx.people.get("ada") == person("ada")
        found = tx.processes.latest("suit")
        assert found is not None
        assert found.version == "v1"
        assert tx.receipts.find("ada", "k") == ("hash", b"receipt")
        assert len(trips.made) == 1
        assert tx.receipts.find("ada", "other") is None
        assert len(trips.made) == 2


def test_an_answer_that_was_asked_ahead_is_not_older_than_what_was_written(database: Database) -> None:
    """After a write, what was expected is asked anew."""
    with database.writing() as tx:
        tx.processes.expect("suit")
        assert tx.people.get("ada") is None
        tx.processes.add("suit", "v1", "A suit", "…", NOW)
        found = tx.processes.latest("suit")
        assert found is not None
        assert found.version == "v1"


def test_a_claim_is_looked_at_behind_the_lock(database: Database) -> None:
    """Sent in one round trip with the lock, the look at a claim sees what was committed while the lock was waited for
    (L10)."""
    job = begin(database)
    act(database, job, opened)
    with database.writing() as tx:
        (held,) = tx.calls.claim("w1", 1, NOW + timedelta(minutes=1), NOW)
    owned: list[bool] = []

    def settle() -> None:
        with database.writing() as tx:
            tx.calls.expect_owned(job, held.number, held.epoch)
            tx.jobs.lock(job)
            owned.append(tx.calls.owned(job, held.number, held.epoch))

    late = Thread(target=settle)
    with database.writing() as tx:
        tx.jobs.lock(job)
        late.start()
        wait_for_a_waiter(database)
        assert tx.calls.reschedule(held, NOW, "taken away")
    late.join(60)
    assert owned == [False]


def opened(draft: Draft) -> None:
    call(draft)


def wait_for_a_waiter(database: Database) -> None:
    """Until another transaction waits for a lock."""
    waiting = Query(
        "test.waiting",
        "Who waits.",
        sa.select(sa.func.count()).select_from(sa.table("pg_locks")).where(sa.text("NOT granted")),
    )

    def somebody_waits() -> bool:
        with database.reading() as tx:
            return bool(tx.channel.rows(waiting, {})[0][0])

    until(somebody_waits, "a wait for the lock")


def test_one_failing_statement_stops_all(database: Database) -> None:
    """A row that is there already stops all that was sent with it, and the error names the queries (L2)."""
    with database.writing() as tx:
        tx.people.add(person("ada"))

    def wrong() -> None:
        with database.writing() as tx:
            job.append(write(tx, started()).job)
            tx.channel.write(rows.JOIN, {"group_name": "choir", "person": "ada"})
            tx.channel.write(rows.JOIN, {"group_name": "choir", "person": "ada"})

    job: list[str] = []
    with pytest.raises(StoreError, match="the same row") as caught:
        wrong()
    assert caught.value.where is not None
    assert "jobs.add" in caught.value.where
    assert caught.value.where.count("people.join") == 1
    with database.reading() as tx:
        assert list(tx.jobs.ids()) == []
        assert tx.people.members("choir") == []


def test_what_was_refused_before_it_was_sent_is_not_left_out(database: Database) -> None:
    """A value that the driver does not take refuses the whole transaction, even where the error is swallowed (L2)."""

    def swallowing() -> None:
        with database.writing() as tx:
            tx.people.add(person("ada"))
            tx.channel.write(rows.JOIN, {"group_name": "cho\0ir", "person": "ada"})
            with pytest.raises(StoreError, match="NUL"):
                tx.people.get("ben")

    with pytest.raises(StoreError, match="has failed; nothing"):
        swallowing()
    with database.reading() as tx:
        assert tx.people.get("ada") is None


def test_much_is_sent_while_much_is_answered(database: Database) -> None:
    """More than the sockets hold in either direction goes through in one trip."""
    with database.writing() as tx:
        for number in range(300):
            tx.channel.write(rows.ADD, columns(f"p{number}", "x" * 100_000))
    wide = Query("test.wide", "A wide row.", sa.select(sa.func.repeat("y", 100_000)).where(sa.bindparam("n") == 1))
    with database.writing() as tx:
        for _ in range(300):
            tx.channel.write(wide, {"n": 1})
            tx.channel.write(rows.UPDATE, columns("p7", "z" * 100_000) | {"person": "p7"})
    with database.reading() as tx:
        assert len(tx.channel.rows(rows.ALL, {})) == 300


def columns(id: str, body: str) -> dict[str, Any]:
    return {"id": id, "kind": "customer", "name_key": "", "contact_key": "", "body": body, "created": 1}


def test_a_statement_is_prepared_by_the_types_of_its_values(database: Database) -> None:
    """Used often, a statement is prepared once for each size of its numbers, and gives the same rows."""
    job = begin(database)
    with database.reading() as tx:
        for after in (0, 40_000, 2**40) * 8:
            assert len(tx.history.of(job, after)) == (1 if after == 0 else 0)
        prepared = tx.channel.raw.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()  # type: ignore[attr-defined]
    assert 0 < prepared[0] <= MOST_PREPARED


def test_what_failed_to_be_prepared_is_prepared_later(database: Database) -> None:
    """Where a statement was to be prepared behind one that failed, it works in the next transaction."""
    with database.writing() as tx:
        tx.people.add(person("ada", groups=("choir",)))

    def wrong() -> None:
        with database.writing() as tx:
            tx.channel.write(rows.JOIN, {"group_name": "choir", "person": "ada"})
            tx.people.get("ada")

    for _ in range(8):
        with pytest.raises(StoreError):
            wrong()
    with database.reading() as tx:
        assert tx.people.get("ada") is not None


def test_an_interrupted_wait_costs_the_connection_alone(database: Database, postgres_url: str) -> None:
    """Whoever is interrupted while he waits keeps nothing, and the next transaction has another connection."""
    with Database.open(postgres_url) as other, signals_interrupt() as interrupt:

        def strike() -> None:
            wait_for_a_waiter(other)
            interrupt()

        def wait() -> None:
            with database.writing() as tx:
                tx.people.add(person("ben"))
                tx.people.add(person("ada"))  # which waits for whoever enters her first
                tx.people.get("ada")

        striking = Thread(target=strike)
        with other.writing() as holding:
            holding.people.add(person("ada"))
            holding.people.all()  # so that it is sent
            striking.start()
            with pytest.raises(KeyboardInterrupt):
                wait()
        join(striking)
    with database.writing() as tx:
        assert tx.people.get("ben") is None
        tx.people.add(person("ben"))
    with database.reading() as tx:
        assert tx.people.get("ben") is not None


ITEMS = """
process: items
title: Items
need: Something
roles: {cutter: {title: Cutter}}
states:
  need: {type: need, next: all}
  all:
    type: each
    of: '["a", "b", "c"]'
    as: item
    start: cut
    states: {cut: {type: task, for: cutter, within: P2D, on: {done: done, expired: done}}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""


def test_what_is_due_in_branches_is_asked_with_the_step(database: Database, trips: Trips) -> None:
    """An act in a branch asks what is due in the job (L13) in the round trip in which it asks where its step is."""
    with Engine(database) as engine:
        engine.deploy(ITEMS)
        engine.add_staff("tom", roles=["cutter"])
        engine.start("items", by="ada")
        step, other, _ = (item.id for item in engine.inbox("tom"))
        engine.act(step, "done", by="tom")
        trips.clear()
        engine.act(other, "done", by="tom")
        looks = [trip for trip in trips.made if set(trip) == {"SELECT"}]
        assert looks == [
            ["SELECT", "SELECT"],
            ["SELECT"],
            ["SELECT"],
        ]
