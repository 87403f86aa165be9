"""The times that a customer can choose from for an appointment, by days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flowengine.client import Way
from flowengine.speech.telling import Speech
from flowengine.views.replies import CustomerStep
from flowengine.web.pages.fields import Answered
from flowengine.web.pages.posted import Posted
from flowengine.web.pages.visit import Visit

DAYS = 6
"""Days with free times that are shown at once, and no more than so many times."""
MOST = 90
FEW = 24
"""So many times are shown at once; of more those of the first day, and the others where their day is opened."""


@dataclass(frozen=True, slots=True)
class Time:
    """A time that can be chosen. ``late``: it lies after the day that was promised."""

    value: str
    at: datetime
    late: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its free times."""

    at: datetime
    times: tuple[Time, ...]

    @property
    def late(self) -> bool:
        """All of it lies after the day that was promised."""
        return all(one.late for one in self.times)


def days_of(step: CustomerStep, visit: Visit) -> dict[str, Any]:
    """The days of a page: those from ``?after=`` on, and where the days after and before them begin."""
    if step.type != "fitting":
        return {"days": (), "later": "", "first": True, "few": True}
    slots, late, clock = sorted(step.slots), set(step.late_slots), visit.speech.clock()
    after = _moment(visit.query("after"))
    rest = [slot for slot in slots if after is None or slot >= after] or slots
    days: list[Day] = []
    shown = 0
    for slot in rest:
        here = slot.astimezone(clock).date()
        if not days or days[-1].at.astimezone(clock).date() != here:
            if len(days) == DAYS or shown >= MOST:
                break
            days.append(Day(slot, ()))
        one = Time(_text(slot), slot, slot in late)
        days[-1] = Day(days[-1].at, (*days[-1].times, one))
        shown += 1
    return {
        "days": days,
        "few": shown <= FEW,
        "later": _text(rest[shown]) if shown < len(rest) else "",
        "first": not rest or rest[0] == slots[0],
    }


def slot_of(way: Way, posted: Posted, speech: Speech) -> Answered:
    """The time that was chosen; none where what is held is booked, or given back."""
    needed = any(field.required for field in way.fields)
    chosen = posted.get("slot") if way.fields else ""
    if not chosen:
        return Answered({}, {"slot": speech.say("Please choose a time.")} if needed else {})
    if _moment(chosen) is None:
        return Answered({}, {"slot": speech.say("Please choose a time.")})
    return Answered({"slot": chosen}, {})


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
