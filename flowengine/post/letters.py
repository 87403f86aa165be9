"""What people are told: composed when it is sent, from what is true then, and only what the receiver may see (L9)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from flowengine.commands import access, links
from flowengine.commands.asked import in_words, messages_in
from flowengine.commands.consents import CONSENTED, SHARED
from flowengine.commands.records import FACT, answered_fact
from flowengine.commands.referrals import CAME, INVITED
from flowengine.commands.shell import Shell
from flowengine.commands.told import APPOINTMENTS, REBOOKED, appointments_in, told_in
from flowengine.core.seatings import waits_for
from flowengine.core.translating import events_in
from flowengine.core.values import Step
from flowengine.people.contacts import is_address
from flowengine.post import answer_letters, consent_letters, invitations, job_letters, referral_letters, step_letters
from flowengine.post.about_jobs import AboutJob
from flowengine.post.writing import Composed, Way
from flowengine.runtime.actors import as_actor, language_of, person_words
from flowengine.speech.phrases import phrase
from flowengine.store import OutboxMessage, Person, StoredJob, Transaction
from flowengine.store.parties import Contact
from flowengine.views.plainly import Clock

MAIL, HOOK = "mail", "hook"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{1,30})://\S+", re.IGNORECASE)


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


def compose(shell: Shell, row: OutboxMessage) -> Composed | None:
    """What a row of kind ``letter`` says; None when it need not be said any more.

    That is so when the step is closed, taken by somebody else or no longer for him, and when he is not there any more
    or is reached another way now. An address that was corrected is used.
    """
    body = row.body
    with shell.reading() as tx:
        person = tx.people.get(str(body["person"]))
        if person is None or person.left is not None:
            return None
        tx.outside = person.kind == "customer"
        way = first_way(tx.contacts.of(person.id), person.contact, frozenset((str(body["channel"]),)))
        if way is None:
            return None
        to, reader, language = way[1], person_words(tx, person), language_of(tx, person)
        if body["why"] == "alone":
            return answer_letters.alone(shell.settings.url, tx, row, reader, person, to)
        if body["why"] in (INVITED, CAME):
            return referral_letters.composed(shell, tx, row, reader, language, person, to)
        if body["why"] in (CONSENTED, SHARED):
            return consent_letters.composed(shell, tx, row, reader, person, to)
        if body["why"] == FACT:
            return answer_letters.of_fact(shell.settings.url, answered_fact(tx, row.job), reader, person, to)
        job = tx.jobs.get(row.job)
        compiled = shell.catalogue.told(tx, job.process, job.version, language)
        letter = AboutJob(shell, tx, job, compiled, reader, person, to, _at(tx, row, shell.clock.now()))
        return _about_job(letter, row)


def _about_job(letter: AboutJob, row: OutboxMessage) -> Composed | None:
    """The letter that a row becomes which tells of a job."""
    tx, job, process, body = letter.tx, letter.job, letter.process, row.body
    match body["why"]:
        case "ended":
            return job_letters.ended(letter)
        case "told":
            (told,) = events_in(process, [told_in(tx, row.job, row.seq)[int(body["number"])]])
            return job_letters.told_letter(letter, told, tx.terms.now())
        case "written":
            messages = messages_in(tx, row.job, row.seq)
            return answer_letters.written(letter, messages[int(body["number"])]) if messages else None
        case "late":
            return job_letters.late(letter)
        case "answered" | "unanswered":
            return answer_letters.of_asked(letter, row)
        case why if why in REBOOKED:
            return invitations.composed(letter, row)
        case why if why in APPOINTMENTS:
            became, events = appointments_in(tx, row.job, row.seq)
            return step_letters.appointment_letter(letter, became[int(body["number"])], events) if became else None
        case "promise":
            words = job_letters.overdue_words(tx, job, letter.compiled, str(body["by"]), letter.reader)
            subject = phrase("%(title)s: later than promised", title=process.title)
            return job_letters.of_promise(letter, subject, words, "promise") if words else None
        case "risk":
            words = job_letters.risk_words(tx, job, letter.compiled, str(body["by"]), letter.reader)
            subject = phrase("%(title)s: it will be later than promised", title=process.title)
            return job_letters.of_promise(letter, subject, words, "risk") if words else None
    step = access.open_step(job, int(body["step"]))
    soon = step is not None and step.booked is not None and body["why"] == "reminded"
    if step is None or (step.booked is not None) != soon or not _for(letter.person, step, job, tx.terms.now()):
        return None
    step = in_words(tx, job, step, Clock(process, letter.reader))
    return step_letters.asked_of(letter, step, str(body["why"]))


def with_door(shell: Shell, row: OutboxMessage, words: Composed) -> Composed:
    """A letter whose address opens the job it is about to its receiver, where the installation has it so: in the mail
    alone, for the same words go to programs and into calendars, which others read."""
    page, of = words.data.get("link"), words.data.get("step") or words.data.get("job")
    if not (shell.settings.ways_in.links_in_letters and page and of):
        return words
    door = links.in_letter(shell, row.id, str(of), str(row.body["person"]))
    if not door:
        return words
    parts = tuple(replace(one, to=door) if isinstance(one, Way) and one.to == page else one for one in words.parts)
    return replace(words, parts=parts)


def _at(tx: Transaction, row: OutboxMessage, now: datetime) -> datetime:
    """When what is told happened: the same at each attempt. (Of an archived history it is not known any more.)"""
    found = tx.history.of(row.job, row.seq - 1, 1)
    return found[0].at if found else now


def _for(person: Person, step: Step, job: StoredJob, now: datetime) -> bool:
    """Whether the step waits for him now (L4)."""
    if step.claimed and step.claimed != person.id:
        return False
    return waits_for(as_actor(person, now), step, job.position.seat)
