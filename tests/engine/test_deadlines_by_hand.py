"""Deadlines that people move, timers that operators fire or drop, and what all of it tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from flowengine import (
    BadAnswer,
    Engine,
    HandlerCall,
    NotAllowed,
    NotFound,
    ProcessRefused,
    SimulatedClock,
    StaleCommand,
)

Suit = Callable[..., str]
StepOf = Callable[[str, str], str]
DAY = timedelta(days=1)

HIRE = """
process: hire
title: A suit for hire
need: A suit for a day
roles: {tailor: {title: Tailor}, cutter: {title: Cutter}}
states:
  need: {type: need, fields: {day: {type: string, format: date}}, next: agree}
  agree:
    type: approval
    by: customer
    within: P7D
    deadline_moved_by: tailor
    remind: {every: P2D, first: P1D, most: 3}
    on: {approved: lent, declined: gone, expired: gone}
  lent: {type: wait, until: date(data.need.day), next: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: He did not want it}
"""


@pytest.fixture
def hire(engine: Engine) -> str:
    engine.deploy(HIRE)
    return engine.start("hire", by="ada", need={"day": "2026-06-01"}).job


def test_those_whom_the_process_names_move_a_deadline(engine: Engine, hire: str, clock: SimulatedClock) -> None:
    """A tailor may, as an operator may; others are refused with who may, and the history says why, when and what."""
    step, later = engine.inbox("ada")[0].id, clock.now() + 20 * DAY
    with pytest.raises(NotAllowed, match="cleo may not move this deadline") as refused:
        engine.move_deadline(step, later, because="R", by="cleo")
    assert "role:tailor" in refused.value.possible
    with pytest.raises(NotAllowed, match="only staff and operators may move a deadline"):
        engine.move_deadline(step, later, because="R", by="ada")
    engine.move_deadline(step, later, because="She is away", by="tom", key="k")
    engine.move_deadline(step, later, because="She is away", by="tom", key="k")
    assert engine.inbox("ada")[0].due == later
    assert engine.history(hire)[-1].what == (
        "moved the deadline of: Agree (because: She is away); "
        "due on Sun 24 May 2026, 09:00 UTC instead of Mon 11 May 2026, 09:00 UTC"
    )
    engine.move_deadline(step, later + DAY, because="R", by="olga")
    clock.advance(20 * DAY)
    assert engine.act(step, "approved", by="ada").status == "open"
    assert engine.audit().fine


def test_where_the_process_names_nobody_only_operators_move(
    engine: Engine, clock: SimulatedClock, suit: Suit, step_of: StepOf
) -> None:
    """Staff is refused on a step of such a state."""
    step = step_of(suit(), "ada")
    with pytest.raises(NotAllowed, match="tom may not move this deadline"):
        engine.move_deadline(step, clock.now() + 20 * DAY, because="R", by="tom")


def test_who_is_waited_for_is_told_of_another_deadline(engine: Engine, hire: str, clock: SimulatedClock) -> None:
    """The notice says why it comes, and which deadline holds now."""
    heard: list[HandlerCall] = []
    engine.handler("engine.notify")(heard.append)
    engine.move_deadline(engine.inbox("ada")[0].id, clock.now() + 20 * DAY, because="R", by="olga")
    engine.run_due()
    (call,) = heard
    assert (call.input["why"], call.input["due"]) == ("deadline", "2026-05-24T09:00:00+00:00")
    ((at, words, shown),) = engine.track(hire, "ada").told
    assert (at, words) == (clock.now(), "There is another time for: Agree")
    assert dict(shown) == {"By": "Sun 24 May 2026, 09:00 UTC", "Before": "Mon 11 May 2026, 09:00 UTC"}
    engine.set_data(hire, "need.day", "2026-06-02", because="R", by="olga")
    assert len(engine.track(hire, "ada").told) == 1


@pytest.mark.parametrize(
    ("to", "problem"),
    [
        (datetime(2026, 5, 4, 9, tzinfo=UTC), "is over"),
        (datetime(2020, 1, 1, tzinfo=UTC), "is over"),
        (datetime(2027, 1, 1), "needs its zone"),  # noqa: DTZ001 - it is what is refused
        ("tomorrow", "needs its zone"),
    ],
)
def test_a_deadline_is_a_moment_to_come(engine: Engine, hire: str, to: datetime, problem: str) -> None:
    """The past is refused, and so is what is no moment."""
    with pytest.raises(BadAnswer, match=problem):
        engine.move_deadline(engine.inbox("ada")[0].id, to, because="R", by="olga")
    assert len(engine.history(hire)) == 1


def test_a_deadline_that_is_over_is_not_moved(engine: Engine, hire: str, clock: SimulatedClock) -> None:
    """What is due has happened before (L13): the step is closed, and nobody brings it back by its deadline."""
    step = engine.inbox("ada")[0].id
    clock.advance(8 * DAY)
    with pytest.raises(StaleCommand):
        engine.move_deadline(step, clock.now() + DAY, because="R", by="olga")
    assert engine.jobs()[0].because == "He did not want it"
    assert engine.history(hire)


def test_operators_see_fire_and_drop_timers(engine: Engine, hire: str, clock: SimulatedClock) -> None:
    """Each timer has an id, by which a reminder is dropped, a wait is moved or ended; no deadline is dropped."""
    step = engine.inbox("ada")[0]
    found = {one.purpose: one for one in engine.timers(hire, by="olga")}
    assert [(one.purpose, one.due - clock.now()) for one in found.values()] == [("remind", DAY), ("expire", 7 * DAY)]
    assert {one.step for one in found.values()} == {step.id}
    assert found["expire"].what == "Agree"
    with pytest.raises(NotAllowed, match="only an operator may list the timers"):
        engine.timers(hire, by="tom")
    with pytest.raises(NotFound):
        engine.timers("ffffffff", by="olga")
    with pytest.raises(NotAllowed, match="wait for ever"):
        engine.drop_timer(found["expire"].id, because="R", by="olga")
    engine.drop_timer(found["remind"].short, because="He knows", by="olga")
    assert engine.history(hire)[-1].what == "dropped a reminder of: Agree (because: He knows)"
    engine.act(step.id, "approved", by="ada")
    (wait,) = engine.timers(hire, by="olga")
    assert (wait.purpose, wait.state, wait.due.day) == ("elapse", "lent", 1)
    engine.move_deadline(wait.id, clock.now() + 40 * DAY, because="It rains", by="olga")
    assert engine.history(hire)[-1].what == (
        "moved the deadline of: Lent (because: It rains); "
        "due on Sat 13 Jun 2026, 09:00 UTC instead of Mon 1 Jun 2026, 00:00 UTC"
    )
    (wait,) = engine.timers(hire, by="olga")
    tried = engine.fire_timer(wait.id, because="It is back", dry=True, by="olga")
    assert (tried.status, engine.jobs()[0].status) == ("fulfilled", "open")
    assert engine.fire_timer(wait.id, because="It is back", by="olga").status == "fulfilled"
    assert "had it done before its time: the wait is over: Lent (because: It is back)" in engine.history(hire)[-1].what
    assert engine.audit().fine


def test_set_data_moves_a_wait(engine: Engine, hire: str, clock: SimulatedClock) -> None:
    """The date is mended, and the wait ends with it: also where that is over by now."""
    engine.act(engine.inbox("ada")[0].id, "approved", by="ada")
    clock.advance(DAY)
    engine.set_data(hire, "need.day", "2026-05-20", because="A typo", by="olga")
    assert engine.timers(hire)[0].due == datetime(2026, 5, 20, tzinfo=UTC)
    assert "due on Wed 20 May 2026" in engine.history(hire)[-1].what
    engine.set_data(hire, "need.day", "2026-05-01", because="It is back", by="olga")
    assert engine.run_due().timers == 1
    assert engine.jobs()[0].status == "fulfilled"
    assert engine.audit().fine


def test_reminders_come_again(engine: Engine, hire: str, clock: SimulatedClock) -> None:
    """One timer at a time is set, and the workers send each."""
    sent = []
    for _ in range(7):
        clock.advance(DAY - timedelta(seconds=1))
        sent.append(engine.run_due().timers)
        clock.advance(timedelta(seconds=1))
        sent[-1] += engine.run_due().timers
    assert sent == [1, 0, 1, 0, 1, 0, 1]
    assert sum("reminded" in line.what for line in engine.history(hire)) == 3


LATE = HIRE.replace("remind: {every: P2D, first: P1D, most: 3}", "%s")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("remind: [P1D, P7D]", "late-reminder"),
        ("remind: [P8D]", "late-reminder"),
        ("remind: PT168H", "late-reminder"),
        ("remind: {every: P1D, first: P9D}", "late-reminder"),
        ("remind: {every: P7D}", "late-reminder"),
        ("escalate: {after: P1M, to: cutter}", "late-reminder"),
        ("remind: {every: PT59M}", "bad-duration"),
        ("remind: {every: P1D, most: 0}", "bad-number"),
        ("remind: {first: P1D}", "missing-key"),
    ],
)
def test_a_reminder_behind_the_deadline_is_refused(engine: Engine, line: str, code: str) -> None:
    """It would never come, or too often; the problem stands at its own place."""
    with pytest.raises(ProcessRefused) as refused:
        engine.deploy(LATE % line)
    (problem,) = refused.value.problems
    assert (problem.code, problem.place.line) == (code, 13)
    assert problem.place.column > 5


def test_customers_move_no_deadline(engine: Engine) -> None:
    """A process that says so is refused."""
    with pytest.raises(ProcessRefused, match="only those inside"):
        engine.deploy(HIRE.replace("deadline_moved_by: tailor", "deadline_moved_by: customer"))
