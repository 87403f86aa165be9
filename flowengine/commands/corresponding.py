"""What a customer and the organisation write to one another without a job."""

from __future__ import annotations

from collections.abc import Sequence

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core import conversation
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, KeyConflict, NotAllowed
from flowengine.language.parts import WANTING
from flowengine.people.identities import By, actor_key
from flowengine.runtime.actors import StoreWorld, nobody, refuse_erased
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction
from flowengine.store.conversation import Written
from flowengine.views.conversation import Sent

ALONE = "person:"
"""Stands before the id of a customer in the place of a job, in the outbox."""


def write(shell: Shell, text: str, files: Sequence[str], by: By, key: str | None) -> Sent:
    """A customer writes, and waits for an answer."""

    def work(tx: Transaction) -> Sent:
        actor = access.asker(tx, "write", by)
        return _write(shell, tx, actor, actor.id, text, files, key, waits=True, answers=False)

    return shell.keep(work)


def message_to(
    shell: Shell, person: str, text: str, files: Sequence[str], answers: bool, by: By, key: str | None
) -> Sent:
    """One of those inside writes to a customer."""

    def work(tx: Transaction) -> Sent:
        actor = access.asker(tx, "message_to", by)
        found = tx.people.get(person)
        if found is None:
            raise nobody(person)
        refuse_erased(found)
        if found.kind != "customer":
            raise NotAllowed(
                phrase("%(id)s is not a customer", id=person),
                where=person,
                possible=(phrase("write to a customer"),),
            )
        return _write(shell, tx, actor, person, text, files, key, waits=False, answers=answers)

    return shell.keep(work)


def _write(
    shell: Shell,
    tx: Transaction,
    actor: Actor,
    party: str,
    text: str,
    files: Sequence[str],
    key: str | None,
    *,
    waits: bool,
    answers: bool,
) -> Sent:
    words = conversation.words(text, "text")
    named, author = tuple(dict.fromkeys(files)), actor_key(actor)
    before = tx.conversations.with_key(party, author, key) if key else None
    if before is not None:
        if (before.text, before.files) != (words, named):
            raise KeyConflict(
                phrase("the request key was used for other words"), where=key or "", possible=(phrase("another key"),)
            )
        return _sent(before)
    now = shell.clock.now()
    conversation.files(named, StoreWorld(tx, party, asker=actor))
    for id in named:
        if not tx.files.use(id, party=party):
            raise BadAnswer(
                {"files": phrase("%(id)s is gone, or used elsewhere by now", id=id)},
                possible=(phrase("upload it again"),),
            )
    waiting = tx.conversations.waiting(party) if answers else []
    due = WANTING["message"].within.after(now) if waits else None
    one = Written(
        party=party,
        number=tx.conversations.next(party),
        at=now,
        author=author,
        text=words,
        files=named,
        answers=waiting[-1].number if waiting else 0,
        due=due,
        request=key or "",
    )
    tx.conversations.add(one)
    if waiting:
        tx.conversations.answered(party, waiting[-1].number)
    if author != party and shell.wanted.channels(tx, now) - {"handler"}:  # it belongs to no job, and stands under him
        tx.outbox.add(f"{ALONE}{party}", one.number, "announce", {"told": [{"why": "alone"}]}, now, "people")
    return _sent(one)


def _sent(one: Written) -> Sent:
    return Sent(id=f"{one.party}.{one.number}", party=one.party, number=one.number, due=one.due)
