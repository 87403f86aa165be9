"""What becomes of files that a command uses: they stay, and whoever may know of what they belong to may open them.

Until then they are nobody's but his who has uploaded them. To whom words are told, their files are shown; one that was
answered on a step is shown to those who may know the answer (L9); and what a step or a text shows of it to somebody
outside, he may open.
"""

from __future__ import annotations

from flowengine.core import events as e
from flowengine.core.advance import Advance
from flowengine.core.conversation import unanswered
from flowengine.core.fields import FILE_ID
from flowengine.core.seatings import person_seating
from flowengine.core.values import Actor, Seating
from flowengine.errors import BadAnswer
from flowengine.speech.phrases import phrase
from flowengine.store import StoredJob, Transaction
from flowengine.store.files import ANSWERED, INSIDE


def keep(tx: Transaction, largest: int, job: StoredJob | None, by: Actor, used: tuple[str, ...], done: Advance) -> None:
    """Keep the files that somebody has used in a command, and note to whom it shows files of the job.

    ``job`` is the job as it was, None for a new one; ``largest`` how many bytes its files may have together. Raises
    BadAnswer for more.
    """
    if used:
        _use(tx, largest, job, by, used, done)
    for id, seating in _seen(done):
        head = done.draft.head
        if tx.files.shown(head.job, id):
            tx.files.show(head.job, id, seating, head.customer)


def _use(tx: Transaction, largest: int, job: StoredJob | None, by: Actor, used: tuple[str, ...], done: Advance) -> None:
    head = done.draft.head
    for id in dict.fromkeys(used):
        if not tx.files.use(id, job=head.job):
            raise BadAnswer(
                {"files": phrase("%(id)s is gone, or used elsewhere by now", id=id)},
                possible=(phrase("upload it again"),),
            )
    if (held := tx.files.held(head.job)) > largest:
        size = phrase("of this job would have %(held)s bytes; at most %(largest)s are kept", held=held, largest=largest)
        raise BadAnswer({"files": size}, possible=(phrase("send smaller ones"),))
    said = {id: event for event in done.events if isinstance(event, e.Said) for id in event.files}
    for id in dict.fromkeys(used):
        whom = _told(job, head.customer, by, said[id]) if id in said else (ANSWERED,)
        own = (person_seating(by.id),) if by.kind == "customer" else ()
        for seating in dict.fromkeys((INSIDE, *own, *whom)):
            tx.files.show(head.job, id, seating, head.customer)


def _told(job: StoredJob | None, customer: str, by: Actor, said: e.Said) -> tuple[Seating, ...]:
    """To whom words are told, beside those inside and who has said them; what is for those inside is told to nobody."""
    if by.kind == "customer" or said.number:
        return ()
    if said.to and job is not None:
        step = next((one for one in unanswered(job.position) if one.number == said.to), None)
        return (person_seating(step.asked_by),) if step is not None and step.asked_by else ()
    return (person_seating(customer),) if said.kind in ("message", "answer") else ()


def _seen(done: Advance) -> set[tuple[str, Seating]]:
    """Which files are shown to whom by a step that was opened or changed, and by what was told."""
    seen: set[tuple[str, Seating]] = set()
    for step in done.effects.steps.values():
        for id in _ids(step.shown, step.title):
            seen.update((id, seating) for seating in step.audience)
    for told in done.effects.told:
        for id in _ids(told.shown, told.words):
            everyone = person_seating(done.draft.head.customer)
            seen.update((id, everyone if seating == "everyone" else seating) for seating in told.to)
    return seen


def _ids(shown: tuple[tuple[str, str], ...], words: str) -> list[str]:
    found: list[str] = FILE_ID.findall(words) if "file-" in words else []
    for _, text in shown:
        if "file-" in text:
            found += FILE_ID.findall(text)
    return found
