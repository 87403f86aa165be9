"""What was changed of the installation: by whom, when and why."""

from __future__ import annotations

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.errors import BadAnswer
from flowengine.people.identities import PERSON_ID, By
from flowengine.runtime.actors import reader_words
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction
from flowengine.store.administration import Deed
from flowengine.views.administration import line
from flowengine.views.replies import DeedView

MOST = 1_000
"""Deeds that are told at once."""


def administration(shell: Shell, about: str, limit: int, after: int, by: By) -> list[DeedView]:
    """Deeds, the newest first: all, or those about something by its exact id. Raises NotAllowed, BadAnswer."""
    problems = {} if 0 < limit <= MOST else {"limit": f"is {limit}; 1 to {MOST} are possible"}
    if not 0 <= after < 2**62:
        problems["after"] = phrase("is %(after)s, which is the number of no deed", after=after)
    if problems:
        raise BadAnswer(problems)
    with shell.reading() as tx:
        words = reader_words(tx, access.asker(tx, "administration", by))
        found = tx.deeds.page(about, after, limit)
        names = names_in(tx, found)
    return [line(one, names, words) for one in found]


def names_in(tx: Transaction, deeds: list[Deed]) -> dict[str, str]:
    """The names of all persons whom deeds name."""
    ids = {id for one in deeds for id in (one.about, one.also, one.by.id, one.by.party) if PERSON_ID.fullmatch(id)}
    return {id: one.name for id, one in tx.people.of_ids(sorted(ids)).items()} if ids else {}
