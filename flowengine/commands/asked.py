"""What people have asked about jobs, in their words: these stand in the history alone, where they were said."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from flowengine.commands import access
from flowengine.core import events as e
from flowengine.core.fields import FILE_ID
from flowengine.core.translating import step_in
from flowengine.core.values import NEW_DATE, Actor, Step
from flowengine.interop.labels import shorten
from flowengine.runtime.actors import name_of
from flowengine.speech.words import ENGLISH
from flowengine.store import StoredJob, Transaction
from flowengine.store.steps import WaitingStep
from flowengine.views.history_lines import LONGEST_ASKED
from flowengine.views.plainly import Clock
from flowengine.views.promised import within_days


class Asked(NamedTuple):
    """What was asked: the step as it was opened, the words, when they were said and by whom, and the files that belong
    to them."""

    step: Step
    text: str
    at: datetime
    by: Actor
    files: tuple[str, ...] = ()


def asked(tx: Transaction, job: StoredJob, number: int) -> Asked | None:
    """What waits for an answer, or has waited, under a number; None where that is another step, or nothing."""
    found = access.opening(tx, job, number)
    if found is None or not found[1].step.is_asked:
        return None
    (entry,) = tx.history.of(job.id, found[0] - 1, 1)
    said = next(event for event in entry.events if isinstance(event, e.Said) and event.number == number)
    return Asked(found[1].step, said.text, entry.at, entry.by, said.files)


def answer_in(tx: Transaction, job: StoredJob, seq: int, number: int) -> str:
    """What the entry of that number of a history answers; empty where it is gone, with its job."""
    said = (event for entry in tx.history.of(job.id, seq - 1, 1) for event in entry.events if isinstance(event, e.Said))
    return next((event.text for event in said if event.to == number), "")


def messages_in(tx: Transaction, job: str, seq: int) -> list[e.Said]:
    """What an entry of a history says to the customer; nothing where it is gone."""
    found = (event for entry in tx.history.of(job, seq - 1, 1) for event in entry.events if isinstance(event, e.Said))
    return [one for one in found if one.kind == "message" and not one.number]


def in_words(tx: Transaction, job: StoredJob, step: Step, clock: Clock | None = None) -> Step:
    """A step as people see it. One that waits for an answer is called by the words that were said, and shows who has
    said them; where they are too long for a name, it shows them whole. Files that it shows have their names. With a
    ``clock`` it is told in a reader's words, and in the language of the clock's process."""
    step = _with_names(tx, step if clock is None else step_in(clock.process, step))
    found = asked(tx, job, step.number) if step.is_asked else None
    if found is None:
        return step
    say = clock.words.say if clock is not None else ENGLISH.say
    name, text, lines = step.title, found.text, step.shown
    if step.asks_date and clock is not None:
        name, text, lines = of_new_date(job, step, found.text, clock)
    title = shorten(text, LONGEST_ASKED)
    whole = title == text
    if step.purpose == NEW_DATE:  # it has a name, and shows the dates and the reason
        title, whole = (title if whole else say(name)), True
    files = ((say("Files"), files_named(tx, ", ".join(found.files))),) if found.files else ()
    if step.asks_date and not step.asked_by:  # nobody has: it is expected so
        return replace(step, title=title, shown=lines)
    who = name_of(tx, step.asked_by) if step.asked_by else step.title
    by = (say("Asked by"), who) if whole else (who, text)
    return replace(step, title=title, shown=(*lines, by, *files))


def of_new_date(job: StoredJob, step: Step, text: str, clock: Clock) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """How a customer is asked for a new date, which the history has in English: in short, in a sentence, and what he is
    shown; as it was, once he has answered."""
    promise, say = job.position.head.promise, clock.words.say
    if promise is None or promise.asked is None or step.due is None:
        return step.title, text, step.shown
    old, new, because = clock.promised(promise.by), clock.promised(promise.asked), text.partition(": ")[2]
    if promise.risk is not None and not step.asked_by:
        between = within_days(*promise.risk, clock.words, clock.home)
        because = say("it is expected %(between)s, for it takes longer than we thought", between=between)
    unanswered = say("from %(due)s on, %(old)s stands as it was promised", due=clock.moment(step.due), old=old)
    return (
        say("A new date: %(new)s instead of %(old)s", new=new, old=old),
        say("A new date, %(new)s instead of %(old)s: %(because)s", new=new, old=old, because=because),
        (
            (say("Promised"), old),
            (say("New date"), new),
            (say("Because"), because),
            (say("If you do not answer"), unanswered),
        ),
    )


def _with_names(tx: Transaction, step: Step) -> Step:
    if not any("file-" in text for _, text in step.shown):
        return step
    return replace(step, shown=tuple((title, files_named(tx, text)) for title, text in step.shown))


def files_named(tx: Transaction, text: str) -> str:
    """A text in which ids of files stand behind their names, as they are now: what is erased has none."""

    def named(found: re.Match[str]) -> str:
        file = tx.files.get(found[0])
        return f"{file.name or 'erased'} ({file.id})" if file is not None and file.used else found[0]

    return FILE_ID.sub(named, text)


def row_in_words(tx: Transaction, row: WaitingStep, clock: Clock | None = None) -> Step:
    """The step of a row, called so; the job is read only where it waits for an answer."""
    if row.step.is_asked:
        return in_words(tx, tx.jobs.get(row.job), row.step, clock)
    return _with_names(tx, row.step if clock is None else step_in(clock.process, row.step))
