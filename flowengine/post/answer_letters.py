"""Letters with what somebody has written: an answer to what was asked, a message, what was said of a customer."""

from __future__ import annotations

import shlex

from flowengine.commands import access
from flowengine.commands.asked import answer_in, asked
from flowengine.commands.corresponding import ALONE
from flowengine.commands.records import told_of_answer
from flowengine.core import events as e
from flowengine.interop.labels import shorten
from flowengine.post.about_jobs import AboutJob
from flowengine.post.writing import Composed, Quoted, Way, about, greeting
from flowengine.runtime.actors import name_of
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import OutboxMessage, Person, Transaction, shown
from flowengine.store.records import Fact
from flowengine.views.customer_words import UNANSWERED

_SAID = {"concern": phrase("You have said:"), "message": phrase("You have written:")}
"""How the answer to something begins that was no question."""


def of_asked(letter: AboutJob, row: OutboxMessage) -> Composed | None:
    """To who has asked: the answer, with what he asked; or that it takes longer, which is nothing once it is
    answered."""
    tx, job = letter.tx, letter.job
    number, answered = int(row.body["step"]), row.body["why"] == "answered"
    found = asked(tx, job, number)
    if found is None or not (answered or access.open_step(job, number)):
        return None
    short = shown(job.id)
    link = letter.page(f"jobs/{short}")
    answer = answer_in(tx, job, row.seq, number) if answered else ""
    opening = _SAID.get(found.step.purpose, phrase("You have asked:"))
    if not found.step.asked_by:  # for another date, of which the engine has thought
        opening = phrase("The customer was asked:")
    subject = phrase("Answer: %(text)s", text=shorten(found.text, 110))
    if not answered:
        subject = phrase("Not answered yet: %(text)s", text=shorten(found.text, 100))
    return letter.composed(
        f"question.{row.body['why']}",
        subject,
        (
            Quoted(found.text, opening),
            Quoted(answer, phrase("The answer:")) if answered else phrase("%(words)s.", words=UNANSWERED),
            Way(phrase("All that was said:"), link or letter.command("track", short)),
            about(letter.process.title, short),
        ),
        link,
        question=f"{job.id}.{number}",
        words=found.text,
        answer=answer or None,
    )


def of_fact(url: str, fact: Fact | None, reader: Words, person: Person, to: str) -> Composed | None:
    """To who has said something of a customer, or is he: the answer; nothing where it counts no more."""
    if fact is None or fact.answered is None or person.id not in told_of_answer(fact):
        return None
    page, who = ("me" if person.kind == "customer" else f"customers/{fact.person}"), shlex.quote(person.id)
    link = f"{url}/{page}" if url else ""
    look = f"flow my-data --as {who}" if person.kind == "customer" else f"flow customer show {fact.person} --as {who}"
    lines = (
        greeting(person),
        Quoted(fact.text, phrase("You have said:") if fact.author == person.id else phrase("It was said of you:")),
        Quoted(fact.answer, phrase("The answer:")),
        Way(phrase("All that was said:"), link or look),
    )
    return Composed(
        reader=reader,
        to=to,
        name=person.name,
        subject=phrase("Answer: %(text)s", text=shorten(fact.text, 110)),
        parts=lines,
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


def written(letter: AboutJob, said: e.Said) -> Composed:
    """What somebody inside has written to the customer. Files are told by their names; they are opened where the job
    is seen."""
    title, short = letter.process.title, shown(letter.job.id)
    link = letter.page(f"jobs/{short}")
    who = name_of(letter.tx, said.by) if said.by else title
    files = [one.name for one in map(letter.tx.files.get, said.files) if one is not None and one.name]
    return letter.composed(
        "job.message",
        f"{title}: {shorten(said.text, 100)}",
        (
            Quoted(said.text, phrase("%(who)s has written to you:", who=who)),
            phrase("With it: %(files)s", files=", ".join(files)) if files else "",
            Way(phrase("Answer here:"), link or letter.command("conversation", short)),
            about(title, short),
        ),
        link,
        words=said.text,
        by=said.by,
        files=list(said.files),
    )


def alone(url: str, tx: Transaction, row: OutboxMessage, reader: Words, person: Person, to: str) -> Composed | None:
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
        Quoted(said.text, phrase("%(who)s has written to you:", who=who)),
        phrase("With it: %(files)s", files=", ".join(files)) if files else "",
        Way(phrase("Answer here:"), look),
    )
    return Composed(
        reader=reader,
        to=to,
        name=person.name,
        subject=f"{who}: {shorten(said.text, 100)}",
        parts=lines,
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
