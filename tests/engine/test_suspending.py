"""A job that is suspended is left as it is, and goes on as if it had been asleep; a process that is begins no jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from engine_flows import CHILD, LETTER, PARENT, SERVICE

from flowengine import Engine, HandlerCall, NotAllowed, NotFound, Outcome, SimulatedClock
from flowengine.client import LocalDesk
from flowengine.runtime.lanes import SCOPE

Suit = Callable[..., str]
StepOf = Callable[[str, str], str]
DAY = timedelta(days=1)

CLOCKS = """
process: clocks
title: Clocks
need: Time
states:
  need: {type: need, next: both}
  both:
    type: parallel
    branches:
      rest: {start: pause, states: {pause: {type: wait, for: P5D, next: done}}}
      words:
        start: tell
        states:
          tell:
            {type: ask, ask: Well?, fields: {text: {type: string}}, within: P4D, remind: [P2D],
             on: {answered: done, expired: done}}
      judges:
        start: vote
        states:
          vote:
            type: vote
            ask: Which?
            of: customers
            options: [{id: a, title: A}, {id: b, title: B}]
            within: P4D
            on: {decided: done, tied: done, no_quorum: done}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""


def last(engine: Engine, job: str) -> str:
    line = engine.history(job)[-1]
    return f"{line.who}: {line.what}"


def test_nobody_acts_on_a_suspended_job(engine: Engine, suit: Suit, step_of: StepOf, clock: SimulatedClock) -> None:
    """Who sees the job is told since when and why; to others it is not there. Words are taken, nothing is offered."""
    job = suit()
    step = step_of(job, "ada")
    engine.suspend(job, because="The shop is flooded", by="olga")
    assert last(engine, job) == "Olga: suspended the job (because: The shop is flooded)"
    clock.advance(DAY)
    asks: list[Callable[[], object]] = [
        lambda: engine.act(step, answer={"cloth": "navy"}, by="ada"),
        lambda: engine.claim(step, by="ada"),
        lambda: engine.withdraw(job, by="ada"),
        lambda: engine.act_for(step, "ada", answer={"cloth": "navy"}, because="R", by="olga"),
        lambda: engine.suspend(job, because="Again", by="olga"),
    ]
    for ask in asks:
        with pytest.raises(NotAllowed, match="suspended since Mon 4 May 2026, 09:00 UTC: The shop is flooded"):
            ask()
    for hidden in (lambda: engine.act(step, by="ben"), lambda: engine.withdraw(job, by="ben")):
        with pytest.raises(NotFound):
            hidden()
    engine.say(job, "When?", "question", by="ada")
    seen = engine.track(job, "ada")
    assert (seen.offers, engine.step(step, "ada").possible) == ((), ())
    assert engine.step(step, "ada").suspended == seen.suspended
    assert seen.suspended is not None
    assert (seen.suspended.because, seen.suspended.by) == ("The shop is flooded", "")
    told = engine.track(job, "olga").suspended
    assert told is not None
    assert told.by == "olga"
    assert engine.jobs()[0].suspended == told
    assert engine.stuck()[0].waits[0].kind == "suspended"
    assert engine.audit(job).fine
    engine.resume(job, because="Dry again", by="olga")
    assert last(engine, job) == "Olga: let the job go on (because: Dry again)"
    assert engine.track(job, "ada").suspended is None
    engine.act(step, answer={"cloth": "navy"}, by="ada")
    with pytest.raises(NotAllowed, match="not suspended"):
        engine.resume(job, because="R", by="olga")
    assert engine.audit(job).fine


def test_deadlines_of_people_move_and_waits_do_not(engine: Engine, clock: SimulatedClock) -> None:
    """What people have to do in time is due later by as long as the job was held; a wait goes by the clock. Meanwhile
    nothing is due, however much time passes."""
    engine.deploy(CLOCKS)
    job = engine.start("clocks", by="ada").job
    began = clock.now()
    clock.advance(DAY)
    engine.suspend(job, because="R", by="olga")
    assert engine.next_due() is None
    clock.advance(10 * DAY)
    assert engine.run_due().timers == 0
    assert engine.audit(job).fine
    engine.resume(job, because="R", by="olga")
    assert engine.audit(job).fine
    assert engine.next_due() == began + 5 * DAY
    assert engine.run_due().timers == 1  # the wait
    items = {item.title: item.due for item in engine.inbox("ada")}
    assert set(items.values()) == {began + 14 * DAY}
    assert engine.next_due() == began + 12 * DAY  # the reminder
    clock.advance(3 * DAY + timedelta(hours=-1))
    engine.run_due()
    assert engine.jobs()[0].status == "open"
    clock.advance(timedelta(hours=1))
    engine.run_due()
    assert engine.jobs()[0].status == "fulfilled"
    assert engine.audit(job).fine


def test_a_deadline_that_began_meanwhile_moves_by_less(engine: Engine, clock: SimulatedClock) -> None:
    """A step that opened while the job was held has its whole time when the job goes on."""
    engine.register({"order_cloth": lambda _: {"number": 7}})
    engine.deploy(SERVICE)
    job = engine.start("ordering", by="ada", need={"metres": 3}).job
    (call,) = engine.stuck()[0].waits
    engine.suspend(job, because="R", by="olga")
    clock.advance(3 * DAY)
    engine.complete_call(call.id, because="By phone", by="olga")
    before = engine.inbox("ada")[0].due
    assert before is not None
    clock.advance(DAY)
    engine.resume(job, because="R", by="olga")
    assert engine.inbox("ada")[0].due == before + DAY
    assert engine.audit(job).fine


def test_calls_wait(engine: Engine, clock: SimulatedClock) -> None:
    """A call that nobody has begun is not taken until the job goes on."""
    ran: list[str] = []
    engine.register({"order_cloth": lambda call: ran.append(call.key)})
    engine.deploy(SERVICE)
    job = engine.start("ordering", by="ada", need={"metres": 3}).job
    engine.suspend(job, because="R", by="olga")
    clock.advance(DAY)
    assert engine.next_due() is None
    assert engine.run_due().calls == 0
    assert engine.audit(job).fine
    engine.resume(job, because="R", by="olga")
    assert engine.run_due().calls == 1
    assert len(ran) == 1
    assert engine.audit(job).fine


@pytest.mark.parametrize("fails", [False, True])
def test_an_attempt_that_runs_ends(engine: Engine, clock: SimulatedClock, fails: bool) -> None:
    """What an attempt came to has happened and is taken, with what follows; one that failed is tried again only when
    the job goes on."""
    jobs: list[str] = []

    def order(_: HandlerCall) -> Outcome:
        if len(jobs) == 1 and engine.jobs()[0].suspended is None:
            engine.suspend(jobs[0], because="R", by="olga")
            if fails:
                raise ConnectionError("nobody answers")
        return Outcome("done", {"number": 7})

    engine.register({"order_cloth": order})
    engine.deploy(SERVICE)
    jobs.append(engine.start("ordering", by="ada", need={"metres": 3}).job)
    engine.run_due()
    assert engine.jobs()[0].states == (("order",) if fails else ("accept",))
    clock.advance(timedelta(hours=2))
    assert engine.run_due().calls == 0
    assert engine.audit().fine
    jobs.append("over")
    engine.resume(jobs[0], because="R", by="olga")
    assert engine.run_due().calls == int(fails)
    assert engine.jobs()[0].states == ("accept",)
    assert engine.audit().fine


def test_calls_of_external_workers_wait(engine: Engine) -> None:
    """They are in no lane while the job is held, and in their handler's when it goes on; a token that is taken back
    meanwhile gives them to workers of our own."""
    token = engine.issue_token(SCOPE, "mill", handlers=["order_cloth"])
    engine.deploy(SERVICE)
    jobs = [engine.start("ordering", by="ada", need={"metres": 3}).job for _ in range(2)]
    engine.suspend(jobs[0], because="R", by="olga")

    def ready(lane: str) -> int:
        with engine.database.reading() as tx:
            return len(tx.calls.ready(engine.clock.now(), 9, lane))

    assert (ready("order_cloth"), ready("")) == (1, 0)
    assert {wait.external for one in engine.stuck() for wait in one.waits if wait.kind == "call"} == {True}
    assert set(engine.measures().calls) == {"order_cloth"}
    engine.revoke_token(token.id, take_back=True)
    assert (ready("order_cloth"), ready("")) == (0, 1)
    engine.resume(jobs[0], because="R", by="olga")
    assert (ready("order_cloth"), ready("")) == (0, 2)
    assert engine.audit().fine


def test_a_message_is_taken(engine: Engine) -> None:
    """Nobody outside is told to come again; what it leads to waits."""
    engine.deploy(LETTER)
    job = engine.start("letters", by="ada", need={"number": "L7"}).job
    engine.suspend(job, because="R", by="olga")
    receipt = engine.send("letter", "L7")
    assert (receipt.job, receipt.states) == (job, ("answer", "talk"))
    with pytest.raises(NotAllowed, match="suspended"):
        engine.act(engine.inbox("ben")[0].id, by="ben")
    assert engine.audit(job).fine


def test_operators_lend_a_hand(engine: Engine, suit: Suit, step_of: StepOf, clock: SimulatedClock) -> None:
    """Data are set, the job is moved, a step is assigned and given back; and an end is an end."""
    job = suit()
    engine.act(step_of(job, "ada"), answer={"cloth": "navy"}, by="ada")
    engine.suspend(job, because="R", by="olga")
    engine.set_data(job, "need.occasion", "A ball", because="R", by="olga")
    engine.assign(step_of(job, "cleo"), "tom", by="olga")
    engine.hand_over("tom", "cleo", because="R", by="olga")
    engine.release(step_of(job, "cleo"), by="olga")
    engine.move(job, "choose", because="R", by="olga")
    clock.advance(60 * DAY)
    assert engine.run_due().timers == 0
    assert engine.audit(job).fine
    assert engine.end(job, "R", by="olga").status == "ended"
    assert engine.jobs()[0].suspended is None
    assert engine.audit(job).fine


def test_one_who_loses_his_role_gives_back_what_is_held(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """Claims end with the right to them in suspended jobs too."""
    job = suit()
    engine.act(step_of(job, "ada"), answer={"cloth": "navy"}, by="ada")
    step = step_of(job, "cleo")
    engine.claim(step, by="cleo")
    engine.suspend(job, because="R", by="olga")
    engine.add_staff("cleo", "Cleo", roles=[])
    assert not engine.step(step, "olga").claimed


# processes


def test_no_job_of_a_suspended_process_begins(engine: Engine, suit: Suit) -> None:
    """Whoever begins one is told since when and why; jobs that run go on, and a repeat gives its receipt."""
    job = engine.start("small_suit", by="ada", need={"occasion": "Work"}, key="k").job
    row = engine.suspend_process("small_suit", because="No cloth", by="olga")
    assert row.suspended is not None
    assert (row.suspended.because, row.suspended.by) == ("No cloth", "olga")
    assert engine.processes() == [row]
    with pytest.raises(NotAllowed, match="no job of small_suit begins since Mon 4 May 2026, 09:00 UTC: No cloth"):
        suit()
    assert engine.start("small_suit", by="ada", need={"occasion": "Work"}, key="k").job == job
    engine.act(engine.inbox("ada")[0].id, answer={"cloth": "navy"}, by="ada")
    with pytest.raises(NotAllowed):
        engine.suspend_process("small_suit", because="Again", by="olga")
    assert engine.resume_process("small_suit", because="Cloth came", by="olga").suspended is None
    assert suit()
    with pytest.raises(NotAllowed, match="is not suspended"):
        engine.resume_process("small_suit", because="R", by="olga")
    with pytest.raises(NotFound):
        engine.suspend_process("nothing", because="R", by="olga")
    with engine.database.reading() as tx:
        ((suspension, resumed),) = [(one.suspension, one.resumed) for one in tx.processes.suspensions("small_suit")]
    assert resumed is not None
    assert (suspension.because, resumed.because, resumed.by) == ("No cloth", "Cloth came", "olga")


def test_a_called_job_waits_to_begin(engine: Engine, clock: SimulatedClock) -> None:
    """A job that another calls begins when the process is resumed, however long that takes; nothing has failed."""
    engine.deploy(PARENT)
    engine.deploy(CHILD)
    engine.suspend_process("kitchen", because="No wood")
    engine.start("house", by="ada", need={"rooms": 2})
    for _ in range(30):
        engine.run_due()
        clock.advance(timedelta(hours=1))
    assert engine.jobs(process="kitchen") == []
    assert [one for one in engine.incidents() if one.kind != "step"] == []
    engine.resume_process("kitchen", because="Wood came")
    engine.run_due()
    assert len(engine.jobs(process="kitchen")) == 1


def test_desks_suspend_and_resume(engine: Engine, suit: Suit) -> None:
    """The one interface for programs has all four."""
    job, desk = suit(), LocalDesk(engine, "olga")
    desk.suspend(job, because="R", key="k")
    assert desk.suspend(job, because="R", key="k").repeated
    desk.resume(job, because="R")
    desk.suspend_process("small_suit", because="R")
    assert desk.resume_process("small_suit", because="R").suspended is None


FOLLOWING = """
process: following
title: Following
need: Words
states:
  need: {type: need, fields: {time: {type: string, format: duration}}, next: tell}
  tell:
    type: ask
    fields: {text: {type: string}}
    within: "{span(data.need.time)}"
    on: {answered: fulfilled, expired: fulfilled}
  fulfilled: {type: fulfilled}
"""


def test_a_deadline_that_follows_data_keeps_what_was_held(engine: Engine, clock: SimulatedClock) -> None:
    """Computed anew after the job goes on, it still is later by as long as it was held."""
    engine.deploy(FOLLOWING)
    began = clock.now()
    job = engine.start("following", by="ada", need={"time": "P4D"}).job
    step = engine.inbox("ada")[0].id
    clock.advance(DAY)
    engine.suspend(job, because="R", by="olga")
    clock.advance(10 * DAY)
    with pytest.raises(NotAllowed, match="suspended"):
        engine.move_deadline(step, clock.now() + DAY, because="R", by="olga")
    engine.assign(step, "ben", by="olga")
    engine.resume(job, because="R", by="olga")
    assert engine.inbox("ben")[0].due == began + 14 * DAY
    engine.set_data(job, "need.time", "P5D", because="R", by="olga")
    assert engine.inbox("ben")[0].due == began + 15 * DAY
    assert engine.audit(job).fine


def test_a_message_starts_no_job_of_a_suspended_process(engine: Engine) -> None:
    """Its sender is told why; sent again once the process goes on, it starts one."""
    by_message = """starts: [{message: begin, customer: '"ada"', need: {time: '"P1D"'}}]\nstates:"""
    engine.deploy(FOLLOWING.replace("states:", by_message, 1))
    engine.suspend_process("following", because="Stocktaking")
    with pytest.raises(NotAllowed, match="no job of following begins"):
        engine.send("begin")
    engine.resume_process("following", because="Counted")
    assert engine.send("begin").status == "open"
