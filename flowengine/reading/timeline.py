"""All that happened with a customer, over all jobs and processes, in plain words, the newest first.

Nothing is kept for it: histories, facts and letters are read where they stand. A page begins behind the place of the
last line of the page before; jobs in which nothing happened since are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from flowengine.commands import access
from flowengine.commands.records import closed_in, ids_of, roles_of, sight, whose
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.machines import Compiled
from flowengine.core.seatings import person_seating
from flowengine.core.translating import events_in
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, NotFound
from flowengine.interop.labels import shorten
from flowengine.people.identities import By
from flowengine.reading.look import entries_in
from flowengine.reading.records import check_limit
from flowengine.runtime.actors import name_of, reader_words
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import Entry, StoredJob, Transaction, shown
from flowengine.store.codec import micros, moment
from flowengine.store.records import Fact, Letter, Touched, Wanted, closed
from flowengine.views import appointments, plainly
from flowengine.views.consents import parts_in_words, until_in_words
from flowengine.views.history_lines import LONGEST_ASKED, SAYINGS, Teller
from flowengine.views.promised import said_in
from flowengine.views.records import TimelineLine

_PLACE = re.compile(r"(\d{1,18}):([cdefglj][0-9a-f.-]{1,80})")
_ENDLESS = 2**40
_LATEST = 2**57
"""Later than all moments that are told, in microseconds."""
_MOST_DEEDS = 200
"""Of what a customer did in one job of somebody else."""

NOTED = {
    "need": phrase("needs"),
    "want": phrase("wants"),
    "concern": phrase("is concerned"),
    "expectation": phrase("expects"),
    "preference": phrase("prefers"),
    "note": phrase("noted"),
}
"""How each kind of fact is told."""


class _Place(NamedTuple):
    """Where a line stands: later ones first; of one moment those first whose keys sort last."""

    at: int
    key: str


class _Line(NamedTuple):
    place: _Place
    line: TimelineLine


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at somebody's timeline by one actor. ``inside``: he may know what the organisation knows."""

    shell: Shell
    tx: Transaction
    ids: tuple[str, ...]
    actor: Actor
    names: dict[str, str]

    @property
    def inside(self) -> bool:
        return self.actor.kind != "customer"

    @property
    def words(self) -> Words:
        """The words of who looks."""
        return reader_words(self.tx, self.actor)

    def name(self, id: str) -> str:
        if id not in self.names:
            self.names[id] = name_of(self.tx, id) if id else ""
        return self.names[id]

    def closes(self, closed_to: tuple[str, ...]) -> bool:
        return closed(closed_to, roles_of(self.actor))


def timeline(shell: Shell, id: str, after: str, limit: int, by: By) -> list[TimelineLine]:
    """A page of what happened with a customer, the newest first."""
    with shell.reading() as tx:
        actor = access.asker(tx, "timeline", by)
        person = whose(tx, "timeline", id, actor)
        check_limit(limit)
        return happened(shell, tx, ids_of(person), actor, limit, after)


def happened(
    shell: Shell, tx: Transaction, ids: tuple[str, ...], actor: Actor, limit: int = _ENDLESS, after: str = ""
) -> list[TimelineLine]:
    """What happened with somebody who has these ids, as somebody may see it who asks, the newest first."""
    look = _Look(shell, tx, ids, actor, {})
    behind = _place(after) if after else _Place(_LATEST, "")
    lines = [one for one in (*_facts(look), *_letters(look, behind), *_exchanged(look)) if one.place < behind]
    jobs = tx.records.jobs(look.ids, moment(min(behind.at, _LATEST)))
    for touched in sorted(jobs, key=lambda one: (one.updated, one.job), reverse=True):
        lines.sort(key=lambda one: one.place, reverse=True)
        del lines[limit:]
        if len(lines) == limit and lines[-1].place > _Place(micros(touched.updated), f"j{touched.job}.~"):
            break  # all that is left is older
        lines += [one for one in _of_job(look, touched) if one.place < behind]
    lines.sort(key=lambda one: one.place, reverse=True)
    return [one.line for one in lines[:limit]]


def _place(text: str) -> _Place:
    found = _PLACE.fullmatch(text)
    if found is None:
        problem = phrase("%(text)s is no place in a timeline", text=repr(text[:60]))
        raise BadAnswer({"after": problem}, possible=(phrase("the place of a line"),))
    return _Place(int(found[1]), found[2])


def _line(at: datetime, key: str, line: TimelineLine) -> _Line:
    place = _Place(micros(at), key)
    return _Line(place, replace(line, place=f"{place.at}:{key}"))


# what is known, and letters


def _facts(look: _Look) -> Iterator[_Line]:
    for fact in look.tx.records.list(Wanted(look.ids), sight(look.shell, look.actor), _ENDLESS):
        about = {"job": fact.job, "short": shown(fact.job) if fact.job else "", "fact": fact.id}
        title = _title(look, fact)
        said = TimelineLine(
            at=fact.at,
            kind=fact.kind,
            what=f"{look.words.tell(NOTED[fact.kind])}: {fact.text}",
            who=look.name(fact.author),
            title=title,
            **about,
        )
        yield _line(fact.at, f"f{fact.id}", said)
        if fact.answered is not None:
            of = shorten(fact.text, LONGEST_ASKED)
            what = look.words.say("answered: %(answer)s (to: %(of)s)", answer=fact.answer, of=of)
            who = look.name(fact.answered_by)
            answer = TimelineLine(at=fact.answered, kind="answer", what=what, who=who, title=title, **about)
            yield _line(fact.answered, f"g{fact.id}", answer)


def _title(look: _Look, fact: Fact) -> str:
    if not fact.job:
        return ""
    with suppress(NotFound):  # the job may be archived
        job = look.tx.jobs.get(fact.job)
        compiled: Compiled = look.shell.catalogue.told(look.tx, job.process, job.version, look.actor.language)
        return compiled.process.title
    return ""


def _exchanged(look: _Look) -> Iterator[_Line]:
    """To what he has consented, when that ended, and who was told what by it."""
    now = look.tx.terms.now()
    for one in look.tx.consents.of(look.ids):
        partner = look.name(one.partner)
        parts, until = parts_in_words(one.parts), until_in_words(one.until, look.words)
        gave = look.words.say(
            "lets %(partner)s have %(parts)s until %(until)s", partner=partner, parts=parts, until=until
        )
        yield _line(
            one.given, f"c{one.id}", TimelineLine(at=one.given, kind="consent", what=gave, who=look.name(one.by))
        )
        over = one.ended or one.until
        if not one.holds(now):
            ends = look.words.say("%(partner)s may have nothing of it any more", partner=partner)
            who = look.name(one.ended_by) if one.why == "withdrawn" else ""
            yield _line(over, f"d{one.id}", TimelineLine(at=over, kind="consent", what=ends, who=who))
        for sent in look.tx.consents.sent(one.id):
            if sent.taken is not None:
                what = look.words.say(
                    "%(partner)s was sent: %(parts)s", partner=partner, parts=parts_in_words(sent.parts)
                )
                line = TimelineLine(at=sent.taken, kind="sent", what=what, who=look.name(sent.by))
                yield _line(sent.taken, f"e{one.id}.{sent.number}", line)


def _letters(look: _Look, behind: _Place) -> Iterator[_Line]:
    for letter in look.tx.records.letters(look.ids, _ENDLESS, moment(min(behind.at, _LATEST))):
        if letter.subject:
            yield _line(letter.at, f"l{letter.id}", _written(look, letter))


def _written(look: _Look, letter: Letter) -> TimelineLine:
    what = look.words.say("was written to (%(channel)s): %(subject)s", channel=letter.channel, subject=letter.subject)
    return TimelineLine(
        at=letter.at, kind="letter", what=what, job=letter.job, short=shown(letter.job) if letter.job else ""
    )


# jobs


def _of_job(look: _Look, touched: Touched) -> Iterable[_Line]:
    job = look.tx.jobs.get(touched.job)
    compiled: Compiled = look.shell.catalogue.told(look.tx, job.process, job.version, look.actor.language)
    if look.closes(compiled.process.closed_to):
        return ()
    found = _own(look, job, compiled) if touched.own else _deeds(look, job, compiled)
    lines: list[_Line] = []
    for number, (entry, kind, what) in enumerate(found):
        line = TimelineLine(
            at=entry.at,
            kind=kind,
            what=what,
            who=look.name(entry.by.id) or ("" if entry.by.kind == "clock" else entry.by.kind),
            job=job.id,
            short=shown(job.id),
            title=compiled.process.title,
        )
        lines.append(_line(entry.at, f"j{job.id}.{entry.seq:09}.{number:06}", line))
    return lines


def _deeds(look: _Look, job: StoredJob, compiled: Compiled) -> Iterator[tuple[Entry, str, str]]:
    """What a customer did in somebody else's job: the last on each step."""
    if job.position.head.erased is not None:
        return
    teller = Teller(compiled.process, {}, look.words)
    for id in look.ids:
        for number, seq in look.tx.participants.deeds(job.id, id, _MOST_DEEDS):
            (entry,) = entries_in(compiled.process, look.tx.history.of(job.id, seq - 1, 1))
            opened = access.opening(look.tx, job, number)
            if opened is None or not isinstance(entry.command, c.Act | c.ActFor):
                continue
            step = opened[1].step
            if not look.closes(closed_in(compiled.process, step.state, step.member)):
                yield (
                    entry,
                    "answered",
                    teller.own_act(entry.command, events_in(compiled.process, [opened[1]])[0], entry.events),
                )


def _own(look: _Look, job: StoredJob, compiled: Compiled) -> Iterator[tuple[Entry, str, str]]:
    """What happened in a customer's own job that he may be told of (L9); those inside see all that was said."""
    process = compiled.process
    teller = Teller(process, look.names, look.words)
    told = _Told(look, job, compiled, teller)
    for entry in entries_in(process, look.tx.history.of(job.id)):
        if entry.erased:
            if entry.seq == 1:
                yield entry, "begun", f"began: {process.title}"
            yield from told.ended(entry)
        else:
            yield from told.lines(entry)
        teller.known.learn(entry.events)


class _Told:
    """Tells a history line by line, in order."""

    def __init__(self, look: _Look, job: StoredJob, compiled: Compiled, teller: Teller) -> None:
        self.look, self.job, self.compiled, self.teller = look, job, compiled, teller
        self.opened: dict[int, e.StepOpened] = {}
        self.asked: dict[int, tuple[str, str]] = {}
        """Who has asked what, by the number of the step that waits for the answer."""
        self.seatings = {person_seating(id) for id in look.ids}

    def lines(self, entry: Entry) -> Iterator[tuple[Entry, str, str]]:
        """What one entry tells."""
        command = entry.command
        who = command.person.id if isinstance(command, c.ActFor) else entry.by.id
        if isinstance(command, c.Start):
            yield entry, "begun", f"began: {self.compiled.process.title}"
        elif isinstance(command, c.Act | c.ActFor) and who in self.look.ids:
            yield from self._acted(entry, command)
        elif isinstance(command, c.Invoke) and who in self.look.ids:
            yield entry, "changed", self.teller.known.entry(command.name)
        for event in entry.events:
            match event:
                case e.StepOpened():
                    self.opened[event.step.number] = event
                case e.Said():
                    yield from self._said(entry, event)
                case e.Told():
                    if self._is_told(event) and not self._closed(event.state):
                        yield entry, "told", self.teller.say("was told: %(words)s", words=event.words)
                case e.AppointmentChanged():
                    if self.look.inside or not self.seatings.isdisjoint(event.whom):
                        clock = plainly.Clock(self.compiled.process, self.teller.words)
                        yield entry, "appointment", appointments.changed(self.compiled, event, clock)
                case e.Promised():
                    yield from self._promised(entry, event)
                case e.PromiseOverdue():
                    by = self.teller.known.promised(event.by)
                    yield entry, "late", self.teller.say("later than promised: %(by)s has passed", by=by)
        yield from self.ended(entry)

    def ended(self, entry: Entry) -> Iterator[tuple[Entry, str, str]]:
        """That the job is over, if it is."""
        title = self.compiled.process.title
        for event in entry.events:
            if isinstance(event, e.Ended):
                because = f": {event.because}" if event.because and not entry.erased else ""
                if event.kind == "fulfilled":
                    yield entry, event.kind, self.teller.say("fulfilled: %(title)s", title=title)
                else:
                    yield entry, event.kind, self.teller.say("ended: %(title)s", title=title) + because

    def _acted(self, entry: Entry, command: c.Act | c.ActFor) -> Iterator[tuple[Entry, str, str]]:
        opened = self.opened.get(command.step)
        answers = any(isinstance(one, e.Said) and one.to == command.step for one in entry.events)
        if opened is None or answers or self._closed(opened.step.state, opened.step.member):
            return  # an answer is told as what was said
        yield entry, "answered", self.teller.own_act(command, opened, entry.events)

    def _said(self, entry: Entry, event: e.Said) -> Iterator[tuple[Entry, str, str]]:
        text = said_in(event, entry.events, self.teller.known.clock)
        if event.number:
            self.asked[event.number] = (event.by, shorten(text, LONGEST_ASKED))
        by, before = self.asked.get(event.to, ("", ""))
        his = event.by in self.look.ids or (by in self.look.ids if event.to else event.kind == "answer")
        if self.look.inside or his:
            to = self.teller.say(" (to: %(asked)s)", asked=before) if before else ""
            yield entry, event.kind, f"{self.teller.words.tell(SAYINGS[event.kind])}: {text}{to}"

    def _is_told(self, event: e.Told) -> bool:
        return self.look.inside or "everyone" in event.to or not self.seatings.isdisjoint(event.to)

    def _promised(self, entry: Entry, event: e.Promised) -> Iterator[tuple[Entry, str, str]]:
        known = self.teller.known
        before, known.promise = known.promise, event.promise
        by = known.promised(event.promise.by)
        if event.promise.kept is not None:
            if event.promise.kept:
                yield entry, "kept", self.teller.say("the promise for %(by)s is kept", by=by)
            else:
                yield entry, "broken", self.teller.say("the promise for %(by)s is broken", by=by)
        elif before is None:
            yield entry, "promised", self.teller.say("promised for %(by)s", by=by)
        elif before.by != event.promise.by:
            text = self.teller.say("promised for %(by)s instead of %(before)s", by=by, before=known.promised(before.by))
            yield entry, "promised", text

    def _closed(self, state: str, member: str = "") -> bool:
        return self.look.closes(closed_in(self.compiled.process, state, member))
