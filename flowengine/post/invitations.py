"""Letters about appointments: that one was booked, changed or cancelled, with what the receiver's calendar takes in.

What is told is true when it is sent: of one that was changed again by then, the later letter tells.
"""

from __future__ import annotations

import shlex

from flowengine.commands import occasions
from flowengine.commands.shell import Shell
from flowengine.core.machines import Compiled
from flowengine.core.values import Step
from flowengine.interop import ical
from flowengine.outside.letter import sender_of
from flowengine.people.contacts import is_address
from flowengine.post.writing import Composed, Invitation, Quoted, Way, about, greeting
from flowengine.runtime.actors import name_of
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import OutboxMessage, Person, StoredJob, Transaction, shown
from flowengine.views import appointments
from flowengine.views.plainly import Clock

_SUBJECTS = {
    "booked": phrase("Your appointment: %(slot)s"),
    "changed": phrase("Your appointment has changed: %(slot)s"),
    "cancelled": phrase("Cancelled: %(slot)s"),
}


def composed(
    shell: Shell,
    tx: Transaction,
    row: OutboxMessage,
    job: StoredJob,
    compiled: Compiled,
    reader: Words,
    person: Person,
    to: str,
) -> Composed | None:
    """A letter that an appointment was booked, changed or cancelled, by the command of the row; nothing where it was
    changed again since, or where its history is archived."""
    kept = of_row(tx, row, job)
    if kept is None:
        return None
    why = str(row.body["why"])
    gone = why == "cancelled"
    home = compiled.states.get(kept.state)
    slot = Clock(compiled.process, reader).moment(kept.start, home.member(kept.member) if home else None)
    text = phrase("Your appointment of %(slot)s is cancelled") if gone else phrase("Your appointment is on %(slot)s")
    words = reader.say(text, slot=slot)
    with_whom = "" if gone else appointments.with_whom(reader, _other(tx, kept, person))
    step = _step(job, kept, person)
    short = f"{shown(job.id)}.{step}" if step else shown(job.id)
    link = _link(shell, short, step)
    look = link or f"flow {'act' if step else 'track'} {short} --as {shlex.quote(person.id)}"
    offer = phrase("To move it or give it back:") if step and person.id == kept.customer else phrase("All about it:")
    lines = (
        greeting(person),
        f"{words}{with_whom}.",
        Quoted(compiled.process.said(kept.title)) if kept.title else "",
        Way(offer, look),
        about(compiled.process.title, short),
    )
    return Composed(
        reader=reader,
        to=to,
        name=person.name,
        subject=phrase(_SUBJECTS[why], slot=slot),
        parts=lines,
        why=f"appointment.{why}",
        data={
            "job": job.id,
            "process": compiled.process.title,
            "title": compiled.process.said(kept.title),
            "words": f"{words}{with_whom}.",
            "appointment": kept.start.isoformat(),
            "end": kept.end.isoformat(),
            "person": person.id,
            "link": link or None,
        },
        at=kept.at,
        invitation=invitation(shell, tx, compiled, kept, reader, person, to, link),
    )


def of_step(
    shell: Shell,
    tx: Transaction,
    job: StoredJob,
    compiled: Compiled,
    step: Step,
    reader: Words,
    person: Person,
    to: str,
    link: str,
) -> Invitation | None:
    """The appointment of an open step, for who is to meet the customer, or has booked it."""
    slot = step.booked or step.appointment
    if slot is None:
        return None
    found = occasions.appointments(job.id, tx.history.of(job.id))
    kept = next((one for one in found if not one.over and one.branch == step.branch and one.start == slot), None)
    if kept is None or person.id not in (kept.customer, kept.staff):
        return None
    return invitation(shell, tx, compiled, kept, reader, person, to, link)


def invitation(
    shell: Shell,
    tx: Transaction,
    compiled: Compiled,
    kept: occasions.Kept,
    reader: Words,
    person: Person,
    to: str,
    link: str,
) -> Invitation | None:
    """The appointment for a receiver's calendar; None where the library that writes it is not installed."""
    if not ical.is_installed():
        return None
    sender = sender_of(shell.settings.mail_from) if shell.settings.mail_from else None
    organiser = ical.Party(sender.display_name, sender.addr_spec) if sender is not None else None
    attendee = ical.Party(person.name, to) if is_address(to) else None
    method: ical.Method = "PUBLISH"
    if organiser is not None and attendee is not None:
        method = "CANCEL" if kept.gone else "REQUEST"
    one = appointments.occasion(reader, compiled, kept, person, _other(tx, kept, person), link)
    return Invitation(method=method, calendar=ical.written([one], method, organiser=organiser, attendee=attendee))


def of_row(tx: Transaction, row: OutboxMessage, job: StoredJob) -> occasions.Kept | None:
    """The appointment that the row tells of, while it is as the row's command made it."""
    found = occasions.appointments(job.id, tx.history.of(job.id))
    same = (one for one in found if one.branch == row.body["branch"] and one.sequence == row.seq)
    return next(same, None)


def _other(tx: Transaction, kept: occasions.Kept, person: Person) -> str:
    """The name of whom he meets; empty where that is not known."""
    other = kept.staff if person.id == kept.customer else kept.customer
    return name_of(tx, other) if other else ""


def _step(job: StoredJob, kept: occasions.Kept, person: Person) -> int:
    """The step on which the receiver can do something about it; 0 where there is none."""
    branch = job.position.branch(kept.branch)
    for step in branch.steps if branch is not None and not kept.gone else ():
        if kept.start in (step.booked, step.appointment) and (step.booked is not None) == (person.id == kept.customer):
            return step.number
    return 0


def _link(shell: Shell, short: str, step: int) -> str:
    return f"{shell.settings.url}/{'steps' if step else 'jobs'}/{short}" if shell.settings.url else ""
