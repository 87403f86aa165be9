"""What somebody signs in with: listed, and taken away."""

from __future__ import annotations

from flowengine.commands.sessions import himself, whose
from flowengine.commands.shell import Shell
from flowengine.errors import NotFound
from flowengine.people.identities import By
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction
from flowengine.store.credentials import Credential
from flowengine.views.signing_in import CredentialView


def view(one: Credential) -> CredentialView:
    """It, without what is secret of it."""
    return CredentialView(id=one.id, kind=one.kind, name=one.known["name"], created=one.created, used=one.used)


def listed(shell: Shell, person: str, by: By) -> list[CredentialView]:
    """What who asks signs in with, or another, for operators; the oldest first."""
    with shell.reading() as tx:
        return [view(one) for one in tx.credentials.of(whose(tx, "credentials", by, person, enrolling=True))]


def remove(shell: Shell, id: str, person: str, by: By) -> CredentialView:
    """Take away something that who asks signs in with, or another, for operators. Raises NotFound."""

    def work(tx: Transaction) -> CredentialView:
        who = whose(tx, "remove_credential", by, person)
        found = next((one for one in tx.credentials.of(who) if one.id == id), None)
        if found is None:
            raise NotFound(
                phrase("there is nothing %(id)s to sign in with", id=repr(id[:60])),
                where=id[:60],
                possible=("credentials",),
            )
        tx.credentials.drop(who, id)
        asker = himself(tx, "remove_credential", by)
        tx.note(asker, "remove_credential", who, {"kind": found.kind, "credential": id}, name=found.known["name"])
        return view(found)

    return shell.keep(work)
