"""What was said about a job, as who asks may read it (L9): lately, or all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec.structs import replace

from flowengine.commands import access
from flowengine.commands.asked import asked, of_new_date
from flowengine.commands.shell import Shell
from flowengine.core import events as e
from flowengine.core.conversation import ANSWERED, TAKEN_BACK, unanswered
from flowengine.core.seatings import himself, in_his_name
from flowengine.core.values import CONVERSATION, NEW_DATE, Step
from flowengine.errors import BadAnswer
from flowengine.people.identities import By
from flowengine.reading.files import views
from flowengine.reading.look import Look, look_at, names, who_did
from flowengine.runtime.actors import id_of, name_of
from flowengine.speech.phrases import phrase
from flowengine.store import Entry, shown
from flowengine.views.conversation import MessageView
from flowengine.views.history_lines import SAYINGS
from flowengine.views.plainly import Clock
from flowengine.views.promised import said_in
from flowengine.views.replies import AnswerView, SaidView

_MOST = 20
"""Lines that are shown of what was said lately."""

_PAGE = 200
"""History entries in which words are looked for at once."""


def said(look: Look, entries: Iterable[Entry]) -> list[tuple[str, str, str]]:
    """What was said lately."""
    found = [
        (who_did(look, entry), look.words.tell(SAYINGS[event.kind]), event.text)
        for entry, event in words_in(look, entries)
    ]
    return found[-_MOST:] if look.own else []


def words_in(look: Look, entries: Iterable[Entry]) -> Iterator[tuple[Entry, e.Said]]:
    """What the asker may read of what was said lately (L9): a customer his own words, those that were said in the name
    of whom he may look after, and the answers to them; not the notes of those inside, and not what they ask one
    another."""
    his: dict[int, bool] = {}
    clock = Clock(look.process, look.words)
    for entry in entries:
        for event in entry.events:
            if not isinstance(event, e.Said):
                continue
            in_his = in_his_name(look.actor, entry.by)
            if event.number:
                his[event.number] = in_his
            if event.to and event.to not in his:
                his[event.to] = look.inside or _asked_in_his_name(look, event.to)
            told = look.own and (event.kind == "answer" or (event.kind == "message" and not event.number))
            if look.inside or in_his or (his[event.to] if event.to else told):
                text = said_in(event, entry.events, clock)
                yield entry, event if text is event.text else replace(event, text=text)


def _asked_in_his_name(look: Look, number: int) -> bool:
    before = asked(look.tx, look.job, number)
    return before is not None and in_his_name(look.actor, before.by)


def thread(shell: Shell, text: str, after: str, limit: int, by: By) -> list[MessageView]:
    """What was said about a job, the oldest first, ``after`` the place of one of them."""
    if after and not (after.isascii() and after.isdecimal() and len(after) < 16):
        raise BadAnswer(
            {"after": phrase("%(text)s is no place in the conversation", text=repr(after[:60]))},
            possible=(phrase("as the page before says"),),
        )
    with shell.reading() as tx:
        look = look_at(shell, tx, text, "conversation", by)
        found: list[MessageView] = []
        seq = int(after or 0)
        while len(found) < limit and (entries := tx.history.of(look.job.id, seq, _PAGE)):
            found += views_of(shell, look, entries)
            seq = entries[-1].seq
        return found[:limit]


def views_of(shell: Shell, look: Look, entries: list[Entry]) -> list[MessageView]:
    """What was said in these entries, in their order."""
    if look.position.head.erased is not None:
        return []
    waiting = {step.number: step for step in unanswered(look.position)}
    return [_message(shell, look, entry, event, waiting) for entry, event in words_in(look, entries)]


def _message(shell: Shell, look: Look, entry: Entry, event: e.Said, waiting: dict[int, Step]) -> MessageView:
    job, inside, step = look.job.id, look.inside, waiting.get(event.number)
    outside = entry.by.kind == "customer"
    asked_by = _asker(look, event.to) if event.to else ""
    return MessageView(
        place=str(entry.seq),
        at=entry.at,
        who=who_did(look, entry),
        by=id_of(look.tx, event.by) if event.by else entry.by.kind,
        kind=event.kind,
        saying=look.words.tell(SAYINGS[event.kind]),
        text=event.text,
        files=views(shell, look.tx, event.files, look.words),
        job=job,
        process=look.process.title,
        outside=outside,
        inside=inside and not outside and not _is_told(look, event, asked_by),
        yours=himself(look.actor, event.by),
        id=f"{job}.{event.number}" if event.number else "",
        short=f"{shown(job)}.{event.number}" if event.number else "",
        to=f"{job}.{event.to}" if event.to else "",
        status="" if not event.number else "waiting" if step else _became(look, event.number),
        whom=", ".join(names(look, step.audience)) if step else "",
        due=step.due if step else None,
    )


def _is_told(look: Look, event: e.Said, asked_by: str) -> bool:
    """Whether what those inside have said is told to somebody outside."""
    if event.to:
        person = look.tx.people.get(asked_by) if asked_by else None
        return person is not None and person.kind == "customer"
    return event.kind in ("answer", NEW_DATE) or (event.kind == "message" and not event.number)


def _asker(look: Look, number: int) -> str:
    before = asked(look.tx, look.job, number)
    return before.step.asked_by if before is not None else ""


def _became(look: Look, number: int) -> str:
    """What became of what wanted an answer, and waits no more."""
    opened = access.opening(look.tx, look.job, number)
    ended = access.ending(look.tx, look.job, *opened) if opened is not None else None
    return TAKEN_BACK if ended is not None and ended.outcome == TAKEN_BACK else ANSWERED


def lately(look: Look, entries: list[Entry]) -> Iterator[SaidView]:
    """What was said lately, each answer with what it answers, and all that is not answered."""
    found: dict[int, SaidView] = {}
    open_ = {
        step.number: step
        for step in unanswered(look.position)
        if look.inside or himself(look.actor, step.asked_by) or (look.own and _asked_in_his_name(look, step.number))
    }
    for entry, event in words_in(look, entries):
        if event.to:
            if event.to not in found:
                _put_earlier(look, found, event.to)
            answer = AnswerView(at=entry.at, who=who_did(look, entry), text=event.text)
            if event.to in found:
                found[event.to] = replace(found[event.to], answer=answer, status="answered")
        else:
            number = event.number or -entry.seq
            found[number] = _line(look, entry.at, event.number, event.by, who_did(look, entry), event.kind, event.text)
    for entry in entries:
        for one in entry.events:
            if isinstance(one, e.StepClosed) and one.outcome == TAKEN_BACK and one.step in found:
                found[one.step] = replace(found[one.step], status=TAKEN_BACK)
    before: dict[int, SaidView] = {}
    for number in open_:
        if number not in found:
            _put_earlier(look, before, number)
    found = before | found
    late = _late(look) if open_ else frozenset()
    for number, step in open_.items():
        whom = ", ".join(names(look, step.audience))
        found[number] = replace(found[number], status="waiting", whom=whom, due=step.due, late=number in late)
    newest = list(found)[-_MOST:]
    yield from (found[number] for number in found if number in open_ or number in newest)


def _put_earlier(look: Look, found: dict[int, SaidView], number: int) -> None:
    """What was asked so long ago that it is not among what was said lately."""
    before = asked(look.tx, look.job, number)
    if before is not None:
        by, kind, text = before.step.asked_by, before.step.purpose, before.text
        if before.step.asks_date:
            text = of_new_date(look.job, before.step, text, Clock(look.process, look.words))[1]
        found[number] = _line(look, before.at, number, by, name_of(look.tx, by) if by else "", kind, text)


def _line(look: Look, at: datetime, number: int, by: str, who: str, kind: str, text: str) -> SaidView:
    step, short = (f"{look.job.id}.{number}", f"{shown(look.job.id)}.{number}") if number else ("", "")
    yours = himself(look.actor, by)
    status = "answered" if number else ""
    return SaidView(
        at=at,
        who=who,
        kind=kind,
        saying=look.words.tell(SAYINGS[kind]),
        text=text,
        yours=yours,
        step=step,
        short=short,
        status=status,
    )


def _late(look: Look) -> frozenset[int]:
    """What waits for an answer for so long that operators have to look."""
    branch = look.position.branch(CONVERSATION)
    return frozenset(timer.step for timer in branch.timers if timer.rang) if branch is not None else frozenset()
