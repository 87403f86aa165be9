"""Letters about referrals: an invitation to who was named, once, and thanks to the sender when he has come."""

from __future__ import annotations

import re
import shlex

from flowengine.commands.referrals import CAME, INVITED, REFERRAL, name_given
from flowengine.commands.shell import Shell
from flowengine.errors import NotFound
from flowengine.post.writing import Composed, Part, Quoted, Way, hello
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import OutboxMessage, Person, Transaction
from flowengine.store.referrals import Referral

SOMEBODY = phrase("Somebody who knows you")
"""A sender who has given no name, or was erased."""


LONGEST_NAME = 60
_NO_NAME = re.compile(r"[/@:<>]|\w\.\w")
"""What addresses have, and names have not."""


def a_name(text: str) -> str:
    """A name that one customer has written and another reads in a letter of ours; empty for what is longer than a name,
    or could be an address: nobody is to have the house write advertisements of his."""
    return text if len(text) <= LONGEST_NAME and not _NO_NAME.search(text) else ""


def of_row(tx: Transaction, row: OutboxMessage) -> Referral | None:
    """The referral of which a row is; None where nothing is to be said of it any more: who was invited has come by
    himself, either is not there any more, or what he is invited to is archived."""
    one = tx.referrals.get(row.job.removeprefix(REFERRAL)) if row.job.startswith(REFERRAL) else None
    if one is None or (row.body["why"] == INVITED and (one.began or process_of(tx, one) is None)):
        return None
    people = (tx.people.get(one.person), tx.people.get(one.sender))
    return one if all(person is None or person.erased is None for person in people) else None


def process_of(tx: Transaction, one: Referral) -> str | None:
    """The name of the process in which somebody was named; None once that job is archived."""
    try:
        return tx.jobs.get(one.job).process
    except NotFound:
        return None


def receiver(one: Referral, why: str) -> str:
    """The id of who hears of it."""
    return one.person if why == INVITED else one.sender


def composed(
    shell: Shell, tx: Transaction, row: OutboxMessage, reader: Words, language: str, person: Person, to: str
) -> Composed | None:
    """The invitation, or the thanks. The sender is told that somebody came, and nothing of what he has begun."""
    one, url = of_row(tx, row), shell.settings.url
    if one is None:
        return None
    lines: tuple[Part, ...]
    if row.body["why"] == CAME:
        name = name_given(tx, one)
        link = f"{url}/me" if url else ""
        words = (
            phrase("%(name)s has come to us. Thank you for bringing us together.", name=name)
            if name
            else phrase("Somebody whom you named has come to us. Thank you for bringing us together.")
        )
        look = link or f"flow my-data --as {shlex.quote(person.id)}"
        subject, lines = phrase("Thank you"), (words, Way(phrase("Whom you have brought:"), look))
    else:
        job, sender = tx.jobs.get(one.job), tx.people.get(one.sender)
        title = shell.catalogue.told(tx, job.process, job.version, language).process.title
        name = a_name(sender.name if sender is not None else "") or SOMEBODY
        link = f"{url}/start/{job.process}?invited=yes" if url else ""
        words = phrase("%(name)s was here for this, and thought that you could need it too:", name=name)
        look = link or f"flow start {job.process} --as {shlex.quote(person.id)}"
        subject, lines = (
            phrase("%(name)s thought of you", name=name),
            (
                Quoted(title, words),
                Way(phrase("Begin here:"), look),
                phrase("If you begin something, who named you hears that you have come, and nothing else."),
                phrase("If it is nothing for you, there is nothing to do: we do not write again."),
            ),
        )
    called = a_name(person.name) if row.body["why"] == INVITED else person.name
    return Composed(
        reader=reader,
        to=to,
        name=called,
        subject=subject,
        parts=(hello(called), *lines),
        why=f"referral.{row.body['why']}",
        data={"referral": one.id, "words": words, "person": person.id, "link": link or None},
        at=one.came or one.at,
    )
