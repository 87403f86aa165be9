"""What a customer reads of his job: what is settled, what lies ahead, and what his receipts say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from flowengine import Engine, SimulatedClock

SALON = """
process: salon
title: A salon
need: Something
roles: {tailor: {title: Tailor}}
calendars: {room: {zone: Europe/London, open: {mon-sun: "09:00-17:00"}, every: PT1H}}
options:
  cloth: [{id: navy, title: Navy flannel, price: 420}, {id: grey, title: Grey worsted, price: 380.5}]
  button: [{id: horn, title: Horn, price: 12}, {id: none, title: No buttons, price: 0}]
states:
  need:
    type: need
    fields:
      needed_by: {type: string, format: date, title: Needed by}
      ends: {type: string, format: date-time, title: The party ends, optional: true}
      lasts: {type: string, format: duration, title: It lasts, optional: true}
      loud: {type: boolean, title: Loud music, optional: true}
      note: {type: string, title: Note, optional: true}
    next: choose_cloth
  choose_cloth:
    type: choice
    choose: {cloth: {from: cloth, title: Cloth}}
    within: P9D
    on: {chosen: choose_buttons, expired: call_customer}
  choose_buttons:
    type: choice
    title: Buttons
    choose: {front: {from: button, title: At the front}, sleeve: {from: button, title: At the sleeve}}
    within: P9D
    on: {chosen: first, expired: call_customer}
  first:
    type: fitting
    title: First visit
    with: tailor
    length: PT1H
    fields: {findings: {type: string, title: What we found, show: true}, hidden: {type: string, optional: true}}
    within: P9D
    on: {held: [{to: second, when: data.first.findings == "short"}, {to: make}], missed: first, expired: call_customer}
  second:
    type: fitting
    title: Second visit
    with: tailor
    length: PT1H
    fields: {findings: {type: string, title: What we found, show: true}}
    within: P9D
    on: {held: make, missed: second, expired: call_customer}
  make:
    type: parallel
    phase: Making it
    branches:
      sew: {start: sew, states: {sew: {type: task, for: tailor, phase: Sewing, on: {done: done}}}}
      name:
        start: name
        states:
          name: {type: ask, title: Your name tag, fields: {text: {type: string}}, within: P9D,
            on: {answered: done, expired: done}}
      pack: {after: [sew], start: pack, states: {pack: {type: task, for: tailor, phase: Packing, on: {done: done}}}}
    on: {joined: accept}
  accept:
    type: approval
    by: customer
    phase: Ready for you
    within: P9D
    on: {approved: fulfilled, changes: mend, declined: talk, expired: call_customer}
  mend: {type: task, for: tailor, phase: Mending it, on: {done: accept}}
  talk: {type: task, for: tailor, phase: Putting it right, on: {done: gone}}
  call_customer: {type: task, for: tailor, phase: We would like to talk to you, on: {done: gone}}
  fulfilled: {type: fulfilled, because: It fits}
  gone: {type: ended, because: It came to nothing}
always:
  again: {title: Choose again, by: customer, to: choose_cloth}
"""

Begin = Callable[..., str]


@pytest.fixture
def begin(engine: Engine) -> Begin:
    """Begins a job of the salon for Ada."""
    engine.deploy(SALON)
    return lambda **more: engine.start("salon", by="ada", need={"needed_by": "2026-12-02", **more}).job


def act(engine: Engine, who: str, outcome: str = "", **answer: object) -> tuple[str, ...]:
    """Act on the step of somebody that knows the outcome; the states of the receipt."""
    step = next(one for one in engine.inbox(who) if outcome in ("", *engine.step(one.id, who).possible))
    return engine.act(step.id, outcome, answer, by=who).states


def visit(engine: Engine, clock: SimulatedClock, **found: object) -> None:
    """Ada books the first slot, and comes."""
    slot = engine.step(engine.inbox("ada")[0].id, "ada").slots[0]
    act(engine, "ada", "book", slot=slot.isoformat())
    clock.set(slot + timedelta(minutes=30))
    act(engine, "tom", "held", **found)


def test_values_are_texts_for_people(engine: Engine, begin: Begin) -> None:
    """Days, moments in the calendar's zone, spans and truths are written as a person would, empty ones left out."""
    job = begin(ends="2026-07-01T21:30:00Z", lasts="P1DT2H", loud=False, note="")
    assert engine.track(job, "ada").facts == (
        ("Needed by", "Wed 2 Dec 2026"),
        ("The party ends", "Wed 1 Jul 2026, 22:30"),
        ("It lasts", "1 day 2 hours"),
        ("Loud music", "no"),
    )
    assert engine.data(job, by="ada")["need"] == engine.data(job)["need"]


def test_without_a_calendar_moments_say_that_they_are_utc(engine: Engine) -> None:
    """Where no calendar says in which zone people live, a moment names its zone."""
    engine.deploy(FREE)
    engine.start("free", by="ada", need={"at": "2026-07-01T21:30:00+02:00"})
    assert engine.track(engine.jobs()[0].id, "ada").facts == (("At", "Wed 1 Jul 2026, 19:30 UTC"),)


FREE = """
process: free
title: Free
need: Something
states:
  need: {type: need, fields: {at: {type: string, format: date-time, title: At}}, next: rate}
  rate: {type: feedback, within: P1D, on: {given: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""


def test_prices_name_what_they_are_for(engine: Engine, begin: Begin) -> None:
    """One price is the price; of several each says of what, and what costs nothing has none."""
    job = begin()
    act(engine, "ada", "chosen", cloth="grey")
    assert engine.track(job, "ada").facts[1:] == (("Cloth", "Grey worsted"), ("Price", "380.50"))
    act(engine, "ada", "chosen", front="horn", sleeve="none")
    assert engine.track(job, "ada").facts[2:] == (
        ("Price of cloth", "380.50"),
        ("At the front", "Horn"),
        ("At the sleeve", "No buttons"),
        ("Price of buttons", "12"),
    )


def test_appointments_are_told_from_the_booking_on(engine: Engine, begin: Begin, clock: SimulatedClock) -> None:
    """A booked appointment is told in the calendar's zone; findings of two visits are told apart."""
    job = begin()
    act(engine, "ada", "chosen", cloth="navy")
    act(engine, "ada", "chosen", front="none", sleeve="none")
    assert "First visit" not in dict(engine.track(job, "ada").facts)
    slot = engine.step(engine.inbox("ada")[0].id, "ada").slots[2]
    act(engine, "ada", "book", slot=slot.isoformat())
    assert engine.track(job, "ada").facts[-1] == ("First visit", "Mon 4 May 2026, 12:00")
    clock.set(slot)
    act(engine, "tom", "held", findings="short", hidden="He smells")
    visit(engine, clock, findings="fits")
    assert engine.track(job, "ada").facts[-4:] == (
        ("First visit", "Mon 4 May 2026, 12:00"),
        ("What we found (first visit)", "short"),
        ("Second visit", "Mon 4 May 2026, 13:00"),
        ("What we found (second visit)", "fits"),
    )
    assert ("Hidden", "He smells") in engine.track(job, "tom").facts
    whole, told = engine.data(job), engine.data(job, by="ada")
    visits = [(place, saved) for place, saved in whole.items() if "findings" in saved]
    assert [saved["findings"] for _, saved in visits] == ["short", "fits"]
    assert [told[place] for place, _ in visits] == [
        {name: saved[name] for name in ("slot", "findings")} for _, saved in visits
    ]


def test_a_booked_appointment_waits_for_nobody(engine: Engine, begin: Begin) -> None:
    """Who has booked is asked no more: his inbox is empty, each view says what is booked, and it may still be moved."""
    job = begin()
    act(engine, "ada", "chosen", cloth="navy")
    act(engine, "ada", "chosen", front="none", sleeve="none")
    asked = engine.inbox("ada")[0].id
    first, second = engine.step(asked, "ada").slots[1:3]
    engine.act(asked, "book", {"slot": first.isoformat()}, by="ada")
    assert engine.inbox("ada") == []
    for slot in (first, second):
        (item,) = engine.inbox("ada", everything=True)
        assert (item.id, item.answered, item.booked) == (asked, True, slot)
        (waiting,) = engine.track(job, "ada").waiting
        assert (waiting.id, waiting.booked, waiting.for_you) == (asked, slot, True)
        step = engine.step(asked, "ada")
        assert (step.booked, step.possible) == (slot, ("move", "cancel"))
        assert [wait.whom for wait in engine.stuck()[0].waits] == ["Tailor"]
        assert engine.audit(job).fine
        if slot == first:
            engine.act(asked, "move", {"slot": second.isoformat()}, by="ada")
    engine.act(asked, "cancel", by="ada")
    assert [(item.id, item.answered, item.booked) for item in engine.inbox("ada")] == [(asked, False, None)]
    assert engine.audit(job).fine


def test_what_is_chosen_anew_is_not_settled(engine: Engine, begin: Begin) -> None:
    """While a choice is open again, what was chosen before is not told as settled; the rest is."""
    job = begin()
    act(engine, "ada", "chosen", cloth="grey")
    engine.invoke(job, "again", by="ada")
    assert [title for title, _ in engine.track(job, "ada").facts] == ["Needed by"]
    assert set(engine.data(job, by="ada")) == {"need"}
    act(engine, "ada", "chosen", cloth="navy")
    assert ("Cloth", "Navy flannel") in engine.track(job, "ada").facts


def test_what_lies_ahead_is_told_in_the_order_of_the_flow(engine: Engine, begin: Begin, clock: SimulatedClock) -> None:
    """The likely path comes first, from where the job stands; detours after it; calls of last resort not at all."""
    job = begin()
    assert engine.track(job, "ada").ahead == (
        *("Buttons", "First visit", "Making it", "Sewing", "Your name tag", "Packing", "Ready for you"),
        *("Second visit", "Mending it"),
    )
    act(engine, "ada", "chosen", cloth="navy")
    act(engine, "ada", "chosen", front="none", sleeve="none")
    visit(engine, clock, findings="long")
    assert engine.track(job, "ada").ahead == ("Packing", "Ready for you", "Mending it")
    act(engine, "tom", "done")
    assert engine.track(job, "ada").ahead == ("Ready for you", "Mending it")
    act(engine, "ada", "answered", text="Ada")
    act(engine, "tom", "done")
    assert engine.track(job, "ada").ahead == ("Mending it",)
    act(engine, "ada", "changes", words="Shorter")
    assert engine.track(job, "ada").ahead == ("Ready for you",)


def test_the_exceptional_is_told_where_nothing_else_is_ahead(engine: Engine) -> None:
    """What only a failure leads to is told when there is nothing better to tell."""
    engine.deploy("""
process: last
title: The last
need: Something
roles: {host: {title: Host}}
states:
  need: {type: need, next: say}
  say: {type: ask, title: Say, fields: {a: {type: string}}, within: P1D, on: {answered: fulfilled, expired: call}}
  call: {type: task, for: host, phase: We will call you, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
""")
    job = engine.start("last", by="ada").job
    assert engine.track(job, "ada").ahead == ("We will call you",)
    act(engine, "ada", "answered", a="b")
    assert engine.track(job, "ada").ahead == ()


def test_a_customers_receipts_tell_no_inner_states(engine: Engine, begin: Begin, clock: SimulatedClock) -> None:
    """A customer's receipt has phases, his own steps and the reason of an end; staff are told the states (L9)."""
    begin()
    assert act(engine, "ada", "chosen", cloth="navy") == ("Buttons",)
    assert act(engine, "ada", "chosen", front="none", sleeve="none") == ("First visit",)
    slot = engine.step(engine.inbox("ada")[0].id, "ada").slots[0]
    clock.set(slot - timedelta(hours=1))
    booked = engine.act(engine.inbox("ada")[0].id, "book", {"slot": slot.isoformat()}, by="ada")
    assert (booked.outcome, booked.steps, booked.events) == ("book", (), ("book", "booked"))
    clock.set(slot)
    assert act(engine, "tom", "held", findings="long") == ("make", "name", "sew")
    named = engine.act(engine.inbox("ada")[0].id, "answered", {"text": "Ada"}, by="ada", key="once")
    assert (named.outcome, named.states, named.events) == ("answered", ("Making it", "Sewing"), ("answered",))
    act(engine, "tom", "done")
    assert act(engine, "tom", "done") == ("accept",)
    ended = engine.act(engine.inbox("ada")[0].id, "approved", by="ada")
    assert (ended.status, ended.states, ended.because) == ("fulfilled", ("It fits",), "It fits")
    assert ended.events == ("approved", "fulfilled")
