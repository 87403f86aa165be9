"""Letters about steps that wait for somebody, and about what became of an appointment."""

from __future__ import annotations

import shlex
from datetime import datetime

from flowengine.commands import access
from flowengine.commands.asked import asked, of_new_date
from flowengine.commands.shell import Shell
from flowengine.core import events as e
from flowengine.core.machines import Compiled
from flowengine.core.values import Step
from flowengine.post import invitations
from flowengine.post.writing import Composed, Quoted, Way, about, greeting
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import Person, StoredJob, Transaction, shown
from flowengine.views import appointments, plainly

_OPENING = {
    "opened": phrase("This waits for you:"),
    "reminded": phrase("A reminder: this still waits for you:"),
    "deadline": phrase("There is another time for this by now:"),
    "escalated": phrase("This has waited for long, and now waits for you too:"),
}


def asked_of(
    shell: Shell,
    tx: Transaction,
    job: StoredJob,
    compiled: Compiled,
    step: Step,
    reader: Words,
    person: Person,
    to: str,
    why: str,
    at: datetime,
) -> Composed:
    process, short = compiled.process, f"{shown(job.id)}.{step.number}"
    clock = plainly.Clock(process, reader)
    link = f"{shell.settings.url}/steps/{short}" if shell.settings.url else ""
    state = compiled.at(step).member(step.member)
    slot = step.appointment or step.booked
    meeting = phrase("On %(at)s", at=clock.moment(slot, state)) if slot else ""
    due = phrase("By %(at)s", at=clock.moment(step.due)) if step.due else ""
    answer = link or f"flow act {short} --as {shlex.quote(person.id)}"
    title = words = step.title or process.title
    if step.booked is not None:
        title = words = state.title
    elif step.is_asked and (said := asked(tx, job, step.number)) is not None:
        words = of_new_date(job, step, said.text, clock)[1] if step.asks_date else said.text
    lines = (
        greeting(person),
        phrase("A reminder of your appointment:") if step.booked is not None else _OPENING[why],
        Quoted(words),
        meeting,
        due,
        Way(phrase("To move it or give it back:") if step.booked is not None else phrase("Answer here:"), answer),
        about(process.title, short),
    )
    return Composed(
        reader=reader,
        to=to,
        name=person.name,
        subject=phrase("Reminder: %(title)s", title=title) if why == "reminded" else title,
        parts=lines,
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
        invitation=invitations.of_step(shell, tx, job, compiled, step, reader, person, to, link) if slot else None,
    )


def appointment_letter(
    shell: Shell,
    tx: Transaction,
    job: StoredJob,
    compiled: Compiled,
    became: e.AppointmentChanged,
    events: list[e.AnyEvent],
    reader: Words,
    person: Person,
    to: str,
    at: datetime,
) -> Composed | None:
    """What became of an appointment, and what comes next; nothing where its customer has another one by now."""
    step = access.open_step(job, became.step)
    if became.what != "missed" and (step is None or step.booked != became.to or step.held is not None):
        return None
    url, number = shell.settings.url, f"{shown(job.id)}.{became.step}"
    short = number if step is not None else shown(job.id)
    link = (f"{url}/steps/{short}" if step is not None else f"{url}/jobs/{short}") if url else ""
    look = link or f"flow {'act' if step is not None else 'track'} {short} --as {shlex.quote(person.id)}"
    words = f"{appointments.changed(compiled, became, plainly.Clock(compiled.process, reader))}."
    following = phrase("What comes next: %(next)s.", next=appointments.what_next(reader, compiled, became, events))
    answer = Way(phrase("Answer here:") if step is not None else phrase("All that happened:"), look)
    return Composed(
        reader=reader,
        to=to,
        name=person.name,
        subject=words.removesuffix("."),
        parts=(greeting(person), words, following, answer, about(compiled.process.title, number)),
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
        invitation=invitations.of_step(shell, tx, job, compiled, step, reader, person, to, link)
        if step is not None
        else None,
    )
