"""A history in plain words: what a person would say that each command did.

Entries are told in order, for a later one names only the numbers of the steps, timers and calls that it is about.
It is told in the words of the reader; moments are in his zone, where that is known, else in that of the process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.draft import replace
from flowengine.core.seatings import person_seating
from flowengine.core.values import Booking, Json, KeptMessage, Promise, ServiceCall, Step, Timer
from flowengine.interop.labels import shorten
from flowengine.language.model import Process, State
from flowengine.language.outcomes import outcome_words
from flowengine.language.parts import DONE, Always
from flowengine.language.texts import spoken, told
from flowengine.language.types import TYPES
from flowengine.language.types.approval import verdict
from flowengine.speech.phrases import listing, phrase
from flowengine.speech.words import ENGLISH, Words
from flowengine.store import shown
from flowengine.views import plainly
from flowengine.views.promised import said_in

SAYINGS = {
    "note": phrase("noted"),
    "wish": phrase("wished"),
    "concern": phrase("was concerned"),
    "expectation": phrase("expects"),
    "question": phrase("asked"),
    "message": phrase("wrote"),
    "answer": phrase("answered"),
    "new_date": phrase("asked"),
}
"""How each kind of words is told."""

LONGEST_ASKED = 80
"""Characters of what was asked that are told with what became of it."""

_MOVES = {move: words for one in TYPES.values() for move, words in one.moves.items()}
"""How the moves of all types are told, also where the state is not in this version of the process."""

_ByHand: TypeAlias = (
    c.MoveDeadline
    | c.DropTimer
    | c.Finish
    | c.Fail
    | c.Skip
    | c.SetData
    | c.Move
    | c.End
    | c.Suspend
    | c.Resume
    | c.Retry
    | c.Erase
    | c.Migrate
)


@dataclass
class Known:
    """What is known while a history is told in order. ``names`` maps ids of persons to their names.

    The process may be another version than an entry's own: what it does not know is told by its name.
    """

    process: Process | None
    names: Mapping[str, str]
    words: Words = ENGLISH
    steps: dict[int, Step] = field(default_factory=dict)
    timers: dict[int, Timer] = field(default_factory=dict)
    calls: dict[int, ServiceCall] = field(default_factory=dict)
    kept: dict[int, str] = field(default_factory=dict)
    asked: dict[int, str] = field(default_factory=dict)
    slots: dict[tuple[str, str], datetime] = field(default_factory=dict)
    standing: dict[str, str] = field(default_factory=dict)
    promise: Promise | None = None

    def __post_init__(self) -> None:
        self.states: dict[str, State] = {state.name: state for state in self.process.states()} if self.process else {}
        self.clock = plainly.Clock(self.process, self.words) if self.process else None
        self.entries: dict[str, Always] = {}
        for scope in self.process.scopes() if self.process else ():
            for entry in scope.always:
                self.entries.setdefault(entry.name, entry)

    def learn(self, events: Sequence[e.AnyEvent]) -> None:
        """Take in what an entry's events say."""
        for event in events:
            match event:
                case e.Said() if event.number:
                    self.asked[event.number] = shorten(said_in(event, events, self.clock), LONGEST_ASKED)
                case e.StepOpened() | e.StepChanged():
                    self.steps[event.step.number] = self.worded(event.step)
                case e.TimerSet():
                    self.timers[event.timer.number] = event.timer
                case e.CallOpened() | e.CallChanged():
                    self.calls[event.call.number] = event.call
                case e.MessageKept():
                    self.kept[event.message.number] = event.message.name
                case e.Kept(inner=Booking(slot=datetime() as slot)):
                    self.slots[event.branch, event.member] = slot
                case e.Entered():
                    self.standing[event.branch] = event.state

    def worded(self, step: Step) -> Step:
        """A step as it is called: one that waits for an answer by what was asked."""
        return replace(step, title=self.asked[step.number]) if step.number in self.asked else step

    def state(self, name: str, member: str = "") -> State | None:
        """A state of the process, or the member of a race."""
        state = self.states.get(name)
        return state.member(member) if state is not None else None

    def title(self, name: str, member: str = "") -> str:
        """A state's title; its name with spaces when the process does not know it."""
        state = self.state(name, member)
        return state.title if state is not None else spoken(name)

    def entry(self, name: str) -> str:
        """The title of an always entry."""
        return self.entries[name].title if name in self.entries else spoken(name)

    def person(self, id: str) -> str:
        """A person's name, or the id."""
        return self.names.get(id) or id

    def promised(self, value: datetime) -> str:
        """A promised moment; the end of a day, which a promised date is, as that day."""
        return self.clock.promised(value) if self.clock else self.moment(value)

    def moment(self, value: datetime, state: str = "") -> str:
        """A moment in the zone of the reader, else of the process, or of the fitting's own calendar."""
        return (
            self.clock.moment(value, self.states.get(state))
            if self.clock
            else self.words.moment(value, self.words.zone or UTC)
        )

    def told(self, value: Json) -> str:
        """A value that somebody gave."""
        return told(value, self.words.zone or (self.clock.home if self.clock else UTC), words=self.words)


class Teller:
    """Tells a history, entry by entry in order. ``names`` maps ids of persons to their names; ``words`` are
    those of who reads."""

    def __init__(self, process: Process | None, names: Mapping[str, str], words: Words = ENGLISH) -> None:
        self.known = Known(process, names, words)
        self.words, self.say = words, words.say

    def what(self, command: c.AnyCommand, events: Sequence[e.AnyEvent]) -> str:
        """One entry in plain words."""
        told = "; ".join(filter(None, (self._asked(command, events), *self._besides(events))))
        self.known.learn(events)
        return told

    def erased(self, command: c.AnyCommand, events: Sequence[e.AnyEvent]) -> str:
        """An entry of which contents are erased: what is left to tell of it."""
        left = next((event for event in events if isinstance(event, e.Left)), None)
        if left is not None:
            title = self.known.title(left.state)
            told = f"{spoken(left.state) if '{' in title else title}: {self.words.tell(outcome_words(left.outcome))}"
        elif isinstance(command, c.Say):
            told = self.words.tell(SAYINGS[command.kind])
        else:
            told = (
                self.words.tell(_BARE[type(command)])
                if type(command) in _BARE
                else spoken(type(command).__name__).lower()
            )
        self.known.learn(events)
        return self.say("%(told)s (its contents are erased)", told=told)

    def own_act(self, command: c.Act | c.ActFor, opened: e.StepOpened, events: Sequence[e.AnyEvent]) -> str:
        """What somebody did on a step, as he may be told it himself: his ballot is no secret to him, and nothing that
        came of it besides is told."""
        self.known.learn((opened,))
        seen = [replace(one, secret=False) if isinstance(one, e.SeatAnswered) else one for one in events]
        return self._acted(command, seen)

    def _asked(self, command: c.AnyCommand, events: Sequence[e.AnyEvent]) -> str:
        match command:
            case c.Start():
                begun = self.say("began, for the job %(job)s", job=shown(command.parent.rpartition(".")[0]))
                cause = (
                    self.say("started by the %(cause)s", cause=command.cause)
                    if command.cause
                    else self.say("stated the need")
                )
                return begun if command.parent else cause
            case c.Act():
                return self._acted(command, events)
            case c.ActFor():
                return self.say(
                    "for %(person)s: %(acted)s%(why)s",
                    person=self.known.person(command.person.id),
                    acted=self._acted(command, events),
                    why=self._why(command),
                )
            case c.Claim() | c.Release() | c.Assign():
                return self._handed(command, events)
            case c.Fire():
                told = self._fired(command, events)
                again = self.say("before its time") if command.because else self.say("again")
                return (
                    told
                    if command.by.kind == "clock"
                    else self.say(
                        "had it done %(again)s: %(told)s%(why)s", again=again, told=told, why=self._why(command)
                    )
                )
            case c.Finish() | c.Fail() if command.by.kind != "operator":
                return self._ended(command, events)
            case c.Hear():
                return self._heard(command)
            case c.Deliver():
                return self._delivered(command, events)
            case c.Invoke():
                return self._invoked(command)
            case c.Add():
                return self.say(
                    "added to %(state)s: %(told)s",
                    state=self.known.title(command.state),
                    told=self.known.told(command.items),
                )
            case c.Say():
                to = next((event.to for event in events if isinstance(event, e.Said) and event.to), 0)
                of = (
                    self.say(" (to: %(asked)s)", asked=self.known.asked.get(to, phrase("what was asked"))) if to else ""
                )
                return f"{self.words.tell(SAYINGS[command.kind])}: {command.text}{of}"
            case c.AskPromise():
                text = next(
                    (said_in(one, events, self.known.clock) for one in events if isinstance(one, e.Said)),
                    command.because,
                )
                return f"{self.words.tell(SAYINGS['new_date'])}: {text}"
            case c.Expect():
                return self.say("it was looked whether the promise will be kept")
            case c.TakeBack():
                return self.say(
                    "took back: %(asked)s", asked=self.known.asked.get(command.step, phrase("what was asked"))
                )
            case _:
                return self._by_hand(command, events)

    def _by_hand(self, command: _ByHand, events: Sequence[e.AnyEvent]) -> str:
        """What an operator did to the job."""
        match command:
            case c.MoveDeadline():
                return self.say(
                    "moved the deadline%(of)s%(why)s", of=self._of(command.number, events), why=self._why(command)
                )
            case c.DropTimer():
                return self.say("dropped %(named)s%(why)s", named=self._named(command.timer), why=self._why(command))
            case c.Finish() | c.Fail():
                return self.say(
                    "ended by hand: %(ended)s%(why)s", ended=self._ended(command, events), why=self._why(command)
                )
            case c.Skip():
                return self.say(
                    "skipped: %(call)s%(why)s",
                    call=self._call(self.known.calls.get(command.call)),
                    why=self._why(command),
                )
            case c.SetData():
                return self.say(
                    "set %(place)s to %(told)s%(why)s",
                    place=command.place,
                    told=self.known.told(command.value),
                    why=self._why(command),
                )
            case c.Move():
                state = self.known.title(command.to)
                left = next((self.known.title(event.state) for event in events if isinstance(event, e.Left)), "")
                return self.say(
                    "moved it by hand%(left)s to %(state)s%(why)s",
                    left=self.say(" from %(state)s", state=left) if left else "",
                    state=state,
                    why=self._why(command),
                )
            case c.End():
                return self.say(
                    "ended it by hand%(undone)s%(why)s",
                    undone=phrase(", once all is undone") if command.undo else "",
                    why=self._why(command),
                )
            case c.Suspend():
                return self.say("suspended the job%(why)s", why=self._why(command))
            case c.Resume():
                return self.say("let the job go on%(why)s", why=self._why(command))
            case c.Retry():
                return self.say("had it tried again: %(call)s", call=self._call(self.known.calls.get(command.call)))
            case c.Erase():
                what = self.say("all that the job held") if command.whole else self.say("what somebody wrote in it")
                return self.say("erased %(what)s%(why)s", what=what, why=self._why(command))
            case c.Migrate():
                return self.say(
                    "moved the job to version %(version)s of its process%(why)s",
                    version=command.version,
                    why=self._why(command),
                )

    def _why(self, command: c.AnyCommand) -> str:
        """The reason that an operator gave, behind what he did."""
        because = getattr(command, "because", "")
        return self.say(" (because: %(because)s)", because=because) if because else ""

    def _heard(self, command: c.Hear) -> str:
        """What a partner told of the job that he runs."""
        what = self._call(self.known.calls.get(command.call))
        if command.refused:
            return self.say(
                "the partner cannot take the answer: %(refused)s (%(what)s)", refused=command.refused, what=what
            )
        asks = ", ".join(one.title for one in command.asked)
        if asks:
            return self.say("the partner asks: %(asks)s (%(what)s)", asks=asks, what=what)
        return self.say("heard from the partner: %(what)s", what=what)

    def _handed(self, command: c.Claim | c.Release | c.Assign, events: Sequence[e.AnyEvent]) -> str:
        before = self.known.steps.get(command.step)
        changed = next((self.known.worded(one.step) for one in events if isinstance(one, e.StepChanged)), before)
        what = changed.title if changed else self.say("step %(step)s", step=command.step)
        if isinstance(command, c.Assign):
            named = before is not None and changed is not None and len(changed.audience) > len(before.audience)
            asked = self.say(", whom it did not wait for before") if named else ""
            return self.say(
                "handed over to %(person)s%(asked)s: %(what)s%(why)s",
                person=self.known.person(command.person),
                asked=asked,
                what=what,
                why=self._why(command),
            )
        if isinstance(command, c.Claim):
            return self.say("took: %(what)s", what=what)
        holder = before.claimed if before else None
        whose = (
            self.say(" for %(person)s", person=self.known.person(holder)) if holder and holder != command.by.id else ""
        )
        return self.say("gave back%(whose)s: %(what)s%(why)s", whose=whose, what=what, why=self._why(command))

    # people on their steps

    def _acted(self, command: c.Act | c.ActFor, events: Sequence[e.AnyEvent]) -> str:
        """The move that was made, or the answer of one of several; and how the state ended, if it did."""
        step = self.known.steps.get(command.step)
        if step is None:
            return self.say("acted on a step that the history does not know")
        said = next((one for one in events if isinstance(one, e.Said) and one.to == step.number), None)
        if said is not None:
            return self.say(
                "%(sayings)s: %(text)s (to: %(title)s)", sayings=SAYINGS["answer"], text=said.text, title=step.title
            )
        moved = next((one for one in events if isinstance(one, e.Moved) and one.step == step.number), None)
        seated = (one for one in events if isinstance(one, e.SeatAnswered) and not one.secret)
        answered = next((one.seat.answer for one in seated), None)
        given = answered if isinstance(answered, Mapping) else {}
        title = step.title or self.known.title(step.state, step.member)
        told = ""
        if moved is not None:
            told = self._moved(step, moved.move, given, events)
        elif given:
            told = verdict(self.words, str(given.get("outcome", "")), given.get("words"), title)
        crossed = next((one for one in events if isinstance(one, e.AnsweredPartner)), None)
        if crossed is not None:
            said_to = crossed.answer.get("words") if isinstance(crossed.answer, Mapping) else None
            told = ": ".join(filter(None, (title, self.words.tell(outcome_words(crossed.outcome)), said_to)))
        left = next((one for one in events if isinstance(one, e.Left) and one.branch == step.branch), None)
        ended = ""
        if left is not None and left.state == step.state:
            state, outcome = self.known.state(step.state, step.member), left.outcome.rpartition(".")[2]
            if state is None:
                ended = f"{title}: {self.words.tell(outcome_words(outcome))}"
            else:
                ended = state.ended(self.words, outcome, title, saved_by(step, events), decided=bool(told))
        return "; ".join(filter(None, (told, ended))) or self.say("acted on: %(title)s", title=step.title)

    def _moved(self, step: Step, move: str, given: Mapping[str, Json], events: Sequence[e.AnyEvent]) -> str:
        """What leaves the step open. The appointment is the one that is taken by these events, else the one before
        them."""
        known, state = self.known, self.known.state(step.state, step.member)
        slot = known.slots.get((step.branch, step.member))
        for event in events:
            if isinstance(event, e.Kept) and isinstance(event.inner, Booking) and event.inner.slot is not None:
                slot = event.inner.slot
        at = known.moment(slot, step.state) if slot is not None else self.say("a time that the history does not know")
        titles = state.titles(known.process.options) if state is not None and known.process is not None else {}
        said = given.get("for", ())
        chosen = [titles.get(str(one), str(one)) for one in said]
        if isinstance(said, Mapping):
            chosen = [f"{title} {score}" for title, score in zip(chosen, said.values(), strict=True)]
        choice = self.say(" for %(names)s", names=", ".join(chosen)) if chosen else ""
        title = known.title(step.state, step.member)
        what = step.title or title if move in ("vote", "abstain") else title
        if move in _MOVES:
            return self.say(_MOVES[move], what=what, at=at, choice=choice)
        return f"{spoken(move)}: {what}"

    # the clock

    def _fired(self, command: c.Fire, events: Sequence[e.AnyEvent]) -> str:
        known, timer = self.known, self.known.timers.get(command.timer)
        if timer is None:
            return self.say("a moment came that the history does not know")
        step = known.steps.get(timer.step)
        what = step.title if step and step.title else known.title(known.standing.get(timer.branch, ""), timer.member)
        match timer.purpose:
            case "expire":
                return self.say("the deadline passed: %(what)s", what=what)
            case "remind" | "appointment":
                return self.say("reminded %(whom)sof: %(what)s", whom=self._whom(step), what=what)
            case "escalate":
                return self._escalated(step, what, events)
            case "claim":
                return self._returned(step, what, events)
            case "elapse":
                return self.say("the wait is over: %(what)s", what=what)
            case "hold":
                slot = known.slots.get((timer.branch, timer.member))
                at = (
                    self.say(" of %(moment)s", moment=known.moment(slot, known.standing.get(timer.branch, "")))
                    if slot
                    else ""
                )
                return self.say(
                    "the appointment%(at)s was kept for long enough and is free again: %(what)s", at=at, what=what
                )
            case "close":
                left = next((event for event in events if isinstance(event, e.Left)), None)
                return self.say("the vote closed: %(what)s", what=what) + (
                    f": {self.words.tell(outcome_words(left.outcome))}" if left else ""
                )
            case "cut_off":
                late = any(isinstance(event, e.LateResult) for event in events)
                done = self._call(known.calls.get(timer.detail))
                return (
                    self.say("%(done)s: nobody said how it ended", done=done)
                    if late
                    else self.say("%(done)s: it may still be at work", done=done)
                )
            case "keep":
                return self.say(
                    "the message %(message)s was kept in vain", message=spoken(known.kept.get(timer.detail, ""))
                )
            case "attention" if step is not None:
                return self.say("nobody has answered in time, so that somebody has to look: %(what)s", what=what)
            case "attention":
                return self.say("it takes so long that somebody has to look: %(what)s", what=what)
            case "promise":
                by = next((event.by for event in events if isinstance(event, e.PromiseOverdue)), timer.due)
                return self.say("later than promised: %(by)s has passed", by=known.promised(by))
            case "risk":
                return self.say("it was time to look whether the promise will be kept")
            case "always":
                used = any(isinstance(event, e.Invoked) for event in events)
                entry = known.entry(str(timer.detail[1]))
                return (
                    self.say("the time had come: %(entry)s", entry=entry)
                    if used
                    else self.say("the time came, and nothing was to be done: %(entry)s", entry=entry)
                )

    def _of(self, number: int, events: Sequence[e.AnyEvent]) -> str:
        """Of what a deadline is: of a step, or of where its branch stands."""
        step, timer = self.known.steps.get(number), self.known.timers.get(number)
        moved = next((event for event in events if isinstance(event, e.DeadlineMoved)), None)
        step = step or (self.known.steps.get(moved.step) if moved else None)
        branch = moved.branch if moved else timer.branch if timer else ""
        what = step.title if step and step.title else self.known.title(self.known.standing.get(branch, ""))
        return self.say(" of: %(what)s", what=what) if what else ""

    def _named(self, number: int) -> str:
        timer = self.known.timers.get(number)
        kinds = {
            "remind": phrase("a reminder"), "appointment": phrase("a reminder"), "escalate": phrase("an escalation"),
            "claim": phrase("the end of a claim"),
        }  # fmt: skip
        kind = kinds.get(timer.purpose if timer else "", phrase("a timer"))
        return self.words.tell(kind) + (self._of(timer.step, ()) if timer else "")

    def _whom(self, step: Step | None) -> str:
        return f"{self._names(step.audience)} " if step and step.audience else ""

    def _escalated(self, step: Step | None, what: str, events: Sequence[e.AnyEvent]) -> str:
        changed = next((event.step for event in events if isinstance(event, e.StepChanged)), None)
        if changed is None:
            return self.say("nobody else is to be asked: %(what)s", what=what)
        more = [whom for whom in changed.audience if step is None or whom not in step.audience]
        return self.say("it took too long; %(names)s may do it as well: %(what)s", names=self._names(more), what=what)

    def _returned(self, step: Step | None, what: str, events: Sequence[e.AnyEvent]) -> str:
        if not any(isinstance(event, e.StepChanged) for event in events):
            return self.say("nobody has claimed it any more: %(what)s", what=what)
        who = self._names([person_seating(step.claimed)]) if step and step.claimed else phrase("somebody")
        return self.say(
            "%(who)s had claimed it for long enough, and it waits for all again: %(what)s", who=who, what=what
        )

    def _names(self, audience: Sequence[str]) -> str:
        process = self.known.process
        roles, groups = (process.roles, process.groups) if process else ({}, {})
        whom = (plainly.waits_for_words(one, self.known.names, roles, groups) for one in audience)
        return self.words.tell(listing(whom))

    # code, other jobs, the outside

    def _call(self, call: ServiceCall | None) -> str:
        if call is None:
            return self.say("a call that the history does not know")
        what = self.known.title(call.state, call.member)
        return self.say("undoing %(what)s", what=what) if call.undo else what

    def _ended(self, command: c.Finish | c.Fail, events: Sequence[e.AnyEvent]) -> str:
        call = self.known.calls.get(command.call)
        what = self._call(call)
        incident = next((event.call.incident for event in events if isinstance(event, e.CallChanged)), "")
        if any(isinstance(event, e.LateResult) for event in events):
            said = command.error if isinstance(command, c.Fail) else self.words.tell(outcome_words(command.outcome))
            return self.say("%(what)s: ended after it was cut off: %(said)s", what=what, said=said)
        if incident:
            return self.say("%(what)s: gave up and waits for an operator: %(incident)s", what=what, incident=incident)
        if isinstance(command, c.Fail):
            return self.say("%(what)s: gave up: %(error)s", what=what, error=command.error)
        if call is not None and call.undo:
            return self.say("undone: %(state)s", state=self.known.title(call.state, call.member))
        if call is not None and call.process and isinstance(command.result, Mapping):
            child, because = str(command.result.get("job", "")), command.result.get("because")
            ended = self.say(
                "the job %(child)s of %(process)s is %(outcome)s",
                child=shown(child),
                process=spoken(call.process),
                outcome=outcome_words(command.outcome),
            )
            return f"{what}: {ended}" + (f": {because}" if because else "")
        return f"{what}: {self.words.tell(outcome_words(command.outcome))}"

    def _delivered(self, command: c.Deliver, events: Sequence[e.AnyEvent]) -> str:
        came = self.say("the message %(name)s%(key)s came", name=spoken(command.name), key=_key(command.key))
        for event in events:
            match event:
                case e.MessageKept():
                    return self.say("%(came)s before anybody waited for it, and is kept", came=came)
                case e.Invoked():
                    return f"{came}: {self.known.entry(event.name)}"
                case e.Left():
                    return f"{came}: {self.known.title(event.state)}"
        return came

    def _invoked(self, command: c.Invoke) -> str:
        entry = self.known.entries.get(command.name)
        given = command.answer if isinstance(command.answer, Mapping) else {}
        asked = {field.name: field.title for field in entry.fields} if entry else {}
        answers = {asked.get(name, name): value for name, value in given.items() if value not in ("", None)}
        said = [f"{title}: {self.known.told(value)}" for title, value in answers.items()]
        return self.known.entry(command.name) + (f" ({'; '.join(said)})" if said else "")

    # what came of it

    def _besides(self, events: Sequence[e.AnyEvent]) -> Iterator[str]:
        """What is worth a word beside what was asked: which way it went, what is undone, who was told or brought,
        promises, the end."""
        for event in events:
            match event:
                case e.UndoTaken():
                    calls = [self.known.calls.get(number) for number in event.calls]
                    yield self.say(
                        "to be undone: %(list)s", list=", ".join(self.known.title(call.state) for call in calls if call)
                    )
                case e.Entered() if event.way:
                    yield event.way
                case e.DeadlineMoved():
                    at = self.known.standing.get(event.branch, "")
                    yield self.say(
                        "due on %(due)s instead of %(was)s",
                        due=self.known.moment(event.to, at),
                        was=self.known.moment(event.was, at),
                    )
                case e.CutOff():
                    yield self.say("cut off at work: %(call)s", call=self._call(event.call))
                case e.LateResult():
                    took = {"": phrase("it may have taken effect"), DONE: phrase("it took effect")}
                    none = phrase("it took no effect, and needs no undoing")
                    yield self.words.tell(took.get(event.outcome, none))
                case e.Told():
                    lines = "; ".join(f"{title}: {value}" for title, value in event.shown)
                    yield self.say("told %(names)s: %(words)s", names=self._names(event.to), words=event.words) + (
                        f" ({lines})" if lines else ""
                    )
                case e.MessageTaken(message=KeptMessage() as early):
                    became = self.say("did not fit, and is gone") if event.dropped else self.say("is taken")
                    yield self.say(
                        "the message %(name)s%(key)s, which came early, %(became)s",
                        name=spoken(early.name),
                        key=_key(early.key),
                        became=became,
                    )
                case e.Referred():
                    yield self.say("brings %(name)s", name=event.name)
                case e.Promised():
                    yield from self._promised(event.promise)
                case e.PromiseAtRisk():
                    by, soonest, latest = map(self.known.promised, (event.by, event.soonest, event.latest))
                    yield self.say(
                        "at risk: promised for %(by)s, and expected between %(soonest)s and %(latest)s",
                        by=by,
                        soonest=soonest,
                        latest=latest,
                    )
                case e.Ended():
                    end = self.say("the job ended: %(because)s", because=event.because or spoken(event.state))
                    yield self.say("the job is fulfilled") if event.kind == "fulfilled" else end
                    promise = self.known.promise
                    if promise is not None and promise.kept is None:
                        yield self.say("the promise for %(by)s no longer stands", by=self.known.promised(promise.by))

    def _promised(self, promise: Promise) -> Iterator[str]:
        """What is promised now, or what became of it; histories from before say the same date twice."""
        before, self.known.promise = self.known.promise, promise
        by = self.known.promised(promise.by)
        if promise.kept is not None:
            yield self.say("the promise is kept") if promise.kept else self.say("the promise is broken")
        elif before is None:
            yield self.say("promised for %(by)s", by=by)
        elif before.by != promise.by:
            agreed = (
                self.say(", as %(person)s has agreed", person=self.known.person(promise.agreed_by))
                if promise.agreed_by
                else ""
            )
            yield self.say(
                "promised for %(by)s instead of %(before)s%(agreed)s",
                by=by,
                before=self.known.promised(before.by),
                agreed=agreed,
            )


_BARE: dict[type[c.Command], str] = {
    c.Act: phrase("acted"),
    c.ActFor: phrase("acted for somebody"),
    c.AskPromise: phrase("asked for another date"),
    c.Assign: phrase("handed over"),
    c.Claim: phrase("took it"),
    c.Deliver: phrase("a message came"),
    c.End: phrase("ended it by hand"),
    c.Expect: phrase("looked whether the promise will be kept"),
    c.Fail: phrase("a call gave up"),
    c.Finish: phrase("a call ended"),
    c.Fire: phrase("a moment came"),
    c.Invoke: phrase("used what the job offers"),
    c.Release: phrase("gave it back"),
    c.SetData: phrase("set data"),
    c.Start: phrase("stated the need"),
    c.TakeBack: phrase("took back what was asked"),
}
"""What is told of a command whose contents are erased; of others their names."""


def _key(key: str) -> str:
    return f" ({key})" if key else ""


def saved_by(step: Step, events: Sequence[e.AnyEvent]) -> Mapping[str, Json]:
    """What the answer was saved as: the first that was saved before the state was left."""
    for event in events:
        if isinstance(event, e.Saved) and event.branch == step.branch and isinstance(event.value, Mapping):
            return event.value
        if isinstance(event, e.Left):
            break
    return {}
