"""A promise renegotiated: another date is asked, and accepted, refused or not answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rehearsal import ADA, BEGIN, CLOCK, OPS, TOM, Rehearsal, days, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core import new_dates
from flowengine.core.values import Promise, Step
from flowengine.errors import BadAnswer, NotAllowed, StaleCommand

SEWN = """  first: {type: task, for: tailor, takes: P5D, on: {done: fulfilled, again: first, later: say_when}}
  say_when: {type: task, for: tailor, fields: {by: {type: string, format: date}}, saves: first_date, next: first}
"""
PROMISE = """promise: {by: "has(data.first_date) ? data.first_date.by : '2026-03-20'"}"""
END_OF_20 = datetime(2026, 3, 20, 23, 59, 59, 999999, tzinfo=UTC)
END_OF_30 = datetime(2026, 3, 30, 23, 59, 59, 999999, tzinfo=UTC)


def sewn(states: str = SEWN, promise: str = PROMISE) -> Rehearsal:
    return Rehearsal(process(states, promise))


def promised(job: Rehearsal) -> Promise:
    found = job.position.head.promise
    assert found is not None
    return found


def ask(job: Rehearsal, to: datetime = END_OF_30, because: str = "The cloth is late") -> Step:
    job.do(c.AskPromise(by=TOM, to=to, because=because))
    found = new_dates.asked(job.position)
    assert found is not None
    return found


def test_an_accepted_date_is_what_is_promised_from_then_on() -> None:
    """The history has both dates and who agreed, and the timer that tells it is late is set anew."""
    job = sewn()
    step = ask(job)
    assert (step.title, promised(job).asked) == ("A new date: Mon 30 Mar 2026 instead of Fri 20 Mar 2026", END_OF_30)
    job.do(c.Act(by=ADA, step=step.number, outcome="accepted", answer={"words": "All right"}))
    now = promised(job)
    assert (now.by, now.first, now.agreed_by, now.asked) == (END_OF_30, END_OF_20, "ada", None)
    assert [timer.due for timer in job.timers if timer.purpose == "promise"] == [END_OF_30 + timedelta(microseconds=1)]
    assert [one.text for one in job.told(e.Said)] == [
        "A new date, Mon 30 Mar 2026 instead of Fri 20 Mar 2026: The cloth is late",
        "Accepted, Mon 30 Mar 2026 instead of Fri 20 Mar 2026: All right",
    ]
    assert job.standing == ["first"]


def test_a_refused_date_changes_nothing() -> None:
    """What was promised stands, and another may be asked."""
    job = sewn()
    before = promised(job)
    step = ask(job)
    job.do(c.Act(by=ADA, step=step.number, outcome="refused"))
    assert promised(job) == before
    assert job.told(e.Said)[-1].text == "Refused, Fri 20 Mar 2026 stands"
    ask(job)


def test_without_an_answer_the_old_promise_stands() -> None:
    """After seven days at most, and not beyond the new date itself, nobody can accept it any more (L13)."""
    job = sewn()
    step = ask(job)
    assert step.due == BEGIN + days(7)
    assert "Fri 20 Mar 2026 stands" in step.shown[-1][1]
    (timer,) = [one for one in job.timers if one.step == step.number]
    job.now = BEGIN + days(7)
    with pytest.raises(StaleCommand):
        job.do(c.Act(by=ADA, step=step.number, outcome="accepted"))
    job.do(c.Fire(by=CLOCK, timer=timer.number))
    assert (promised(job).by, promised(job).asked, new_dates.asked(job.position)) == (END_OF_20, None, None)
    assert job.told(e.Said)[-1].text == "No answer came in time, Fri 20 Mar 2026 stands"


def test_a_near_date_is_asked_until_then() -> None:
    """A date in two days can be accepted for two days."""
    assert ask(sewn(), BEGIN + days(2)).due == BEGIN + days(2)


@pytest.mark.parametrize(
    ("to", "because", "wrong"),
    [
        (BEGIN, "late", "to"),
        (BEGIN - days(1), "late", "to"),
        (END_OF_20, "late", "to"),
        (END_OF_30, "  ", "because"),
        (END_OF_30, "x" * 10_001, "because"),
    ],
)
def test_what_is_no_new_date_is_refused(to: datetime, because: str, wrong: str) -> None:
    """A date that is over, the date that is promised, and no reason."""
    with pytest.raises(BadAnswer) as refused:
        ask(sewn(), to, because)
    assert list(refused.value.problems) == [wrong]


def test_one_is_asked_at_a_time() -> None:
    """Until it is answered or taken back."""
    job = sewn()
    step = ask(job)
    with pytest.raises(NotAllowed, match="asked for another date already"):
        ask(job)
    job.do(c.TakeBack(by=TOM, step=step.number))
    assert promised(job).asked is None
    ask(job)


def test_where_nothing_is_promised_nothing_is_asked() -> None:
    """Before there is a promise, and once it is kept or broken."""
    with pytest.raises(NotAllowed, match="nothing is promised"):
        ask(sewn(promise=""))
    more = "  kept: {type: task, for: tailor, on: {done: fulfilled}}\n"
    kept = sewn(
        SEWN.replace("done: fulfilled", "done: kept") + more,
        PROMISE.replace("promise: {", "promise: {kept: 'passed(\"first\")', "),
    )
    kept.act("first", "done", by=TOM)
    with pytest.raises(NotAllowed, match="the promise is kept"):
        ask(kept)


def test_what_the_process_promises_anew_overtakes_what_is_asked() -> None:
    """A date from the data closes the question; while the data say what they said, what was agreed stands."""
    job = sewn()
    step = ask(job)
    job.act("first", "later", by=TOM)
    job.act("say_when", "done", {"by": "2026-04-10"}, by=TOM)
    assert (promised(job).by.date().isoformat(), new_dates.asked(job.position)) == ("2026-04-10", None)
    assert job.told(e.Said)[-1].text == "Fri 10 Apr 2026 is promised by now"
    step = ask(job, END_OF_30)
    job.do(c.Act(by=ADA, step=step.number, outcome="accepted"))
    job.act("first", "later", by=TOM)
    job.act("say_when", "done", {"by": "2026-04-10"}, by=TOM)
    assert promised(job).by == END_OF_30
    job.act("first", "later", by=TOM)
    job.act("say_when", "done", {"by": "2026-04-11"}, by=TOM)
    assert (promised(job).by.date().isoformat(), promised(job).agreed_by) == ("2026-04-11", "")


def test_the_end_of_the_job_closes_what_is_asked() -> None:
    """A job that is over asks for no date."""
    job = sewn()
    ask(job)
    job.act("first", "done", by=TOM)
    assert (job.status, new_dates.asked(job.position), promised(job).kept) == ("fulfilled", None, True)


def test_a_suspended_job_can_be_asked_and_answered() -> None:
    """A promise is most in danger while a job is held; a deadline waits as long as it is."""
    job = sewn()
    job.do(c.Suspend(by=OPS, because="The mill burnt down"))
    step = ask(job)
    job.do(c.Act(by=ADA, step=step.number, outcome="accepted"))
    assert promised(job).by == END_OF_30
    step = ask(job, END_OF_20)
    job.now += days(3)
    job.do(c.Resume(by=OPS, because="It is rebuilt"))
    found = new_dates.asked(job.position)
    assert found is not None
    assert found.due == step.due + days(3)


def test_words_are_no_answer_to_a_date() -> None:
    """It is accepted or refused, not talked about."""
    job = sewn()
    step = ask(job)
    with pytest.raises(BadAnswer):
        job.do(c.Say(by=ADA, text="Well", kind="answer", to=step.number))
    job.do(c.Say(by=ADA, text="Well", kind="answer"))
    assert new_dates.asked(job.position) is not None


# at risk


def expect(job: Rehearsal, soonest: datetime, latest: datetime) -> Step | None:
    job.do(c.Expect(by=CLOCK, soonest=soonest, latest=latest))
    return new_dates.asked(job.position)


def test_a_promise_at_risk_is_told_once_and_another_date_is_asked() -> None:
    """The range is what was expected, and the date that is asked is its later end: of a promised day, a day."""
    job = sewn()
    step = expect(job, END_OF_20 + days(2), END_OF_30 - timedelta(hours=7))
    (told,) = job.told(e.PromiseAtRisk)
    assert (told.by, promised(job).risk) == (END_OF_20, (told.soonest, told.latest))
    assert step is not None
    assert (promised(job).asked, step.asked_by) == (END_OF_30, "")
    assert dict(step.shown)["Because"] == (
        "it is expected between Sun 22 Mar 2026 and Mon 30 Mar 2026, for it takes longer than we thought"
    )
    with pytest.raises(StaleCommand):
        expect(job, END_OF_20 + days(2), END_OF_30)


def test_refused_it_stays_at_risk_and_is_asked_no_more() -> None:
    """What was promised stands: of one date it is told and asked once."""
    job = sewn()
    step = expect(job, END_OF_20 + days(2), END_OF_30)
    assert step is not None
    job.do(c.Act(by=ADA, step=step.number, outcome="refused"))
    assert (promised(job).by, promised(job).asked, promised(job).risk is None) == (END_OF_20, None, False)
    with pytest.raises(StaleCommand):
        expect(job, END_OF_20 + days(5), END_OF_30)


def test_an_accepted_date_may_be_at_risk_again() -> None:
    """It is another date, of which nothing was told."""
    job = sewn()
    step = expect(job, END_OF_20 + days(2), END_OF_30)
    assert step is not None
    job.do(c.Act(by=ADA, step=step.number, outcome="accepted"))
    assert (promised(job).by, promised(job).risk) == (END_OF_30, None)
    assert expect(job, END_OF_30 + days(1), END_OF_30 + days(2)) is not None


def test_of_a_promised_moment_a_moment_is_asked() -> None:
    """The next quarter of an hour."""
    job = sewn(promise="""promise: {by: "'2026-03-20T10:00:00Z'"}""")
    noon = datetime(2026, 3, 20, 12, tzinfo=UTC)
    step = expect(job, noon, noon + timedelta(minutes=16))
    assert step is not None
    assert promised(job).asked == noon + timedelta(minutes=30)
    assert dict(step.shown)["Because"].startswith("it is expected on Fri 20 Mar 2026, for ")


@pytest.mark.parametrize(
    ("soonest", "latest"),
    [(END_OF_20, END_OF_30), (END_OF_20 - days(1), END_OF_30), (END_OF_30, END_OF_20)],
    ids=["in time", "early", "backwards"],
)
def test_what_is_expected_in_time_is_not_at_risk(soonest: datetime, latest: datetime) -> None:
    """Nothing is told of it, and nothing asked."""
    job = sewn()
    with pytest.raises(StaleCommand):
        expect(job, soonest, latest)
    assert (promised(job).risk, new_dates.asked(job.position)) == (None, None)


def test_only_what_is_still_to_be_kept_is_at_risk() -> None:
    """Not what nobody promised, what is late, what somebody asks about already, or what is held."""
    with pytest.raises(StaleCommand):
        expect(sewn(promise=""), END_OF_20 + days(1), END_OF_30)
    late, asked, held = sewn(), sewn(), sewn()
    late.now = END_OF_20 + days(1)
    ask(asked)
    held.do(c.Suspend(by=OPS, because="The mill burnt down"))
    for job in (late, asked, held):
        with pytest.raises(StaleCommand):
            expect(job, END_OF_20 + days(2), END_OF_30)


@settings(deadline=None, max_examples=60)
@given(soonest=st.integers(1, 10**6), more=st.integers(0, 10**6))
def test_the_date_that_is_asked_is_never_before_what_is_expected(soonest: int, more: int) -> None:
    """Whoever accepts it is promised what nine of ten are in time for."""
    job = sewn()
    first = END_OF_20 + timedelta(seconds=soonest)
    last = first + timedelta(seconds=more)
    expect(job, first, last)
    asked = promised(job).asked
    assert asked is not None
    assert last <= asked < last + days(1)


KEPT = """  first: {type: task, for: tailor, takes: P5D, on: {done: {to: second, set: {promised: "'2026-03-20'"}}}}
  second: {type: task, for: tailor, on: {done: fulfilled}, shows: {For: "{data.promised}"}}
"""


@pytest.mark.parametrize(
    ("to", "kept"), [(END_OF_30, "2026-03-30"), (END_OF_30 - timedelta(hours=8), "2026-03-30")], ids=["day", "moment"]
)
def test_a_process_that_keeps_what_it_promises_goes_on_by_what_was_agreed(to: datetime, kept: str) -> None:
    """Where the promise is a place of the process's own, the new date stands there, too; and it rebuilds (L5)."""
    job = sewn(KEPT, "promise: {by: data.promised}")
    job.do(c.Act(by=TOM, step=job.step("first").number, outcome="done"))
    step = ask(job, to)
    job.do(c.Act(by=ADA, step=step.number, outcome="accepted"))
    assert (job.position.data["promised"], promised(job).by, promised(job).agreed_by) == (kept, to, "ada")
    job.do(c.Say(by=ADA, text="Thank you"))
    assert promised(job).by == to
