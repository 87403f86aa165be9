"""What people are told: composed when it is sent, from what is true then, and only what the receiver may see (L9)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from flowengine.commands import access
from flowengine.commands.asked import answer_in, asked, in_words, messages_in
from flowengine.commands.corresponding import ALONE
from flowengine.commands.records import FACT, answered_fact, told_of_answer
from flowengine.commands.shell import Shell
from flowengine.commands.told import APPOINTMENTS, REBOOKED, appointments_in, told_in
from flowengine.core import events as e
from flowengine.core.machines import Compiled
from flowengine.core.seatings import person_seating, waits_for
from flowengine.core.values import Step
from flowengine.interop.labels import shorten
from flowengine.language.model import Process
from flowengine.people.contacts import is_address
from flowengine.people.permissions import needs, stands
from flowengine.post import invitations
from flowengine.post.words import Words, about, greeting, text, where
from flowengine.runtime.actors import as_actor, name_of
from flowengine.store import OutboxMessage, Person, StoredJob, Transaction, shown
from flowengine.store.parties import Contact
from flowengine.store.records import Fact
from flowengine.views import appointments, plainly
from flowengine.views.customer_words import TAKES_LONGER, UNANSWERED
from flowengine.views.promised import at_risk, passed

MAIL, HOOK = "mail", "hook"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,30})://\S+", re.IGNORECASE)
_OPENING = {
    "opened": "This waits for you:",
    "reminded": "A reminder: this still waits for you:",
    "deadline": "There is another time for this by now:",
    "escalated": "This has waited for long, and now waits for you too:",
}
_SAID = {"concern": "You have said:", "message": "You have written:"}
"""How the answer to something begins that was no question."""


def channel_of(contact: str) -> tuple[str, str]:
    """How a contact is reached, and its address: ``mail``, ``hook``, or the scheme of another kind; empty when it is
    none (a telephone number, nothing)."""
    text = contact.strip()
    if is_address(text):
        return MAIL, text
    found = _SCHEME.fullmatch(text)
    if found is None or len(text) > 2_000:
        return "", text
    scheme = found[1].lower()
    return (HOOK if scheme in ("http", "https") else scheme), text


def first_way(known: Sequence[Contact], contact: str, channels: frozenset[str]) -> tuple[str, str] | None:
    """The channel and the address of the first contact that is reached by one of the channels; ``contact`` is that of
    somebody of whom no others are kept."""
    for address in [one.address for one in known] or [contact]:
        channel, to = channel_of(address)
        if channel in channels:
            return channel, to
    return None


def compose(shell: Shell, row: OutboxMessage) -> Words | None:
    """What a row of kind ``letter`` says; None when it need not be said any more.

    That is so when the step is closed, taken by somebody else or no longer for him, and when he is not there any more
    or is reached another way now. An address that was corrected is used.
    """
    body = row.body
    with shell.reading() as tx:
        person = tx.people.get(str(body["person"]))
        if person is None or person.left is not None:
            return None
        way = first_way(tx.contacts.of(person.id), person.contact, frozenset((str(body["channel"]),)))
        if way is None:
            return None
        to = way[1]
        if body["why"] == "alone":
            return _alone(shell.settings.url, tx, row, person, to)
        if body["why"] == FACT:
            return _of_fact(shell.settings.url, answered_fact(tx, row.job), person, to)
        job = tx.jobs.get(row.job)
        compiled = shell.catalogue.compiled(tx, job.process, job.version)
        process = compiled.process
        at = _at(tx, row, shell.clock.now())
        if body["why"] == "ended":
            return _ended(shell.settings.url, job, process, person, to, at)
        if body["why"] == "told":
            told = told_in(tx, row.job, row.seq)[int(body["number"])]
            return _told(shell.settings.url, job, process, told, person, to, at, tx.terms.now())
        if body["why"] == "written":
            messages = messages_in(tx, row.job, row.seq)
            if not messages:
                return None
            return _written(shell.settings.url, tx, job, process, messages[int(body["number"])], person, to, at)
        if body["why"] == "late":
            return _late(shell.settings.url, job, process, person, to, at)
        if body["why"] in ("answered", "unanswered"):
            return _of_asked(shell.settings.url, tx, job, process, person, to, row, at)
        if body["why"] in REBOOKED:
            return invitations.composed(shell, tx, row, job, compiled, person, to)
        if body["why"] in APPOINTMENTS:
            became, events = appointments_in(tx, row.job, row.seq)
            if not became:
                return None
            one = became[int(body["number"])]
            return _appointment(shell, tx, job, compiled, one, events, person, to, at)
        if body["why"] in ("promise", "risk"):
            find, subject = (
                (overdue_words, "later than promised")
                if body["why"] == "promise"
                else (risk_words, "it will be later than promised")
            )
            words = find(shell, tx, job, str(body["by"]), person.clock)
            subject = f"{process.title}: {subject}"
            return (
                _of_promise(shell.settings.url, job, process, subject, words, person, to, at, body) if words else None
            )
        step = access.open_step(job, int(body["step"]))
        soon = step is not None and step.booked is not None and body["why"] == "reminded"
        if step is None or (step.booked is not None) != soon or not _for(person, step, job, tx.terms.now()):
            return None
        step = in_words(tx, job, step)
        return _asked(shell, tx, job, step, person, to, str(body["why"]), at)


def _at(tx: Transaction, row: OutboxMessage, now: datetime) -> datetime:
    """When what is told happened: the same at each attempt. (Of an archived history it is not known any more.)"""
    found = tx.history.of(row.job, row.seq - 1, 1)
    return found[0].at if found else now


def _for(person: Person, step: Step, job: StoredJob, now: datetime) -> bool:
    """Whether the step waits for him now (L4)."""
    if step.claimed and step.claimed != person.id:
        return False
    return waits_for(as_actor(person, now), step, job.position.seat)


def _asked(
    shell: Shell, tx: Transaction, job: StoredJob, step: Step, person: Person, to: str, why: str, at: datetime
) -> Words:
    compiled = shell.catalogue.compiled(tx, job.process, job.version)
    process, short = compiled.process, f"{shown(job.id)}.{step.number}"
    clock = plainly.Clock(process, person.clock)
    link = f"{shell.settings.url}/steps/{short}" if shell.settings.url else ""
    state = compiled.at(step).member(step.member)
    slot = step.appointment or step.booked
    meeting = f"On {clock.moment(slot, state)}" if slot else ""
    due = f"By {clock.moment(step.due)}" if step.due else ""
    answer = link or f"flow act {short} --as {shlex.quote(person.id)}"
    title = words = step.title or process.title
    if step.booked is not None:
        title = words = state.title
    elif step.is_asked and (said := asked(tx, job, step.number)) is not None:
        words = said.text
    lines = (
        greeting(person),
        "A reminder of your appointment:" if step.booked is not None else _OPENING[why],
        f"    {_indented(words)}",
        meeting,
        due,
        where("To move it or give it back:" if step.booked is not None else "Answer here:", answer),
        about(process.title, short),
    )
    return Words(
        to=to,
        name=person.name,
        subject=("Reminder: " if why == "reminded" else "") + title,
        text=text(lines),
        why=f"step.{why}",
        data={
            "step": f"{job.id}.{step.number}",
            "job": job.id,
            "process": process.title,
            "title": title,
            "due": step.due.isoformat() if step.due else None,
            "person": person.id,
            "link": link or None,
        },
        at=at,
        invitation=invitations.of_step(shell, tx, job, compiled, step, person, to, link) if slot else None,
    )


def _ended(url: str, job: StoredJob, process: Process, person: Person, to: str, at: datetime) -> Words | None:
    head = job.position.head
    if head.status == "open":
        return None
    short = shown(job.id)
    link = f"{url}/jobs/{short}" if url else ""
    told = "It is done." if head.status == "fulfilled" else f"It has ended: {head.because or head.end}."
    look = link or f"flow track {short} --as {shlex.quote(person.id)}"
    lines = (greeting(person), f"    {process.title}", told, where("All that happened:", look))
    return Words(
        to=to,
        name=person.name,
        subject=f"{process.title}: {'done' if head.status == 'fulfilled' else 'ended'}",
        text=text(lines),
        why="job.ended",
        data={
            "job": job.id,
            "process": process.title,
            "status": head.status,
            "because": head.because,
            "person": person.id,
            "link": link or None,
        },
        at=at,
    )


def _late(url: str, job: StoredJob, process: Process, person: Person, to: str, at: datetime) -> Words | None:
    """That it takes longer; nothing when it has gone on by now."""
    if not job.position.head.late:
        return None
    short = shown(job.id)
    link = f"{url}/jobs/{short}" if url else ""
    look = link or f"flow track {short} --as {shlex.quote(person.id)}"
    words = f"{TAKES_LONGER}."
    return Words(
        to=to,
        name=person.name,
        subject=f"{process.title}: it takes longer",
        text=text((greeting(person), f"    {process.title}", words, where("All that happened:", look))),
        why="job.late",
        data={"job": job.id, "process": process.title, "words": words, "person": person.id, "link": link or None},
        at=at,
    )


def _of_asked(
    url: str,
    tx: Transaction,
    job: StoredJob,
    process: Process,
    person: Person,
    to: str,
    row: OutboxMessage,
    at: datetime,
) -> Words | None:
    """To who has asked: the answer, with what he asked; or that it takes longer, which is nothing once it is
    answered."""
    number, answered = int(row.body["step"]), row.body["why"] == "answered"
    found = asked(tx, job, number)
    if found is None or not (answered or access.open_step(job, number)):
        return None
    short = shown(job.id)
    link = f"{url}/jobs/{short}" if url else ""
    look = link or f"flow track {short} --as {shlex.quote(person.id)}"
    answer = answer_in(tx, job, row.seq, number) if answered else ""
    opening = _SAID.get(found.step.purpose, "You have asked:")
    subject = f"Answer: {shorten(found.text, 110)}" if answered else f"Not answered yet: {shorten(found.text, 100)}"
    lines = (
        greeting(person),
        f"{opening}\n    {_indented(found.text)}",
        f"The answer:\n    {_indented(answer)}" if answered else f"{UNANSWERED}.",
        where("All that was said:", look),
        about(process.title, short),
    )
    return Words(
        to=to,
        name=person.name,
        subject=subject,
        text=text(lines),
        why=f"question.{row.body['why']}",
        data={
            "question": f"{job.id}.{number}",
            "job": job.id,
            "process": process.title,
            "words": found.text,
            "answer": answer or None,
            "person": person.id,
            "link": link or None,
        },
        at=at,
    )


def _of_fact(url: str, fact: Fact | None, person: Person, to: str) -> Words | None:
    """To who has said something of a customer, or is he: the answer; nothing where it counts no more."""
    if fact is None or fact.answered is None or person.id not in told_of_answer(fact):
        return None
    page, who = ("me" if person.kind == "customer" else f"customers/{fact.person}"), shlex.quote(person.id)
    link = f"{url}/{page}" if url else ""
    look = f"flow my-data --as {who}" if person.kind == "customer" else f"flow customer show {fact.person} --as {who}"
    lines = (
        greeting(person),
        f"{'You have said' if fact.author == person.id else 'It was said of you'}:\n    {_indented(fact.text)}",
        f"The answer:\n    {_indented(fact.answer)}",
        where("All that was said:", link or look),
    )
    return Words(
        to=to,
        name=person.name,
        subject=f"Answer: {shorten(fact.text, 110)}",
        text=text(lines),
        why="fact.answered",
        data={
            "fact": fact.id,
            "customer": fact.person,
            "words": fact.text,
            "answer": fact.answer,
            "person": person.id,
            "link": link or None,
        },
        at=fact.answered,
    )


def _written(
    url: str, tx: Transaction, job: StoredJob, process: Process, said: e.Said, person: Person, to: str, at: datetime
) -> Words:
    """What somebody inside has written to the customer. Files are told by their names; they are opened where the job
    is seen."""
    short = shown(job.id)
    link = f"{url}/jobs/{short}" if url else ""
    look = link or f"flow conversation {short} --as {shlex.quote(person.id)}"
    who = name_of(tx, said.by) if said.by else process.title
    files = [one.name for one in map(tx.files.get, said.files) if one is not None and one.name]
    lines = (
        greeting(person),
        f"{who} has written to you:\n    {_indented(said.text)}",
        f"With it: {', '.join(files)}" if files else "",
        where("Answer here:", look),
        about(process.title, short),
    )
    return Words(
        to=to,
        name=person.name,
        subject=f"{process.title}: {shorten(said.text, 100)}",
        text=text(lines),
        why="job.message",
        data={
            "job": job.id,
            "process": process.title,
            "words": said.text,
            "by": said.by,
            "files": list(said.files),
            "person": person.id,
            "link": link or None,
        },
        at=at,
    )


def _alone(url: str, tx: Transaction, row: OutboxMessage, person: Person, to: str) -> Words | None:
    """What somebody inside has written to a customer about no job; nothing where it is erased."""
    found = tx.conversations.before(row.job.removeprefix(ALONE), row.seq + 1, 1)
    if not found or found[0].number != row.seq:
        return None
    said = found[0]
    link = f"{url}/me" if url else ""
    look = link or f"flow conversation --with {shlex.quote(person.id)} --as {shlex.quote(person.id)}"
    files = [one.name for one in map(tx.files.get, said.files) if one is not None and one.name]
    who = name_of(tx, said.author)
    lines = (
        greeting(person),
        f"{who} has written to you:\n    {_indented(said.text)}",
        f"With it: {', '.join(files)}" if files else "",
        where("Answer here:", look),
    )
    return Words(
        to=to,
        name=person.name,
        subject=f"{who}: {shorten(said.text, 100)}",
        text=text(lines),
        why="person.message",
        data={
            "words": said.text,
            "by": said.author,
            "files": list(said.files),
            "person": person.id,
            "link": link or None,
        },
        at=said.at,
    )


def overdue_words(shell: Shell, tx: Transaction, job: StoredJob, by: str, reader: tzinfo | None) -> str:
    """That the moment ``by`` which something was promised has passed; empty when the job is over by now, or has kept
    it all the same, or there is another date."""
    head = job.position.head
    promise = head.promise
    if head.status != "open" or promise is None or promise.kept is not None or promise.by != datetime.fromisoformat(by):
        return ""
    asked = tx.steps.asking(job.id, person_seating(job.customer))
    return passed(shell.catalogue.compiled(tx, job.process, job.version), head, reader, asked)


def risk_words(shell: Shell, tx: Transaction, job: StoredJob, by: str, reader: tzinfo | None) -> str:
    """That what is promised ``by`` a moment will be late, and when it is expected; empty when that is told no more: the
    job is over by now, or has kept it, or there is another date."""
    promise = job.position.head.promise
    if job.position.head.status != "open" or promise is None or promise.kept is not None or promise.risk is None:
        return ""
    if promise.by != datetime.fromisoformat(by) or promise.by <= shell.clock.now():
        return ""
    return at_risk(shell.catalogue.compiled(tx, job.process, job.version).process, promise, reader)


def _of_promise(
    url: str,
    job: StoredJob,
    process: Process,
    subject: str,
    words: str,
    person: Person,
    to: str,
    at: datetime,
    body: dict[str, Any],
) -> Words:
    """That what was promised is late, or will be."""
    short = shown(job.id)
    link = f"{url}/jobs/{short}" if url else ""
    look = link or f"flow track {short} --as {shlex.quote(person.id)}"
    promise = job.position.head.promise
    assert promise is not None, "what is late was promised"
    return Words(
        to=to,
        name=person.name,
        subject=subject,
        text=text((greeting(person), f"    {process.title}", f"{words}.", where("All that happened:", look))),
        why=f"job.{body['why']}",
        data={
            "job": job.id,
            "process": process.title,
            "words": f"{words}.",
            "promised": promise.by.isoformat(),
            "person": person.id,
            "link": link or None,
        },
        at=at,
    )


def _indented(text: str) -> str:
    return "\n    ".join(text.strip().splitlines())


def _told(
    url: str,
    job: StoredJob,
    process: Process,
    told: e.Told,
    person: Person,
    to: str,
    at: datetime,
    now: datetime,
) -> Words:
    """What the process tells, as it was said; where the job is to be seen only for those who may see it (L4)."""
    short = shown(job.id)
    actor = as_actor(person, now)
    seen = stands(needs("track", actor), actor, job.customer, looking=True)
    link = f"{url}/jobs/{short}" if url and seen else ""
    look = link or f"flow track {short} --as {shlex.quote(person.id)}"
    lines = (
        greeting(person),
        told.words,
        "\n".join(f"    {title}: {value}" for title, value in told.shown),
        where("All that happened:", look) if seen else "",
        about(process.title, short),
    )
    return Words(
        to=to,
        name=person.name,
        subject=shorten(told.words, 120),
        text=text(lines),
        why="job.told",
        data={
            "job": job.id,
            "process": process.title,
            "words": told.words,
            "shown": [list(line) for line in told.shown],
            "person": person.id,
            "link": link or None,
        },
        at=at,
    )


def _appointment(
    shell: Shell,
    tx: Transaction,
    job: StoredJob,
    compiled: Compiled,
    became: e.AppointmentChanged,
    events: list[e.AnyEvent],
    person: Person,
    to: str,
    at: datetime,
) -> Words | None:
    """What became of an appointment, and what comes next; nothing where its customer has another one by now."""
    step = access.open_step(job, became.step)
    if became.what != "missed" and (step is None or step.booked != became.to or step.held is not None):
        return None
    url, number = shell.settings.url, f"{shown(job.id)}.{became.step}"
    short = number if step is not None else shown(job.id)
    link = (f"{url}/steps/{short}" if step is not None else f"{url}/jobs/{short}") if url else ""
    look = link or f"flow {'act' if step is not None else 'track'} {short} --as {shlex.quote(person.id)}"
    words = f"{appointments.changed(compiled, became, plainly.Clock(compiled.process, person.clock))}."
    following = f"What comes next: {appointments.what_next(compiled, became, events)}."
    answer = where("Answer here:" if step is not None else "All that happened:", look)
    return Words(
        to=to,
        name=person.name,
        subject=words.removesuffix("."),
        text=text((greeting(person), words, following, answer, about(compiled.process.title, number))),
        why=f"appointment.{became.what}",
        data={
            "step": f"{job.id}.{became.step}",
            "job": job.id,
            "process": compiled.process.title,
            "words": words,
            "appointment": became.slot.isoformat(),
            "to": became.to.isoformat() if became.to else None,
            "person": person.id,
            "link": link or None,
        },
        at=at,
        invitation=invitations.of_step(shell, tx, job, compiled, step, person, to, link) if step is not None else None,
    )
