"""What is due happens first, whether a worker runs or not (L13). No test here lets a worker run unless it says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from flowengine import BadAnswer, Engine, HandlerCall, SimulatedClock, StaleCommand
from flowengine.core import commands as c
from flowengine.errors import RunawayProcess
from flowengine.work import services

Suit = Callable[..., str]
StepOf = Callable[[str, str], str]
DAY = timedelta(days=1)

VOTE = """
process: club_vote
title: A vote of the club
need: A decision
states:
  need: {type: need, next: decide}
  decide:
    type: vote
    of: {group: club}
    options: [{id: x, title: X}, {id: y, title: Y}]
    within: P2D
    on: {decided: told, tied: told, no_quorum: told}
  told: {type: approval, by: customer, within: P30D, on: {approved: fulfilled, declined: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
groups: {club: {title: The club}}
"""

RACE = """
process: racing
title: Racing
need: Cloth
states:
  need: {type: need, next: order}
  order:
    type: race
    within: P1D
    of: {mill: {type: service, call: order_cloth}}
    on: {mill.done: fulfilled, expired: sorry}
  fulfilled: {type: fulfilled}
  sorry: {type: ended, because: No cloth}
"""

WAITING = """
process: waiting
title: Waiting
need: Something
roles: {cutter: {title: Cutter}}
states:
  need: {type: need, next: rest}
  rest: {type: wait, for: P1D, next: come}
  come: {type: message, name: arrived, within: P3D, on: {received: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nothing came}
"""

BROKEN = """
process: broken
title: Broken
need: Something
roles: {cutter: {title: Cutter}}
states:
  need: {type: need, fields: {n: {type: integer}}, next: both}
  both:
    type: parallel
    branches:
      ask:
        start: agree
        states:
          agree: {type: approval, by: customer, within: P2D, on: {approved: done, declined: done, expired: count}}
          count: {type: decision, rules: [{when: "1 / (data.need.n + 0) > 0", to: done}], else: done}
      cut: {start: cut, states: {cut: {type: task, for: cutter, on: {done: done}}}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""

ITEMS = """
process: items
title: Items
need: Something
roles: {cutter: {title: Cutter}}
states:
  need: {type: need, fields: {n: {type: array, items: {type: string}}}, next: all}
  all:
    type: each
    of: data.need.n
    as: item
    start: cut
    states: {cut: {type: task, for: cutter, within: P2D, on: {done: done, expired: done}}}
    on: {joined: accept}
  accept: {type: task, for: cutter, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""


FITTING = """
process: fit
title: A fitting
need: A fitting
roles: {tailor: {title: Tailor}}
calendars:
  room: {zone: Europe/London, open: {mon-fri: "09:00-17:00"}, every: PT30M}
states:
  need: {type: need, next: fit}
  fit:
    type: fitting
    with: tailor
    length: PT30M
    hold: PT10M
    within: P14D
    on: {held: fulfilled, missed: fit, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: He did not come}
"""

ROUND = """
process: round
title: A round
need: Something
roles: {cutter: {title: Cutter}}
states:
  need: {type: need, fields: {day: {type: string, format: date}}, next: first}
  first: {type: task, for: cutter, attention: P1D, within: '{data.need.day < "3" ? date(data.need.day) : now}',
    on: {done: fulfilled, expired: second}}
  second: {type: task, for: cutter, attention: P1D, within: '{data.need.day < "3" ? date(data.need.day) : now}',
    on: {done: fulfilled, expired: first}}
  fulfilled: {type: fulfilled}
"""


def commands(engine: Engine, job: str) -> list[str]:
    with engine.database.reading() as tx:
        return [f"{type(entry.command).__name__} {entry.by.kind}" for entry in tx.history.of(job)]


def accepting(engine: Engine, suit: Suit, step_of: StepOf) -> tuple[str, str]:
    """A suit whose customer is asked whether it fits, and the step."""
    job = suit()
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    engine.act(step_of(job, "cleo"), "done", {}, by="cleo")
    engine.act(step_of(job, "tom"), "done", {}, by="tom")
    return job, step_of(job, "ada")


def test_a_late_answer_is_refused_and_the_deadline_stays_carried_out(
    engine: Engine, clock: SimulatedClock, suit: Suit, step_of: StepOf
) -> None:
    """Eight days past its due an answer does not count: the job is where ``expired`` leads, by an entry of the clock,
    although the act that found it so was refused; a reminder before it was sent first."""
    job = suit()
    step = step_of(job, "ada")
    clock.advance(15 * DAY)
    with pytest.raises(StaleCommand, match="no longer open: its time was over on Mon 11 May 2026, 09:00 UTC"):
        engine.act(step, "chosen", {"cloth": "navy"}, by="ada", key="k")
    assert commands(engine, job) == ["Start customer", "Fire clock", "Fire clock"]
    assert engine.track(job, "ada").because == "The customer went away"
    assert engine.run_due().timers == 0
    assert engine.audit(job).fine


def test_at_the_very_moment_of_its_due_an_answer_is_late(
    engine: Engine, clock: SimulatedClock, suit: Suit, step_of: StepOf
) -> None:
    """A microsecond before its due an answer counts; at its due it does not."""
    early, late = suit(), suit()
    steps = {job: step_of(job, "ada") for job in (early, late)}
    clock.advance(7 * DAY - timedelta(microseconds=1))
    engine.act(steps[early], "chosen", {"cloth": "navy"}, by="ada")
    clock.advance(timedelta(microseconds=1))
    with pytest.raises(StaleCommand):
        engine.act(steps[late], "chosen", {"cloth": "navy"}, by="ada")


def test_late_ballots_count_for_nothing(engine: Engine, clock: SimulatedClock) -> None:
    """Three days after the end of a vote its result is that at its end, whoever comes and has the hand on a ballot."""
    for name in ("ada", "ben", "cia"):
        engine.add_customer(name, name.title(), groups=("club",))
    engine.deploy(VOTE)
    job = engine.start("club_vote", by="ada").job
    (step,) = [item.id for item in engine.inbox("ben")]
    engine.act(step, "vote", {"for": "x"}, by="ada")
    clock.advance(5 * DAY)
    assert engine.inbox("ben") == []
    for name in ("ben", "cia"):
        with pytest.raises(StaleCommand, match="its time was over"):
            engine.act(step, "vote", {"for": "y"}, by=name)
    assert engine.data(job)["decide"] | {"tally": 0} == {
        "winner": "x", "winners": ["x"], "tied": [], "tally": 0, "cast": 1, "voters": 3, "turnout": Decimal("0.333333")
    }  # fmt: skip


def test_a_repeated_request_fires_nothing(engine: Engine, clock: SimulatedClock, suit: Suit, step_of: StepOf) -> None:
    """A receipt that is there is given again, whatever is due by now (L3)."""
    job, step = accepting(engine, suit, step_of)
    receipt = engine.say(job, "Thank you", by="ada", key="k")
    clock.advance(60 * DAY)
    assert engine.say(job, "Thank you", by="ada", key="k") == receipt
    assert "Fire clock" not in commands(engine, job)
    with pytest.raises(StaleCommand):
        engine.act(step, "approved", {}, by="ada")


def test_a_message_finds_what_waits_now(engine: Engine, clock: SimulatedClock) -> None:
    """One that names the job meets it where the clock has brought it, and one that comes too late meets nobody."""
    engine.deploy(WAITING)
    early, late = (engine.start("waiting", by="ada").job for _ in range(2))
    clock.advance(2 * DAY)
    assert engine.send("arrived", job=early).status == "fulfilled"
    clock.advance(DAY)
    engine.say(late, "Is it there?", by="ada")  # it waits since now, as nobody has looked before
    clock.advance(3 * DAY)
    with pytest.raises(StaleCommand):
        engine.send("arrived", job=late)
    assert engine.jobs(status="ended")[0].because == "Nothing came"


def test_a_handler_that_comes_late_changes_nothing(engine: Engine, clock: SimulatedClock) -> None:
    """A service whose race is lost by the clock has nothing to say any more, whatever it brings."""
    engine.deploy(RACE)
    engine.handler("order_cloth")(lambda _: None)
    job = engine.start("racing", by="ada").job

    def slowly(_held: services.Held, handler: Callable[[HandlerCall], object], call: HandlerCall, _: object) -> object:
        clock.advance(2 * DAY)
        return handler(call)

    (held,) = services.take(engine.shell, 1)
    services.attempt(engine.shell, held, slowly)
    assert commands(engine, job) == ["Start customer", "Fire clock"]
    assert engine.jobs(status="ended")[0].because == "No cloth"


def test_what_cannot_be_carried_out_holds_up_no_other_work(engine: Engine, clock: SimulatedClock) -> None:
    """A deadline that leads into an error is an incident; its own step takes no answer, what else there is goes on, and
    once the data are mended the deadline is carried out."""
    engine.deploy(BROKEN)
    job = engine.start("broken", by="ada", need={"n": 0}).job
    (agree,), (cut,) = engine.inbox("ada"), engine.inbox("cleo")
    clock.advance(3 * DAY)
    assert engine.inbox("ada") == []
    with pytest.raises(StaleCommand, match="its time was over on Wed 6 May 2026, 09:00 UTC"):
        engine.act(agree.id, "approved", by="ada")
    with pytest.raises(StaleCommand, match="its time was over"):
        engine.act(agree.id, "approved", by="ada")
    (incident,) = engine.incidents()
    assert (incident.kind, incident.attempts) == ("timer", 1)
    assert engine.claim(cut.id, by="cleo").status == "open"
    engine.set_data(job, "need.n", 2, because="A typo", by="olga")
    engine.retry(incident.id, by="olga")
    assert engine.act(cut.id, "done", by="cleo").status == "fulfilled"
    assert engine.audit(job).fine


def test_reading_shows_what_time_has_decided(
    engine: Engine, clock: SimulatedClock, suit: Suit, step_of: StepOf
) -> None:
    """Inbox, step, offers and tracking agree with what an act would find, and write nothing."""
    job = suit()
    step = step_of(job, "ada")
    clock.advance(8 * DAY)
    assert engine.inbox("ada", everything=True) == []
    view = engine.step(step, "ada")
    assert (view.open, view.outcome, view.possible, view.form.ways) == (False, "expired", (), ())
    seen = engine.track(job, "ada")
    assert (seen.status, seen.because, seen.waiting, seen.offers) == ("ended", "The customer went away", (), ())
    assert len(commands(engine, job)) == 1
    with pytest.raises(StaleCommand):
        engine.withdraw(job, by="ada")


def test_a_rehearsal_sees_what_is_due(engine: Engine, clock: SimulatedClock, suit: Suit) -> None:
    """What an operator only tries is judged after what is due, and nothing is written."""
    job = suit()
    clock.advance(8 * DAY)
    with pytest.raises(StaleCommand, match="over: ended"):
        engine.move(job, "cut", because="It was a holiday", dry=True, by="olga")
    assert len(commands(engine, job)) == 1


def test_inside_a_transaction_of_the_application(
    engine: Engine, clock: SimulatedClock, suit: Suit, step_of: StepOf
) -> None:
    """The caller's own rows and what was due are kept together, although the act in it was refused."""
    job = suit()
    step = step_of(job, "ada")
    clock.advance(8 * DAY)
    database = sa.create_engine(engine.database.url.replace("postgresql://", "postgresql+psycopg://"))
    with database.begin() as connection:
        joined = engine.using(connection)
        with pytest.raises(StaleCommand, match="its time was over"):
            joined.act(step, "chosen", {"cloth": "navy"}, by="ada")
    database.dispose()
    assert commands(engine, job) == ["Start customer", "Fire clock", "Fire clock"]


def test_many_items_are_over_at_once(engine: Engine, clock: SimulatedClock) -> None:
    """Deadlines on many branches are carried out before an act on one of them, in their order, each once."""
    engine.deploy(ITEMS)
    job = engine.start("items", by="ada", need={"n": [f"i{n}" for n in range(30)]}).job
    step = engine.inbox("cleo")[7].id
    clock.advance(3 * DAY)
    with pytest.raises(StaleCommand, match="its time was over"):
        engine.act(step, "done", by="cleo")
    with engine.database.reading() as tx:
        fired = [entry.command.timer for entry in tx.history.of(job) if isinstance(entry.command, c.Fire)]
    assert len(fired) == 30
    assert fired == sorted(fired)
    assert [item.title for item in engine.inbox("cleo")] == ["Accept"]


def test_an_act_that_nothing_is_due_for_is_as_it_was(
    engine: Engine, clock: SimulatedClock, suit: Suit, step_of: StepOf
) -> None:
    """Before the deadline everything is offered, told and taken."""
    job = suit()
    clock.advance(6 * DAY)
    assert engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada").states == ("Making your suit",)
    assert commands(engine, job) == ["Start customer", "Fire clock", "Act customer"]


def test_a_lapsed_hold_of_the_same_job_is_let_go_first(engine: Engine, clock: SimulatedClock) -> None:
    """Ten minutes and more after a slot was held it is held no more: it has to be named to be booked."""
    engine.deploy(FITTING)
    engine.start("fit", by="ada")
    step = engine.inbox("ada")[0].id
    slot = engine.step(step, "ada").slots[5]
    engine.act(step, "hold", {"slot": slot.isoformat()}, by="ada")
    clock.advance(timedelta(minutes=10))
    assert "cancel" not in engine.step(step, "ada").possible
    with pytest.raises(BadAnswer, match="name the start of a slot"):
        engine.act(step, "book", by="ada")
    engine.act(step, "book", {"slot": slot.isoformat()}, by="ada")


def test_deadlines_that_find_no_end_are_told(engine: Engine, clock: SimulatedClock) -> None:
    """A process whose deadlines lead round without time passing refuses the act with what it is, and stays whole."""
    engine.deploy(ROUND)
    job = engine.start("round", by="ada", need={"day": "2026-05-20"}).job
    step = engine.inbox("cleo")[0].id
    clock.advance(30 * DAY)
    with pytest.raises(RunawayProcess, match="400 timers were due before it, and more are"):
        engine.act(step, "done", by="cleo")
    assert len(commands(engine, job)) == 401
    assert engine.audit(job).fine
