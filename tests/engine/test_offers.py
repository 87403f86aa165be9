"""Whoever is offered an outcome can act with it, and whoever cannot act is offered none (L4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from flowengine import Actor, AlreadyClaimed, Engine, NotAllowed, NotFound, SimulatedClock

PANEL = """
process: panel
title: A panel
need: A judgement
roles: {tailor: {title: Tailor}, boss: {title: Boss}, heir: {title: Heir}}
states:
  need: {type: need, next: judge}
  judge:
    type: approval
    by: {all: [tailor, boss]}
    within: P9D
    escalate: {after: P2D, to: heir}
    on: {approved: fulfilled, changes: gone, declined: gone, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No}
"""

ALL = """
process: all_steps
title: Steps of all types
need: Everything
roles: {tailor: {title: Tailor}, boss: {title: Boss}}
groups: {members: {title: Members}}
states:
  need: {type: need, next: first}
  first: {type: task, for: tailor, next: everything}
  everything:
    type: parallel
    branches:
      a: {start: ask, states: {ask: {type: ask, fields: {x: {type: string}}, within: P9D, on: {answered: done, expired: done}}}}
      b: {start: choose, states: {choose: {type: choice, choose: {c: {from: [1, 2]}}, within: P9D, on: {chosen: done, expired: done}}}}
      c: {start: fit, states: {fit: {type: fitting, with: tailor, length: PT30M, within: P20D, on: {held: done, missed: done, expired: done}}}}
      d: {start: one, states: {one: {type: approval, by: customer, within: P9D, on: {approved: done, declined: done, expired: done}}}}
      e: {start: two, states: {two: {type: approval, by: {any: 2, of: [tailor, boss, customer]}, within: P9D, on: {approved: done, declined: done, expired: done}}}}
      f: {start: vote, states: {vote: {type: vote, of: {group: members}, options: [p, q], within: P9D, on: {decided: done, tied: done, no_quorum: done}}}}
      g: {start: rate, states: {rate: {type: feedback, within: P9D, on: {given: done, expired: done}}}}
      h: {start: sew, states: {sew: {type: task, for: tailor, not_by: first, on: {done: done}}}}
      i: {start: help, states: {help: {type: task, open_to: [customers], within: P9D, on: {done: done, expired: done}}}}
      j: {start: carry, states: {carry: {type: task, for: [tailor, boss], on: {done: done}}}}
      k: {start: swift, states: {swift: {type: race, of: {say: {type: ask, fields: {y: {type: string}}}, do: {type: task, for: boss}}, within: P9D, on: {say: done, do: done, expired: done}}}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""  # noqa: E501 - one branch a line

ANSWERS: dict[str, Any] = {"answered": {"x": "a"}, "chosen": {"c": 1}, "vote": {"for": "p"}, "given": {"rating": 5}}
KEPT_OUT = (NotFound, NotAllowed, AlreadyClaimed)


def _actors() -> Iterator[Actor]:
    """Actors of all kinds, with all that may count for them."""
    yield from (Actor(kind="clock"), Actor(kind="operator"), Actor(kind="service", id="ada"), Actor(kind="customer"))
    for id, groups in product(("ada", "mia", "zoe"), ((), ("members",))):
        yield Actor(kind="customer", id=id, groups=groups)
    for kind, id, roles in product(
        ("staff", "operator"), ("tom", "tim", "ada"), ((), ("tailor",), ("boss",), ("tailor", "boss"))
    ):
        yield Actor(kind=kind, id=id, roles=roles)  # type: ignore[arg-type]


def _answer(engine: Engine, step: str, outcome: str, state: str, by: Actor) -> dict[str, Any]:
    if outcome == "book":
        return {"slot": engine.step(step, by).slots[0].isoformat()}
    return {"y": "a"} if state == "swift" and outcome == "answered" else ANSWERS.get(outcome, {})


def _agree(engine: Engine, application: sa.Engine) -> int:
    """Hold what is offered against what is taken, for each actor and each open step; the acts that were taken."""
    (job,) = engine.jobs(status="open")
    everything = {one.id: one.state for one in engine.track(job.id, Actor(kind="operator", id="olga")).waiting}
    taken = 0
    for actor in _actors():
        listed = {item.id for item in engine.inbox(actor)}
        answered = {item.id for item in engine.inbox(actor, everything=True)}
        assert listed <= answered <= everything.keys()
        for step, state in everything.items():
            try:
                view = engine.step(step, actor)
                ways = {way.outcome for way in view.form.ways}
                assert ways == set(view.possible)
            except NotFound:
                ways = set()
            assert (step in listed) <= bool(ways), f"{state} is in the inbox of {actor}, who can do nothing"
            assert bool(ways) <= (step in answered), f"{state} is offered to {actor}, and is not in his inbox"
            for outcome in ways:
                with application.connect() as connection:  # rolled back
                    answer = _answer(engine, step, outcome, state, actor)
                    engine.using(connection).act(step, outcome, answer, by=actor)
                    taken += 1
            if not ways:
                with pytest.raises(KEPT_OUT):
                    engine.act(step, "approved", {}, by=actor)
    return taken


@pytest.fixture
def application(database_url: str) -> Iterator[sa.Engine]:
    own = sa.create_engine(database_url)
    yield own
    own.dispose()


@pytest.fixture
def panel(engine: Engine) -> str:
    """A job that asks a tailor and the boss, both of whom may be one person."""
    engine.deploy(PANEL)
    engine.add_staff("bea", "Bea", roles=["boss", "operator"])
    engine.add_staff("tea", "Tea", roles=["tailor", "boss"])
    engine.add_staff("hal", "Hal", roles=["heir"])
    return engine.start("panel", by="ada").job


def test_an_operator_who_is_asked_can_answer(engine: Engine, panel: str) -> None:
    """Somebody who is the boss and an operator is offered the approval, and it is taken from him."""
    (item,) = engine.inbox("bea")
    assert engine.step(item.id, "bea").possible == ("approved", "changes", "declined")
    assert engine.act(item.id, "approved", by="bea").job == panel
    assert engine.step(item.id, "bea").possible == ()
    assert engine.inbox("bea") == []


@pytest.mark.usefixtures("panel")
def test_an_operator_who_only_looks_is_offered_nothing(engine: Engine) -> None:
    """An operator sees each step, with no outcomes where it does not wait for him; he is told what he can do."""
    step = engine.inbox("tom")[0].id
    view = engine.step(step, "olga")
    assert (view.possible, view.form.ways, view.slots) == ((), (), ())
    for ask in (lambda: engine.act(step, "approved", by="olga"), lambda: engine.claim(step, by="olga")):
        with pytest.raises(NotAllowed) as refused:
            ask()
        assert refused.value.possible == ("assign it",)


def test_a_person_answers_for_one_of_his_seats(engine: Engine, panel: str) -> None:
    """Who could sit on two seats answers once; from then on nothing is offered to him, and another ends it."""
    (item,) = engine.inbox("tea")
    engine.act(item.id, "approved", by="tea")
    assert engine.inbox("tea") == []
    assert [one.answered for one in engine.inbox("tea", everything=True)] == [True]
    assert engine.step(item.id, "tea").possible == ()
    with pytest.raises(NotAllowed):
        engine.act(item.id, "approved", by="tea")
    assert engine.act(engine.inbox("bea")[0].id, "approved", by="bea").status == "fulfilled"
    assert engine.audit(panel).fine


def test_a_seat_is_left_to_whoever_can_fill_no_other(engine: Engine, panel: str) -> None:
    """Who could sit on two seats keeps out nobody: the other is asked, on SQLite and PostgreSQL, and audits agree."""
    engine.act(engine.inbox("tea")[0].id, "approved", by="tea")
    (item,) = engine.inbox("tom")
    assert engine.act(item.id, "approved", by="tom").status == "fulfilled"
    assert engine.audit(panel).fine


def test_his_own_seat_comes_first(engine: Engine) -> None:
    """Who is asked by his name and by his role answers for his name, which nobody else can."""
    engine.deploy(PANEL.replace("[tailor, boss]", "[tailor, {people: '[\"tom\"]'}]"))
    engine.add_staff("tim", roles=["tailor"])
    engine.start("panel", by="ada")
    engine.act(engine.inbox("tom")[0].id, "approved", by="tom")
    assert engine.act(engine.inbox("tim")[0].id, "approved", by="tim").status == "fulfilled"


def test_an_escalated_panel_waits_for_those_it_was_opened_to(engine: Engine, clock: SimulatedClock, panel: str) -> None:
    """Those to whom an approval by several is opened later have it in their inboxes, and answer for whoever has not."""
    step = engine.inbox("tom")[0].id
    with pytest.raises(NotFound):
        engine.act(step, "approved", by="hal")
    clock.advance(timedelta(days=3))
    engine.run_due()
    assert [item.id for item in engine.inbox("hal")] == [step]
    engine.act(step, "approved", by="hal")
    assert engine.inbox("hal") == []
    assert engine.audit(panel).fine
    assert engine.act(engine.inbox("bea")[0].id, "approved", by="bea").status == "fulfilled"


def test_what_is_offered_is_taken(engine: Engine, application: sa.Engine, clock: SimulatedClock) -> None:
    """In the inbox, on the step and in acting, each kind of actor meets the same answer on each type of step: when it
    is fresh, when some have answered, when it is claimed or handed over, and when an appointment is booked."""
    engine.deploy(ALL)
    engine.add_customer("ada", groups=["members"])
    engine.add_customer("mia", groups=["members"])
    job = engine.start("all_steps", by="ada").job
    tom = Actor(kind="staff", id="tom", roles=("tailor", "boss"))
    olga = Actor(kind="operator", id="olga")
    everywhere = engine.database.dialect == "sqlite"  # who is asked is found by the database: once on each is enough
    assert not everywhere or _agree(engine, application)
    engine.act(engine.inbox(tom)[0].id, by=tom)
    assert not everywhere or _agree(engine, application) > 60
    steps = {one.state: one.id for one in engine.track(job, olga).waiting}
    engine.act(steps["two"], "approved", by=tom)
    engine.act(steps["vote"], "vote", {"for": "p"}, by="mia")
    engine.claim(steps["carry"], by=tom)
    engine.assign(steps["sew"], "ada", by=olga)
    mine = Actor(kind="customer", id="ada")
    engine.act(steps["fit"], "book", _answer(engine, steps["fit"], "book", "fit", mine), by=mine)
    assert _agree(engine, application)
    clock.advance(timedelta(days=5))
    engine.run_due()
    assert not everywhere or _agree(engine, application)
