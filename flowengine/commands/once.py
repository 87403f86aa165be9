"""Verbs that take no request key of their own, once under one all the same: asked again they change nothing, and are
answered as before (L3).

The answer is kept beside what the verb has written, in one transaction. Some verbs go through many, or keep what they
refuse (:data:`BY_THEMSELVES`): their answers are kept afterwards, and whoever asks again before that has them do the
rest. An answer that shows a secret is not kept (:data:`SHOWN_ONCE`): the secret must not lie there for a second look.
Answers are kept for a week, and none of a person who is erased.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Literal

import msgspec

from flowengine import exact
from flowengine.commands import access
from flowengine.commands.receipts import check_key, other_request
from flowengine.commands.shell import Shell
from flowengine.errors import DatabaseBusy, Refused, StaleCommand
from flowengine.people.identities import By, actor_key
from flowengine.runtime.actors import actor_of
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction
from flowengine.store.receipts import FORGOTTEN
from flowengine.views.keyed import Answer, Keyed

KEPT = timedelta(days=7)
"""For how long such an answer is kept: a request key is for repeating a request."""

BY_THEMSELVES = frozenset((
    "migrate_all", "erase", "import_people", "leave", "hand_over", "retry_all",  # many transactions
    "confirm_totp", "add_passkey", "approve_device", "deny_device",  # a try is counted, also one that is refused
))  # fmt: skip
"""Verbs that are not done inside another transaction."""

SHOWN_ONCE = frozenset(("issue_token", "issue_own_token", "make_link", "make_enrolment", "make_feed"))
"""Verbs whose answer shows a secret."""


class _Kept(msgspec.Struct):
    """An answer as it is kept among the receipts: ``shown`` once it is not, and ``null`` in its place."""

    status: Literal["done", "shown"]
    names: tuple[str, ...]
    answer: msgspec.Raw
    job: str = ""
    seq: int = 0


_READ = exact.decoder(_Kept, trusted=True)


def once(shell: Shell, request: Keyed, by: By, ask: Callable[[Shell], bytes]) -> Answer:
    """Have ``ask`` done on the shell that it is given, unless this very request was answered before. Raises what it
    raises; KeyConflict where the key was used for something else, and StaleCommand where the answer is not kept."""
    check_key(request.key)

    def whole(tx: Transaction) -> Answer:
        who, before = _before(tx, request, by)
        if before is not None:
            return before
        try:
            content = ask(shell.within(tx))
        except Refused:
            if given(tx, who, request) is not None:  # an equal request was a moment earlier, and is in the way
                raise DatabaseBusy("an equal request was answered meanwhile", collided=True) from None
            raise
        return keep(shell, tx, who, request, content)

    if request.verb not in BY_THEMSELVES:
        return shell.keep(whole)
    with shell.reading() as tx:
        who, before = _before(tx, request, by)
    if before is not None:
        return before
    content = ask(shell)
    return shell.keep(lambda tx: given(tx, who, request) or keep(shell, tx, who, request, content))


def _before(tx: Transaction, request: Keyed, by: By) -> tuple[str, Answer | None]:
    """Under which name the keys of who asks are kept, and what was answered to him before, as far as he may ask still.
    What he may not, or not now, the verb tells him itself."""
    actor = actor_of(tx, by)
    who = actor_key(actor)
    before = given(tx, who, request)
    if before is not None:
        access.check(request.verb, actor, tx.terms)
    return who, before


def given(tx: Transaction, who: str, request: Keyed) -> Answer | None:
    """What was answered to this request of somebody before. Raises KeyConflict and StaleCommand."""
    stored = tx.receipts.find(who, request.key)
    if stored is None:
        return None
    if stored[0] == FORGOTTEN:
        raise StaleCommand(
            phrase("it was done, and what was answered is erased"), where="key", possible=(phrase("look at it"),)
        )
    if stored[0] != _hash(request):
        raise other_request(request.key)
    kept = _READ.decode(stored[1])
    if kept.status == "shown":
        raise StaleCommand(
            phrase("it was done, and the secret that it made was shown then, once"),
            where="key",
            possible=(phrase("revoke what was made, and ask under a fresh key"),),
        )
    return Answer(bytes(kept.answer), repeated=True)


def keep(shell: Shell, tx: Transaction, who: str, request: Keyed, content: bytes) -> Answer:
    """Keep what is answered to a request, and let go of what was kept long enough."""
    now, shown = shell.clock.now(), request.verb in SHOWN_ONCE
    answer = msgspec.Raw(b"null" if shown else content)
    kept = _Kept(status="shown" if shown else "done", names=request.names, answer=answer)
    tx.receipts.forget_answers(now - KEPT)
    tx.receipts.add_answer(who, request.key, _hash(request), exact.encode(kept), now)
    return Answer(content)


def _hash(request: Keyed) -> str:
    return sha256(b"\n".join((request.verb.encode(), request.said))).hexdigest()
