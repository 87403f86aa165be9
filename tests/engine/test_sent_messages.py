"""Messages that name no job: to who waits for their key, else kept for whoever will, else refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from noted_database import Asked, NotedDatabase
from waiting import join

from flowengine import Engine, SimulatedClock
from flowengine.commands.messages import MOST_OF_A_NAME
from flowengine.core import events as e
from flowengine.core.messages import MOST_KEPT
from flowengine.errors import Ambiguous, BadAnswer, NotAllowed, NotFound
from flowengine.store.messages import ANY, AWAIT, KEEP, UNREAD
from flowengine.views.replies import Kept, Receipt

KEEPS = """
process: keeps
title: Keeps
need: Something that comes
states:
  need: {type: need, fields: {n: {type: string}}, next: t}
  t: {type: task, for: staff, next: w}
  w: {type: message, name: come, key: data.need.n, keep: P30D, fields: {x: {type: number, optional: true}},
      within: P90D, on: {received: u, expired: gone}}
  u: {type: task, for: staff, next: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nothing came}
"""
OTHERS = """
process: others
title: Others
need: Something else
states:
  need: {type: need, fields: {n: {type: string}}, next: w}
  w: {type: message, name: call, within: P90D, on: {received: u, expired: gone}}
  u: {type: message, name: call, key: data.need.n, within: P90D, on: {received: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nothing came}
always:
  stop: {message: stop, key: data.need.n, when: at("u"), to: gone}
"""


@pytest.fixture
def clock() -> SimulatedClock:
    """A clock that stands still."""
    return SimulatedClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture
def engine(database_url: str, clock: SimulatedClock) -> Iterator[Engine]:
    """An engine with both processes and a member of staff."""
    with Engine(database_url, clock=clock) as made:
        made.deploy(KEEPS)
        made.deploy(OTHERS)
        made.add_staff("tom", "Tom", roles=["staff"])
        yield made


def begin(engine: Engine, key: str, who: str = "ada") -> str:
    return engine.start("keeps", by=who, need={"n": key}).job


def proceed(engine: Engine, job: str) -> Receipt:
    """Do the task before the wait."""
    step = next(item for item in engine.inbox("tom") if item.job == job)
    return engine.act(step.id, by="tom")


def kept(engine: Engine) -> int:
    """How many messages are kept outside of all jobs."""
    with engine.database.reading() as tx:
        return tx.messages.count("come", None, 1000)


def test_a_kept_message_goes_to_the_job_of_its_key(engine: Engine) -> None:
    """A message that comes before anybody waits for it is no job's until the one of its key waits, whoever began
    first and whoever waits meanwhile."""
    ada = begin(engine, "A1")
    answer = engine.send("come", "B2", {"x": 1})
    assert isinstance(answer, Kept)
    assert (answer.job, answer.acted) == ("", "come")
    bob = begin(engine, "B2", "bob")
    assert proceed(engine, ada).states == ("w",)
    assert proceed(engine, bob).states == ("u",)
    assert engine.data(bob, by="tom")["w"] == {"x": 1}
    assert kept(engine) == 0
    assert engine.audit().fine


def test_an_exact_key_is_never_ambiguous(engine: Engine) -> None:
    """Of two open jobs, the one that waits for the key has the message, also while the other could keep it."""
    ada, bob = begin(engine, "A1"), begin(engine, "B2", "bob")
    proceed(engine, ada)
    assert isinstance(engine.send("come", "B2"), Kept)
    assert isinstance(engine.send("come", "Z9"), Kept)
    assert engine.send("come", "A1").job == ada
    assert proceed(engine, bob).states == ("u",)


def test_what_a_job_took_is_in_its_history(engine: Engine) -> None:
    """The message that a job takes comes into its history whole, and the history rebuilds the job (L5)."""
    engine.send("come", "A1", {"x": 7})
    job = begin(engine, "A1")
    proceed(engine, job)
    with engine.database.reading() as tx:
        (taken,) = [
            event for entry in tx.history.of(job) for event in entry.events if isinstance(event, e.MessageTaken)
        ]
    assert taken.message is not None
    assert (taken.message.key, taken.message.body, taken.dropped) == ("A1", {"x": 7}, False)
    assert any("came early" in line.what for line in engine.history(job, by="tom"))


def test_a_kept_message_is_forgotten(engine: Engine, clock: SimulatedClock) -> None:
    """A message is kept as long as the process says and not longer, with a worker or without one (L13)."""
    answer = engine.send("come", "A1", request_key="k")
    assert isinstance(answer, Kept)
    assert answer.until == clock.now() + timedelta(days=30)
    assert engine.next_due() == answer.until
    clock.advance(timedelta(days=30))
    assert proceed(engine, begin(engine, "A1")).states == ("w",)
    engine.run_due()
    assert kept(engine) == 0
    assert engine.next_due() != answer.until


def test_a_message_nobody_waits_for_or_keeps_is_refused(engine: Engine) -> None:
    """Refused is what nobody waits for and nobody keeps, with the messages that there are."""
    begin(engine, "A1")
    with pytest.raises(NotFound) as refused:
        engine.send("nonsense", "A1")
    assert refused.value.possible == ("call", "come", "stop")
    with pytest.raises(NotFound):
        engine.send("call", "A1")
    engine.add_customer("eve", "Eve")
    with pytest.raises(NotFound):
        engine.send("come", "A1", by="eve")


def test_who_waits_for_the_key_comes_before_who_takes_any(engine: Engine) -> None:
    """Those that wait for the key come first; two that truly wait for the same are ambiguous."""
    first = engine.start("others", by="ada", need={"n": "K"}).job
    assert engine.send("call", "anything").job == first
    second = engine.start("others", by="bob", need={"n": "L"}).job
    assert engine.send("call", "K").job == first
    assert engine.send("call", "K").job == second
    for who in ("cid", "dan"):
        engine.start("others", by=who, need={"n": "M"})
    with pytest.raises(Ambiguous):
        engine.send("call", "M")


def test_an_always_entry_takes_a_message_while_its_guard_holds(engine: Engine) -> None:
    """An ``always`` entry waits as long as its scope is open, and takes nothing while its guard does not hold."""
    job = engine.start("others", by="ada", need={"n": "K"}).job
    with pytest.raises(NotFound):
        engine.send("stop", "K")
    engine.send("call", job=job)
    assert engine.send("stop", "K").status == "ended"
    with pytest.raises(NotFound):
        engine.send("stop", "K")


def test_a_body_that_breaks_the_fields_is_refused(engine: Engine) -> None:
    """Who sends to a job that waits is told what is wrong with the body; the job goes on waiting."""
    job = begin(engine, "A1")
    proceed(engine, job)
    with pytest.raises(BadAnswer):
        engine.send("come", "A1", {"x": "much"})
    assert engine.send("come", "A1", {"x": 1}).job == job


def test_the_same_request_is_kept_once(engine: Engine) -> None:
    """The same request key has the same answer, before and after a job has taken the message (L3)."""
    answer = engine.send("come", "A1", request_key="k")
    assert engine.send("come", "A1", request_key="k") == answer
    assert kept(engine) == 1
    proceed(engine, begin(engine, "A1"))
    again = engine.send("come", "A1", request_key="k")
    assert isinstance(again, Kept)
    assert again.repeated
    assert kept(engine) == 0


def test_a_request_is_answered_alike_when_its_message_is_forgotten(engine: Engine, clock: SimulatedClock) -> None:
    """Asked again under its key when the time of the message is over, it is a repeat, and nothing is kept anew (L3)."""
    answer = engine.send("come", "A1", request_key="k")
    engine.send("come", "B2")
    clock.advance(timedelta(days=40))
    engine.run_due()
    assert kept(engine) == 0
    again = engine.send("come", "A1", request_key="k")
    assert again == answer
    assert again.repeated
    assert kept(engine) == 0


def test_a_flood_is_refused(engine: Engine) -> None:
    """Of one key, and of one name in all, a bounded number of messages is kept."""
    lying_about(engine, "A1", MOST_KEPT - 1)
    engine.send("come", "A1")
    with pytest.raises(NotAllowed, match="100 messages"):
        engine.send("come", "A1")
    for number in range((MOST_OF_A_NAME - MOST_KEPT) // MOST_KEPT):
        lying_about(engine, f"B{number}", MOST_KEPT - (number == 0))
    engine.send("come", "C3")
    with pytest.raises(NotAllowed, match="10,000 messages"):
        engine.send("come", "C3")


def lying_about(engine: Engine, key: str, many: int) -> None:
    """So many messages of a key are kept, as their rows tell."""
    one = {"message": "come", "key": key, "body": "{}", "until": 2**60}
    with engine.database.writing() as tx:
        tx.channel.write_many(KEEP, [one | {"id": f"{key}-{number}"} for number in range(many)])


def test_a_key_follows_the_data_it_is_made_of(engine: Engine) -> None:
    """Where data changes of which a key is made, the job waits for the new key."""
    engine.deploy(
        """
process: renamed
title: Renamed
need: A name
states:
  need: {type: need, fields: {n: {type: string}}, next: both}
  both:
    type: parallel
    branches:
      one: {start: name, states: {name: {type: task, for: staff, saves: need, fields: {n: {type: string}}, next: done}}}
      two: {start: wait, states: {wait: {type: message, name: named, key: data.need.n, within: P9D,
            on: {received: done, expired: done}}}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
""",
    )
    job = engine.start("renamed", by="ada", need={"n": "old"}).job
    (item,) = [item for item in engine.inbox("tom") if item.job == job]
    engine.act(item.id, by="tom", answer={"n": "new"})
    with pytest.raises(NotFound):
        engine.send("named", "old")
    assert engine.send("named", "new").status == "fulfilled"


def test_jobs_of_the_revision_before_are_found(engine: Engine) -> None:
    """A job whose waits are not in the index, since code of the revision before wrote it, is read and found."""
    job = begin(engine, "A1")
    proceed(engine, job)
    with engine.database.writing() as tx:
        tx.messages.read(job, {"": ()})
        tx.channel.write(AWAIT, {"job_id": job, "branch": "", "number": 0, "message": UNREAD, "key": ANY})
    assert engine.send("come", "A1").job == job


def test_a_sender_and_a_job_that_begins_to_wait_do_not_miss_each_other(database_url: str) -> None:
    """A message that comes in the moment in which its job begins to wait is taken once: it is neither lost nor lies
    beside who waits for it."""
    with Engine(database_url) as engine:
        engine.deploy(KEEPS)
        engine.add_staff("tom", "Tom", roles=["staff"])
        jobs = [begin(engine, f"K{number}") for number in range(12)]
        steps = {item.job: item.id for item in engine.inbox("tom")}
        for number, job in enumerate(jobs):
            together(
                lambda step=steps[job]: engine.act(step, by="tom"),
                lambda key=f"K{number}": engine.send("come", key),
            )
            assert engine.track(job, by="tom").status == "open"
        assert {tuple(row.states) for row in engine.jobs()} == {("u",)}
        assert kept(engine) == 0
        assert engine.audit().fine


def test_two_senders_at_once(database_url: str) -> None:
    """Of two messages with one key at once, one is delivered and the other kept for who comes next."""
    with Engine(database_url) as engine:
        engine.deploy(KEEPS)
        engine.add_staff("tom", "Tom", roles=["staff"])
        for number in range(6):
            job, key = begin(engine, f"K{number}"), f"K{number}"
            proceed(engine, job)
            answers = together(lambda key=key: engine.send("come", key), lambda key=key: engine.send("come", key))
            assert sorted(isinstance(answer, Kept) for answer in answers) == [False, True]
        assert kept(engine) == 6


def together(*calls: object) -> list[object]:
    """Call all at once, each in a thread; what they gave."""
    barrier, given = Barrier(len(calls)), list[object]()

    def run(call: object) -> None:
        barrier.wait(60)
        given.append(call())  # type: ignore[operator]

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    join(*threads)
    assert len(given) == len(calls)
    return given


def test_a_message_costs_the_same_however_many_jobs_are_open(
    engine: Engine, database_url: str, clock: SimulatedClock
) -> None:
    """A message that names no job asks as many statements of the database, which give as many rows, with many open jobs
    that wait for other keys as with few."""
    few = asked(engine, database_url, clock, 3, "few")
    assert asked(engine, database_url, clock, 60, "many") == few


def asked(engine: Engine, url: str, clock: SimulatedClock, jobs: int, prefix: str) -> list[Asked]:
    """What a message for the last of so many jobs that wait asks, and one that is kept."""
    for number in range(jobs):
        begin(engine, f"{prefix}{number}")
    for item in engine.inbox("tom", limit=1000):
        engine.act(item.id, by="tom")
    with NotedDatabase.open(url) as noted, Engine(noted, clock=clock) as sender:
        assert isinstance(noted, NotedDatabase)
        assert sender.send("come", f"{prefix}{jobs - 1}").status == "open"
        sender.send("come", f"{prefix} nobody")
        return noted.asked
