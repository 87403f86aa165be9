"""A spot: one branch standing in one state, as the kind of that state sees it.

A kind (:mod:`flowengine.core.kinds`) knows what its type of state waits for. It works through a spot: it opens steps,
sets timers and keeps what it must remember, all by recording events. It never moves the branch: it gives a
:class:`Result`, and ``advance`` takes the transition.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import msgspec

from flowengine.core import events as e
from flowengine.core.commands import Act, Finish
from flowengine.core.draft import Draft, replace
from flowengine.core.fields import once
from flowengine.core.names import JobNames
from flowengine.core.seatings import person_seating
from flowengine.core.values import (
    Actor,
    Branch,
    Foreign,
    Inners,
    Json,
    KeptMessage,
    Saying,
    Seat,
    Seating,
    ServiceCall,
    Step,
    Timer,
)
from flowengine.core.world import World, fills
from flowengine.errors import ExpressionFailed
from flowengine.exact import Number
from flowengine.language.calendars import working_after
from flowengine.language.durations import Duration, Length, Working
from flowengine.language.expressions import Expression, in_range, later, moment
from flowengine.language.model import Process, State
from flowengine.language.parts import Audience, Escalation, When
from flowengine.language.texts import Text, spelt
from flowengine.speech.phrases import phrase


class _Nothing:
    """Marks that an outcome brings nothing to save."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Any = _Nothing()

MENDING = (
    phrase("an operator mends the data that it is made of (set_data)"),
    phrase("or sends the job elsewhere (move)"),
)
"""What helps where a deadline cannot be computed: nobody who waits for it can."""


class Result(msgspec.Struct, frozen=True):
    """How a state ended: its outcome, what to save under its ``saves``, and by whom."""

    outcome: str
    value: Json = NOTHING
    by: str = ""


class Spot(msgspec.Struct, frozen=True):
    """One branch in one state (or one member of a race) at one moment."""

    process: Process
    draft: Draft
    branch_id: str
    state: State
    now: datetime
    world: World
    member: str = ""

    @property
    def branch(self) -> Branch:
        return self.draft.at(self.branch_id)

    def names(self, **more: Any) -> JobNames:
        return JobNames(self.draft, self.branch, self.now, self.world, self.process, more)

    # keeping and saving

    @property
    def inner(self) -> Inners | None:
        """What this state keeps while the branch stands in it."""
        return self.branch.inners.get(self.member)

    def keep(self, inner: Inners | None) -> None:
        self.draft.record(e.Kept(branch=self.branch_id, member=self.member, inner=inner))

    def save(self, place: str, value: Json) -> None:
        self.draft.save(self.branch_id, place, value)

    # steps

    @property
    def steps(self) -> tuple[Step, ...]:
        """The open steps of this state (of this member of a race)."""
        return tuple(step for step in self.branch.steps if step.member == self.member)

    def open_step(
        self,
        audience: Sequence[Audience],
        *,
        title: str = "",
        purpose: str = "",
        seats: Sequence[tuple[Seating, Number]] = (),
        box: int = 0,
        due: datetime | None = None,
        excluded: tuple[str, ...] = (),
        preferred: str | None = None,
        appointment: tuple[datetime, datetime] | None = None,
        shown: tuple[tuple[str, str], ...] | None = None,
        foreign: Foreign | None = None,
    ) -> Step:
        """Open a step for an audience, with a seat for each of ``seats`` (whom, with what weight), or with a ballot box
        for so many voters. It is ``shown`` what the state shows, unless said otherwise; an ``appointment`` has a start
        and an end."""
        number = self.draft.next_number()
        step = Step(
            number=number,
            branch=self.branch_id,
            state=self.state.name if not self.member else self.branch.state,
            member=self.member,
            purpose=purpose,
            title=title or self.title(),
            audience=() if seats or box else self.seatings(audience),
            seats=len(seats) or box,
            box=box > 0,
            opened=self.now,
            due=due,
            excluded=excluded,
            preferred=preferred,
            shown=shown if shown is not None else self.shown() if self.state.lines else (),
            others=self.in_others(title) if self.process.others else {},
            appointment=appointment[0] if appointment is not None else None,
            appointment_end=appointment[1] if appointment is not None else None,
            foreign=foreign,
        )
        seated = (
            [
                Seat(step=number, number=index, audience=whom, weight=weight)
                for index, (whom, weight) in enumerate(seats, start=1)
            ]
            if seats
            else []
        )
        self.draft.record(e.StepOpened(step=step, seats=tuple(seated)))
        return step

    def change_step(self, step: Step, why: str, by: str = "", **changes: Any) -> Step:
        changed = replace(step, **changes)
        self.draft.record(e.StepChanged(step=changed, why=why, by=by))
        return changed

    def close_step(self, step: Step, outcome: str = "", by: str = "") -> None:
        """Close one step while the state goes on; leaving the state closes all of them."""
        self.draft.record(e.StepClosed(branch=self.branch_id, step=step.number, outcome=outcome, by=by))

    def title(self) -> str:
        """What the step is called: the state's ``ask``, filled in, or its title."""
        names = self.names()
        return self.state.ask.render(names, names.word) if self.state.ask else self.state.title

    def shown(self) -> tuple[tuple[str, str], ...]:
        """The lines that the person is shown, as they are now, but for those that say nothing."""
        names = self.names()
        lines = (
            (
                one.title,
                one.value.render(names, names.word)
                if isinstance(one.value, Text)
                else spelt(one.value, names, names.word),
            )
            for one in self.state.lines
        )
        return tuple((title, text) for title, text in lines if text)

    def in_others(self, title: str = "") -> dict[str, Saying]:
        """What it is called and shows, in the other languages of its process; with a ``title`` of the file by that."""
        found = {}
        for language, process in self.process.others.items():
            state = once(process, "states", partial(_by_name, process))[self.branch.state]
            told = replace(self, process=process, state=state.member(self.member))
            found[language] = Saying(words=process.said(title) if title else told.title(), shown=told.shown())
        return found

    def seatings(self, audience: Sequence[Audience]) -> tuple[Seating, ...]:
        """Whom an audience means for this job."""
        found: dict[Seating, None] = {}
        for one in audience:
            for seating in self._seating(one):
                found[seating] = None
        return tuple(found)

    def _seating(self, audience: Audience) -> list[Seating]:
        if audience.kind == "customer":
            return [person_seating(self.draft.head.customer)]
        if audience.kind in ("customers", "staff", "anyone", "everyone"):
            return [audience.kind]
        name = audience.name
        value = name.value(self.names()) if isinstance(name, Expression) else name
        if audience.kind == "people":
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise ExpressionFailed(f"gives {value!r}, not a list of person ids", where=str(name))
            self._hold(audience, value)
            return [person_seating(one) for one in value]
        if not isinstance(value, str):
            raise ExpressionFailed(f"gives {value!r}, not a text", where=str(name))
        self._hold(audience, [value])
        return [f"{audience.kind}:{value}"]

    def _hold(self, audience: Audience, ids: Sequence[str]) -> None:
        """Those whom an expression gives are of the role or the group of which the file says that they are."""
        among = audience.among
        if among is None or not audience.held:
            return
        for id in ids:
            if not fills(self.world, id, f"{among.kind}:{among.name}"):
                what = f"gives {id!r}, who is nobody of the {among.kind} {among.name}"
                raise ExpressionFailed(what, where=str(audience.name))

    # timers

    def after(self, length: Length, since: datetime | None = None) -> datetime:
        """The moment so long after now (or after ``since``): by the clocks of the process, or in working time."""
        since = since or self.now
        if not isinstance(length, Working):
            return later(since, length, self.process.clock)
        calendar = self.process.calendars.get(length.calendar)
        if calendar is None:
            what = f"there is no calendar {length.calendar!r}"
            raise ExpressionFailed(what, where=self.state.name, possible=tuple(self.process.calendars))
        return working_after(since, length, calendar)

    def at_time(self, when: When, since: datetime | None = None) -> datetime:
        """The moment that a ``within`` or ``for`` means, counted from now (or from ``since``).

        Raises :class:`ExpressionFailed`, which says who can mend what it is made of, where it cannot be computed.
        """
        if not isinstance(when, Expression):
            return self.after(when, since)
        try:
            value = when.value(self.names())
            if isinstance(value, str) and value.startswith("P"):
                value = Duration.usable(value)
            due = self.after(value, since) if isinstance(value, Duration | Working) else None
            return in_range(due or moment(value, zone=self.process.clock))
        except ValueError as error:
            raise ExpressionFailed(str(error), where=str(when), possible=MENDING) from None
        except ExpressionFailed as error:
            raise ExpressionFailed(error.what, where=str(when), possible=MENDING, kind=error.kind) from None

    def set_timer(
        self, purpose: Any, due: datetime, *, step: int = 0, detail: Json = None, since: datetime | None = None
    ) -> Timer:
        timer = Timer(
            number=self.draft.next_number(),
            branch=self.branch_id,
            member=self.member,
            purpose=purpose,
            due=due,
            step=step,
            detail=detail,
            since=since,
        )
        self.draft.record(e.TimerSet(timer=timer))
        return timer

    def since(self, when: When | None) -> datetime | None:
        """The moment from which an expression counts that sets a timer now; nobody asks again for a fixed length."""
        return self.now if isinstance(when, Expression) else None

    def drop_timers(self, *purposes: str) -> None:
        """Drop this spot's timers of these purposes."""
        for timer in self.branch.timers:
            if timer.member == self.member and timer.purpose in purposes:
                self.draft.record(e.TimerDropped(branch=self.branch_id, timer=timer.number))

    def due(self) -> datetime | None:
        """The deadline that ``within`` means now."""
        within = self.state.within
        return None if within is None else self.at_time(within)

    def set_deadlines(self, step: Step, purpose: str = "expire") -> None:
        """Timers for the step's deadline (``purpose``), its reminders and its escalations."""
        if step.due is not None:
            self.set_timer(purpose, step.due, step=step.number, since=self.since(self.state.within))
        for index, reminder in enumerate(self.state.remind):
            detail = None if reminder.every is None else [index, 1]
            self.set_timer("remind", self.after(reminder.after), step=step.number, detail=detail)
        for index, escalation in enumerate(self.state.escalate):
            self.set_timer("escalate", self.after(escalation.after), step=step.number, detail=index)

    def limit_claim(self, step: Step, since: datetime | None = None) -> None:
        """The step is claimed from now (or from ``since``) for as long as its state lets, where it says how long."""
        self.drop_timers("claim")
        if self.state.claim is not None:
            self.set_timer("claim", self.after(self.state.claim, since), step=step.number)

    def escalation(self, timer: Timer) -> Escalation:
        """The escalation that an ``escalate`` timer stands for."""
        return self.state.escalate[timer.detail]

    # calls

    def open_call(self, **what: Any) -> ServiceCall:
        """Open a service call (``handler`` or ``http``) or a call of another process (``process``, ``at``)."""
        call = ServiceCall(
            number=self.draft.next_number(),
            branch=self.branch_id,
            state=self.branch.state,
            member=self.member,
            opened=self.now,
            **what,
        )
        self.draft.record(e.CallOpened(call=call))
        return call


def _by_name(process: Process) -> dict[str, State]:
    return {state.name: state for state in process.states()}


class Kind(Protocol):
    """What one type of state waits for. Every method may give a :class:`Result`, which ends the state."""

    def enter(self, spot: Spot) -> Result | None:
        """The branch has entered the state: open what it waits for."""

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        """Somebody acts on one of its steps: check the outcome and the answer, and say how the state ends, if it does.

        Raises UnknownOutcome, BadAnswer, NotAllowed, SlotTaken; then nothing is changed.
        """

    def admit(self, spot: Spot, step: Step, by: Actor) -> Seat | None:
        """The seat for which one of those whom the step waits for may act now; None where nobody has seats.

        Raises NotAllowed for one who has done his part, NotFound for one who has none in it.
        """

    def fire(self, spot: Spot, timer: Timer) -> Result | None:
        """One of its timers is due (and dropped).

        ``remind``, ``escalate`` and ``claim`` are done for all kinds alike. With ``expire`` a kind ends as ``expired``.
        """

    def finish(self, spot: Spot, call: ServiceCall, command: Finish) -> Result | None:
        """One of its calls has ended (and is closed). BadAnswer raises an incident on the call instead."""

    def deliver(self, spot: Spot, message: KeptMessage) -> Result | None:
        """A message has come whose name and key it waits for."""

    def leave(self, spot: Spot) -> None:
        """The branch is about to leave the state, whichever way: free what the job holds outside (a booked slot)."""

    def handed(self, spot: Spot, step: Step, person: str) -> Step:
        """A step for an appointment is about to be that person's; gives the step as it is to be claimed.

        Raises NotAllowed for one who has another appointment then.
        """

    def possible(self, spot: Spot, step: Step) -> tuple[str, ...]:
        """What can be done on the step now: the outcomes and moves that :meth:`act` knows."""
