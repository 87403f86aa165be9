"""The way of a job for its customer, in order: what is done, where it is now, and what is to come (L9).

What is done is told by his own acts, by what he was told, and by the phases that are over: a phase is over once the job
stands in none of its states any more. Of inner states he is told their phase alone, and who has taken what is at work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.fields import once
from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.scopes import branches_in
from flowengine.core.values import Branch, Json
from flowengine.language.model import State
from flowengine.language.parts import EXPIRED, Field
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import Entry
from flowengine.views import appointments
from flowengine.views.answered import Saying
from flowengine.views.customer_words import places, words_of
from flowengine.views.plainly import sentence
from flowengine.views.thread_lines import ThreadLine

MOST = 60
"""Lines of what is done that are told, the newest."""

BEGUN = phrase("What you need")
_ENDS = {"fulfilled": phrase("It is done"), "ended": phrase("It has ended")}


class Thread:
    """Tells a history in order. ``mine`` are the ids for which the customer asks, by the first of which he is known;
    ``names`` maps ids of persons to their names, ``files`` ids of files to theirs."""

    def __init__(self, compiled: Compiled, saying: Saying, mine: tuple[str, ...], names: Mapping[str, str]) -> None:
        self.compiled, self.saying, self.mine, self.names = compiled, saying, mine, names
        self.seatings = {f"person:{one}" for one in mine}
        self.lines: list[ThreadLine] = []
        self._standing: Counter[str] = Counter()
        self._at: dict[str, str] = {}
        self._inner: dict[str, str] = {}
        """Phases in which the organisation was at work, each with a state of it."""

    def take(self, entry: Entry) -> None:
        """What one entry tells, the oldest first."""
        if not entry.erased:
            self._acted(entry)
        acted = len(self.lines)
        for event in entry.events:
            self._move(event)
            self._happened(entry, event)
        happened = self.lines[acted:]
        del self.lines[acted:]
        self._phases(entry)  # it is over before what came of that is told
        self.lines += happened
        self.saying.teller.known.learn(entry.events)

    def _line(self, entry: Entry, words: str, text: str = "", **more: object) -> None:
        self.lines.append(replace(ThreadLine(when="done", words=words, text=text, at=entry.at), **more))

    # what he did

    def _acted(self, entry: Entry) -> None:
        command, known = entry.command, self.saying.teller.known
        match command:
            case c.Start():
                start = self.compiled.process.root.states[self.compiled.process.root.start]
                seq = entry.seq if entry.by.id == self.mine[0] else 0
                lines = tuple(self._answers(start.fields, command.answer))
                self._line(entry, self.saying.say(BEGUN), lines=lines, kind="yours", with_you=True, seq=seq)
            case c.Act() | c.ActFor():
                self._on_step(entry, command)
            case c.Invoke() if self._is_his(entry):
                always = known.entries.get(command.name)
                lines = tuple(self._answers(always.fields if always else (), command.answer))
                self._his(entry, known.entry(command.name), "", lines)

    def _on_step(self, entry: Entry, command: c.Act | c.ActFor) -> None:
        known = self.saying.teller.known
        step = known.steps.get(command.step)
        state = known.state(step.state, step.member) if step is not None else None
        if step is None or state is None or step.is_asked or not state.for_customers:
            return
        whose = command.person.id if isinstance(command, c.ActFor) else entry.by.id
        title = _title(state) or step.title
        inside = self._around(step.state)
        if whose not in self.mine and entry.by.party not in self.mine:
            by = self.names.get(entry.by.id, "")
            if command.outcome == "held" and by:
                text = self.saying.say("You have met %(by)s.", by=by)
                self._line(entry, title, text, who=by, kind="yours", with_you=True, inside=inside)
            return
        moved = next((one.move for one in entry.events if isinstance(one, e.Moved) and one.step == step.number), "")
        if moved == "hold":
            return  # it is kept for him for minutes, and told where he decides
        if isinstance(command, c.ActFor):
            text = sentence(self.saying.teller.own_act(command, e.StepOpened(step=step), entry.events))
        else:
            text = self.saying.deed(command, entry.events)
        lines = tuple(self._answers(state.fields, command.answer))
        self._his(entry, title, text, lines, inside)

    def _his(self, entry: Entry, title: str, text: str, lines: tuple[tuple[str, str], ...], inside: str = "") -> None:
        own = entry.by.id == self.mine[0]
        who = "" if own else self.names.get(entry.by.id, "")
        seq = entry.seq if own and isinstance(entry.command, c.Act | c.Invoke) else 0
        self._line(entry, title, text, lines=lines, kind="yours", with_you=True, who=who, inside=inside, seq=seq)

    def _is_his(self, entry: Entry) -> bool:
        return entry.by.id in self.mine or entry.by.party in self.mine

    def _answers(self, fields: Iterable[Field], given: Json) -> Iterator[tuple[str, str]]:
        clock = self.saying.teller.known.clock
        if isinstance(given, Mapping) and clock is not None:
            for field in fields:
                value = given.get(field.name)
                if value in (None, "", []):
                    continue
                if field.file or field.person is not None:
                    ids = value if isinstance(value, list) else [value]
                    yield field.title, ", ".join(self.names.get(str(one), str(one)) for one in ids)
                elif text := clock.value(field, value):
                    yield field.title, text

    # what happened

    def _happened(self, entry: Entry, event: e.AnyEvent) -> None:
        match event:
            case e.Told() if not entry.erased and ("everyone" in event.to or self.seatings.intersection(event.to)):
                self._line(entry, event.words, lines=event.shown, kind="told")
            case e.AppointmentChanged() if self.seatings.intersection(event.whom) and event.what != "lapsed":
                clock = self.saying.teller.known.clock
                if clock is not None:
                    words = sentence(appointments.changed(self.compiled, event, clock))
                    self._line(entry, words, kind="missed", with_you=True)
            case e.Left(outcome=outcome) if outcome.rpartition(".")[2] == EXPIRED:
                state = self.compiled.states.get(event.state)
                if state is not None and state.for_customers:
                    inside, title = self._around(event.state), _title(state)
                    if title:
                        self._line(
                            entry,
                            title,
                            self.saying.say("No answer came in time."),
                            kind="missed",
                            with_you=True,
                            inside=inside,
                        )
            case e.Ended():
                if not entry.erased:
                    words = event.because or self.saying.say(_ENDS[event.kind])
                    self._line(entry, words, kind="end")

    # phases

    def _move(self, event: e.AnyEvent) -> None:
        """Count where the job stands, by the words for it."""
        words = words_of(self.compiled)
        match event:
            case e.Entered():
                self._leave(event.branch, done=True)
                if event.state in words:
                    self._at[event.branch] = event.state
                    self._standing[words[event.state]] += 1
            case e.Left():
                self._leave(event.branch, done=event.passed)
            case e.BranchClosed():
                self._leave(event.branch, done=event.why == "done")
            case e.BranchDone():
                self._leave(event.branch, done=True)

    def _leave(self, branch: str, *, done: bool) -> None:
        name = self._at.pop(branch, "")
        if not name:
            return
        word, state = words_of(self.compiled)[name], self.compiled.states[name]
        self._standing[word] -= 1
        if done and not state.for_customers:
            self._inner[word] = name

    def _phases(self, entry: Entry) -> None:
        """The phases that have ended with this entry."""
        for word, name in list(self._inner.items()):
            if self._standing[word] > 0:
                continue
            del self._inner[word]
            acted = isinstance(entry.command, c.Act) and entry.by.kind in ("staff", "operator")
            who = self.names.get(entry.by.id, "") if acted else ""
            if not self.compiled.states[name].is_end:
                self._line(entry, word, who=who, inside=self._around(name))

    def _around(self, name: str) -> str:
        """The words of the phase around a state, where there are others than its own."""
        return around(self.compiled).get(name, "")


def _title(state: State) -> str:
    """What a state that asks customers is called once it is over."""
    return state.title if state.has_title else state.phase or state.in_short


def around(compiled: Compiled) -> Mapping[str, str]:
    """For each state in a scope of another, the words for that, or for the next around it that has some, unless they
    are the state's own; found once for each version."""

    def found() -> dict[str, str]:
        words, outer = words_of(compiled), {}
        holder = {scope.path: state.name for state in compiled.states.values() for scope in state.scopes}
        for name in compiled.states:
            at = holder.get(compiled.scope_of[name].path, "")
            while at and words.get(at, words.get(name, "")) == words.get(name, ""):
                at = holder.get(compiled.scope_of[at].path, "")
            if at:
                outer[name] = words[at]
        return outer

    return once(compiled, "phases around", found)


def now(
    told: Words, compiled: Compiled, position: Position, names: Mapping[str, str], yours: Iterable[str]
) -> list[ThreadLine]:
    """Where the job is, in the order of the file; ``yours`` are the states in which something waits for him."""
    words, mine = words_of(compiled), set(yours)
    found: dict[str, ThreadLine] = {}
    for name, word in words.items():
        if name not in position.head.standing:
            continue
        standing = [one for one in branches_in(position, compiled, compiled.scope_of[name].path) if one.state == name]
        since = min((one.since for one in standing if one.since is not None), default=None)
        line = ThreadLine(
            when="now", words=word, at=since, with_you=name in mine, who=_at_work(standing, names),
            inside=around(compiled).get(name, ""),
        )  # fmt: skip
        before = found.get(word)
        if before is not None:
            earliest = min(filter(None, (before.at, since)), default=None)
            line = replace(before, at=earliest, with_you=before.with_you or line.with_you, who=before.who or line.who)
        found[word] = line
    if not found:
        return [ThreadLine(when="now", words=told.tell(word)) for word in places(compiled, position.head.standing)]
    return list(found.values())


def _at_work(branches: Iterable[Branch], names: Mapping[str, str]) -> str:
    """Who has taken what is to be done there."""
    taken = {names.get(step.claimed, "") for one in branches for step in one.steps if step.claimed}
    return ", ".join(sorted(filter(None, taken)))


def coming(compiled: Compiled, words: Iterable[str]) -> list[ThreadLine]:
    """What may come, with what of it is the customer's."""
    yours = {state.customers_word for state in compiled.states.values() if state.for_customers}
    return [ThreadLine(when="ahead", words=word, with_you=word in yours) for word in words]
