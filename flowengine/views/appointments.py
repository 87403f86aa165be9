"""Appointments as they are told: what a command took, what lies after the promise, what became of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from flowengine.core import events as e
from flowengine.core.advance import Advance
from flowengine.core.machines import Compiled
from flowengine.core.seatings import stands_for
from flowengine.core.values import Actor, Head
from flowengine.interop.ical import Occasion
from flowengine.language.outcomes import outcome_words
from flowengine.speech.words import Words
from flowengine.views.customer_words import places
from flowengine.views.plainly import Clock, sentence_case
from flowengine.views.replies import Receipt


def is_late(slot: datetime | None, head: Head) -> bool:
    """Whether an appointment lies after what was promised, which is still to be kept."""
    return slot is not None and head.promise is not None and head.promise.is_before(slot)


def late(slots: Iterable[datetime], head: Head) -> tuple[datetime, ...]:
    """Those of the slots that lie after what was promised."""
    return tuple(slot for slot in slots if is_late(slot, head))


def may_know_promise(actor: Actor, head: Head) -> bool:
    """Whether what was promised is told to somebody: the organisation, and the customer whose job it is."""
    return actor.kind != "customer" or head.customer in stands_for(actor, looking=True)


def with_appointment(receipt: Receipt, by: Actor, done: Advance) -> Receipt:
    """A receipt that says which appointment the command has taken."""
    taken = done.effects.booked[-1]
    after = taken.after_promise and may_know_promise(by, done.draft.head)
    if taken.held_until is not None:
        return msgspec.structs.replace(receipt, held=taken.start, held_until=taken.held_until, after_promise=after)
    return msgspec.structs.replace(receipt, booked=taken.start, after_promise=after)


def changed(compiled: Compiled, event: e.AppointmentChanged, clock: Clock) -> str:
    """What became of an appointment, for its customer."""
    words = clock.words
    home = compiled.states.get(event.state)  # the job may have been migrated
    state = home.member(event.member) if home is not None else None
    slot = clock.moment(event.slot, state)
    if event.what == "missed":
        return words.say("Your appointment of %(slot)s was missed", slot=slot)
    if event.what == "lapsed":
        return words.say("%(slot)s is kept for you no longer", slot=slot)
    to = clock.moment(event.to, state) if event.to is not None else words.say("another time")
    return words.say("Your appointment of %(slot)s was moved to %(to)s", slot=slot, to=to)


def what_next(words: Words, compiled: Compiled, event: e.AppointmentChanged, events: Sequence[e.AnyEvent]) -> str:
    """What comes after it, for its customer; ``events`` are all of the command in which it happened."""
    if event.what == "lapsed":
        return words.say("book it again while it is free, or another time")
    if event.what == "moved":
        return words.say("move it or give it back, if it does not suit you")
    asked = [one.step for one in events if isinstance(one, e.StepOpened)]
    theirs = [step.title for step in asked if not set(step.audience).isdisjoint(event.whom)]
    if theirs:
        return ", ".join(theirs)
    if not any(isinstance(one, e.Left) and one.branch == event.branch for one in events):
        return words.say("book another time")
    ended = next((one for one in events if isinstance(one, e.Ended)), None)
    if ended is not None:
        return ended.because or sentence_case(words.tell(outcome_words(ended.kind)))
    return ", ".join(
        words.tell(one) for one in places(compiled, {one.state: 1 for one in events if isinstance(one, e.Entered)})
    )


class Reader(Protocol):
    """Who reads of it."""

    @property
    def id(self) -> str: ...


class Who(NamedTuple):
    """Who reads of it, by his id."""

    id: str


class Appointed(Protocol):
    """An appointment, as its history tells it."""

    start: datetime
    end: datetime
    sequence: int
    at: datetime
    customer: str
    state: str
    member: str
    title: str
    gone: bool

    @property
    def uid(self) -> str: ...


def with_whom(words: Words, name: str) -> str:
    """Whom somebody meets, behind when he does."""
    return words.say(", with %(name)s", name=name) if name else ""


def occasion(words: Words, compiled: Compiled, kept: Appointed, reader: Reader, other: str, link: str) -> Occasion:
    """An appointment as the reader's calendar shows it: its customer what it is for, and who meets him for whom."""
    process = compiled.process
    title = process.said(kept.title) or process.title
    home = compiled.states.get(kept.state)
    calendar = process.calendars.get((home and home.member(kept.member).calendar_name) or "")
    zone = calendar.zone if calendar is not None else process.zone
    mine = reader.id == kept.customer
    lines = (
        process.title if title != process.title else "",
        words.say("With %(other)s", other=other) if other and mine else "",
        link,
    )
    return Occasion(
        uid=kept.uid,
        sequence=kept.sequence,
        start=kept.start,
        end=kept.end,
        zone=zone,
        stamp=kept.at,
        summary=title if mine or not other else f"{title}: {other}",
        description="\n".join(line for line in lines if line),
        url=link,
        cancelled=kept.gone,
    )
