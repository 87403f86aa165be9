"""What whoever has asked for something is told of it: what happened, in the second person, and what comes now.

What happened is made from the command and its events by the row of the state's type, or is what the file says with
``thanks``; so it is the same each time that it is asked for. What comes is made from where the job stands. There are no
names of states and outcomes in it, where the file has words, and of inner states a customer is told phases alone (L9).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.scopes import branches_in
from flowengine.core.values import Booking, Branch, Json, Step
from flowengine.errors import ExpressionFailed
from flowengine.language.calendars import working_after
from flowengine.language.durations import Duration, Length
from flowengine.language.expressions import later
from flowengine.language.model import State
from flowengine.language.texts import spoken
from flowengine.views import plainly
from flowengine.views.customer_words import UNDER_WAY, word_around
from flowengine.views.history_lines import Teller, saved_by
from flowengine.views.plainly import sentence

THANKS = "Thank you. "
"""With this the rows of the types thank customers."""

MOST = 3
"""Things at work that are told."""

_VERDICTS = {"approved": "yes", "changes": "something is to be changed", "declined": "no"}


@dataclass(frozen=True, slots=True)
class Saying:
    """What one command came to, for who asked for it. ``own``: he may know what was promised to the job's customer,
    whose name is ``whose``. ``opened`` is how the step was opened that was acted on, and
    ``options`` are the titles of what could be voted for on it, by id."""

    teller: Teller
    customer: bool
    whose: str = ""
    opened: e.StepOpened | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    own: bool = True

    def told(self, command: c.AnyCommand, events: Sequence[e.AnyEvent]) -> str:
        """One or several sentences."""
        first = next((event.words for event in events if isinstance(event, e.Thanked)), "")
        said = [first or sentence(self._done(command, events)), *map(sentence, self._besides(events))]
        text = " ".join(filter(None, said))
        return text if self.customer or first else text.removeprefix(THANKS)

    def deed(self, command: c.AnyCommand, events: Sequence[e.AnyEvent]) -> str:
        """What was done, alone: without thanks and without what came of it."""
        return sentence(self._done(command, events).removeprefix(THANKS))

    def _done(self, command: c.AnyCommand, events: Sequence[e.AnyEvent]) -> str:
        known = self.teller.known
        if self.opened is not None:
            known.learn((self.opened,))
        match command:
            case c.Start():
                return self._begun()
            case c.Act():
                return self._acted(command, events)
            case c.ActFor():
                return f"For {known.person(command.person.id)}: {self._acted(command, events).removeprefix(THANKS)}"
            case c.Invoke():
                return f"{THANKS}We have noted: {known.entry(command.name)}"
            case c.Say():
                return f"{THANKS}Your {command.kind} is noted: “{command.text}”"
            case c.TakeBack():
                return "You have taken it back: nobody has to answer it any more"
            case c.Claim():
                return f"It is yours now: {self._what(command.step)}"
            case c.Release():
                return f"You have given it back: {self._what(command.step)}"
            case c.Assign():
                return f"It is for {known.person(command.person)} now: {self._what(command.step)}"
            case _:
                words = self.teller.what(command, ())
                return words[:1].upper() + words[1:]

    def _begun(self) -> str:
        process = self.teller.known.process
        assert process is not None, "a job that has just begun has its process"
        if not self.customer:
            return f"Begun{f' for {self.whose}' if self.whose else ''}: {process.title}"
        return process.root.states[process.root.start].replied("stated", {}, {"what": process.need})

    def _what(self, number: int) -> str:
        step = self.teller.known.steps.get(number)
        return step.title if step is not None else "the step"

    # acting on a step

    def _acted(self, command: c.Act | c.ActFor, events: Sequence[e.AnyEvent]) -> str:
        """The move that was made, the answer of one of several, or how the state ended."""
        known = self.teller.known
        step = known.steps.get(command.step)
        said = next((one.text for one in events if isinstance(one, e.Said) and one.to == command.step), "")
        if said:
            return f"{THANKS}Your answer is noted: “{said}” (to: {self._what(command.step)})"
        state = known.state(step.state, step.member) if step is not None else None
        if step is None or state is None:  # the job may have been migrated
            return f"{THANKS}Done: {self._what(command.step)}"
        moved = next((one.move for one in events if isinstance(one, e.Moved) and one.step == step.number), "")
        seat = next(
            (one.seat for one in events if isinstance(one, e.SeatAnswered) and one.seat.by == _who(command)), None
        )
        given = seat.answer if seat is not None and isinstance(seat.answer, Mapping) else {}
        left = next((one for one in events if isinstance(one, e.Left) and one.branch == step.branch), None)
        ended = left.outcome.rpartition(".")[2] if left is not None and left.state == step.state else ""
        saved = saved_by(step, events)
        about = {
            "what": state.called_by(step.title),
            "at": self._at(step, events),
            "until": self._until(step, events),
            "choice": self._choice(given) if moved else "",
            "words": _quoted((given or saved).get("words")),
        }
        move = "abstain" if moved == "vote" and given and "for" not in given else moved
        own = move or str(given.get("outcome", "")) or ended
        words = state.replied(own, saved, about, self._way(step, ended))
        return f"{sentence(words)} {self._decided(state, ended, saved, about)}".strip() if move or given else words

    def _way(self, step: Step, outcome: str) -> str:
        """The title of the way that an outcome has, where it has one whatever holds."""
        state = self.teller.known.states.get(step.state)
        routes = state.on.get(f"{step.member}.{outcome}" if step.member else outcome, ()) if state is not None else ()
        return routes[0].title if len(routes) == 1 and routes[0].when is None else ""

    def _decided(self, state: State, ended: str, saved: Mapping[str, Json], about: Mapping[str, str]) -> str:
        """How several have decided, with the answer that was the last that it took."""
        if not ended:
            return ""
        if any(ids.key == "winners" for ids in state.ids):
            winners = saved.get("winners")
            names = [self._title(state, one) for one in winners] if isinstance(winners, list) else []
            choice = f": {', '.join(names)}" if names else ""
            return state.replied(ended, saved, {**about, "choice": choice})
        return f"With that it is decided: {_VERDICTS[ended]}" if ended in _VERDICTS else ""

    def _choice(self, given: Mapping[str, Json]) -> str:
        said = given.get("for", ())
        names = [self.options.get(str(one), str(one)) for one in said] if isinstance(said, list | Mapping) else []
        if isinstance(said, Mapping):
            names = [f"{name} {score}" for name, score in zip(names, said.values(), strict=True)]
        return f" for {', '.join(names)}" if names else ""

    def _title(self, state: State, id: Json) -> str:
        process = self.teller.known.process
        listed = state.titles(process.options) if process is not None else {}
        return self.options.get(str(id)) or listed.get(str(id), str(id))

    def _at(self, step: Step, events: Sequence[e.AnyEvent]) -> str:
        """The appointment that these events take, else the one that they give back."""
        kept = (one.inner for one in events if isinstance(one, e.Kept))
        taken = (one.slot for one in kept if isinstance(one, Booking) and one.slot is not None)
        slot = next(chain(taken, (one.start for one in events if isinstance(one, e.SlotFreed))), None)
        return self.teller.known.moment(slot, step.state) if slot is not None else "then"

    def _until(self, step: Step, events: Sequence[e.AnyEvent]) -> str:
        """Until when the appointment is held that these events take."""
        held = next((one.held_until for one in events if isinstance(one, e.SlotBooked)), None)
        return self.teller.known.moment(held, step.state) if held is not None else ""

    # what came of it

    def _besides(self, events: Sequence[e.AnyEvent]) -> Iterator[str]:
        known, over = self.teller.known, any(isinstance(event, e.Ended) for event in events)
        for event in events:
            match event:
                case e.SlotBooked(after_promise=True) if self.own:
                    yield "It is after the day that was promised"
                case e.Referred():
                    yield f"You bring {event.name}"
                case e.UndoTaken():
                    yield "What was done before is undone first, as far as it can be"
                case e.Promised(promise=promise) if self.own and promise.kept is not None:
                    yield "The promise is kept" if promise.kept else "The promise is broken"
                case e.Promised(promise=promise) if self.own and not over:
                    by, now = known.promised(promise.by), "" if promise.by == promise.first else "now "
                    yield f"It is {now}promised for {by}"


def _who(command: c.Act | c.ActFor) -> str:
    return command.person.id if isinstance(command, c.ActFor) else command.by.id


def _quoted(words: Json) -> str:
    return f" (“{words}”)" if isinstance(words, str) and words else ""


# what comes


def at_work(compiled: Compiled, position: Position, clock: plainly.Clock, now: datetime) -> tuple[str, ...]:
    """Who is at work on a job for its customer, in the words of the process, and by when he hears: the deadline of the
    work, else how long it usually takes, else what is promised, else when somebody has to look."""
    found: dict[str, str] = {}
    for name in position.head.standing:
        state = compiled.states[name]
        if state.scopes:
            continue
        branch = next(
            (one for one in branches_in(position, compiled, compiled.scope_of[name].path) if one.state == name), None
        )
        if branch is not None:
            more = ", ".join(
                filter(None, (_whose(compiled, state), _by_when(compiled, position, state, branch, clock, now)))
            )
            word = word_around(compiled, name)
            found.setdefault(word, f"{word} ({more})" if more else word)
    return tuple(found.values())[:MOST] or (UNDER_WAY,)


def _whose(compiled: Compiled, state: State) -> str:
    """Who does it, as the file calls their role or group."""
    process, named = compiled.process, dict[str, None]()
    for one in (*(whom for member in state.members.values() for whom in member.audience),):
        known: dict[str, str] = {}
        if one.kind == "role":
            known = {name: role.title for name, role in process.roles.items()}
        elif one.kind == "group":
            known = {name: group.title for name, group in process.groups.items()}
        if isinstance(one.name, str) and one.name in known:
            named[f"the {plainly.lower(known[one.name])}"] = None
    return " or ".join(named)


def _by_when(
    compiled: Compiled, position: Position, state: State, branch: Branch, clock: plainly.Clock, now: datetime
) -> str:
    timers = {timer.purpose: timer.due for timer in branch.timers}
    for purpose in ("elapse", "close", "expire"):
        if purpose in timers:
            return f"{'until' if purpose == 'elapse' else 'by'} {clock.moment(timers[purpose], state)}"
    usual = _usually(compiled, state, branch)
    if usual is not None and usual > now:
        return f"usually by {clock.moment(usual)}"
    promise = position.head.promise
    if promise is not None and not promise.is_late(now):
        return f"promised for {clock.promised(promise.by)}"
    return f"you hear from us by {clock.moment(timers['attention'])}" if "attention" in timers else ""


def _usually(compiled: Compiled, state: State, branch: Branch) -> datetime | None:
    """When what is at work is usually done; None where the file does not say how long it takes."""
    if state.takes is None or branch.since is None:
        return None
    try:
        return _after(compiled, branch.since, state.takes)
    except ExpressionFailed:  # after the year 9999
        return None


def _after(compiled: Compiled, since: datetime, length: Length) -> datetime | None:
    if isinstance(length, Duration):
        return later(since, length, compiled.process.clock)
    calendar = compiled.process.calendars.get(length.calendar)
    return None if calendar is None else working_after(since, length, calendar)


def ended(status: str, need: str, because: str) -> str:
    """That a job is over, and what came of it."""
    what = (
        f"it is fulfilled: {because or need}" if status == "fulfilled" else f"it is over: {because or spoken(status)}"
    )
    return sentence(what[:1].upper() + what[1:])
