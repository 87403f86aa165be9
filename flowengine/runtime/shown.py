"""What people's programs show to be known by, with each request; and whose it was a moment ago.

To look a token up before each act is a round trip of its own. So what a token said a moment ago is taken as a guess of
who asks (:attr:`~flowengine.people.identities.Identity.shown`), and the token is looked up in the transaction in which
he acts, with who he is: a token that was revoked, however short ago and by whomever, has done nothing there.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from msgspec.structs import replace

from flowengine.errors import BadToken
from flowengine.people.identities import Identity
from flowengine.speech.phrases import phrase
from flowengine.store import StoredToken, Transaction

OWN = "own"
"""The scope, among tokens, of those that are a person's own."""

OPERATOR = "operator"
"""The scope of those that look after the installation, or of programs of the person that is the subject."""

MOST = 10_000


class Remembered:
    """Whose the tokens were that were looked up within a ``time``, by their hashes; of more than can be remembered, the
    latest."""

    def __init__(self, time: timedelta) -> None:
        self._time = time
        self._known: OrderedDict[str, tuple[Identity, datetime]] = OrderedDict()
        self._lock = Lock()

    def get(self, hash: str, now: datetime) -> Identity | None:
        """Whose it was, as a guess that has to be confirmed."""
        found = self._known.get(hash)
        return replace(found[0], shown=hash) if found is not None and now < found[1] else None

    def put(self, hash: str, who: Identity, now: datetime) -> None:
        """It was looked up."""
        with self._lock:
            self._known[hash] = (who, now + self._time)
            self._known.move_to_end(hash)
            if len(self._known) > MOST:
                self._known.popitem(last=False)


def identity_of(token: StoredToken, is_person: bool) -> Identity | None:
    """Whose token it is; None for one that is no person's."""
    if token.scope == OWN:
        return Identity(person=token.subject, strength=token.powers.strength, scopes=token.powers.scopes)
    return Identity(person=token.subject) if token.scope == OPERATOR and is_person else None


def confirm(tx: Transaction, by: Identity, now: datetime) -> None:
    """Raises BadToken where what he has shown is not, or not any more, what makes him who he is said to be."""
    found = tx.tokens.speaker(by.shown, now)
    if found is None or identity_of(*found) != replace(by, shown=""):
        raise unknown()


def unknown() -> BadToken:
    """What is answered for what is unknown, over or revoked."""
    return BadToken(
        phrase("nobody is signed in by this"),
        possible=(phrase("sign in"), phrase("a token that is not expired or revoked")),
    )
