"""``fitting``: an appointment of the customer with a role, as one state.

The customer's step (purpose ``book``) takes ``hold``, ``book``, ``move`` and ``cancel``. Once a slot is booked a second
step (purpose ``hold``) waits for the role in ``with``: ``held`` with the findings, or ``missed``. The deadline counts
from entering (or from a cancellation) until a slot is booked, and from the end of the booked slot afterwards.

Whether a slot is taken by another job is for the store to say: a booking that collides is refused as SlotTaken.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flowengine.core import events as e
from flowengine.core.commands import Act
from flowengine.core.draft import moment_text
from flowengine.core.fields import check_answer, near, once, take
from flowengine.core.forms import FormField, Way, questions
from flowengine.core.kinds.base import Waiting, chosen, routed
from flowengine.core.slots import (
    HOURS_OF_OFFICE,
    Asked,
    Taken,
    check_slot,
    free_slots,
    length_of,
    nearest,
    read_slot,
    window,
)
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Booking, Json, Step, Timer
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed
from flowengine.language.durations import Duration
from flowengine.language.model import Process
from flowengine.language.parts import Calendar
from flowengine.language.types import Fitting

BOOK = "book"
"""The purpose of the customer's step."""

HOLD = "hold"
"""The purpose of the role's step; also the move that keeps a slot while the customer decides."""

_TITLES = {"hold": "Hold a slot", "book": "Book a slot", "move": "Move to another slot", "cancel": "Give the slot back"}
_WAITING = ("expire", "remind", "escalate")


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
        possible = self.possible(spot, step)
        if not possible:
            raise NotAllowed("the appointment has begun; it can no longer be changed here", where=step.state)
        if step.purpose == HOLD and command.outcome == "missed" and "missed" not in possible:
            starts = moment_text(self._slot(spot))
            raise NotAllowed(
                f"the appointment is at {starts}; it cannot be missed yet", where=step.state, possible=possible
            )
        move = chosen(step, command, possible)
        if step.purpose == HOLD:
            return self._ended(spot, step, command, move)
        if move == "cancel":
            check_answer((), command.answer, step.state)
            self._give_back(spot)
            self._offer_again(spot, step)
        else:
            self._take(spot, step, move, self._asked(spot, step, move, command.answer))
        spot.draft.record(e.Moved(branch=spot.branch_id, step=step.number, move=move, by=command.by.id))
        return None

    def _ended(self, spot: Spot, step: Step, command: Act, outcome: str) -> Result | None:
        """The role says how the appointment went."""
        slot = moment_text(self._slot(spot))
        if outcome == "held":
            findings = check_answer(spot.state.fields, command.answer, step.state)
            return Result(outcome, {**findings, "slot": slot}, command.by.id)
        check_answer((), command.answer, step.state)
        if "missed" in routed(spot):
            return Result(outcome, by=command.by.id)
        spot.draft.record(e.Moved(branch=spot.branch_id, step=step.number, move=outcome, by=command.by.id))
        spot.keep(Booking(missed=self.booking(spot).missed + 1))
        self._offer_again(spot, next(one for one in spot.steps if one.purpose == BOOK))
        return None

    def _asked(self, spot: Spot, step: Step, move: str, answer: Json) -> datetime:
        """The slot that the answer names; ``book`` without one books the held slot."""
        state, booking = self.state(spot), self.booking(spot)
        calendar = calendar_of(spot.process, state)
        given = take(answer, step.state)
        wrong = next((name for name in given if name != "slot"), None)
        if wrong is not None:
            raise BadAnswer(
                {wrong[:60]: f"is not asked here{near(wrong, ['slot'])}"}, where=step.state, possible=["slot"]
            )
        if "slot" not in given:
            if move == "book" and booking.slot is not None:
                return booking.slot
            possible = nearest(calendar, state.length, spot.now, spot.now)
            raise BadAnswer({"slot": "is missing; name the start of a slot"}, where=step.state, possible=possible)
        slot = read_slot(calendar, state.length, given["slot"], spot.now, step.state)
        if slot == booking.slot:
            if move == "book":
                return slot
            raise NotAllowed("that slot is yours already", where=step.state, possible=self.possible(spot, step))
        check_slot(calendar, state.length, slot, spot.now, step.state)
        return slot

    def _take(self, spot: Spot, step: Step, move: str, slot: datetime) -> None:
        """Take a slot in the place of the former one; a hold is let go by a timer, a booking waits for the role."""
        state, booking = self.state(spot), self.booking(spot)
        if slot != booking.slot:
            self._free(spot)
            calendar = calendar_of(spot.process, state)
            spot.draft.record(
                e.SlotBooked(
                    branch=spot.branch_id,
                    calendar=calendar.name,
                    start=slot,
                    end=slot + length_of(calendar, state.length),
                    every=calendar.every.exact.total_seconds(),
                    seats=calendar.seats,
                )
            )
        spot.drop_timers("hold")
        if move == "hold":
            assert state.hold is not None, "a slot is held only where the state says for how long"
            timer = spot.set_timer("hold", spot.after(state.hold), step=step.number)
            spot.keep(Booking(phase="held", slot=slot, hold=timer.number, missed=booking.missed))
            return
        spot.keep(Booking(phase="booked", slot=slot, missed=booking.missed))
        self._await_role(spot, step, slot)

    def _await_role(self, spot: Spot, step: Step, slot: datetime) -> None:
        """The customer has done his part: from now on the role's step has the deadline."""
        state = self.state(spot)
        spot.drop_timers(*_WAITING)
        spot.change_step(step, "moved" if step.booked is not None else "booked", due=None, booked=slot)
        end = slot + length_of(calendar_of(spot.process, state), state.length)
        due = max(end, spot.at_time(state.within, end)) if state.within is not None else None
        theirs = next((one for one in spot.steps if one.purpose == HOLD), None)
        if theirs is None:
            theirs = spot.open_step(state.with_, purpose=HOLD, title=state.title, due=due)
        else:
            theirs = spot.change_step(theirs, "moved", due=due)
        if due is not None:
            spot.set_timer("expire", due, step=theirs.number)

    def _offer_again(self, spot: Spot, step: Step) -> None:
        """Back to the beginning: the customer may book, within the time he had at first."""
        spot.drop_timers("hold", *_WAITING)
        for one in spot.steps:
            if one.purpose == HOLD:
                spot.close_step(one)
        due = spot.due()
        spot.set_deadlines(spot.change_step(step, "offered", due=due, booked=None))

    def _give_back(self, spot: Spot) -> None:
        self._free(spot)
        spot.keep(Booking(missed=self.booking(spot).missed))

    def _free(self, spot: Spot) -> None:
        """Free the slot that the job has taken, unless it has begun."""
        slot = self.booking(spot).slot
        if slot is not None and slot > spot.now:
            calendar = calendar_of(spot.process, self.state(spot))
            spot.draft.record(e.SlotFreed(branch=spot.branch_id, calendar=calendar.name, start=slot))

    def fire(self, spot: Spot, timer: Timer) -> Result | None:
        """A slot that was held too long is let go; the step stays open."""
        if timer.purpose != "hold":
            return super().fire(spot, timer)
        if self.booking(spot).phase == "held" and self.booking(spot).hold == timer.number:
            self._give_back(spot)
        return None

    def leave(self, spot: Spot) -> None:
        """A slot that has not begun is free again, whichever way the state is left."""
        if isinstance(spot.inner, Booking):
            self._free(spot)

    def booking(self, spot: Spot) -> Booking:
        """What is held or booked."""
        booking = spot.inner
        assert isinstance(booking, Booking), "a fitting keeps its booking"
        return booking

    def _slot(self, spot: Spot) -> datetime:
        slot = self.booking(spot).slot
        assert slot is not None, "the role's step is open only while a slot is booked"
        return slot

    def possible(self, spot: Spot, step: Step) -> tuple[str, ...]:
        booking = self.booking(spot)
        if step.purpose == HOLD:
            return ("held", "missed") if self._slot(spot) <= spot.now else ("held",)
        if booking.phase == "booked":
            return ("move", "cancel") if self._slot(spot) > spot.now else ()
        moves = ("hold", "book") if self.state(spot).hold is not None else ("book",)
        return (*moves, "cancel") if booking.phase == "held" else moves

    def ways(self, spot: Spot, step: Step) -> tuple[Way, ...]:
        return tuple(self._way(spot, step, outcome) for outcome in self.possible(spot, step))

    def _way(self, spot: Spot, step: Step, outcome: str) -> Way:
        if step.purpose == HOLD:
            titles = {"held": "The appointment was held", "missed": "The customer did not come"}
            asked = questions(spot.state.fields) if outcome == "held" else ()
            return Way(outcome=outcome, title=titles[outcome], fields=asked)
        held = outcome == "book" and self.booking(spot).slot is not None
        slot = FormField(name="slot", title="Slot", type="string", format="date-time", required=not held)
        return Way(outcome=outcome, title=_TITLES[outcome], fields=() if outcome == "cancel" else (slot,), move=True)

    def slots(self, spot: Spot, step: Step, taken: Taken) -> tuple[datetime, ...]:
        if step.purpose != BOOK or not self.possible(spot, step):
            return ()
        state = self.state(spot)
        return tuple(free_slots(calendar_of(spot.process, state), state.length, spot.now, taken))

    def asked_slots(self, process: Process, state: Fitting, step: Step, now: datetime) -> Asked | None:
        if step.purpose != BOOK:
            return None
        calendar = calendar_of(process, state)
        first, last = window(calendar, now)
        return Asked(calendar, first, last + length_of(calendar, state.length) + timedelta(seconds=1))


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
        what = f"there is no calendar {state.calendar!r}" if state.calendar else "the fitting names no calendar"
        raise ExpressionFailed(what, where=state.name, possible=tuple(calendars))
    return once(state, f"calendar {process.zone}", lambda: _own_calendar(process, state))


def _own_calendar(process: Process, state: Fitting) -> Calendar:
    every = Duration(rest=max(state.length.exact, timedelta(minutes=30)))
    return Calendar(name=f"{process.name}.{state.name}", zone=process.zone or "UTC", hours=HOURS_OF_OFFICE, every=every)
