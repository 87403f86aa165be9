"""Letters about appointments: that one was booked, changed or cancelled, with what the receiver's calendar takes in.

What is told is true when it is sent: of one that was changed again by then, the later letter tells.
"""

from __future__ import annotations

from flowengine.commands import occasions
from flowengine.core.values import Step
from flowengine.interop import ical
from flowengine.outside.letter import sender_of
from flowengine.people.contacts import is_address
from flowengine.post.about_jobs import AboutJob
from flowengine.post.writing import Composed, Invitation, Quoted, Way, about
from flowengine.runtime.actors import name_of
from flowengine.speech.phrases import phrase
from flowengine.store import OutboxMessage, Person, StoredJob, Transaction, shown
from flowengine.views import appointments
from flowengine.views.plainly import Clock

_SUBJECTS = {
    "booked": phrase("Your appointment: %(slot)s"),
    "changed": phrase("Your appointment has changed: %(slot)s"),
    "cancelled": phrase("Cancelled: %(slot)s"),
}


def composed(letter: AboutJob, row: OutboxMessage) -> Composed | None:
    """A letter that an appointment was booked, changed or cancelled, by the command of the row; nothing where it was
    changed again since, or where its history is archived."""
    job, compiled, process, reader, person = letter.job, letter.compiled, letter.process, letter.reader, letter.person
    kept = of_row(letter.tx, row, job)
    if kept is None:
        return None
    why = str(row.body["why"])
    gone = why == "cancelled"
    home = compiled.states.get(kept.state)
    slot = Clock(process, reader).moment(kept.start, home.member(kept.member) if home else None)
    text = phrase("Your appointment of %(slot)s is cancelled") if gone else phrase("Your appointment is on %(slot)s")
    with_whom = "" if gone else appointments.with_whom(reader, _other(letter, kept))
    words = f"{reader.say(text, slot=slot)}{with_whom}."
    step = _step(job, kept, person)
    short = f"{shown(job.id)}.{step}" if step else shown(job.id)
    link = letter.page(f"{'steps' if step else 'jobs'}/{short}")
    offer = phrase("To move it or give it back:") if step and person.id == kept.customer else phrase("All about it:")
    title = process.said(kept.title)
    return letter.composed(
        f"appointment.{why}",
        phrase(_SUBJECTS[why], slot=slot),
        (
            words,
            Quoted(title) if kept.title else "",
            Way(offer, link or letter.command("act" if step else "track", short)),
            about(process.title, short),
        ),
        link,
        title=title,
        words=words,
        appointment=kept.start.isoformat(),
        end=kept.end.isoformat(),
        at=kept.at,
        invitation=invitation(letter, kept, link),
    )


def of_step(letter: AboutJob, step: Step, link: str) -> Invitation | None:
    """The appointment of an open step, for who is to meet the customer, or has booked it."""
    slot = step.booked or step.appointment
    if slot is None:
        return None
    found = occasions.appointments(letter.job.id, letter.tx.history.of(letter.job.id))
    kept = next((one for one in found if not one.over and one.branch == step.branch and one.start == slot), None)
    if kept is None or letter.person.id not in (kept.customer, kept.staff):
        return None
    return invitation(letter, kept, link)


def invitation(letter: AboutJob, kept: occasions.Kept, link: str) -> Invitation | None:
    """The appointment for a receiver's calendar; None where the library that writes it is not installed."""
    if not ical.is_installed():
        return None
    sender = sender_of(letter.shell.settings.mail_from) if letter.shell.settings.mail_from else None
    organiser = ical.Party(sender.display_name, sender.addr_spec) if sender is not None else None
    attendee = ical.Party(letter.person.name, letter.to) if is_address(letter.to) else None
    method: ical.Method = "PUBLISH"
    if organiser is not None and attendee is not None:
        method = "CANCEL" if kept.gone else "REQUEST"
    with_whom = _other(letter, kept)
    one = appointments.occasion(letter.reader, letter.compiled, kept, letter.person, with_whom, link)
    return Invitation(method=method, calendar=ical.written([one], method, organiser=organiser, attendee=attendee))


def of_row(tx: Transaction, row: OutboxMessage, job: StoredJob) -> occasions.Kept | None:
    """The appointment that the row tells of, while it is as the row's command made it."""
    found = occasions.appointments(job.id, tx.history.of(job.id))
    same = (one for one in found if one.branch == row.body["branch"] and one.sequence == row.seq)
    return next(same, None)


def _other(letter: AboutJob, kept: occasions.Kept) -> str:
    """The name of whom he meets; empty where that is not known."""
    other = kept.staff if letter.person.id == kept.customer else kept.customer
    return name_of(letter.tx, other) if other else ""


def _step(job: StoredJob, kept: occasions.Kept, person: Person) -> int:
    """The step on which the receiver can do something about it; 0 where there is none."""
    branch = job.position.branch(kept.branch)
    for step in branch.steps if branch is not None and not kept.gone else ():
        if kept.start in (step.booked, step.appointment) and (step.booked is not None) == (person.id == kept.customer):
            return step.number
    return 0
