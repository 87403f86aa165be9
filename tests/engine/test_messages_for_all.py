"""Messages for all who wait for them: each job takes it in a command of its own, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from flowengine import Broadcast, Engine, SimulatedClock
from flowengine.commands.messages import MOST_RECEIVERS
from flowengine.errors import Ambiguous, BadAnswer, NotAllowed, NotFound
from flowengine.post.deliveries import DELIVER
from flowengine.store.messages import AWAIT

MATCH = """
process: match
need: A match to watch
states:
  need: {type: need, fields: {pitch: {type: string}}, next: kicked_off}
  kicked_off: {type: message, name: kick_off, key: data.need.pitch, within: P9D, fields: {at: {type: string}},
               on: {received: over, expired: gone}}
  over: {type: message, name: over, key: data.need.pitch, all: true, within: P9D,
         on: {received: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It did not take place}
always:
  closed: {message: closed, all: true, to: gone}
"""
ANY = """
process: any_match
need: Any match
states:
  need: {type: need, next: over}
  over: {type: message, name: over, all: true, within: P9D, on: {received: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: There was none}
"""


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    with Engine(database_url, clock=SimulatedClock(datetime(2026, 5, 5, 9, tzinfo=UTC))) as made:
        made.deploy(MATCH)
        yield made


def begin(engine: Engine, *pitches: str) -> list[str]:
    return [engine.start("match", by=f"c{n}", need={"pitch": one}).job for n, one in enumerate(pitches)]


def states(engine: Engine, jobs: list[str]) -> list[str]:
    """Where jobs stand, or how they ended."""
    rows = {row.id: row for row in engine.jobs()}
    return [rows[job].states[0] if rows[job].status == "open" else rows[job].status for job in jobs]


def test_a_sender_says_that_it_is_for_all(engine: Engine) -> None:
    """Sent to all, a message goes to each job that waits for its key, and to no other; without that it is
    ambiguous."""
    jobs = begin(engine, "a", "a", "b")
    with pytest.raises(Ambiguous):
        engine.send("kick_off", "a", {"at": "15:00"})
    sent = engine.send("kick_off", "a", {"at": "15:00"}, all=True)
    assert isinstance(sent, Broadcast)
    assert (sent.waiting, sent.acted, sent.job, sent.started) == (2, "kick_off", "", False)
    assert states(engine, jobs) == ["kicked_off"] * 3
    assert engine.run_due().outbox == 2
    assert states(engine, jobs) == ["over", "over", "kicked_off"]
    assert engine.data(jobs[0])["kicked_off"] == {"at": "15:00"}
    assert not engine.run_due().anything
    assert engine.audit().fine


def test_those_who_wait_say_that_it_is_for_all(engine: Engine) -> None:
    """Where all who wait say so, a message is for all of them, whether they wait for its key or for any; where one
    waits alone, the answer is its receipt."""
    engine.deploy(ANY)
    jobs = begin(engine, "a", "a", "b")
    for pitch in ("a", "b"):
        engine.send("kick_off", pitch, {"at": "15:00"}, all=True)
    engine.run_due()
    alone = engine.send("over", "b")
    assert (alone.job, alone.status) == (jobs[2], "fulfilled")
    other = engine.start("any_match", by="ada").job
    sent = engine.send("over", "a")
    assert isinstance(sent, Broadcast)
    assert sent.waiting == 3
    engine.run_due()
    assert states(engine, [*jobs, other]) == ["fulfilled"] * 4


def test_what_may_happen_at_any_time_happens_to_all(engine: Engine) -> None:
    """A message of an always entry that is for all ends all of them."""
    jobs = begin(engine, "a", "b", "c")
    sent = engine.send("closed")
    assert isinstance(sent, Broadcast)
    assert sent.waiting == 3
    engine.run_due()
    assert states(engine, jobs) == ["ended"] * 3


def test_a_repeat_is_delivered_once(engine: Engine) -> None:
    """The same request key gives the same answer, also to who waits by then, and delivers nothing again (L3)."""
    begin(engine, "a", "a")
    first = engine.send("kick_off", "a", {"at": "15:00"}, all=True, request_key="k")
    begin(engine, "a")
    again = engine.send("kick_off", "a", {"at": "15:00"}, all=True, request_key="k")
    assert isinstance(again, Broadcast)
    assert again.repeated
    assert again.waiting == first.waiting == 2  # type: ignore[attr-defined]  # it is one as well
    assert engine.run_due().outbox == 2


def test_a_delivery_that_is_done_again_changes_nothing(engine: Engine) -> None:
    """Whoever delivers and is lost before he says so is followed by another, and the job takes it once (L3)."""
    each = """
process: rounds
need: Rounds
states:
  need: {type: need, next: one}
  one: {type: message, name: bell, all: true, within: P9D, on: {received: two, expired: gone}}
  two: {type: message, name: bell, all: true, within: P9D, on: {received: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No bell}
"""
    engine.deploy(each)
    jobs = [engine.start("rounds", by=who).job for who in ("ada", "ben")]
    engine.send("bell")
    with engine.database.reading() as tx:
        rows = tx.outbox.ready(engine.clock.now())
    for row in (*rows, *rows):
        DELIVER[row.kind](engine.shell, row)
    assert states(engine, jobs) == ["two", "two"]


def test_one_who_waits_no_more_takes_nothing(engine: Engine) -> None:
    """A job that has gone on meanwhile is left alone."""
    jobs = begin(engine, "a", "a")
    engine.send("kick_off", "a", {"at": "15:00"}, all=True)
    engine.end(jobs[0], "It rains")
    assert engine.run_due().failed == 0
    assert states(engine, jobs) == ["ended", "over"]


def test_one_who_cannot_take_it_is_an_incident(engine: Engine) -> None:
    """What a job cannot take is an operator's to see; the others have it."""
    other = MATCH.replace("process: match", "process: old_match").replace("at: {type: string", "at: {type: number")
    engine.deploy(other)
    jobs = begin(engine, "a", "a")
    late = engine.start("old_match", by="ada", need={"pitch": "a"}).job
    engine.send("kick_off", "a", {"at": "15:00"}, all=True)
    ran = engine.run_due()
    assert (ran.outbox, ran.failed) == (2, 1)
    (incident,) = engine.incidents()
    assert (incident.kind, incident.job, incident.handler) == ("message", late, "message")
    assert "at" in incident.error
    assert states(engine, [*jobs, late]) == ["over", "over", "kicked_off"]
    engine.retry(incident.id)
    assert engine.run_due().failed == 1


def test_nobody_waits(engine: Engine) -> None:
    """Where nobody waits for a message for all it is for none; one that no process knows is refused."""
    sent = engine.send("kick_off", "z", all=True)
    assert isinstance(sent, Broadcast)
    assert sent.waiting == 0
    assert engine.send("kick_off", "z", all=True, request_key="k").status == "sent"
    with pytest.raises(NotFound) as error:
        engine.send("kick_of", "z", all=True)
    assert "kick_off" in error.value.possible


def test_there_are_bounds(engine: Engine) -> None:
    """A message for all is for so many jobs, and of such a size, that it does not harm the database (L12)."""
    begin(engine, "a", "a", "a")
    waiting(engine, MOST_RECEIVERS - 3)
    with pytest.raises(BadAnswer, match="10,000 jobs; at most 6 KiB"):
        engine.send("kick_off", "a", {"at": "x" * 7000}, all=True)
    waiting(engine, 1)
    with pytest.raises(NotAllowed, match="more than 10,000 jobs"):
        engine.send("kick_off", "a", {"at": "15:00"}, all=True)
    assert not engine.run_due().anything


def waiting(engine: Engine, many: int) -> None:
    """So many more jobs wait for the kick-off, as the index tells."""
    one = {"branch": "main", "number": 1, "message": "kick_off", "key": "=a"}
    with engine.database.writing() as tx:
        tx.channel.write_many(AWAIT, [one | {"job_id": f"job {many}-{number}"} for number in range(many)])
