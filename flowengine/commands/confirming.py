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
    awaited, way, now = tx.provisional.get(person.id), any_way(contact), shell.clock.now()
    if awaited is not None and awaited.contact == contact:
        tx.provisional.drop(person.id)
        tx.contacts.add(person.id, way, now, 1)
        tx.people.update(replace(person, contact=contact))
    tx.contacts.confirm(person.id, way, BY_CODE, now)
