"""Flows inside the caller's own SQLAlchemy transaction, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from flowengine import BadAnswer, DatabaseBusy, Engine, NotAllowed, NotConfigured, NotFound, SlotTaken, StoreError

FITTING = """
process: appointment
title: An appointment
need: An hour
roles: {tailor: {title: Tailor}}
calendars:
  shop: {zone: UTC, open: {mon-fri: "09:00-12:00"}, every: PT30M}
states:
  need: {type: need, next: meet}
  meet:
    type: fitting
    with: tailor
    calendar: shop
    length: PT30M
    within: P14D
    on: {held: fulfilled, missed: meet, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody came}
"""

NEED = {"occasion": "Work"}


@pytest.fixture
def application(database_url: str) -> Iterator[sa.Engine]:
    """The application's own SQLAlchemy engine on the same database, with a table of its own."""
    own = sa.create_engine(database_url)
    with own.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS own_orders"))
        connection.execute(sa.text("CREATE TABLE own_orders (job VARCHAR(36))"))
    yield own
    with own.begin() as connection:
        connection.execute(sa.text("DROP TABLE own_orders"))
    own.dispose()


def _orders(application: sa.Engine) -> int:
    with application.connect() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM own_orders")).scalar_one())


def _order(connection: sa.Connection | Session, job: str) -> None:
    connection.execute(sa.text("INSERT INTO own_orders VALUES (:job)"), {"job": job})


def test_both_commit_together(engine: Engine, application: sa.Engine) -> None:
    """After the caller's commit, his rows and the job are there (L2)."""
    with application.begin() as connection:
        receipt = engine.using(connection).start("small_suit", by="ada", need=NEED)
        _order(connection, receipt.job)
    assert _orders(application) == 1
    assert engine.track(receipt.job, "ada").status == "open"
    assert engine.audit(receipt.job).fine


def test_both_roll_back_together(engine: Engine, application: sa.Engine) -> None:
    """After the caller's rollback, neither his rows nor the job are there (L2)."""
    connection = application.connect()
    _order(connection, engine.using(connection).start("small_suit", by="zoe", need=NEED).job)
    connection.rollback()
    connection.close()
    assert (_orders(application), engine.jobs()) == (0, [])
    with pytest.raises(NotFound):
        engine.person("zoe")


def test_a_rolled_back_act_has_not_happened(engine: Engine, application: sa.Engine) -> None:
    """An act, its receipt and its history entry go with the caller's rollback; the request may be sent again (L3)."""
    job = engine.start("small_suit", by="ada", need=NEED).job
    step = engine.inbox("ada")[0].id
    with application.connect() as connection:
        engine.using(connection).act(step, "chosen", {"cloth": "navy"}, by="ada", key="k")
        connection.rollback()
    assert len(engine.history(job)) == 1
    assert engine.act(step, "chosen", {"cloth": "grey"}, by="ada", key="k").seq == 2


def test_an_orm_session_is_joined_too(engine: Engine, application: sa.Engine) -> None:
    """A Session's transaction is joined like a connection's."""
    with Session(application) as session:
        first = engine.using(session).start("small_suit", by="ada", need=NEED)
        _order(session, first.job)
        session.rollback()
        second = engine.using(session).start("small_suit", by="ada", need=NEED)
        _order(session, second.job)
        session.commit()
    assert [row.id for row in engine.jobs()] == [second.job]
    assert _orders(application) == 1


def test_the_caller_sees_what_he_has_done(engine: Engine, application: sa.Engine) -> None:
    """Inside the transaction the joined engine sees its own work; others do so after the commit."""
    with application.begin() as connection:
        joined = engine.using(connection)
        job = joined.start("small_suit", by="ada", need=NEED).job
        joined.act(joined.inbox("ada")[0].id, "chosen", {"cloth": "navy"}, by="ada")
        assert joined.track(job, "olga").where[0].state == "cut"
        assert engine.jobs() == []
    assert engine.jobs()[0].states == ("cut",)


def test_a_refused_command_leaves_the_transaction_usable(engine: Engine, application: sa.Engine) -> None:
    """A refusal takes back what the command wrote, the caller's rows stay, and he may go on and commit."""
    with application.begin() as connection:
        joined = engine.using(connection)
        _order(connection, "before")
        with pytest.raises(BadAnswer):
            joined.start("small_suit", by="zoe", need={})
        with pytest.raises(NotFound):
            joined.act("deadbeef.1", by="ada")
        joined.start("small_suit", by="ada", need=NEED)
    assert _orders(application) == 1
    assert [row.customer for row in engine.jobs()] == ["ada"]
    with pytest.raises(NotFound):
        engine.person("zoe")


def test_a_taken_slot_takes_back_the_freed_one(engine: Engine, application: sa.Engine) -> None:
    """Moving to a slot that is taken is refused, and the slot that was held stays booked."""
    engine.deploy(FITTING)
    first, second = (engine.start("appointment", by=who).job for who in ("ada", "ben"))
    (ada,) = [item.id for item in engine.inbox("ada") if item.job == first]
    (ben,) = [item.id for item in engine.inbox("ben") if item.job == second]
    nine, ten = engine.step(ada, "ada").slots[0:2]
    engine.act(ada, "book", {"slot": nine.isoformat()}, by="ada")
    assert nine not in engine.step(ben, "ben").slots
    with pytest.raises(SlotTaken):
        engine.act(ben, "book", {"slot": nine.isoformat()}, by="ben")
    engine.act(ben, "book", {"slot": ten.isoformat()}, by="ben")
    with application.begin() as connection:
        _order(connection, "kept")
        with pytest.raises(SlotTaken):
            engine.using(connection).act(ben, "move", {"slot": nine.isoformat()}, by="ben")
    assert _orders(application) == 1
    assert not {nine, ten} & set(engine.step(ben, "ben").slots)
    assert engine.audit().fine


def test_due_work_is_refused_inside(engine: Engine, application: sa.Engine) -> None:
    """No handler runs inside the caller's transaction (L11)."""
    with application.begin() as connection, pytest.raises(NotAllowed):
        engine.using(connection).run_due()


def test_closing_a_joined_engine_closes_nothing(engine: Engine, application: sa.Engine) -> None:
    """A joined engine belongs to the caller's transaction; closing it leaves the other at work."""
    with application.begin() as connection, engine.using(connection) as joined:
        joined.start("small_suit", by="ada", need=NEED)
    assert len(engine.jobs()) == 1


def test_another_database_is_refused(engine: Engine) -> None:
    """A connection to another database cannot be joined: the two could not commit together."""
    other = sa.create_engine("sqlite://")
    with other.connect() as connection, pytest.raises(StoreError):
        engine.using(connection).start("small_suit", by="ada", need=NEED)
    other.dispose()


def test_a_stale_transaction_is_to_be_begun_again(engine: Engine, application: sa.Engine) -> None:
    """To try again inside a transaction that read before another wrote cannot help, so that is not what is advised."""
    job = engine.start("small_suit", by="ada", need=NEED).job
    step = engine.inbox("ada")[0].id
    level = "SERIALIZABLE" if application.name == "sqlite" else "REPEATABLE READ"
    for time in range(2):
        with application.connect().execution_options(isolation_level=level) as connection:
            if application.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            connection.execute(sa.text("SELECT count(*) FROM own_orders")).scalar_one()
            if time == 0:
                engine.say(job, "Meanwhile", by="ada")
                with pytest.raises(DatabaseBusy) as busy:
                    engine.using(connection).act(step, "chosen", {"cloth": "navy"}, by="ada")
                assert busy.value.possible == ("roll your transaction back and begin it again",)
            else:
                engine.using(connection).act(step, "chosen", {"cloth": "navy"}, by="ada")
                connection.commit()
    assert engine.track(job, "olga").where[0].state == "cut"


class AsyncSession:
    """What SQLAlchemy's own looks like from outside, which cannot be had here without an asynchronous driver."""

    sync_session = None


def test_an_asynchronous_connection_is_told_what_to_do(engine: Engine, application: sa.Engine) -> None:
    """An asynchronous connection or session is refused with what to do instead."""
    connection = application.connect()
    connection.dialect.is_async = True
    try:
        for joined in (AsyncSession(), connection):
            with pytest.raises(NotConfigured, match="asynchronous") as refused:
                engine.using(joined)  # type: ignore[arg-type]  # what it is about
            assert "asyncio.to_thread" in " ".join(refused.value.possible)
    finally:
        connection.dialect.is_async = False
        connection.close()
