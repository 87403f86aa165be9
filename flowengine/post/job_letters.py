"""Letters about how a job goes: what its process tells, its end, that it takes longer, its promise."""

from __future__ import annotations

from datetime import datetime

from flowengine.core import events as e
from flowengine.core.machines import Compiled
from flowengine.core.seatings import person_seating
from flowengine.core.values import Json
from flowengine.interop.labels import shorten
from flowengine.people.permissions import needs, stands
from flowengine.post.about_jobs import AboutJob
from flowengine.post.writing import Composed, Quoted, Shown, Way, about
from flowengine.runtime.actors import as_actor
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import StoredJob, Transaction, shown
from flowengine.views.customer_words import TAKES_LONGER
from flowengine.views.promised import at_risk, passed


def told_letter(letter: AboutJob, told: e.Told, now: datetime) -> Composed:
    """What the process tells, as it was said; where the job is to be seen only for those who may see it (L4)."""
    short, actor = shown(letter.job.id), as_actor(letter.person, now)
    seen = stands(needs("track", actor), actor, letter.job.customer, looking=True)
    link = letter.page(f"jobs/{short}") if seen else ""
    look = link or letter.command("track", short)
    return letter.composed(
        "job.told",
        shorten(told.words, 120),
        (
            told.words,
            Shown(told.shown),
            Way(phrase("All that happened:"), look) if seen else "",
            about(letter.process.title, short),
        ),
        link,
        words=told.words,
        shown=[list(line) for line in told.shown],
    )


def ended(letter: AboutJob) -> Composed | None:
    """That it is done, or has ended and why; nothing where it is open."""
    head, title = letter.job.position.head, letter.process.title
    if head.status == "open":
        return None
    told: str = phrase("It is done.")
    subject = phrase("%(title)s: done", title=title)
    if head.status != "fulfilled":
        told = phrase("It has ended: %(because)s.", because=head.because or head.end)
        subject = phrase("%(title)s: ended", title=title)
    return _of_all(letter, "job.ended", subject, told, status=head.status, because=head.because)


def late(letter: AboutJob) -> Composed | None:
    """That it takes longer; nothing when it has gone on by now."""
    if not letter.job.position.head.late:
        return None
    words = f"{letter.reader.tell(TAKES_LONGER)}."
    subject = phrase("%(title)s: it takes longer", title=letter.process.title)
    return _of_all(letter, "job.late", subject, words, words=words)


def _of_all(letter: AboutJob, why: str, subject: str, words: str, /, **data: Json) -> Composed:
    """A letter in a sentence, with the way to all that happened."""
    short = shown(letter.job.id)
    link = letter.page(f"jobs/{short}")
    way = Way(phrase("All that happened:"), link or letter.command("track", short))
    return letter.composed(why, subject, (Quoted(letter.process.title), words, way), link, **data)


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


def of_promise(letter: AboutJob, subject: str, words: str, why: str) -> Composed:
    """That what was promised is late, or will be."""
    promise = letter.job.position.head.promise
    assert promise is not None, "what is late was promised"
    told = f"{words}."
    return _of_all(letter, f"job.{why}", subject, told, words=told, promised=promise.by.isoformat())
