"""The outbox on both databases: lanes and their heads, claims, incidents, and that what waits costs others nothing."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from drafts import HOUR, NOW, begin

from flowengine.store import Database, OutboxMessage, Transaction, new_id
from flowengine.store.codec import micros

SECOND = timedelta(seconds=1)


def put(database: Database, job: str, *rows: tuple[int, str]) -> list[str]:
    """Messages of one job: the command and the lane of each."""
    with database.writing() as tx:
        return [tx.outbox.add(job, seq, "notice", {}, NOW, lane) for seq, lane in rows]


def heads(tx: Transaction, at: timedelta = timedelta()) -> list[str]:
    """The ids of the messages that can be sent then."""
    return [message.id for message in tx.outbox.ready(NOW + at)]


def claimed(tx: Transaction, id: str, at: timedelta = timedelta()) -> OutboxMessage:
    """A message of which that one is claimed for a minute."""
    (message,) = [message for message in tx.outbox.ready(NOW + at) if message.id == id]
    until = NOW + at + 60 * SECOND
    assert tx.outbox.claim(id, NOW + at, until)
    return msgspec.structs.replace(message, seen=micros(until))


def test_a_message_is_told_as_it_was_put(database: Database) -> None:
    """A message has an id of its own, its body as it was, and is ready from its time on until it is done."""
    job = begin(database)
    with database.writing() as tx:
        ids = [tx.outbox.add(job, 1, "notice", {"step": n, "words": "\0"}, NOW, f"l{n}") for n in (2, 3)]
        later = tx.outbox.add(job, 2, "child", {"need": None}, NOW + HOUR)
    assert ids == [f"{job}.1.1", f"{job}.1.2"]
    with database.writing() as tx:
        assert heads(tx) == ids
        assert [message.id for message in tx.outbox.ready(NOW, limit=1)] == ids[:1]
        assert heads(tx, HOUR) == [*ids, later]
        first = tx.outbox.ready(NOW)[0]
        assert (first.job, first.seq, first.kind, first.lane, first.attempts) == (job, 1, "notice", "l2", 0)
        assert first.body == {"step": 2, "words": "\0"}
        assert tx.outbox.done(first, NOW)
        assert not tx.outbox.done(first, NOW)
        assert heads(tx) == ids[1:]


def test_a_lane_goes_in_order_and_lanes_do_not_wait(database: Database) -> None:
    """Of each lane only the first message is ready; when it is done the next one is, at once."""
    job, other = begin(database), begin(database)
    ids = put(database, job, (1, "ada"), (1, "ben"), (2, "ada"), (3, "ada"))
    (foreign,) = put(database, other, (5, "ada"))
    with database.writing() as tx:
        assert set(heads(tx)) == {ids[0], ids[1], foreign}
        first = claimed(tx, ids[0])
        assert set(heads(tx)) == {ids[1], foreign}
        assert tx.outbox.postpone(first, NOW + HOUR, "no answer")
        assert set(heads(tx)) == {ids[1], foreign}
    with database.writing() as tx:
        again = claimed(tx, ids[0], HOUR)
        assert again.attempts == 1
        assert tx.outbox.done(again, NOW + HOUR)
        assert set(heads(tx, HOUR)) == {ids[1], foreign, ids[2]}


def test_a_message_is_claimed_by_one(database: Database) -> None:
    """Of two workers one gets a message; when he does not say what became of it, it is ready again after his claim."""
    (id,) = put(database, begin(database), (1, "ada"))
    with database.writing() as tx:
        assert tx.outbox.claim(id, NOW, NOW + HOUR)
        assert not tx.outbox.claim(id, NOW, NOW + HOUR)
        assert heads(tx) == []
        assert heads(tx, HOUR) == [id]
        assert tx.outbox.claim(id, NOW + HOUR, NOW + 2 * HOUR)


def test_late_words_change_nothing(database: Database) -> None:
    """Who comes back after another has claimed the message cannot postpone it or give it up (L10)."""
    (id,) = put(database, begin(database), (1, "ada"))
    with database.writing() as tx:
        late = claimed(tx, id)
        mine = claimed(tx, id, 61 * SECOND)
        assert not tx.outbox.postpone(late, NOW + HOUR, "late")
        assert not tx.outbox.give_up(late, NOW, "late")
        assert tx.outbox.incidents() == []
        assert tx.outbox.postpone(mine, NOW + HOUR, "mine")


def test_an_incident_holds_nobody_up_and_is_retried(database: Database) -> None:
    """A message that gave up is listed, its lane goes on at once, and an operator's retry makes it the first again."""
    job = begin(database)
    ids = put(database, job, (1, "ada"), (2, "ada"))
    with database.writing() as tx:
        assert tx.outbox.give_up(claimed(tx, ids[0]), NOW, "no such mailbox")
        assert heads(tx) == ids[1:]
        (incident,) = tx.outbox.incidents()
        assert (incident.id, incident.error, incident.attempts) == (ids[0], "no such mailbox", 1)
        assert (incident.process, incident.customer) == ("suit", "ada")
        assert not tx.outbox.claim(ids[0], NOW + HOUR, NOW + 2 * HOUR)
    with database.writing() as tx:
        assert tx.outbox.retry(ids[0], NOW)
        assert tx.outbox.incidents() == []
        assert heads(tx) == ids[:1]
        assert tx.outbox.ready(NOW)[0].attempts == 0
        assert not tx.outbox.retry(f"{job}.9.9", NOW)


def test_what_stands_behind_is_pushed_back_and_woken(database: Database) -> None:
    """What stands behind a postponed head can be laid aside; when the head is done it is due in that moment."""
    job = begin(database)
    ids = put(database, job, (1, "ada"), (2, "ada"))
    with database.writing() as tx:
        first = claimed(tx, ids[0])
        assert tx.outbox.postpone(first, NOW + HOUR)
        page = tx.outbox.page(NOW)
        assert page.heads == ()
        assert [(one.id, one.head_at) for one in page.behind] == [(ids[1], micros(NOW + HOUR))]
        tx.outbox.push([(one.id, one.seen, NOW + HOUR) for one in page.behind])
        assert tx.outbox.page(NOW).behind == ()
        assert tx.ahead(NOW).message == NOW + HOUR
    with database.writing() as tx:
        assert tx.outbox.done(claimed(tx, ids[0], HOUR), NOW + HOUR - SECOND)
        assert heads(tx, HOUR - SECOND) == ids[1:]


def test_a_push_that_comes_too_late_changes_nothing(database: Database) -> None:
    """Between looking and pushing back the head may go: then the next message stays due."""
    job = begin(database)
    ids = put(database, job, (1, "ada"), (2, "ada"))
    with database.writing() as tx:
        first = claimed(tx, ids[0])
        (seen,) = tx.outbox.page(NOW).behind
        tx.outbox.done(first, NOW + SECOND)
        tx.outbox.push([(seen.id, seen.seen, NOW + HOUR)])
        assert heads(tx, SECOND) == ids[1:]


def test_a_clock_that_ran_ahead_is_healed(database: Database) -> None:
    """What was put in or claimed by a clock an hour ahead is due at once when it is set right; a long wait stays."""
    job = begin(database)
    with database.writing() as tx:
        ahead = tx.outbox.add(job, 1, "letter", {}, NOW + HOUR, "ada")
        ids = [tx.outbox.add(job, 1, "letter", {}, NOW, lane) for lane in ("ben", "cleo")]
        assert tx.outbox.postpone(claimed(tx, ids[0]), NOW + 2 * HOUR, "down")
        assert tx.outbox.heal(NOW, NOW + HOUR / 6, NOW + 8 * HOUR) == 1
        assert set(heads(tx)) == {ahead, ids[1]}
        assert set(heads(tx, 2 * HOUR)) == {ahead, *ids}
        assert tx.outbox.heal(NOW, NOW + HOUR / 6, NOW + HOUR) == 1
        assert set(heads(tx)) == {ahead, *ids}


def test_channels_are_wanted_for_a_while(database: Database) -> None:
    """Who carries notices says until when, for each channel, and says it again."""
    with database.writing() as tx:
        assert tx.outbox.wanted(NOW) == set()
        tx.outbox.want("mail", NOW + HOUR)
        tx.outbox.want("hook", NOW + 2 * HOUR)
        assert tx.outbox.wanted(NOW) == {"mail", "hook"}
        assert tx.outbox.wanted(NOW + HOUR) == {"hook"}
        tx.outbox.want("mail", NOW + 3 * HOUR)
        assert tx.outbox.wanted(NOW + HOUR) == {"mail", "hook"}


# what it costs


MANY = 5_000


@pytest.fixture
def crowded(database: Database) -> tuple[Database, str]:
    """One job with many messages behind one that is postponed, all due but it; and a message of another job."""
    job, other = new_id(), new_id()
    with database.writing() as tx:
        for seq in range(1, MANY):
            tx.outbox.add(job, seq, "letter", {}, NOW - HOUR, "dead")
        first = claimed(tx, f"{job}.1.1")
        tx.outbox.postpone(first, NOW + HOUR, "down")
        live = tx.outbox.add(other, 1, "letter", {}, NOW, "live")
    with database.writing() as tx:
        tx.channel.raw.execute("ANALYZE")  # type: ignore[attr-defined]
    return database, live


def test_a_page_reads_no_more_than_its_rows(crowded: tuple[Database, str]) -> None:
    """Each row of a page costs one look into the index of lanes, not a walk along its lane."""
    database, _ = crowded
    from flowengine.store import outbox

    sql = outbox.READY.on(database.dialect)
    values = sql.bind({"now": micros(NOW), "most": 100})
    with database.reading() as tx:
        raw = tx.channel.raw  # type: ignore[attr-defined]
        if database.dialect == "sqlite":
            plan = "\n".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql.sql}", values))
            assert "ix_flow_outbox_ready (next_at<?)" in plan, plan
            assert "ix_flow_outbox_lane (job_id=? AND lane=? AND seq<?)" in plan, plan
            assert "TEMP B-TREE" not in plan, plan
        else:
            from psycopg import RawCursor

            explaining = RawCursor(raw).execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT TEXT) {sql.sql}", values)
            rows = explaining.fetchall()
            plan = "\n".join(row[0] for row in rows)
            assert "ix_flow_outbox_ready" in plan, plan
            assert "ix_flow_outbox_lane" in plan, plan
            assert "Seq Scan" not in plan, plan


def test_what_is_behind_a_dead_receiver_is_looked_at_once(crowded: tuple[Database, str]) -> None:
    """Page after page is pushed back, and then the living receiver's message is all that is seen."""
    database, live = crowded
    pages = 0
    while True:
        with database.writing() as tx:
            page = tx.outbox.page(NOW)
            if page.heads:
                break
            tx.outbox.push([(one.id, one.seen, NOW + HOUR) for one in page.behind])
        pages += 1
        assert pages < 2 * MANY / 100
    assert [message.id for message in page.heads] == [live]
    assert len(page.behind) < 100
