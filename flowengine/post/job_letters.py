"""Letters about how a job goes: what its process tells, its end, that it takes longer, its promise."""

from __future__ import annotations

import shlex
from datetime import datetime
from typing import Any

from flowengine.core import events as e
from flowengine.core.machines import Compiled
from flowengine.core.seatings import person_seating
from flowengine.interop.labels import shorten
from flowengine.language.model import Process
from flowengine.people.permissions import needs, stands
from flowengine.post.writing import Composed, Quoted, Shown, Way, about, greeting
from flowengine.runtime.actors import as_actor
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import Person, StoredJob, Transaction, shown
from flowengine.views.customer_words import TAKES_LONGER
from flowengine.views.promised import at_risk, passed


def told_letter(
    url: str,
    job: StoredJob,
    process: Process,
    told: e.Told,
    reader: Words,
    person: Person,
    to: str,
    at: datetime,
    now: datetime,
) -> Composed:
    """What the process tells, as it was said; where the job is to be seen only for those who may see it (L4)."""
    short = shown(job.id)
    actor = as_actor(person, now)
    seen = stands(needs("track", actor), actor, job.customer, looking=True)
    link = f"{url}/jobs/{short}" if url and seen else ""
    look = link or f"flow track {short} --as {shlex.quote(person.id)}"
    lines = (
        greeting(person),
        told.words,
        Shown(told.shown),
        Way(phrase("All that happened:"), look) if seen else "",
        about(process.title, short),
    )
    return Composed(
        reader=reader,
        to=to,
        name=person.name,
        subject=shorten(told.words, 120),
        parts=lines,
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


def ended(
    url: str, job: StoredJob, process: Process, reader: Words, person: Person, to: str, at: datetime
) -> Composed | None:
    head = job.position.head
    if head.status == "open":
        return None
    short = shown(job.id)
    link = f"{url}/jobs/{short}" if url else ""
    told: str = phrase("It is done.")
    subject = phrase("%(title)s: done", title=process.title)
    if head.status != "fulfilled":
        told = phrase("It has ended: %(because)s.", because=head.because or head.end)
        subject = phrase("%(title)s: ended", title=process.title)
    look = link or f"flow track {short} --as {shlex.quote(person.id)}"
    lines = (greeting(person), Quoted(process.title), told, Way(phrase("All that happened:"), look))
    return Composed(
        reader=reader,
        to=to,
        name=person.name,
        subject=subject,
        parts=lines,
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


def late(
    url: str, job: StoredJob, process: Process, reader: Words, person: Person, to: str, at: datetime
) -> Composed | None:
    """That it takes longer; nothing when it has gone on by now."""
    if not job.position.head.late:
        return None
    short = shown(job.id)
    link = f"{url}/jobs/{short}" if url else ""
    look = link or f"flow track {short} --as {shlex.quote(person.id)}"
    words = f"{reader.tell(TAKES_LONGER)}."
    return Composed(
        reader=reader,
        to=to,
        name=person.name,
        subject=phrase("%(title)s: it takes longer", title=process.title),
        parts=(greeting(person), Quoted(process.title), words, Way(phrase("All that happened:"), look)),
        why="job.late",
        data={"job": job.id, "process": process.title, "words": words, "person": person.id, "link": link or None},
        at=at,
    )


def overdue_words(tx: Transaction, job: StoredJob, compiled: Compiled, by: str, reader: Words) -> str:
    """That the moment ``by`` which something was promised has passed; empty when the job is over by now, or has kept
    it all the same, or there is another date."""
    head = job.position.head
    promise = head.promise
    if head.status != "open" or promise is None or promise.kept is not None or promise.by != datetime.fromisoformat(by):
        return ""
    asked = tx.steps.asking(job.id, person_seating(job.customer))
    return passed(compiled, head, reader, asked)


def risk_words(tx: Transaction, job: StoredJob, compiled: Compiled, by: str, reader: Words) -> str:
    """That what is promised ``by`` a moment will be late, and when it is expected; empty when that is told no more: the
    job is over by now, or has kept it, or there is another date."""
    promise = job.position.head.promise
    if job.position.head.status != "open" or promise is None or promise.kept is not None or promise.risk is None:
        return ""
    if promise.by != datetime.fromisoformat(by) or promise.by <= tx.terms.now():
        return ""
    return at_risk(compiled.process, promise, reader)


def of_promise(
    url: str,
    job: StoredJob,
    process: Process,
    subject: str,
    words: str,
    reader: Words,
    person: Person,
    to: str,
    at: datetime,
    body: dict[str, Any],
) -> Composed:
    """That what was promised is late, or will be."""
    short = shown(job.id)
    link = f"{url}/jobs/{short}" if url else ""
    look = link or f"flow track {short} --as {shlex.quote(person.id)}"
    promise = job.position.head.promise
    assert promise is not None, "what is late was promised"
    return Composed(
        reader=reader,
        to=to,
        name=person.name,
        subject=subject,
        parts=(greeting(person), Quoted(process.title), f"{words}.", Way(phrase("All that happened:"), look)),
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
