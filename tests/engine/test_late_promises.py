"""A promise whose moment is over while its job is open: its customer is told, and operators have an incident."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from flowengine import NOTIFY, Database, Engine, HandlerCall, NotAllowed, NotFound, SimulatedClock

COAT = """
process: coat
title: A coat made with you
need: A coat, for the day it is needed
zone: Europe/London
roles: {tailor: {title: Tailor}}
promise: {by: data.need.by, kept: 'passed("hand_over")'}
states:
  need: {type: need, fields: {by: {type: string, format: date, title: Needed by}}, next: sew}
  sew:
    type: task
    for: tailor
    phase: Making your coat
    on: {done: hand_over, ask: choose, later: agree}
  agree: {type: task, for: tailor, saves: need, fields: {by: {type: string, format: date}}, next: sew}
  choose: {type: choice, ask: Which buttons?, choose: {button: {from: [horn, wood]}}, within: P90D,
           on: {chosen: sew, expired: gone}}
  hand_over: {type: task, for: tailor, next: thanks}
  thanks: {type: feedback, within: P90D, on: {given: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody chose}
  withdrawn: {type: ended, because: The customer withdrew}
always:
  withdraw: {by: customer, when: '!passed("hand_over")', to: withdrawn}
"""
BY = datetime(2026, 5, 10, 22, 59, 59, 999999, tzinfo=UTC)
"""When the tenth of May ends in London."""
TOLD = "The day we promised, Sun 10 May 2026, has passed. We are still at work on it: Making your coat"

Find = Callable[[str, str], str]


@pytest.fixture
def coat(engine: Engine) -> Callable[..., str]:
    """Begins a coat for somebody, promised for the tenth of May."""
    engine.deploy(COAT)

    def begin(by: str = "ada", day: str = "2026-05-10") -> str:
        return engine.start("coat", by=by, need={"by": day}).job

    return begin


def pass_time(engine: Engine, clock: SimulatedClock, days: float) -> None:
    """Time passes, and all that is due by then is done."""
    clock.advance(timedelta(days=days))
    while engine.run_due().anything:
        pass


def lines(engine: Engine, job: str) -> list[str]:
    return [line.what for line in engine.history(job)]


def test_its_customer_and_the_house_are_told(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock, step_of: Find
) -> None:
    """In words of each, before and after; no worker need have run, for time decides (L13)."""
    job = coat()
    before = engine.track(job, by="ada").promise
    assert before is not None
    assert (before.by, before.late, before.status, before.words) == (BY, False, "open", "Promised for Sun 10 May 2026")
    clock.advance(timedelta(days=7))
    seen, inside = engine.track(job, by="ada").promise, engine.track(job, by="tom").promise
    assert seen is not None
    assert inside is not None
    assert (seen.kept, seen.late, seen.status, seen.words) == (None, True, "late", TOLD)
    assert (inside.late, inside.words) == (True, "Promised for Sun 10 May 2026, late since then")
    pass_time(engine, clock, 0)
    assert lines(engine, job).count("later than promised: Sun 10 May 2026 has passed") == 1
    pass_time(engine, clock, 30)
    assert [what for what in lines(engine, job) if "later" in what] == [
        "later than promised: Sun 10 May 2026 has passed"
    ]
    engine.act(step_of(job, "tom"), "done", by="tom")
    engine.act(step_of(job, "tom"), by="tom")
    after = engine.track(job, by="ada").promise
    assert after is not None
    assert (after.kept, after.late, after.status) == (False, True, "broken")
    assert after.words == "Promised for Sun 10 May 2026, broken"
    assert engine.audit(job).fine


def test_what_waits_for_its_customer_is_not_said_to_be_at_work(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock, step_of: Find
) -> None:
    """He is told what he can do; and that it is paused, where it is."""
    job = coat()
    engine.act(step_of(job, "tom"), "ask", by="tom")
    clock.advance(timedelta(days=7))
    seen = engine.track(job, by="ada").promise
    assert seen is not None
    assert seen.words == "The day we promised, Sun 10 May 2026, has passed. It waits for you: Which buttons?"
    engine.suspend(job, because="The shop is flooded", by="olga")
    seen = engine.track(job, by="ada").promise
    assert seen is not None
    assert seen.words == "The day we promised, Sun 10 May 2026, has passed. It is paused: The shop is flooded"


BOTH = """
process: both
title: A coat with initials
need: A coat
roles: {tailor: {title: Tailor}}
promise: {by: data.need.by}
states:
  need: {type: need, fields: {by: {type: string, format: date-time}}, next: making}
  making:
    type: parallel
    phase: Making your coat
    branches:
      sew: {start: sew, states: {sew: {type: task, for: tailor, next: done}}}
      name:
        start: name
        states:
          name:
            type: ask
            ask: Which initials?
            fields: {of: {type: string}}
            within: P90D
            on: {answered: done, expired: done}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""


def test_what_is_done_on_both_sides_is_told_of_both(engine: Engine, clock: SimulatedClock) -> None:
    """The house does not hide behind a question that is open beside its work; a promised time is told with its hour."""
    engine.deploy(BOTH)
    job = engine.start("both", by="ada", need={"by": "2026-05-10T15:00:00Z"}).job
    clock.advance(timedelta(days=7))
    over = "The time we promised, Sun 10 May 2026, 15:00 UTC, has passed. "
    at_work, asked = "We are still at work on it: Making your coat", "Which initials?"

    def words() -> str:
        promise = engine.track(job, by="ada").promise
        assert promise is not None
        return promise.words

    assert words() == f"{over}{at_work}. It waits for you, too: {asked}"
    engine.act(engine.inbox("tom")[0].id, by="tom")
    assert words() == f"{over}It waits for you: {asked}"


def test_it_is_an_incident_until_there_is_another_date(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock, step_of: Find
) -> None:
    """It names the job, where it stands, since when, and for whom it waits; a worker need not have run."""
    job = coat()
    pass_time(engine, clock, 6)
    assert engine.incidents() == []
    clock.advance(timedelta(days=0.7))
    (found,) = engine.incidents(by="olga")
    assert (found.kind, found.id, found.job, found.process, found.customer) == ("promise", job, job, "coat", "ada")
    assert (found.state, found.handler, found.since, found.whom) == ("sew", "Sew", BY, "Tailor")
    assert found.error == "it was promised for Sun 10 May 2026, and waits for Tailor"
    pass_time(engine, clock, 0)
    assert [one.kind for one in engine.incidents()] == ["promise"]
    engine.act(step_of(job, "tom"), "later", by="tom")
    engine.act(step_of(job, "tom"), "done", {"by": "2026-05-20"}, by="tom")
    assert engine.incidents() == []
    seen = engine.track(job, by="ada").promise
    assert seen is not None
    assert (seen.late, seen.first, seen.words) == (False, BY, "Promised for Wed 20 May 2026")
    assert "promised for Wed 20 May 2026 instead of Sun 10 May 2026" in lines(engine, job)[-1]
    pass_time(engine, clock, 10)
    assert [one.since for one in engine.incidents() if one.kind == "promise"] == [BY + timedelta(days=10)]
    engine.end(job, because="She bought one", by="olga")
    assert engine.incidents() == []
    assert engine.audit(job).fine


def test_it_is_not_tried_again(engine: Engine, coat: Callable[..., str], clock: SimulatedClock) -> None:
    """Nothing failed: somebody has to see to it. It is none of all that are tried again together."""
    job = coat()
    pass_time(engine, clock, 7)
    with pytest.raises(NotAllowed, match="a job is not tried again"):
        engine.retry(job)
    with pytest.raises(NotFound):
        engine.retry("nonsense")
    assert engine.retry_all().tried == ()


def test_a_promised_day_does_not_stand_while_a_job_is_suspended(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock
) -> None:
    """It is late all the same, in views and among the incidents; the letter comes when the job goes on."""
    job = coat()
    engine.suspend(job, because="The shop is flooded", by="olga")
    pass_time(engine, clock, 7)
    (found,) = engine.incidents()
    assert found.error == "it was promised for Sun 10 May 2026, and is suspended"
    assert not any("later than" in what for what in lines(engine, job))
    engine.resume(job, because="Dry again", by="olga")
    pass_time(engine, clock, 0)
    assert lines(engine, job)[-1] == "later than promised: Sun 10 May 2026 has passed"
    assert engine.audit(job).fine


def test_what_became_of_it_is_told_when_the_job_is_over(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock, step_of: Find
) -> None:
    """Kept, though the thanks come late; broken, where it ended after its moment; released, where before. Each is told
    once in the history."""
    kept, broken, released = coat(), coat(), coat()
    for _ in range(2):
        engine.act(step_of(kept, "tom"), by="tom", outcome="done")
    engine.invoke(released, "withdraw", by="ada")
    pass_time(engine, clock, 7)
    engine.invoke(broken, "withdraw", by="ada")
    assert engine.incidents() == []
    found = {}
    for job in (kept, broken, released):
        seen = engine.track(job, by="ada").promise
        assert seen is not None
        found[seen.status] = (seen.kept, seen.late, seen.words)
        assert sum("promised for" in what for what in lines(engine, job)) == 1
        assert engine.audit(job).fine
    assert found == {
        "kept": (True, False, "Promised for Sun 10 May 2026, kept"),
        "broken": (False, True, "Promised for Sun 10 May 2026, broken"),
        "released": (None, False, "Had been promised for Sun 10 May 2026, which no longer stands"),
    }
    assert lines(engine, released)[-1].endswith("the promise for Sun 10 May 2026 no longer stands")
    assert lines(engine, broken)[-1].endswith("the promise is broken; the job ended: The customer withdrew")


def test_late_jobs_are_listed_those_that_are_late_the_longest_first(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock
) -> None:
    """A page at a time, of a process or a customer; a customer's are his own. What is settled is late no more."""
    third, first, second = (coat(day=day) for day in ("2026-05-12", "2026-05-08", "2026-05-10"))
    ben = coat("ben", "2026-05-06")
    coat(day="2026-06-30")
    engine.start("small_suit", by="ada", need={"occasion": "A wedding"})
    assert engine.jobs(late=True) == []
    clock.advance(timedelta(days=10))
    assert [row.id for row in engine.jobs(late=True)] == [ben, first, second, third]
    assert [row.id for row in engine.jobs(late=True, limit=2)] == [ben, first]
    assert [row.id for row in engine.jobs(late=True, after=first)] == [second, third]
    assert [row.id for row in engine.jobs(late=True, by="ada")] == [first, second, third]
    assert [row.id for row in engine.jobs(late=True, process="coat", customer="ben")] == [ben]
    assert engine.jobs(late=True, process="small_suit") == []
    engine.invoke(first, "withdraw", by="ada")
    assert [row.id for row in engine.jobs(late=True)] == [ben, second, third]
    assert [row.id for row in engine.jobs(late=True, after=first)] == [ben, second, third]
    with pytest.raises(NotAllowed, match="not told what was promised"):
        engine.jobs(late=True, took_part=True, by="ada")
    rows = {row.id: row.promise for row in engine.jobs()}
    assert {one.status if one else "" for one in rows.values()} == {"late", "broken", "open", ""}


def test_an_inbox_begins_with_what_is_late(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock, step_of: Find
) -> None:
    """Of steps that wait alike, those of late jobs lead, then what comes first, a deadline or a promise."""
    later, late = coat(day="2026-05-30"), coat()
    engine.start("small_suit", by="ada", need={"occasion": "A wedding"})
    clock.advance(timedelta(days=6.9))
    items = [(item.job, item.promise, item.late) for item in engine.inbox("tom")]
    assert items == [(late, BY, True), (later, BY + timedelta(days=20), False)]
    engine.act(step_of(late, "tom"), "ask", by="tom")
    found = [(item.process, item.late, item.zone) for item in engine.inbox("ada")]
    assert found == [("coat", True, "Europe/London"), ("small_suit", False, "")]
    engine.set_data(late, "need.by", "2026-05-31", because="She agreed", by="olga")
    assert [item.late for item in engine.inbox("ada")] == [False, False]


def test_what_is_late_does_not_stay_behind_what_is_older(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock
) -> None:
    """Where more waits than is shown, the first page begins with what is late, however lately it came to wait; not what
    somebody else has taken, nor what waits for others."""
    for _ in range(4):
        coat(day="2026-12-24")
    clock.advance(timedelta(hours=1))
    late, taken, asked = coat(), coat(), coat()
    steps = {item.job: item.id for item in engine.inbox("tom")}
    engine.act(steps[asked], "ask", by="tom")
    engine.add_staff("tess", "Tess", roles=["tailor"])
    engine.claim(steps[taken], by="tess")
    clock.advance(timedelta(days=7))
    assert engine.inbox("tom", 3)[0].job == late
    assert [item.late for item in engine.inbox("tom", 3)] == [True, False, False]
    assert engine.inbox("tess", 3)[0].job == taken
    assert [item.job for item in engine.inbox("ada", 1)] == [asked]


def test_the_customer_is_told_once_for_each_date(database: Database, clock: SimulatedClock) -> None:
    """By the handler of notices; not of a date that has been replaced by then, nor of a job that is over."""
    heard: list[HandlerCall] = []
    with Engine(database, clock=clock, handlers={NOTIFY: heard.append}) as engine:
        engine.deploy(COAT)
        engine.add_customer("ada", "Ada")
        engine.add_staff("tom", "Tom", roles=["tailor"])
        job = engine.start("coat", by="ada", need={"by": "2026-05-10"}).job
        withdrawn = engine.start("coat", by="ada", need={"by": "2026-05-10"}).job
        pass_time(engine, clock, 5)
        heard.clear()
        clock.advance(timedelta(days=2))
        engine.claim(engine.inbox("tom")[0].id, by="tom")
        engine.invoke(withdrawn, "withdraw", by="ada")  # before anybody could be told
        pass_time(engine, clock, 0)
        engine.act(engine.inbox("tom")[0].id, "later", by="tom")
        engine.act(engine.inbox("tom")[0].id, "done", {"by": "2026-05-20"}, by="tom")
        pass_time(engine, clock, 60)
        told = [call for call in heard if call.input["why"] == "promise"]
        assert [call.input for call in told] == [
            {
                "step": None,
                "why": "promise",
                "title": f"The day we promised, {day}, has passed. We are still at work on it: Making your coat",
                "state": "",
                "due": due.isoformat(),
                "audience": ["person:ada"],
            }
            for day, due in (("Sun 10 May 2026", BY), ("Wed 20 May 2026", BY + timedelta(days=10)))
        ]
        assert {call.job for call in told} == {job}
        assert engine.audit().fine


def test_operators_see_its_timer_and_cannot_take_it_away(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock
) -> None:
    """It is listed as what it is; the promise follows its data, which they can set."""
    job = coat()
    (timer,) = (one for one in engine.timers(job) if one.purpose == "promise")
    assert (timer.due, timer.state, timer.what) == (BY + timedelta(microseconds=1), "sew", "")
    for take in (
        lambda: engine.drop_timer(timer.id, because="Never mind", by="olga"),
        lambda: engine.move_deadline(timer.id, to=BY + timedelta(days=3), because="Later", by="olga"),
    ):
        with pytest.raises(NotAllowed, match="follows the data") as refused:
            take()
        assert refused.value.possible == ("set the data to what is promised now",)
    with pytest.raises(NotAllowed, match="not due before"):
        engine.fire_timer(timer.id, because="Now", by="olga")
    engine.set_data(job, "need.by", "2026-05-12", because="She agreed by phone", by="olga")
    assert [one.due for one in engine.timers(job) if one.purpose == "promise"] == [
        BY + timedelta(days=2, microseconds=1)
    ]
    clock.advance(timedelta(days=7))
    assert engine.jobs(late=True) == []


def test_measures_count_late_promises_by_process(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock
) -> None:
    """What is watched is what operators are told as incidents."""
    coat(), coat("ben")
    assert engine.measures().late_promises == {}
    clock.advance(timedelta(days=7))
    assert engine.measures().late_promises == {"coat": 2}
