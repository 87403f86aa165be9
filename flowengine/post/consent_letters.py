"""Letters about consents: that one was noted in the customer's name, and that a partner has his record."""

from __future__ import annotations

import shlex

from flowengine.commands.consents import SHARED, of_word
from flowengine.commands.shell import Shell
from flowengine.post.writing import Composed, Way, hello
from flowengine.runtime.actors import name_of
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words
from flowengine.store import OutboxMessage, Person, Transaction
from flowengine.views.consents import parts_in_words, until_in_words


def composed(
    shell: Shell, tx: Transaction, row: OutboxMessage, reader: Words, person: Person, to: str
) -> Composed | None:
    """The letter; None where there is nothing to tell any more."""
    found, url = of_word(tx, row), shell.settings.url
    if found is None:
        return None
    consent, sent = found
    partner, until = name_of(tx, consent.partner), until_in_words(consent.until, reader)
    parts = parts_in_words(sent.parts if sent is not None else consent.parts)
    named = {"partner": partner, "until": until, "parts": parts}
    if row.body["why"] == SHARED:
        subject = phrase("%(partner)s has your record", partner=partner)
        words = phrase("As you consented, we have sent %(partner)s of your record: %(parts)s.", **named)
    else:
        subject = phrase("You let %(partner)s have your record", partner=partner)
        words = phrase("We have noted that we may send %(partner)s of your record: %(parts)s.", **named)
    link = f"{url}/me/data" if url else ""
    withdraw = f"flow consent withdraw {shlex.quote(person.id)} --to {shlex.quote(consent.partner)}"
    lines = (
        words,
        phrase("It holds until %(until)s. Then it is erased there.", **named),
        Way(phrase("See it, or withdraw your consent at any time:"), link or withdraw),
    )
    return Composed(
        reader=reader,
        to=to,
        name=person.name,
        subject=subject,
        parts=(hello(person.name), *lines),
        why=f"consent.{row.body['why']}",
        data={"consent": consent.id, "partner": consent.partner, "person": person.id, "link": link or None},
        at=(sent.taken if sent is not None else None) or consent.given,
    )
