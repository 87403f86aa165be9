"""One job that is played: where it stands, all that anybody could do now, and going back.

A move is something that somebody, code, the outside or the clock could do next. It is taken in one of its ways, with
an answer; what is due then happens before anything else is asked (L13). Each moment is kept, so that going back is
nothing but looking at an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from flowengine import exact
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.advance import Advance, advance, compile_process, offered, start
from flowengine.core.always import Offer, offers
from flowengine.core.answers import first_slot, form
from flowengine.core.draft import Draft, settle
from flowengine.core.forms import Form, FormField, Way, questions
from flowengine.core.machines import Compiled
from flowengine.core.messages import all_awaited
from flowengine.core.position import MemoryPosition
from flowengine.core.values import CLOCK, Actor, Branch, Fork, Json, ServiceCall, Step, Timer, Wait
from flowengine.core.world import Appointment, World
from flowengine.errors import ExpressionFailed, FlowError, RunawayProcess
from flowengine.language.model import Process, State
from flowengine.language.texts import spoken
from flowengine.language.types import Each, Race
from flowengine.rehearsal.cast import Cast
from flowengine.views.customer_words import places
from flowengine.views.history_lines import Teller
from flowengine.views.plainly import Clock

JOB = "trial"
"""The id of the job that is played."""

CODE = Actor(kind="service", id="code")
OPERATOR = Actor(kind="operator", id="operator")

AT_ONCE = 100
"""Timers that are fired at most before somebody is asked again."""

_FORTNIGHT = timedelta(days=14)

Kind = Literal["act", "service", "message", "always", "item", "retry", "time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something that could be done now.

    ``name`` is what a script calls it: ``ada choose_cloth``, ``order_cloth done``, ``message dried``, ``ada withdraw``,
    ``add items``, ``time``. ``can`` is what somebody can do on a step: outcomes and moves within it.
    """

    kind: Kind
    name: str
    by: Actor
    step: Step | None = None
    can: tuple[str, ...] = ()
    call: ServiceCall | None = None
    outcome: str = ""
    wait: Wait | None = None
    offer: Offer | None = None
    branch: Branch | None = None
    timer: Timer | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that would have needed somebody to mend the process: an expression that failed, states that go round
    without waiting, a result that leads nowhere. ``where`` is the move, or the timer, that met it."""

    where: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A move that was taken: its name, the way and the answer, when, and what came of it in words."""

    move: str
    outcome: str
    answer: Json
    at: datetime
    told: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "move": self.move, "outcome": self.outcome, "answer": exact.builtins(self.answer),
            "at": self.at.isoformat(), "told": list(self.told),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    position: MemoryPosition
    now: datetime
    world: World
    booked: tuple[tuple[str, Appointment], ...] = ()
    put_off: Mapping[int, datetime] = field(default_factory=dict)
    history: tuple[tuple[c.AnyCommand, tuple[e.AnyEvent, ...]], ...] = ()
    taken: tuple[Taken, ...] = ()
    troubles: tuple[Trouble, ...] = ()


class Trial:
    """One job of a process, played in memory from ``now`` on. It begins with :meth:`begin`.

    ``told=False`` leaves out the words for what happens, which takes half the time.
    """

    def __init__(self, process: Process | Compiled, now: datetime, *, told: bool = True) -> None:
        self.compiled = process if isinstance(process, Compiled) else compile_process(process)
        self.process = self.compiled.process
        self.cast = Cast(self.process)
        self.clock = Clock(self.process)
        self._plain = self.cast.world(self.process)
        self._begun = now
        self._told = told
        self._past: list[_Moment] = []
        self._at: _Moment | None = None

    # beginning, going on, going back

    @property
    def need(self) -> State:
        """The state that asks what starting a job asks."""
        return self.process.root.states[self.process.root.start]

    @property
    def asked_first(self) -> tuple[FormField, ...]:
        """What starting a job asks."""
        return questions(self.need.fields, world=self._plain)

    def begin(self, answer: Json) -> None:
        """Start the job with a need (L1). Raises BadAnswer, and ExpressionFailed or RunawayProcess for a process that
        cannot begin."""
        command = c.Start(by=self.cast.customer, answer=answer)
        done = start(self.compiled, JOB, self.cast.customer.id, command, self._begun, self._plain)
        moment = _Moment(position=settle(None, done.draft), now=self._begun, world=self._plain)
        move = f"{self.cast.customer.id} {self.need.name}"
        self._at = self._caught_up(self._noted(moment, command, done, move, "stated", answer))

    def take(self, move: Move, outcome: str = "", answer: Json = None) -> Taken:
        """Do a move in one of its ways. Raises what :func:`flowengine.core.advance.advance` raises; then nothing is
        changed. A trouble that is nobody's answer's fault is noted as well."""
        before = self._here
        now = before.now if move.at is None else max(before.now, move.at)
        if move.kind == "time" and move.step is not None:
            told = (f"the appointment begins: {move.step.title}",) if self._told else ()
            taken = Taken(move=move.name, outcome="", answer=None, at=now, told=told)
            self._past.append(before)
            self._at = self._caught_up(replace(before, now=now, taken=(*before.taken, taken)))
            return taken
        command = self._command(move, outcome, {} if answer is None else answer)
        if isinstance(command, c.Fire):
            after = self._fired(_later(before, now), command, move.name)
        else:
            try:
                done = self._advance(before, command, now)
            except (ExpressionFailed, RunawayProcess) as error:
                self._at = replace(before, troubles=(*before.troubles, Trouble(where=move.name, what=str(error))))
                raise
            after = self._noted(_later(before, now), command, done, move.name, outcome or move.outcome, answer)
            after = self._met_by_code(after, command, done, move.name)
        self._past.append(before)
        self._at = self._caught_up(after)
        return self._at.taken[len(before.taken)]

    def back(self) -> bool:
        """Go back to before the last move; False where there is none."""
        if not self._past:
            return False
        self._at = self._past.pop()
        return True

    # looking

    @property
    def _here(self) -> _Moment:
        assert self._at is not None, "a trial begins with a need"
        return self._at

    @property
    def position(self) -> MemoryPosition:
        """Where the job stands."""
        return self._here.position

    @property
    def now(self) -> datetime:
        """The moment to which time has passed."""
        return self._at.now if self._at else self._begun

    @property
    def taken(self) -> tuple[Taken, ...]:
        """What was done so far, the beginning first."""
        return self._here.taken

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What was met that the process does not provide for."""
        return self._here.troubles

    @property
    def history(self) -> Iterator[tuple[c.AnyCommand, tuple[e.AnyEvent, ...]]]:
        """The commands so far, each with its events."""
        return iter(self._here.history)

    @property
    def has_begun(self) -> bool:
        """Whether the need was stated."""
        return self._at is not None

    @property
    def is_over(self) -> bool:
        """Whether the job has come to an end."""
        return self.position.head.status != "open"

    @property
    def places(self) -> tuple[str, ...]:
        """Where the job is, as its customer is told (L9)."""
        head = self.position.head
        if not self.is_over:
            return tuple(map(str, places(self.compiled, head.standing)))
        return (head.because or head.status.capitalize(),)

    @property
    def states(self) -> tuple[str, ...]:
        """The states where the job stands, or its end."""
        return self.position.head.places

    def moves(self, *, always: bool = True) -> list[Move]:
        """All that anybody could do now: people, code, the outside, and the clock last; none when the job is over.
        Without ``always`` what may happen at any time is left out."""
        if self.is_over:
            return []
        time = self.next_time()
        return [
            *self._acts(), *self._services(), *self._messages(),
            *(self._always() if always else ()), *self._items(), *([time] if time else []),
        ]  # fmt: skip

    def ways(self, move: Move) -> tuple[Way, ...]:
        """The ways in which a move can be taken, with what each of them asks."""
        if move.kind == "act" and move.step is not None:
            return tuple(way for way in self.form(move).ways if way.outcome in move.can)
        return (Way(outcome=move.outcome, title=self.words(move), fields=self._asked(move)),)

    def has_answered(self, move: Move) -> bool:
        """Whether who acts has answered on his seat already, and could only change his mind."""
        seats = self.position.seats(move.step.number) if move.step else ()
        return any(seat.by == move.by.id for seat in seats)

    def form(self, move: Move) -> Form:
        """The form of the step that a person acts on."""
        assert move.step is not None, "only who acts on a step has a form"
        return form(self.compiled, self.position, move.step, self.now, self.world)

    def slot(self, step: Step, share: float) -> datetime | None:
        """The first appointment of a fitting after a share (0 to 1) of the time in which they are offered now, taken or
        not; None where there is none in the fortnight after."""
        state = self.compiled.states[step.state].member(step.member)
        return first_slot(self.process, state, self.now, share, _FORTNIGHT)

    def words(self, move: Move) -> str:
        """A move as a person reads it: ``Ada: Choose your cloth``."""
        match move:
            case Move(kind="time", step=Step() as step, at=datetime() as at):
                return f"let time pass until {self.clock.moment(at)} (the appointment: {step.title})"
            case Move(step=Step() as step):
                return f"{self.name(move.by)}: {step.title or step.state}{self._item(step.branch)}"
            case Move(kind="retry", call=ServiceCall() as call):
                return f"an operator has {self._title(call)} tried again ({call.incident})"
            case Move(call=ServiceCall(undo=True) as call):
                return f"{call.handler} undoes {self._title(call)}: {spoken(move.outcome)}"
            case Move(call=ServiceCall() as call):
                return f"{call.handler or call.http or call.process} answers: {spoken(move.outcome)}"
            case Move(wait=Wait() as wait):
                return f"the message {wait.message} comes" + (f" for {wait.key}" if wait.key else "")
            case Move(offer=Offer() as offer):
                return f"{self.name(move.by)}: {offer.entry.title}{self._item(offer.branch)}"
            case Move(branch=Branch() as branch):
                return f"add to {spoken(branch.state)}"
            case Move(timer=Timer() as timer, at=datetime() as at):
                return f"let time pass until {self.clock.moment(at)} ({self._purpose(timer)})"
        raise AssertionError(move.kind)

    def name(self, who: Actor) -> str:
        """What somebody is called."""
        return self.cast.names.get(who.id, who.id or who.kind)

    def summary(self) -> dict[str, Any]:
        """The state of the trial as plain values, with the moves that were taken."""
        head = self.position.head
        return {
            "process": self.process.name, "version": self.process.version, "status": head.status, "end": head.end,
            "because": head.because, "where": list(self.places), "states": list(self.states),
            "began": self._begun.isoformat(), "now": self.now.isoformat(), "data": exact.builtins(self.position.data),
            "moves": [{"name": one.name, "words": self.words(one)} for one in self.moves()],
            "taken": [one.to_json() for one in self.taken],
            "troubles": [{"where": one.where, "what": one.what} for one in self.troubles],
        }  # fmt: skip

    @property
    def world(self) -> World:
        """What the process sees of the world now: the people, and what is booked."""
        return self._here.world

    # moves

    def _acts(self) -> Iterator[Move]:
        """For each place that a step has, the first who can do something on it now."""
        position, now, world = self.position, self.now, self.world
        for step in position.steps.values():
            seated = tuple(seat.audience for seat in position.seats(step.number)) if step.seats else ()
            found: set[str] = set()
            for people in self.cast.asked((*seated, *step.audience), step.preferred):
                for one in people:
                    if one.id in found:
                        continue
                    can = offered(self.compiled, position, step, now, world, one)
                    if can:
                        found.add(one.id)
                        yield Move(kind="act", name=f"{one.id} {step.state}", by=one, step=step, can=can)
                        break

    def _services(self) -> Iterator[Move]:
        for call in self.position.calls.values():
            if call.incident:
                yield Move(kind="retry", name=f"retry {call.state}", by=OPERATOR, call=call)
                continue
            for outcome in self._outcomes(call):
                yield Move(kind="service", name=f"{call.state} {outcome}", by=CODE, call=call, outcome=outcome)

    def _outcomes(self, call: ServiceCall) -> list[str]:
        """How a call can end, the hoped-for way first: as the file says, and always by failing."""
        if call.undo:
            return ["done", "failed"]
        state = self.compiled.states[call.state]
        member = state.member(call.member)
        known = list(member.outcomes)
        prefix = f"{call.member}." if isinstance(state, Race) else ""
        known += [one.removeprefix(prefix) for one in state.on if one.startswith(prefix) and one != call.member]
        whole = bool(prefix) and call.member in state.on
        led = {one for one in known if whole or one == "failed" or f"{prefix}{one}" in state.on}
        return [one for one in dict.fromkeys(known) if one in led and one != "expired"]

    def _messages(self) -> Iterator[Move]:
        standing = self.position.head.standing
        listeners = (one for some in self.compiled.listeners.values() for one in some)
        if not any(one.state is None or one.state.name in standing for one in listeners):
            return
        found: set[tuple[str, str | None]] = set()
        awaited = all_awaited(self.compiled, Draft(self.position), self.now, self.world)
        waiting = [(self.position.branches[id], wait) for id, waits in awaited.items() for wait in waits]
        waiting.sort(key=lambda one: (one[1].always != "", one[0].entry))  # who waits longest is given it
        for branch, wait in waiting:
            if (wait.message, wait.key) not in found:
                found.add((wait.message, wait.key))
                yield Move(kind="message", name=f"message {wait.message}", by=CODE, wait=wait, branch=branch)

    def _always(self) -> Iterator[Move]:
        if not self.compiled.always:
            return
        for offer in offers(self.compiled, self.position, self.now, self.world):
            for people in self.cast.asked(offer.audience[:1]):
                name = f"{people[0].id} {offer.entry.name}"
                yield Move(kind="always", name=name, by=people[0], offer=offer)

    def _items(self) -> Iterator[Move]:
        for branch in self.position.branches.values():
            state = self.compiled.states.get(branch.state) if branch.state else None
            fork = branch.inners.get("")
            if isinstance(state, Each) and state.more and isinstance(fork, Fork) and fork.total < state.most:
                yield Move(kind="item", name=f"add {state.name}", by=self.cast.customer, branch=branch)

    def next_time(self) -> Move | None:
        """The move that lets time pass until the next thing is due, or an appointment begins; None where nothing will
        be."""
        put_off = self._here.put_off
        waiting = [(max(one.due, put_off.get(one.number, one.due)), one.number, one) for one in self._timers()]
        timed = min(waiting, key=lambda one: one[:2], default=None)
        begins = [
            (step.appointment, step.number, step)
            for step in self.position.steps.values()
            if step.appointment is not None and step.appointment > self.now
        ]
        appointed = min(begins, key=lambda one: one[:2], default=None)
        if appointed is not None and (timed is None or appointed[0] < timed[0]):
            return Move(kind="time", name="time", by=CLOCK, step=appointed[2], at=appointed[0])
        return Move(kind="time", name="time", by=CLOCK, timer=timed[2], at=timed[0]) if timed else None

    def _timers(self) -> Iterator[Timer]:
        return iter(self.position.timers.values())

    def _asked(self, move: Move) -> tuple[FormField, ...]:
        """What is asked of who makes a move that is not on a step."""
        if move.offer is not None:
            return questions(move.offer.entry.fields, world=self._plain)
        if move.call is not None and move.kind == "service" and not move.call.undo:
            member = self.compiled.states[move.call.state].member(move.call.member)
            return (
                questions(member.fields, partial=move.outcome != "done", world=self._plain)
                if move.outcome != "failed"
                else ()
            )
        if move.wait is not None:
            entry = next((one for _, one in self.compiled.always.get(move.wait.always, ())), None)
            if entry is not None:
                return questions(entry.fields, world=self._plain)
            state = self.compiled.states.get(move.branch.state) if move.branch is not None else None
            return () if state is None else questions(state.member(move.wait.member).fields, world=self._plain)
        if move.branch is not None:
            return (self._item_field(move.branch),)
        return ()

    def _item_field(self, branch: Branch) -> FormField:
        """The question for one more item of an each: as the file says, or of the kind that the first one has."""
        state = self.compiled.states[branch.state]
        assert isinstance(state, Each), "items are added to an each"
        if state.items is not None:
            return msgspec.structs.replace(
                questions((state.items,), world=self._plain)[0], name="item", title="Item", required=True
            )
        first = next((one.item for one in self.position.children(branch.id)), "")
        kinds: Mapping[type, Any] = {bool: "boolean", int: "integer", dict: "object", list: "array", str: "string"}
        return FormField(name="item", title="Item", type=kinds.get(type(first), "number"))

    def _command(self, move: Move, outcome: str, answer: Any) -> c.AnyCommand:
        match move:
            case Move(step=Step() as step):
                return c.Act(by=move.by, step=step.number, outcome=outcome, answer=answer)
            case Move(kind="retry", call=ServiceCall() as call):
                return c.Retry(by=move.by, call=call.number)
            case Move(outcome="failed", call=ServiceCall() as call):
                return c.Fail(by=move.by, call=call.number, error="it failed")
            case Move(call=ServiceCall() as call):
                return c.Finish(by=move.by, call=call.number, outcome=move.outcome, result=self._result(call, answer))
            case Move(wait=Wait() as wait):
                return c.Deliver(by=move.by, name=wait.message, key=wait.key or "", body=answer)
            case Move(offer=Offer() as offer):
                return c.Invoke(by=move.by, name=offer.entry.name, answer=answer, branch=offer.branch)
            case Move(branch=Branch() as branch):
                return c.Add(by=move.by, state=branch.state, items=(answer["item"],), branch=branch.id)
            case Move(timer=Timer() as timer):
                return c.Fire(by=move.by, timer=timer.number)
        raise AssertionError(move.kind)

    def _result(self, call: ServiceCall, answer: Any) -> Json:
        """What a handler, or the job of another process, gives back."""
        member = self.compiled.states[call.state].member(call.member)
        return {"job": "another", **answer} if member.begins else answer

    # carrying out

    def _world(self, booked: tuple[tuple[str, Appointment], ...]) -> World:
        found: dict[str, list[Appointment]] = {}
        for whose, one in booked:
            found.setdefault(whose, []).append(one)
        return replace(self._plain, appointments=found)

    def _advance(self, moment: _Moment, command: c.AnyCommand, now: datetime) -> Advance:
        return advance(self.compiled, moment.position, command, now, moment.world)

    def _noted(
        self, moment: _Moment, command: c.AnyCommand, done: Advance, move: str, outcome: str, answer: Json
    ) -> _Moment:
        """The moment after a command."""
        events = tuple(done.events)
        history = (*moment.history, (command, events))
        booked = _booked(moment.booked, events)
        told = (self._teller(moment).what(command, events),) if self._told else ()
        taken = Taken(move=move, outcome=outcome, answer=answer, at=moment.now, told=told)
        return _Moment(
            position=settle(moment.position if moment.history else None, done.draft),
            now=moment.now,
            world=moment.world if booked == moment.booked else self._world(booked),
            booked=booked,
            put_off=moment.put_off,
            history=history,
            taken=(*moment.taken, taken),
            troubles=moment.troubles,
        )

    def _teller(self, moment: _Moment) -> Teller:
        """Who tells what comes next: he has heard all before."""
        teller = Teller(self.process, self.cast.names)
        for command, events in moment.history:
            teller.what(command, events)
        return teller

    def _met_by_code(self, moment: _Moment, command: c.AnyCommand, done: Advance, move: str) -> _Moment:
        """Where code has answered and the process could not go on from there, an operator would have to look."""
        if not isinstance(command, c.Finish):
            return moment
        changed = (one.call.incident for one in done.events if isinstance(one, e.CallChanged))
        found = tuple(Trouble(where=move, what=incident) for incident in changed if incident)
        return replace(moment, troubles=(*moment.troubles, *found))

    def _fired(self, moment: _Moment, command: c.Fire, move: str) -> _Moment:
        """The moment after a timer has fired; one that cannot be carried out is put off for a day."""
        try:
            done = self._advance(moment, command, moment.now)
        except FlowError as error:
            trouble = Trouble(where=move, what=str(error))
            put_off = {**moment.put_off, command.timer: moment.now + timedelta(days=1)}
            taken = Taken(move=move, outcome="", answer=None, at=moment.now, told=(f"could not be done: {error}",))
            return replace(moment, put_off=put_off, troubles=(*moment.troubles, trouble), taken=(*moment.taken, taken))
        return self._noted(moment, command, done, move, "", None)

    def _caught_up(self, moment: _Moment) -> _Moment:
        """What is due has happened before anybody is asked (L13)."""
        for _ in range(AT_ONCE):
            late = [
                one
                for one in moment.position.overdue(moment.now)
                if moment.put_off.get(one.number, moment.now) <= moment.now
            ]
            if not late or moment.position.head.status != "open":
                break
            timer = min(late, key=lambda one: (one.due, one.number))
            moment = self._fired(moment, c.Fire(by=CLOCK, timer=timer.number), "time")
        return moment

    # words

    def _title(self, call: ServiceCall) -> str:
        return self.compiled.states[call.state].member(call.member).title

    def _item(self, branch: str) -> str:
        """Which item of an each a branch is for, where it is for one."""
        found = self.position.branch(branch)
        return f" [{exact.encode(found.item).decode()[:40]}]" if found is not None and found.own else ""

    def _purpose(self, timer: Timer) -> str:
        branch = self.position.branch(timer.branch)
        state = spoken(branch.state) if branch is not None else ""
        where = f" of {state}" if state else ""
        words = {
            "expire": f"the deadline{where}", "close": f"the vote{where} closes", "remind": f"a reminder{where}",
            "escalate": f"{state} is opened to others", "claim": f"{state} waits for all again",
            "elapse": f"the wait{where}",
            "hold": "what is held is let go", "keep": "a kept message is dropped",
            "cut_off": "what was cut off has ended",
            "attention": f"{state or 'what is undone'} takes longer than it should",
            "promise": "what was promised is late", "appointment": "a reminder of the appointment",
            "risk": "what was promised is at risk",
        }  # fmt: skip
        if timer.purpose == "always":
            return spoken(str(timer.detail[1]))
        return words[timer.purpose]


def _later(moment: _Moment, now: datetime) -> _Moment:
    return moment if moment.now == now else replace(moment, now=now)


def _booked(
    before: tuple[tuple[str, Appointment], ...], events: Sequence[e.AnyEvent]
) -> tuple[tuple[str, Appointment], ...]:
    """What is booked after some events: a seat of the calendar's, the customer's time, and who meets her."""
    now = before
    for event in events:
        match event:
            case e.SlotBooked():
                one = Appointment(event.start, event.end, JOB)
                now = (*now, *((whose, one) for whose in _whose(event)))
            case e.SlotFreed():
                gone = set(_whose(event))
                now = tuple(one for one in now if not (one[0] in gone and one[1].start == event.start))
    return now


def _whose(event: e.SlotBooked | e.SlotFreed) -> tuple[str, ...]:
    people = tuple(f"person:{one}" for one in (event.customer, event.staff) if one)
    return (event.calendar, *people)
