"""That a contact is somebody's: he has answered a code that went there."""

from __future__ import annotations

from msgspec.structs import replace

from flowengine.commands.shell import Shell
from flowengine.people.contacts import any_way
from flowengine.store import Person, Transaction

BY_CODE = "code"
"""How a contact was verified."""


def confirmed(shell: Shell, tx: Transaction, person: Person, contact: str) -> None:
    """He has shown that he reads what is sent there. Who has begun a job on the web has his contact from now on."""
    awaited = tx.provisional.get(person.id)
    if awaited is not None and awaited.contact == contact:
        tx.provisional.drop(person.id)
        if not person.contact:
            tx.people.update(replace(person, contact=contact))
    tx.contacts.confirm(person.id, any_way(contact), BY_CODE, shell.clock.now())
