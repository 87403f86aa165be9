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
from flowengine.core.fields import OR
from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.scopes import branches_in
from flowengine.core.values import Booking, Branch, Json, Step
from flowengine.errors import ExpressionFailed
from flowengine.language.calendars import working_after
from flowengine.language.durations import Duration, Length
from flowengine.language.expressions import later
from flowengine.language.model import State
from flowengine.language.outcomes import outcome_words
from flowengine.speech.phrases import listing, phrase
from flowengine.speech.words import Words
from flowengine.views import plainly
from flowengine.views.customer_words import UNDER_WAY, word_around
from flowengine.views.history_lines import Teller, saved_by
from flowengine.views.plainly import sentence

THANKS = phrase("Thank you. ")
"""With this the rows of the types thank customers."""

_NOTED = {
    "note": phrase("Thank you. Your note is noted: “%(text)s”"),
    "wish": phrase("Thank you. Your wish is noted: “%(text)s”"),
    "concern": phrase("Thank you. Your concern is noted: “%(text)s”"),
    "expectation": phrase("Thank you. Your expectation is noted: “%(text)s”"),
    "question": phrase("Thank you. Your question is noted: “%(text)s”"),
    "message": phrase("Thank you. Your message is noted: “%(text)s”"),
    "answer": phrase("Thank you. Your answer is noted: “%(text)s”"),
}

MOST = 3
"""Things at work that are told."""

_VERDICTS = {"approved": phrase("yes"), "changes": phrase("something is to be changed"), "declined": phrase("no")}


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

    def say(self, text: str, /, **named: object) -> str:
        """A text in the words of who reads."""
        return self.teller.words.say(text, **named)

    def told(self, command: c.AnyCommand, events: Sequence[e.AnyEvent]) -> str:
        """One or several sentences."""
        first = next((event.words for event in events if isinstance(event, e.Thanked)), "")
        said = [first or sentence(self._done(command, events)), *map(sentence, self._besides(events))]
        text = " ".join(filter(None, said))
        return text if self.customer or first else text.removeprefix(self.say(THANKS))

    def deed(self, command: c.AnyCommand, events: Sequence[e.AnyEvent]) -> str:
        """What was done, alone: without thanks and without what came of it."""
        return sentence(self._done(command, events).removeprefix(self.say(THANKS)))

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
                return self.say(
                    "For %(person)s: %(deed)s",
                    person=known.person(command.person.id),
                    deed=self._acted(command, events).removeprefix(self.say(THANKS)),
                )
            case c.Invoke():
                return self.say("Thank you. We have noted: %(entry)s", entry=known.entry(command.name))
            case c.Say():
                return self.say(_NOTED.get(command.kind, _NOTED["note"]), text=command.text)
            case c.TakeBack():
                return self.say("You have taken it back: nobody has to answer it any more")
            case c.Claim():
                return self.say("It is yours now: %(what)s", what=self._what(command.step))
            case c.Release():
                return self.say("You have given it back: %(what)s", what=self._what(command.step))
            case c.Assign():
                return self.say(
                    "It is for %(person)s now: %(what)s",
                    person=known.person(command.person),
                    what=self._what(command.step),
                )
            case _:
                words = self.teller.what(command, ())
                return words[:1].upper() + words[1:]

    def _begun(self) -> str:
        process = self.teller.known.process
        assert process is not None, "a job that has just begun has its process"
        if not self.customer:
            if self.whose:
                return self.say("Begun for %(whose)s: %(title)s", whose=self.whose, title=process.title)
            return self.say("Begun: %(title)s", title=process.title)
        return process.root.states[process.root.start].replied(self.teller.words, "stated", {}, {"what": process.need})

    def _what(self, number: int) -> str:
        step = self.teller.known.steps.get(number)
        return step.title if step is not None else self.say("the step")

    # acting on a step

    def _acted(self, command: c.Act | c.ActFor, events: Sequence[e.AnyEvent]) -> str:
        """The move that was made, the answer of one of several, or how the state ended."""
        known = self.teller.known
        step = known.steps.get(command.step)
        said = next((one.text for one in events if isinstance(one, e.Said) and one.to == command.step), "")
        if said:
            return self.say(
                "Thank you. Your answer is noted: “%(said)s” (to: %(what)s)", said=said, what=self._what(command.step)
            )
        state = known.state(step.state, step.member) if step is not None else None
        if step is None or state is None:  # the job may have been migrated
            return self.say("Thank you. Done: %(what)s", what=self._what(command.step))
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
            "words": self.teller.words.aside((given or saved).get("words")),
        }
        move = "abstain" if moved == "vote" and given and "for" not in given else moved
        own = move or str(given.get("outcome", "")) or ended
        words = state.replied(self.teller.words, own, saved, about, self._way(step, ended))
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
            return state.replied(self.teller.words, ended, saved, {**about, "choice": choice})
        return self.say("With that it is decided: %(verdict)s", verdict=_VERDICTS[ended]) if ended in _VERDICTS else ""

    def _choice(self, given: Mapping[str, Json]) -> str:
        said = given.get("for", ())
        names = [self.options.get(str(one), str(one)) for one in said] if isinstance(said, list | Mapping) else []
        if isinstance(said, Mapping):
            names = [f"{name} {score}" for name, score in zip(names, said.values(), strict=True)]
        return self.say(" for %(names)s", names=", ".join(names)) if names else ""

    def _title(self, state: State, id: Json) -> str:
        process = self.teller.known.process
        listed = state.titles(process.options) if process is not None else {}
        return self.options.get(str(id)) or listed.get(str(id), str(id))

    def _at(self, step: Step, events: Sequence[e.AnyEvent]) -> str:
        """The appointment that these events take, else the one that they give back."""
        kept = (one.inner for one in events if isinstance(one, e.Kept))
        taken = (one.slot for one in kept if isinstance(one, Booking) and one.slot is not None)
        slot = next(chain(taken, (one.start for one in events if isinstance(one, e.SlotFreed))), None)
        return self.teller.known.moment(slot, step.state) if slot is not None else self.say("then")

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
                    yield self.say("It is after the day that was promised")
                case e.Referred():
                    yield self.say("You bring %(name)s", name=event.name)
                case e.UndoTaken():
                    yield self.say("What was done before is undone first, as far as it can be")
                case e.Promised(promise=promise) if self.own and promise.kept is not None:
                    yield self.say("The promise is kept") if promise.kept else self.say("The promise is broken")
                case e.Promised(promise=promise) if self.own and not over:
                    by = known.promised(promise.by)
                    if promise.by == promise.first:
                        yield self.say("It is promised for %(by)s", by=by)
                    else:
                        yield self.say("It is now promised for %(by)s", by=by)


def _who(command: c.Act | c.ActFor) -> str:
    return command.person.id if isinstance(command, c.ActFor) else command.by.id


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
                filter(
                    None,
                    (_whose(compiled, state, clock.words), _by_when(compiled, position, state, branch, clock, now)),
                )
            )
            word = clock.words.tell(word_around(compiled, name))
            found.setdefault(word, f"{word} ({more})" if more else word)
    return tuple(found.values())[:MOST] or (clock.words.tell(UNDER_WAY),)


def _whose(compiled: Compiled, state: State, words: Words) -> str:
    """Who does it, as the file calls their role or group."""
    process, named = compiled.process, dict[str, None]()
    for one in (*(whom for member in state.members.values() for whom in member.audience),):
        known: dict[str, str] = {}
        if one.kind == "role":
            known = {name: role.title for name, role in process.roles.items()}
        elif one.kind == "group":
            known = {name: group.title for name, group in process.groups.items()}
        if isinstance(one.name, str) and one.name in known:
            named[words.say("the %(role)s", role=words.within(known[one.name]))] = None
    return words.tell(listing(named, OR))


def _by_when(
    compiled: Compiled, position: Position, state: State, branch: Branch, clock: plainly.Clock, now: datetime
) -> str:
    timers = {timer.purpose: timer.due for timer in branch.timers}
    for purpose in ("elapse", "close", "expire"):
        if purpose in timers:
            at = clock.moment(timers[purpose], state)
            return (
                clock.words.say("until %(at)s", at=at) if purpose == "elapse" else clock.words.say("by %(at)s", at=at)
            )
    usual = _usually(compiled, state, branch)
    if usual is not None and usual > now:
        return clock.words.say("usually by %(moment)s", moment=clock.moment(usual))
    promise = position.head.promise
    if promise is not None and not promise.is_late(now):
        return clock.words.say("promised for %(promised)s", promised=clock.promised(promise.by))
    return (
        clock.words.say("you hear from us by %(moment)s", moment=clock.moment(timers["attention"]))
        if "attention" in timers
        else ""
    )


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


def ended(words: Words, status: str, need: str, because: str) -> str:
    """That a job is over, and what came of it."""
    if status == "fulfilled":
        return sentence(words.say("It is fulfilled: %(because)s", because=because or need))
    return sentence(words.say("It is over: %(because)s", because=because or outcome_words(status)))
