"""Letters about steps that wait for somebody, and about what became of an appointment."""

from __future__ import annotations

from flowengine.commands import access
from flowengine.commands.asked import asked, of_new_date
from flowengine.core import events as e
from flowengine.core.values import Step
from flowengine.post import invitations
from flowengine.post.about_jobs import AboutJob
from flowengine.post.writing import Composed, Quoted, Way, about
from flowengine.speech.phrases import phrase
from flowengine.store import shown
from flowengine.views import appointments, plainly

_OPENING = {
    "opened": phrase("This waits for you:"),
    "reminded": phrase("A reminder: this still waits for you:"),
    "deadline": phrase("There is another time for this by now:"),
    "escalated": phrase("This has waited for long, and now waits for you too:"),
}


def asked_of(letter: AboutJob, step: Step, why: str) -> Composed:
    """That a step waits for him: it was opened, or he is reminded of it, or it has another time."""
    job, compiled, process = letter.job, letter.compiled, letter.process
    short, clock = f"{shown(job.id)}.{step.number}", plainly.Clock(process, letter.reader)
    link = letter.page(f"steps/{short}")
    state = compiled.at(step).member(step.member)
    slot = step.appointment or step.booked
    meeting = phrase("On %(at)s", at=clock.moment(slot, state)) if slot else ""
    due = phrase("By %(at)s", at=clock.moment(step.due)) if step.due else ""
    title = words = step.title or process.title
    if step.booked is not None:
        title = words = state.title
    elif step.is_asked and (said := asked(letter.tx, job, step.number)) is not None:
        words = of_new_date(job, step, said.text, clock)[1] if step.asks_date else said.text
    offer = phrase("To move it or give it back:") if step.booked is not None else phrase("Answer here:")
    return letter.composed(
        f"step.{why}",
        phrase("Reminder: %(title)s", title=title) if why == "reminded" else title,
        (
            phrase("A reminder of your appointment:") if step.booked is not None else _OPENING[why],
            Quoted(words),
            meeting,
            due,
            Way(offer, link or letter.command("act", short)),
            about(process.title, short),
        ),
        link,
        step=f"{job.id}.{step.number}",
        title=title,
        due=step.due.isoformat() if step.due else None,
        invitation=invitations.of_step(letter, step, link) if slot else None,
    )


def appointment_letter(letter: AboutJob, became: e.AppointmentChanged, events: list[e.AnyEvent]) -> Composed | None:
    """What became of an appointment, and what comes next; nothing where its customer has another one by now."""
    job, compiled, reader = letter.job, letter.compiled, letter.reader
    step = access.open_step(job, became.step)
    if became.what != "missed" and (step is None or step.booked != became.to or step.held is not None):
        return None
    number = f"{shown(job.id)}.{became.step}"
    short = number if step is not None else shown(job.id)
    link = letter.page(f"steps/{short}" if step is not None else f"jobs/{short}")
    look = link or letter.command("act" if step is not None else "track", short)
    words = f"{appointments.changed(compiled, became, plainly.Clock(compiled.process, reader))}."
    following = phrase("What comes next: %(next)s.", next=appointments.what_next(reader, compiled, became, events))
    answer = Way(phrase("Answer here:") if step is not None else phrase("All that happened:"), look)
    return letter.composed(
        f"appointment.{became.what}",
        words.removesuffix("."),
        (words, following, answer, about(compiled.process.title, number)),
        link,
        step=f"{job.id}.{became.step}",
        words=words,
        appointment=became.slot.isoformat(),
        to=became.to.isoformat() if became.to else None,
        invitation=invitations.of_step(letter, step, link) if step is not None else None,
    )
