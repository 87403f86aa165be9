"""Tokens for those who come in from outside: external workers, operators, whoever reads the metrics.

A token is 256 random bits. It is shown once; only its SHA-256 is stored, by which it is found again: who knows the
database knows no token. It is looked up at every use, so that revoking works at once.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flowengine.commands.shell import Shell
from flowengine.commands.shown_once import hashed, new_secret
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, BadToken, NotAllowed, NotFound
from flowengine.language.suggest import near
from flowengine.people.identities import PERSON_ID
from flowengine.runtime.shown import OPERATOR
from flowengine.speech.phrases import phrase
from flowengine.store import StoredToken, Transaction
from flowengine.store.tokens import Powers
from flowengine.views.tokens import IssuedToken, TokenView

PREFIX = "flow_"
"""How every token begins, so that scanners of published code recognise one."""

WORKER = "worker"
SCOPES = {
    WORKER: "claims and finishes the calls of the handlers it names",
    OPERATOR: "looks after the installation",
    "metrics": "reads the metrics",
}
"""What a token can be for."""

MOST_HANDLERS = 100
LONGEST_SUBJECT = 100
_FORM = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)
_HANDLER = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]{0,199}", re.ASCII)


def issue(
    shell: Shell, scope: str, subject: str, handlers: Sequence[str], expires: datetime | timedelta | None, by: Actor
) -> IssuedToken:
    """Make a token. Raises BadAnswer for what it cannot be."""
    now = shell.clock.now()
    until = now + expires if isinstance(expires, timedelta) else expires
    served = tuple(dict.fromkeys(handlers))
    _check(scope, subject, served, until, now)
    secret = new_secret(PREFIX)
    token = StoredToken(
        id=secrets.token_hex(6),
        scope=scope,
        subject=subject,
        powers=Powers(handlers=served),
        created=now,
        expires=until,
        revoked=None,
    )

    def work(tx: Transaction) -> None:
        tx.tokens.add(hashed(secret), token)
        facts = {"scope": scope, "handlers": list(served), "expires": until.isoformat() if until else ""}
        tx.note(by, "issue_token", token.id, facts, _person(tx, subject), subject=subject)

    shell.keep(work)
    shell.external.forget()
    return IssuedToken(token=secret, **_fields(token))


def _check(scope: str, subject: str, handlers: Sequence[str], expires: datetime | None, now: datetime) -> None:
    if scope not in SCOPES:
        raise BadAnswer({"scope": phrase("%(scope)s is none", scope=repr(scope))}, possible=tuple(SCOPES))
    if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable() or subject != subject.strip():
        raise BadAnswer(
            {"subject": phrase("must name the holder, in 1 to %(most)s characters", most=LONGEST_SUBJECT)},
            possible=("mill",),
        )
    if scope != WORKER and handlers:
        raise BadAnswer(
            {"handlers": phrase("a token of the scope %(scope)s serves none", scope=scope)},
            possible=(phrase("leave them out"),),
        )
    if scope == WORKER and not 0 < len(handlers) <= MOST_HANDLERS:
        raise BadAnswer(
            {"handlers": phrase("must be 1 to %(most)s names of handlers", most=MOST_HANDLERS)},
            possible=("order_cloth",),
        )
    for name in handlers:
        if not _HANDLER.fullmatch(name):
            raise BadAnswer(
                {"handlers": phrase("%(handler)s is no name of a handler", handler=repr(name[:80]))},
                possible=(phrase("a name as in call:"),),
            )
    if expires is not None and expires.tzinfo is None:
        raise BadAnswer({"expires": phrase("has no time zone")}, possible=("2030-01-01T00:00:00Z",))
    if expires is not None and expires <= now:
        raise BadAnswer(
            {"expires": phrase("lies in the past")}, possible=(phrase("a later moment"), phrase("none at all"))
        )


def revoke(shell: Shell, id: str, take_back: bool, by: Actor) -> TokenView:
    """Revoke a token, now; one that is revoked stays as it is. With ``take_back`` the calls of those of its handlers
    that nobody else serves are for workers of our own again. Raises NotFound."""

    def work(tx: Transaction) -> StoredToken:
        now = shell.clock.now()
        tx.tokens.revoke(id, now)
        found = tx.tokens.get(id)
        if found is None:
            known = [token.id for token in tx.tokens.all()]
            raise NotFound(
                phrase("there is no token %(id)s", id=repr(id)),
                where=id,
                possible=(near(id, known) or "flow token list",),
            )
        if take_back:
            served = {name for token in tx.tokens.valid(WORKER, now) for name in token.powers.handlers}
            for handler in found.powers.handlers:
                tx.wakes |= handler not in served and tx.calls.take_back(handler) > 0
        facts = {"scope": found.scope, "take_back": take_back}
        tx.note(by, "revoke_token", id, facts, _person(tx, found.subject), subject=found.subject)
        return found

    found = shell.keep(work)
    shell.external.forget()
    return TokenView(**_fields(found))


def tokens(shell: Shell) -> list[TokenView]:
    """All tokens, without their secrets."""
    with shell.reading() as tx:
        return [TokenView(**_fields(token)) for token in tx.tokens.all()]


def token(shell: Shell, text: str) -> TokenView:
    """Whose token that is. What is unknown, expired or revoked is answered alike; the time it takes to find a hash
    says nothing about the token. Raises BadToken."""
    found = None
    if _FORM.fullmatch(text):
        with shell.glancing() as tx:
            found = tx.tokens.find(hashed(text), shell.clock.now())
    if found is None:
        raise BadToken(
            phrase("the token is not valid"),
            possible=(phrase("a token that is neither expired nor revoked: flow token create"),),
        )
    return TokenView(**_fields(found))


def _person(tx: Transaction, subject: str) -> str:
    """The holder of a token, where he is a person who is known by that id."""
    return subject if PERSON_ID.fullmatch(subject) and tx.people.get(subject) is not None else ""


def of_another_scope(scope: str, possible: Sequence[str]) -> NotAllowed:
    """What a token of another scope than those that are possible is answered with."""
    return NotAllowed(
        phrase("a token of the scope %(scope)s is not for this", scope=scope), where="Authorization", possible=possible
    )


def token_of(tx: Transaction, id: str, now: datetime) -> TokenView | None:
    """The token of that public id, while it is valid."""
    found = tx.tokens.get(id)
    if found is None or found.revoked is not None or (found.expires is not None and found.expires <= now):
        return None
    return TokenView(**_fields(found))


def _fields(token: StoredToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "scope": token.scope,
        "subject": token.subject,
        "handlers": token.powers.handlers,
        "created": token.created,
        "expires": token.expires,
        "revoked": token.revoked,
    }
