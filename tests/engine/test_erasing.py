"""A customer is erased on request: what was written is found nowhere any more, and the histories stay whole (L5)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from refused_writes import full_history

from flowengine import (
    Actor,
    Engine,
    Identity,
    KeyConflict,
    NotAllowed,
    NotFound,
    SimulatedClock,
    StoreError,
    WeakIdentity,
)
from flowengine.client import verify_archive
from flowengine.reading import archives
from flowengine.store import shown

Suit = Callable[..., str]
StepOf = Callable[[str, str], str]

ALL = """
process: garden
title: A garden for {data.need.name}
need: A garden
roles: {gardener: {title: Gardener}}
groups: {friends: {title: Friends}}
states:
  need:
    type: need
    fields:
      name: {type: string}
      wishes: {type: array, minItems: 1, items: {type: string}}
      size: {type: number, optional: true}
    next: price
  price:
    type: service
    call: price
    input: {whom: data.need.name}
    retry: {attempts: 1}
    within: P9D
    on: {done: tell, failed: tell, expired: gone}
  tell: {type: tell, to: customer, say: "Well, {data.need.name}", shows: {Wish: "{data.need.wishes[0]}"}, next: wishes}
  wishes:
    type: each
    of: data.need.wishes
    as: wish
    more: true
    start: plant
    states:
      plant:
        type: task
        title: "Plant {wish}"
        for: gardener
        fields: {note: {type: string}}
        on: {done: done}
    on: {joined: choose}
  choose:
    type: choice
    ask: "What of it, {data.need.name}?"
    choose: {best: {from: data.need.wishes}}
    within: P9D
    on: {chosen: friends, expired: gone}
  friends:
    type: task
    title: Say what you think
    open_to: {group: friends}
    fields: {words: {type: string}, sure: {type: boolean}}
    within: P9D
    on: {done: vote, expired: gone}
  vote:
    type: vote
    of: {group: friends}
    options: data.need.wishes
    within: P1D
    on: {decided: read, tied: read, no_quorum: read}
  read:
    type: task
    title: "Read: {data.friends.words}"
    shows: {They said: "{data.friends.words}", He wished: "{data.need.wishes[0]}"}
    for: gardener
    fields: {answer: {type: string}}
    on: {done: accept}
  accept:
    type: approval
    ask: "Is it well, {data.need.name}?"
    within: P9D
    on: {approved: rate, changes: read, declined: gone, expired: gone}
  rate:
    type: feedback
    scale: [1, 5]
    refer: true
    within: P9D
    on: {given: fulfilled, expired: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: "It was not to be, {data.need.name}"}
always:
  change: {by: customer, fields: {why: {type: string}}, to: rate, title: Enough}
"""


@pytest.fixture
def garden(engine: Engine) -> Engine:
    """An engine with a process in which people write in many places."""

    @engine.handler("price")
    def price(call: Any) -> dict[str, Any]:
        return {"for": f"quoted to {call.input['whom']}"}

    engine.add_staff("gus", "Gus", roles=["gardener"])
    for name in ("ada", "ben", "cid"):
        engine.add_customer(name, f"Named-{name}", f"{name}@mark.example", ["friends"], {"shoe": f"record-{name}"})
    engine.deploy(ALL)
    return engine


def waiting(engine: Engine, job: str, who: str) -> str:
    """The id of a step of a job that waits for somebody."""
    return next(item.id for item in engine.inbox(who, everything=True) if item.job == job)


def begun(engine: Engine, who: str = "ada", *, friend: str = "ben") -> str:
    """A job that has come to the end of what its customer's friends say."""
    need = {"name": f"mark-{who}-name", "wishes": [f"mark-{who}-rose", f"mark-{who}-tulip"], "size": 1.50}
    job = engine.start("garden", by=who, need=need, key=f"{who}-need").job
    engine.run_due()
    engine.add(job, "wishes", [f"mark-{who}-herbs"], by=who, key=f"{who}-add")
    for number in range(3):
        engine.claim(waiting(engine, job, "gus"), by="gus")
        engine.act(waiting(engine, job, "gus"), "done", {"note": f"mark-gus-{number}"}, by="gus", key=f"{job}-{number}")
    engine.say(job, f"mark-{who}-said", "wish", by=who)
    engine.act(waiting(engine, job, who), "chosen", {"best": f"mark-{who}-tulip"}, by=who, key=f"{who}-chosen")
    words = {"words": f"mark-{friend}-thinks so", "sure": True}
    engine.act(waiting(engine, job, friend), "done", words, by=friend, key=f"{job}-{friend}")
    return job


def ended(engine: Engine, clock: SimulatedClock, who: str = "ada", *, friend: str = "ben") -> str:
    """A job that is fulfilled, in which everybody has said something."""
    job = begun(engine, who, friend=friend)
    for voter in ("ada", "ben", "cid"):
        engine.act(waiting(engine, job, voter), "vote", {"for": f"mark-{who}-tulip"}, by=voter)
    clock.advance(timedelta(days=1))
    engine.run_due()
    engine.act(waiting(engine, job, "gus"), "done", {"answer": "mark-gus-answer"}, by="gus")
    engine.act(waiting(engine, job, who), "changes", {"words": f"mark-{who}-changes"}, by=who)
    engine.act_for(
        waiting(engine, job, "gus"), "gus", "done", {"answer": "mark-olga"}, because="mark-olga-why", by="olga"
    )
    engine.act(waiting(engine, job, who), "approved", by=who)
    given = {"rating": 5, "words": f"mark-{who}-rated", "referral": {"name": "Zed Zoe", "contact": "zed@example.org"}}
    engine.act(waiting(engine, job, who), "given", given, by=who)
    engine.run_due()
    assert engine.track(job, "olga").status == "fulfilled"
    return job


def everywhere(engine: Engine, *words: str) -> list[str]:
    """In which tables, of all that the database has, some words stand."""
    driver = sa.create_engine(engine.database.url.replace("***", ""))
    found = []
    with driver.connect() as connection:
        for name in sa.inspect(connection).get_table_names():
            for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"'):
                text = " ".join(bytes(one).decode() if isinstance(one, bytes | memoryview) else str(one) for one in row)
                found += [f"{name}: {word}: {text}" for word in words if word in text]
    driver.dispose()
    return found


def test_what_was_written_is_found_nowhere(garden: Engine, clock: SimulatedClock) -> None:
    """After it, no text of the customer is in any column of any table, nor what others wrote in his jobs."""
    job = ended(garden, clock)
    garden.say(job, "mark-ada-asks", "question", by="ada")
    assert everywhere(garden, "mark-ada", "mark-ben", "mark-gus")
    assert [item.job for item in garden.inbox("gus")] == [job]
    seq = len(garden.history(job))
    done = garden.erase("ada", because="She asked", by="olga")
    assert (done.person, done.jobs, done.others, done.left) == ("ada", (job,), (), ())
    assert everywhere(garden, "mark-", "Named-ada", "ada@mark", "record-ada", "quoted to", "Zed", "zed@") == [
        one for one in everywhere(garden, "Zed", "zed@") if one.startswith(("flow_people", "flow_contacts"))
    ]
    assert done.entries == seq
    assert garden.inbox("gus", everything=True) == []
    audit = garden.audit()
    assert (audit.fine, audit.erased) == (True, 1)


def test_what_he_wrote_in_jobs_of_others_is_found_nowhere(garden: Engine, clock: SimulatedClock) -> None:
    """Where he took part in another's job his words go, wherever they stand; the other's stay."""
    ended(garden, clock, "ada", friend="ben")
    done = garden.erase("ben", because="He asked", by="olga")
    assert (done.jobs, len(done.others), done.left) == ((), 1, ())
    assert everywhere(garden, "mark-ben", "Named-ben", "ben@mark", "record-ben") == []
    (job,) = done.others
    data = garden.data(job)
    assert data["friends"] == {"words": None, "sure": True}
    assert data["need"]["name"] == "mark-ada-name"
    told = garden.track(job, "olga")
    assert told.erased is None
    assert any("mark-ada-said" in words for _, _, words in told.said)
    lines = garden.history(job)
    assert [line.erased for line in lines].count(True) == done.entries
    assert not any(line.erased for line in lines if line.who == "Named-ada" and "wished" in line.what)
    audit = garden.audit()
    assert (audit.fine, audit.erased) == (True, 1)


def test_an_open_job_is_in_the_way(garden: Engine) -> None:
    """A customer with open jobs is not erased, nor is anything of him; it is said which they are."""
    job = begun(garden)
    for dry in (True, False):
        with pytest.raises(NotAllowed, match=f"while a job of his is open: {shown(job)}") as refused:
            garden.erase("ada", because="She asked", dry=dry)
        assert refused.value.possible
    assert garden.person("ada").name == "Named-ada"
    assert garden.audit().erased == 0


def test_open_jobs_of_others_are_left_for_later(garden: Engine) -> None:
    """What he wrote in a job of somebody else's that is open stays until it has ended; a second call takes it."""
    job = begun(garden, "ada", friend="ben")
    first = garden.erase("ben", because="He asked")
    assert [(one.job, one.why) for one in first.left] == [(job, "it is open")]
    assert first.others == ()
    assert garden.audit().erased == 0
    garden.end(job, because="No more")
    again = garden.erase("ben", because="He asked")
    assert (again.others, again.left) == ((job,), ())
    assert again.erased == first.erased
    assert everywhere(garden, "mark-ben") == []
    assert garden.audit().fine


def test_to_look_changes_nothing(garden: Engine, clock: SimulatedClock) -> None:
    """A dry run says what would be erased, and it is what is erased then."""
    job = ended(garden, clock)
    other = ended(garden, clock, "cid", friend="ada")
    before = everywhere(garden, "mark-", "Named-")
    seen = garden.erase("ada", because="She asked", dry=True)
    assert everywhere(garden, "mark-", "Named-") == before
    assert (seen.jobs, seen.others, seen.erased) == ((job,), (other,), None)
    done = garden.erase("ada", because="She asked")
    assert (done.jobs, done.others, done.entries, done.left) == (seen.jobs, seen.others, seen.entries, seen.left)


def test_to_erase_again_changes_nothing(garden: Engine, clock: SimulatedClock) -> None:
    """What is erased stays so, and no entry is added in vain."""
    job = ended(garden, clock)
    first = garden.erase("ada", because="She asked")
    seq = len(garden.history(job))
    clock.advance(timedelta(hours=1))
    again = garden.erase("ada", because="She asked")
    assert (again.jobs, again.entries, again.erased) == ((), 0, first.erased)
    assert len(garden.history(job)) == seq


def test_what_is_said_after_it_is_erased_by_the_next(garden: Engine, clock: SimulatedClock) -> None:
    """Staff may still say something about the job; the next call takes that, too, and keeps why it was done before."""
    job = ended(garden, clock)
    garden.erase("ada", because="She asked")
    garden.say(job, "mark-late", by="gus")
    assert garden.erase("ada", because="Once more").entries == 1
    assert everywhere(garden, "mark-late") == []
    assert [line.what for line in garden.history(job)][-3:] == [
        "erased all that the job held (because: She asked)",
        "noted (its contents are erased)",
        "erased all that the job held (because: Once more)",
    ]
    assert garden.audit().fine


def test_it_goes_on_where_it_was_cut_short(garden: Engine, clock: SimulatedClock) -> None:
    """Each job is erased whole or not at all; who was cut short between two of them asks again."""
    one, other = ended(garden, clock), ended_again(garden)
    jobs = sorted((one, other), reverse=True)
    url = garden.database.url.replace("***", "")
    with full_history(url, jobs[1]), pytest.raises(StoreError, match="no more of this job"):
        garden.erase("ada", because="She asked")
    assert garden.audit().fine
    assert garden.audit().erased == 1
    assert garden.data(jobs[1])
    done = garden.erase("ada", because="She asked")
    assert done.jobs == (jobs[1],)
    assert everywhere(garden, "mark-ada") == []
    assert garden.audit().erased == 2


def ended_again(engine: Engine) -> str:
    need = {"name": "mark-ada-name", "wishes": ["mark-ada-rose"]}
    job = engine.start("garden", by="ada", need=need).job
    engine.run_due()
    engine.end(job, because="mark-ada has enough")
    return job


def test_of_the_customer_the_id_is_left(garden: Engine, clock: SimulatedClock) -> None:
    """Name, contact, groups, record and tokens go; the id stays, and is nobody's."""
    ended(garden, clock)
    token = garden.issue_token("worker", "ada", handlers=["price"])
    done = garden.erase("ada", because="She asked")
    assert done.revoked == (token.id,)
    (row,) = [one for one in garden.people() if one.id == "ada"]
    assert (row.name, row.contact, row.groups, row.record, row.erased) == ("", "", (), {}, clock.now())
    for refused in (
        lambda: garden.inbox("ada"),
        lambda: garden.start("garden", by="ada", need={"name": "x", "wishes": []}),
        lambda: garden.start("garden", by=Actor(kind="customer", id="ada"), need={"name": "x", "wishes": []}),
        lambda: garden.start("garden", by="gus", customer="ada", need={"name": "x", "wishes": []}),
        lambda: garden.add_customer("ada", "Ada again"),
    ):
        with pytest.raises(NotAllowed, match="ada was erased"):
            refused()
    other = begun(garden, "ben", friend="cid")
    assert {step.whom for step in garden.track(other, "olga").waiting} == {"Named-ben, Named-cid"}


def test_only_customers_are_erased(garden: Engine) -> None:
    """Members of staff leave; nobody and others' verbs are refused as ever."""
    with pytest.raises(NotAllowed, match="gus is staff") as refused:
        garden.erase("gus", because="Why")
    assert refused.value.possible == ("leave",)
    with pytest.raises(NotFound):
        garden.erase("nobody", because="Why")
    with pytest.raises(NotAllowed):
        garden.erase("ada", because="Why", by="gus")


def test_a_customer_has_himself_erased(garden: Engine, clock: SimulatedClock) -> None:
    """Known by a code, he asks it for himself alone: of another he is told what he is told of nobody."""
    ended(garden, clock)
    for foreign in ("ben", "nobody"):
        with pytest.raises(NotFound, match=f"nobody with the id '{foreign}'"):
            garden.erase(foreign, because="Why", by="ada")
    with pytest.raises(WeakIdentity):
        garden.erase("ada", because="She asked", by=Identity(person="ada", strength="link"))
    with pytest.raises(NotAllowed, match="by a token"):
        garden.erase("ada", because="She asked", by=Identity(person="ada", strength="code", scopes=("read", "act")))
    done = garden.erase("ada", because="She asked", by=Identity(person="ada", strength="code"))
    assert done.jobs
    assert garden.person("ada").erased == clock.now()


def test_a_job_that_is_erased_is_told_so(garden: Engine, clock: SimulatedClock) -> None:
    """Where it ended is told, and that the rest is gone; each entry says who did what, without the words."""
    job = ended(garden, clock)
    garden.erase("ada", because="She asked", by="olga")
    told = garden.track(job, "olga")
    assert (told.status, told.erased, told.facts, told.said, told.told) == ("fulfilled", clock.now(), (), (), ())
    assert [row.erased for row in garden.jobs(by="olga") if row.id == job] == [clock.now()]
    assert garden.data(job) == {}
    *lines, last = garden.history(job)
    assert all(line.erased and "(its contents are erased)" in line.what for line in lines)
    assert (last.who, last.what) == ("Olga", "erased all that the job held (because: She asked)")
    assert "wished (its contents are erased)" in [line.what for line in lines]
    assert lines[0].what == "Need: stated (its contents are erased)"
    with pytest.raises(NotAllowed, match="ada was erased"):
        garden.track(job, "ada")
    assert garden.step(f"{job}.{number_of(garden, job)}", "gus").title == "erased"


def number_of(engine: Engine, job: str) -> int:
    """The number of the first step that was opened in a job."""
    events = [event for line in engine.history(job) for event in line.events]
    return int(next(event["step"]["number"] for event in events if event["event"] == "StepOpened"))


def test_a_receipt_is_repeated_without_what_it_said(garden: Engine, clock: SimulatedClock) -> None:
    """The same key still says that it was done, and does nothing (L3): of what was asked, it is known no more."""
    job = ended(garden, clock)
    steps = [item for item in garden.history(job) if item.command["command"] == "Act" and item.who == "Gus"]
    step, seq = f"{job}.{steps[0].command['step']}", steps[0].seq
    garden.erase("ada", because="She asked")
    assert garden.answered(job, seq, by="gus").said.endswith("(its contents are erased)")
    entries = len(garden.history(job))
    for words in ("mark-gus-0", "something else"):
        receipt = garden.act(step, "done", {"note": words}, by="gus", key=f"{job}-0")
        assert (receipt.job, receipt.seq, receipt.repeated, receipt.events) == (job, seq, True, ())
    assert len(garden.history(job)) == entries
    other = begun(garden, "ben", friend="cid")
    with pytest.raises(KeyConflict):
        garden.say(other, "hm", by="gus", key=f"{job}-0")


def damage(engine: Engine, statement: str) -> None:
    """Change the history with SQL of one's own, without the triggers that forbid it."""
    driver = sa.create_engine(engine.database.url.replace("***", ""))
    postgres = driver.dialect.name == "postgresql"
    with driver.begin() as connection:
        unlock = "SET LOCAL session_replication_role = replica" if postgres else "DROP TRIGGER flow_history_unchanged"
        connection.exec_driver_sql(unlock)
        connection.exec_driver_sql(statement)
    driver.dispose()


def test_damage_is_told_from_an_erasure(garden: Engine, clock: SimulatedClock) -> None:
    """An erased job whose history is edited is broken, as any other."""
    job = ended(garden, clock)
    garden.erase("ada", because="She asked")
    damage(garden, "UPDATE flow_history SET contents = '[]' WHERE seq = 1 AND contents IS NOT NULL")
    (problem,) = garden.audit().problems
    assert problem.job == job
    assert "a content of entry 1 is missing" in problem.what


def test_a_broken_job_is_left(garden: Engine, clock: SimulatedClock) -> None:
    """Where a content is not what was written nothing is erased, for nobody knows what it is; it is told."""
    job = ended(garden, clock)
    damage(garden, 'UPDATE flow_history SET contents = \'[["00","1"]]\' WHERE seq = 1')
    (left,) = garden.erase("ada", because="She asked").left
    assert left.job == job
    assert "its history is broken" in left.why


def test_what_is_archived_after_it_is_verified_as_erased(garden: Engine, clock: SimulatedClock, tmp_path: Path) -> None:
    """The archive of an erased job is whole, holds none of the words, and says that it was erased."""
    ended(garden, clock)
    garden.erase("ada", because="She asked")
    clock.advance(timedelta(days=365))
    garden.archive(clock.now(), tmp_path / "old.jsonl")
    found = verify_archive(tmp_path / "old.jsonl")
    assert (found.jobs, found.erased, found.fine) == (1, 1, True)
    (row,) = archives.jobs(tmp_path / "old.jsonl")
    told = archives.track(tmp_path / "old.jsonl", row.id)
    assert (told.status, told.erased is not None, told.facts) == ("fulfilled", True, ())
    assert all(line.erased for line in archives.history(tmp_path / "old.jsonl", row.id)[:-1])
    assert "mark-" not in (tmp_path / "old.jsonl").read_text()


def test_it_is_not_done_in_somebody_elses_transaction(garden: Engine) -> None:
    """Each job is a transaction of its own, so the caller's cannot be joined; to look in it is fine."""
    driver = sa.create_engine(garden.database.url.replace("***", ""))
    with driver.connect() as connection, connection.begin():
        joined = garden.using(connection)
        assert joined.erase("cid", because="He asked", dry=True).person == "cid"
        with pytest.raises(NotAllowed, match="not in the caller's"):
            joined.erase("cid", because="He asked")
    driver.dispose()


CALLED = """
process: outer
title: Outer
need: Something
states:
  need: {type: need, fields: {what: {type: string}}, next: inner}
  inner: {type: call, process: inner, need: {what: data.need.what}, within: P9D, on: {fulfilled: fulfilled, ended: gone, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Over}
"""  # noqa: E501 - one state a line
INNER = """
process: inner
title: Inner
need: Something
states:
  need: {type: need, fields: {what: {type: string}}, next: ask}
  ask: {type: ask, fields: {more: {type: string}}, within: P9D, on: {answered: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Over}
"""


def test_a_called_job_is_erased_with_its_caller(engine: Engine) -> None:
    """What went from one job to the other, and back, goes in both."""
    engine.deploy(INNER)
    engine.deploy(CALLED)
    outer = engine.start("outer", by="ada", need={"what": "mark-what"}).job
    engine.run_due()
    (item,) = engine.inbox("ada")
    engine.act(item.id, "answered", {"more": "mark-more"}, by="ada")
    with pytest.raises(NotAllowed):
        engine.erase("ada", because="She asked")
    engine.run_due()
    done = engine.erase("ada", because="She asked")
    assert set(done.jobs) == {outer, item.job}
    assert everywhere(engine, "mark-") == []
    assert (engine.audit().fine, engine.audit().erased) == (True, 2)


def test_a_job_that_has_something_to_send_is_left(engine: Engine) -> None:
    """What a job still has to tell another one is not taken from it: it is left until that is delivered."""
    engine.deploy(INNER)
    engine.deploy(CALLED)
    engine.start("outer", by="ada", need={"what": "mark-what"})
    engine.run_due()
    (item,) = engine.inbox("ada")
    (outer,) = [row.id for row in engine.jobs(by="olga") if row.process == "outer"]
    engine.act(item.id, "answered", {"more": "mark-more"}, by="ada")
    engine.end(outer, because="Enough")
    left = {one.job: one.why for one in engine.erase("ada", because="She asked").left}
    assert left == dict.fromkeys((item.job, outer), "it has something to send to other jobs still")
    engine.run_due()
    assert set(engine.erase("ada", because="She asked").jobs) == {item.job, outer}
    assert everywhere(engine, "mark-") == []


def test_nothing_is_left_in_the_file(tmp_path: Path, clock: SimulatedClock) -> None:
    """SQLite writes zeros over what was erased: once its log is written into the file, no byte of it is left there."""
    path = tmp_path / "erased.db"
    with Engine(f"sqlite:///{path}", clock=clock, handlers={}) as engine:
        engine.deploy(INNER)
        engine.add_customer("ada", "Named-ada", "ada@mark.example")
        for number in range(40):
            engine.start("inner", by="ada", need={"what": f"mark-{number} " + "x" * (200 * number)})
            (item,) = engine.inbox("ada")
            engine.act(item.id, "answered", {"more": f"mark-more-{number}"}, by="ada", key=f"key-{number}")
        engine.run_due()
        engine.erase("ada", because="She asked")
        assert engine.audit().erased == 40
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    found = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert b"mark-" not in found
    assert b"Named-ada" not in found
    assert b"ada@mark" not in found
