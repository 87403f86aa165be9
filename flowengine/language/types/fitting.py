"""``fitting``: an appointment of the customer with a role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from flowengine.language.durations import Duration
from flowengine.language.model import Meant, State
from flowengine.language.parser.audiences import AUDIENCES
from flowengine.language.parser.common_keys import FIELDS_KEY, LEADING, NAMING, WAITING
from flowengine.language.parser.records import Key, Values
from flowengine.language.parser.scalars import BRIEF_TIME, DURATION, NAME
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import ListOf, Named
from flowengine.language.parts import Audience
from flowengine.language.value_shapes import Basic, Lists, Record, Shape, Slot, of_fields
from flowengine.speech.phrases import phrase

_REMIND_BEFORE = Named("remind_before", ListOf(DURATION, one=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting(State):
    """An appointment of the customer with a role. ``fields`` are the findings, given with the outcome ``held``."""

    type = "fitting"
    keys = (
        *NAMING, *WAITING, *LEADING, FIELDS_KEY,
        Key("with", AUDIENCES, "Who meets the customer.", True, "with_"),
        Key("length", BRIEF_TIME, "How long the appointment is.", True),
        Key("calendar", NAME, "The calendar that gives the slots; the only one, unless given."),
        Key("hold", BRIEF_TIME, "How long a slot is held for the customer while he decides."),
        Key("remind_before", _REMIND_BEFORE, "How long before the appointment its customer is reminded of it."),
    )  # fmt: skip
    in_race = True
    outcomes = ("held", "missed")
    rare = frozenset(("missed",))
    customer = True
    only_waits = True
    moves: ClassVar[Mapping[str, str]] = {
        "book": phrase("booked %(at)s: %(what)s"),
        "hold": phrase("reserved %(at)s for now: %(what)s"),
        "move": phrase("moved the appointment to %(at)s: %(what)s"),
        "cancel": phrase("gave back the appointment of %(at)s: %(what)s"),
        "missed": phrase("noted that the customer did not come at %(at)s: %(what)s"),
    }
    endings: ClassVar[Mapping[str, str]] = {
        "held": phrase("held the appointment: %(what)s"),
        "missed": phrase("noted that the customer did not come: %(what)s"),
    }

    replies: ClassVar[Mapping[str, str]] = {
        "book": phrase("Thank you. Your appointment is on %(at)s"),
        "hold": phrase("%(at)s is kept for you until %(until)s, and not booked yet"),
        "move": phrase("Thank you. Your appointment is on %(at)s now"),
        "cancel": phrase("Your appointment of %(at)s is given back"),
        "held": phrase("You have met the customer: %(what)s"),
        "missed": phrase("It is noted that the customer did not come: %(what)s"),
    }

    with_: tuple[Audience, ...] = ()
    length: Duration = Duration()
    calendar: str = ""
    hold: Duration | None = None
    remind_before: tuple[Duration, ...] = ()

    @classmethod
    def settle(cls, values: Values, reading: Reading) -> None:
        """A fitting that names no calendar takes the process's, when there is only one."""
        if "calendar" in values or not reading.calendars:
            return
        if len(reading.calendars) > 1:
            hint = f"possible: {', '.join(reading.calendars)}"
            raise reading.refuse(values.place, "missing-key", "a fitting needs the key 'calendar'", hint)
        values["calendar"] = reading.calendars[0]

    @property
    def companions(self) -> tuple[Audience, ...]:
        return self.with_

    @property
    def answered_by_customer(self) -> bool:
        return False  # its fields are the findings of the role

    @property
    def thanked(self) -> frozenset[str]:
        return frozenset(("book", "move"))

    @property
    def thanked_at_once(self) -> bool:
        return True  # as the customer books; its end is the role's

    @property
    def thankable(self) -> tuple[str, ...]:
        return tuple(one for one in self.moves if one not in self.outcomes)

    @property
    def must_lead(self) -> tuple[str, ...]:
        return ("held",)  # who missed it is offered another

    @property
    def names(self) -> Iterator[Meant]:
        yield Meant("calendar", self.calendar, self.place)

    @property
    def calendar_name(self) -> str | None:
        return self.calendar

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        if outcome != "held":
            return None
        findings = of_fields(self.fields, internal=True)
        return Record({**findings.members, "slot": Slot(Basic("text", "2026-05-01T09:00:00Z"))})

    def told_keys(self, keys: frozenset[str]) -> frozenset[str]:
        return self.marked | {"slot"}
