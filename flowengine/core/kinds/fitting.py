"""``fitting``: an appointment of the customer with a role, as one state.

The customer's step (purpose ``book``) takes ``hold``, ``book``, ``move`` and ``cancel``. Once a slot is booked a second
step (purpose ``hold``) waits for the role in ``with``. Until the appointment begins it takes ``move`` alone, for which
the calendar's notice is not needed; from then on ``held`` with the findings, or ``missed`` (L13). The deadline counts
from entering (or from a cancellation) until a slot is booked, and from the end of the booked slot afterwards. What
becomes of an appointment without the customer's doing is an event of its own, for him to hear of.

A booking takes a seat of the calendar, the customer and somebody who meets him (:mod:`flowengine.core.diary`). What is
held is so until the hold is over by the clock, whether or not its timer has fired (L13).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from flowengine.core import events as e
from flowengine.core.commands import Act
from flowengine.core.diary import Diary, day_around
from flowengine.core.draft import moment_text, replace
from flowengine.core.fields import check_answer, near, once, take
from flowengine.core.forms import FormField, Way, questions
from flowengine.core.kinds.base import Waiting, chosen, routed
from flowengine.core.seatings import person_seating
from flowengine.core.slots import (
    HOURS_OF_OFFICE,
    all_slots,
    check_slot,
    free_slots,
    length_of,
    nearest,
    read_slot,
    window,
)
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Booking, Json, Seating, Step, Timer
from flowengine.core.world import Worker
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed, SlotTaken
from flowengine.language.durations import Duration
from flowengine.language.model import Process, State
from flowengine.language.parts import Audience, Calendar
from flowengine.language.types import Fitting
from flowengine.speech.phrases import moment_phrase, phrase

BOOK = "book"
"""The purpose of the customer's step."""

HOLD = "hold"
"""The purpose of the role's step; also the move that keeps a slot while the customer decides."""

_TITLES = {"hold": "Hold a slot", "book": "Book a slot", "move": "Move to another slot", "cancel": "Give the slot back"}
_ENDINGS = ("held", "missed")
"""How an appointment goes, once it has begun."""

_WAITING = ("expire", "remind", "escalate", "appointment")
_NAMED = 10
"""How many free slots a refusal names at most."""

_NEAR = timedelta(days=8)
"""How far around the one that was asked for they are looked for."""


class Fitted(Waiting[Fitting]):
    """Waits for the customer to book, then for the appointment to be held or missed.

    Saved with ``held``: the findings and ``slot``, the start of the appointment as text. ``missed`` saves nothing;
    where it leads nowhere the customer books anew.
    """

    def enter(self, spot: Spot) -> Result | None:
        calendar_of(spot.process, self.state(spot))
        spot.keep(Booking())
        step = spot.open_step(spot.state.audience, purpose=BOOK, due=spot.due())
        spot.set_deadlines(step)
        return None

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        if self._has_lapsed(spot):
            self._lapse(spot)
        possible = self.possible(spot, step)
        if not possible:
            raise NotAllowed(phrase("the appointment has begun; it can no longer be changed here"), where=step.state)
        if step.purpose == HOLD and command.outcome in _ENDINGS and command.outcome not in possible:
            raise NotAllowed(
                phrase(
                    "the appointment begins at %(moment)s, and cannot be %(outcome)s before",
                    moment=moment_phrase(self._slot(spot), calendar_of(spot.process, self.state(spot)).clock),
                    outcome=command.outcome,
                ),
                where=step.state,
                possible=(phrase("wait until it has begun"), phrase("move it")),
            )
        move = chosen(step, command, possible)
        if move in _ENDINGS:
            return self._ended(spot, step, command, move)
        if move == "cancel":
            check_answer((), command.answer, step.state)
            self._give_back(spot)
            self._offer_again(spot, step)
        else:
            before, slot = self.booking(spot).slot, self._asked(spot, step, move, command.answer)
            self._take(spot, _customers(spot), move, slot)
            if step.purpose == HOLD and before is not None:
                self._tell(spot, "moved", before, to=slot)
        spot.draft.record(e.Moved(branch=spot.branch_id, step=step.number, move=move, by=command.by.id))
        return None

    def _tell(
        self, spot: Spot, what: Literal["lapsed", "missed", "moved"], slot: datetime, to: datetime | None = None
    ) -> None:
        """The customer is to hear of what became of his appointment."""
        theirs = _customers(spot)
        spot.draft.record(
            e.AppointmentChanged(
                branch=spot.branch_id,
                state=theirs.state,
                member=theirs.member,
                step=theirs.number,
                what=what,
                slot=slot,
                to=to,
                whom=theirs.audience,
            )
        )

    def _ended(self, spot: Spot, step: Step, command: Act, outcome: str) -> Result | None:
        """The role says how the appointment went."""
        slot = self._slot(spot)
        if outcome == "held":
            findings = check_answer(spot.state.fields, command.answer, step.state, names=spot.names, world=spot.world)
            return Result(outcome, {**findings, "slot": moment_text(slot)}, command.by.id)
        check_answer((), command.answer, step.state)
        self._tell(spot, "missed", slot)
        if "missed" in routed(spot):
            return Result(outcome, by=command.by.id)
        spot.draft.record(e.Moved(branch=spot.branch_id, step=step.number, move=outcome, by=command.by.id))
        spot.keep(Booking(missed=self.booking(spot).missed + 1))
        self._offer_again(spot, _customers(spot))
        return None

    def _asked(self, spot: Spot, step: Step, move: str, answer: Json) -> datetime:
        """The slot that the answer names; ``book`` without one books the held slot."""
        state, booking = self.state(spot), self.booking(spot)
        calendar = _calendar_for(spot.process, state, step)
        given = take(answer, step.state)
        wrong = next((name for name in given if name != "slot"), None)
        if wrong is not None:
            raise BadAnswer(
                {wrong[:60]: phrase("is not asked here%(near)s", near=near(wrong, ["slot"]))},
                where=step.state,
                possible=["slot"],
            )
        if "slot" not in given:
            if move == "book" and booking.slot is not None:
                return booking.slot
            possible = nearest(calendar, state.length, spot.now, spot.now)
            problem = phrase("is missing; name the start of a slot")
            if booking.lapsed:
                problem = phrase(
                    "is missing (%(slot)s is held for you no more); name the start of a slot",
                    slot=moment_phrase(booking.lapsed, calendar.clock),
                )
            raise BadAnswer({"slot": problem}, where=step.state, possible=possible)
        slot = read_slot(calendar, state.length, given["slot"], spot.now, step.state)
        if slot == booking.slot:
            if move == "book":
                return slot
            raise NotAllowed(phrase("that slot is yours already"), where=step.state, possible=self.possible(spot, step))
        check_slot(calendar, state.length, slot, spot.now, step.state)
        return slot

    def _take(self, spot: Spot, step: Step, move: str, slot: datetime) -> None:
        """Take a slot in the place of the former one; a hold is let go by a timer, a booking waits for the role."""
        state, booking = self.state(spot), self.booking(spot)
        calendar = calendar_of(spot.process, state)
        staff = booking.staff if slot == booking.slot else self._who(spot, slot)
        end = slot + length_of(calendar, state.length)
        self._free(spot)
        spot.drop_timers("hold")
        taken = Booking(phase="booked", slot=slot, missed=booking.missed, calendar=calendar.name, end=end, staff=staff)
        if move != "hold":
            self._place(spot, taken)
            self._await_role(spot, step, taken)
            return
        assert state.hold is not None, "a slot is held only where the state says for how long"
        until = min(spot.after(state.hold), slot)
        timer = spot.set_timer("hold", until, step=step.number)
        self._place(spot, replace(taken, phase="held", hold=timer.number), until)
        spot.change_step(step, "held", held=slot, held_until=until)

    def _place(self, spot: Spot, booking: Booking, held_until: datetime | None = None) -> None:
        """Take the room and the people of a booking, which the state keeps from now on."""
        calendar = calendar_of(spot.process, self.state(spot))
        assert booking.slot is not None, "what is taken has a beginning"
        assert booking.end is not None, "what is taken has an end"
        promise = spot.draft.head.promise
        spot.draft.record(
            e.SlotBooked(
                branch=spot.branch_id,
                calendar=booking.calendar,
                start=booking.slot,
                end=booking.end,
                every=calendar.every.exact.total_seconds(),
                seats=calendar.seats,
                customer=spot.draft.head.customer,
                staff=booking.staff,
                held_until=held_until,
                after_promise=promise is not None and promise.is_before(booking.slot),
            )
        )
        spot.keep(booking)

    def _who(self, spot: Spot, slot: datetime) -> str:
        """Who is to meet the customer in a slot. Raises SlotTaken, with the free slots around, where there is no seat,
        or where the customer, or everybody who could meet him, is elsewhere."""
        state = self.state(spot)
        calendar = calendar_of(spot.process, state)
        diary = self._diary(spot, *day_around(calendar, slot, length_of(calendar, state.length)), alone=True)
        problem = diary.problem(slot)
        if problem:
            possible = self._instead(spot, slot) or [phrase("another time")]
            raise SlotTaken(
                phrase("the time %(moment)s %(problem)s", moment=moment_phrase(slot, calendar.clock), problem=problem),
                where=calendar.name,
                possible=possible,
            )
        names = spot.names()
        states = [one for scope in spot.process.scopes() for one in scope.states.values()]
        met = {names.by(one.name) for one in states if isinstance(one, Fitting)}
        return diary.who(slot, self.booking(spot).staff, met)

    def _instead(self, spot: Spot, slot: datetime) -> list[str]:
        """The free slots nearest to one that is not, in order of time, as texts."""
        state = self.state(spot)
        calendar = calendar_of(spot.process, state)
        first, last = window(calendar, spot.now)
        own = self.booking(spot).slot
        first, last = max(first, slot - _NEAR), min(last, slot + _NEAR)
        diary = self._diary(spot, first, last + length_of(calendar, state.length))
        free = [one for one in all_slots(calendar, state.length, first, last) if one != own and not diary.problem(one)]
        return [moment_text(one) for one in sorted(sorted(free, key=lambda one: abs(one - slot))[:_NAMED])]

    def _diary(self, spot: Spot, first: datetime, last: datetime, *, alone: bool = False) -> Diary:
        """The appointments from ``first`` to ``last`` of all whom this fitting needs."""
        state, booking, customer = self.state(spot), self._kept(spot), spot.draft.head.customer
        calendar, seatings = calendar_of(spot.process, state), spot.seatings(state.with_)
        workers = _known(spot, seatings)
        whose = _names(calendar.name, customer, booking.staff, *(one.id for one in workers))
        booked = spot.world.booked(whose, first, last, spot.now, alone=alone)
        if alone:  # what was changed while it was waited for: hours, absences, roles
            locked = {one.id for one in workers}
            workers = [one for one in _known(spot, seatings) if one.id in locked]
        length, own = length_of(calendar, state.length), (spot.draft.head.job, booking.slot)
        return Diary(calendar, length, customer, workers, booked, (first, last), own)

    def handed(self, spot: Spot, step: Step, person: str) -> Step:
        """Somebody else will meet the customer: the appointment moves to him, unless he has another one then."""
        booking = self.booking(spot)
        known = person in (booking.staff, spot.draft.head.customer)
        if known or booking.slot is None or booking.end is None or booking.slot <= spot.now:
            return step
        whose = _names(booking.calendar, spot.draft.head.customer, booking.staff, person)
        booked = spot.world.booked(whose, booking.slot, booking.end, spot.now, alone=True)
        if booked[person_seating(person)]:
            raise NotAllowed(
                phrase(
                    "%(person)s has another appointment at %(moment)s",
                    person=person,
                    moment=moment_phrase(booking.slot, calendar_of(spot.process, self.state(spot)).clock),
                ),
                where=step.state,
                possible=(phrase("somebody who is free then"), phrase("have the customer move the appointment first")),
            )
        self._free(spot)
        self._place(spot, replace(booking, staff=person))
        for theirs in spot.steps:
            if theirs.purpose == BOOK:
                spot.change_step(theirs, "handed", booked_with=person)
        return replace(step, preferred=person)

    def _await_role(self, spot: Spot, step: Step, booking: Booking) -> None:
        """The customer has done his part: from now on the role's step has the deadline. It is kept for who is booked,
        and for who has claimed it no more where that is another."""
        state, slot, end, staff = self.state(spot), booking.slot, booking.end, booking.staff or None
        assert slot is not None, "what is booked has a beginning"
        assert end is not None, "what is booked has an end"
        spot.drop_timers(*_WAITING)
        why = "moved" if step.booked is not None else "booked"
        spot.change_step(step, why, due=None, booked=slot, booked_with=booking.staff, held=None, held_until=None)
        due = max(end, spot.at_time(state.within, end)) if state.within is not None else None
        theirs = next((one for one in spot.steps if one.purpose == HOLD), None)
        if theirs is None:
            theirs = spot.open_step(
                state.with_, purpose=HOLD, title=state.title, due=due, preferred=staff, appointment=(slot, end)
            )
        else:
            claimed = theirs.claimed if staff in (None, theirs.claimed) else None
            theirs = spot.change_step(
                theirs, "moved", due=due, preferred=staff, claimed=claimed, appointment=slot, appointment_end=end
            )
        self._remind(spot, step, slot)
        if due is not None:
            since = end if spot.since(state.within) else None
            spot.set_timer("expire", due, step=theirs.number, since=since)

    def _remind(self, spot: Spot, step: Step, slot: datetime) -> None:
        """Have the customer reminded of his appointment, as long before it as the state says, unless that is over."""
        for before in self.state(spot).remind_before:
            due = (-before).after(slot, spot.process.clock)
            if due > spot.now:
                spot.set_timer("appointment", due, step=step.number)

    def _offer_again(self, spot: Spot, step: Step) -> None:
        """Back to the beginning: the customer may book, within the time he had at first."""
        spot.drop_timers("hold", *_WAITING)
        for one in spot.steps:
            if one.purpose == HOLD:
                spot.close_step(one)
        due = spot.due()
        spot.set_deadlines(
            spot.change_step(step, "offered", due=due, booked=None, booked_with="", held=None, held_until=None)
        )

    def _give_back(self, spot: Spot) -> None:
        self._free(spot)
        spot.keep(Booking(missed=self._kept(spot).missed))

    def _free(self, spot: Spot) -> None:
        """Free the room and the people that the job has taken, unless the appointment has begun."""
        booking = self._kept(spot)
        if booking.slot is None or (booking.phase == "booked" and booking.slot <= spot.now):
            return
        calendar = booking.calendar or calendar_of(spot.process, self.state(spot)).name  # empty in old histories
        customer = spot.draft.head.customer
        spot.draft.record(
            e.SlotFreed(
                branch=spot.branch_id,
                calendar=calendar,
                start=booking.slot,
                customer=customer,
                staff=booking.staff,
                held=booking.phase == "held",
            )
        )

    def fire(self, spot: Spot, timer: Timer) -> Result | None:
        """A slot that was held too long is let go; the step stays open. Of an appointment its customer is reminded."""
        if timer.purpose == "appointment":
            spot.draft.record(e.Reminded(branch=spot.branch_id, step=timer.step))
            return None
        if timer.purpose != "hold":
            return super().fire(spot, timer)
        booking = self._kept(spot)
        if booking.phase == "held" and booking.hold == timer.number:
            self._lapse(spot)
        return None

    def _has_lapsed(self, spot: Spot) -> bool:
        """Whether a hold is over by the clock (L13), its timer fired or not."""
        booking = self._kept(spot)
        return booking.phase == "held" and not any(
            timer.number == booking.hold and timer.due > spot.now for timer in spot.branch.timers
        )

    def _lapse(self, spot: Spot) -> None:
        """Let a held slot go."""
        booking, theirs = self._kept(spot), _customers(spot)
        assert booking.slot is not None, "what is held has a beginning"
        spot.drop_timers("hold")
        self._free(spot)
        spot.keep(_lapsed(booking))
        spot.change_step(theirs, "lapsed", held=None, held_until=None)
        self._tell(spot, "lapsed", booking.slot)

    def leave(self, spot: Spot) -> None:
        """A slot that has not begun is free again, whichever way the state is left."""
        if isinstance(spot.inner, Booking):
            self._free(spot)

    def renew(self, spot: Spot, before: Spot) -> None:
        """An appointment stays where it is booked. Raises NotAllowed where that is another calendar now."""
        here, there = calendar_of(spot.process, self.state(spot)), calendar_of(before.process, self.state(before))
        if here.name != there.name and self.booking(spot).slot is not None:
            raise NotAllowed(
                phrase(
                    "an appointment is held in the calendar %(calendar)s, and this version has %(other)s",
                    calendar=repr(there.name),
                    other=repr(here.name),
                ),
                where=spot.state.name,
                possible=(
                    phrase("give the appointment back first"),
                    phrase("keep the calendar %(name)s", name=repr(there.name)),
                ),
            )
        super().renew(spot, before)
        booked = _customers(spot).booked
        if booked is not None and self.state(spot).remind_before != self.state(before).remind_before:
            spot.drop_timers("appointment")
            self._remind(spot, _customers(spot), booked)

    def invited(self, state: Fitting, step: Step) -> tuple[Audience, ...]:
        return state.with_ if step.purpose == HOLD else state.audience

    def heading(self, spot: Spot, step: Step) -> str:
        return spot.state.title if step.purpose == HOLD else super().heading(spot, step)

    def over_at(self, spot: Spot) -> datetime | None:
        """Of a booked appointment it is counted from its end."""
        state, booking = self.state(spot), self.booking(spot)
        if state.within is None or booking.phase != "booked" or booking.slot is None:
            return spot.due()
        end = booking.end or booking.slot + length_of(calendar_of(spot.process, state), state.length)
        return max(end, spot.at_time(state.within, end))

    def _kept(self, spot: Spot) -> Booking:
        """What was held or booked last, also where the hold is over."""
        booking = spot.inner
        assert isinstance(booking, Booking), "a fitting keeps its booking"
        return booking

    def booking(self, spot: Spot) -> Booking:
        """What is held or booked now."""
        booking = self._kept(spot)
        return _lapsed(booking) if self._has_lapsed(spot) else booking

    def _slot(self, spot: Spot) -> datetime:
        slot = self.booking(spot).slot
        assert slot is not None, "the role's step is open only while a slot is booked"
        return slot

    def possible(self, spot: Spot, step: Step) -> tuple[str, ...]:
        booking = self.booking(spot)
        if step.purpose == HOLD:
            return _ENDINGS if self._slot(spot) <= spot.now else ("move",)
        if booking.phase == "booked":
            return ("move", "cancel") if self._slot(spot) > spot.now else ()
        moves = ("hold", "book") if self.state(spot).hold is not None else ("book",)
        return (*moves, "cancel") if booking.phase == "held" else moves

    def ways(self, spot: Spot, step: Step) -> tuple[Way, ...]:
        return tuple(self._way(spot, outcome) for outcome in self.possible(spot, step))

    def _way(self, spot: Spot, outcome: str) -> Way:
        if outcome in _ENDINGS:
            titles = {"held": "The appointment was held", "missed": "The customer did not come"}
            asked = questions(spot.state.fields, world=spot.world, names=spot.names) if outcome == "held" else ()
            return Way(outcome=outcome, title=titles[outcome], fields=asked)
        held = outcome == "book" and self.booking(spot).slot is not None
        slot = FormField(name="slot", title="Slot", type="string", format="date-time", required=not held)
        title = "Book the slot that is held" if held else _TITLES[outcome]
        return Way(outcome=outcome, title=title, fields=() if outcome == "cancel" else (slot,), move=True)

    def slots(self, spot: Spot, step: Step) -> tuple[datetime, ...]:
        if not {"hold", "book", "move"} & set(self.possible(spot, step)):
            return ()
        state, own = self.state(spot), self.booking(spot).slot
        calendar = _calendar_for(spot.process, state, step)
        first, last = window(calendar, spot.now)
        try:
            diary = self._diary(spot, first, last + length_of(calendar, state.length) + timedelta(seconds=1))
        except ExpressionFailed:
            return ()  # whom it is with cannot be told; who looks at the step may, and a booking is refused with why
        free = free_slots(calendar, state.length, spot.now, diary.room)
        return tuple(slot for slot in free if slot != own and not diary.is_closed(slot) and diary.people_are_free(slot))


def _customers(spot: Spot) -> Step:
    """The customer's step, which is open as long as the state is."""
    return next(one for one in spot.steps if one.purpose == BOOK)


def _calendar_for(process: Process, state: Fitting, step: Step) -> Calendar:
    """The calendar as it offers slots on a step: those who meet the customer need no notice."""
    calendar = calendar_of(process, state)
    return calendar if step.purpose == BOOK else dataclasses.replace(calendar, notice=Duration())


def _lapsed(booking: Booking) -> Booking:
    return Booking(missed=booking.missed, lapsed=booking.slot)


def _known(spot: Spot, seatings: Sequence[Seating]) -> Sequence[Worker]:
    """Those one of whom must be free; nobody in particular where anyone may hold the appointment, or the customer
    himself, or where nobody is known."""
    named = [one for one in seatings if one == "staff" or one.startswith(("role:", "person:"))]
    alone = len(named) < len(seatings) or person_seating(spot.draft.head.customer) in named
    return () if alone else spot.world.workers(named)


def _names(calendar: str, *people: str) -> list[str]:
    """Whose bookings matter, by the names under which they are kept."""
    return [calendar, *dict.fromkeys(person_seating(one) for one in people if one)]


def first_slot(process: Process, state: State, now: datetime, share: float, within: timedelta) -> datetime | None:
    """The first appointment of a fitting, taken or not, after a share (0 to 1) of the time in which they are offered
    now, and ``within`` that long after it."""
    assert isinstance(state, Fitting), "only a fitting has appointments"
    calendar = calendar_of(process, state)
    first, last = window(calendar, now)
    begin = first + (last - first) * share
    return next(all_slots(calendar, state.length, begin, min(last, begin + within)), None)


def calendars_of(process: Process) -> dict[str, Calendar]:
    """The calendars of a process, by name; where it has none, those that its fittings have of their own."""
    states = (one for state in process.states() for one in state.members.values())
    fittings = (one for one in states if isinstance(one, Fitting) and not process.calendars)
    return {**process.calendars, **{f"{process.name}.{one.name}": calendar_of(process, one) for one in fittings}}


def calendar_of(process: Process, state: Fitting) -> Calendar:
    """The calendar in which a fitting is booked.

    A state that names none uses the process's only one; where the process has none, it has one of its own: Monday to
    Friday, nine to five in the zone of the process, one appointment at a time. Raises :class:`ExpressionFailed` when
    it is not clear which.
    """
    calendars = process.calendars
    if state.calendar in calendars:
        return calendars[state.calendar]
    if not state.calendar and len(calendars) == 1:
        return next(iter(calendars.values()))
    if state.calendar or calendars:
        what = (
            phrase("there is no calendar %(calendar)s", calendar=repr(state.calendar))
            if state.calendar
            else phrase("the fitting names no calendar")
        )
        raise ExpressionFailed(what, where=state.name, possible=tuple(calendars))
    return once(state, f"calendar {process.zone}", lambda: _own_calendar(process, state))


def _own_calendar(process: Process, state: Fitting) -> Calendar:
    every = Duration(rest=max(state.length.exact, timedelta(minutes=30)))
    return Calendar(name=f"{process.name}.{state.name}", zone=process.zone or "UTC", hours=HOURS_OF_OFFICE, every=every)
