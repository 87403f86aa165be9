"""Tokens of people's own: for programs that ask in their names. They are rows among the other tokens, of a scope of
their own, so that they end with all of a person's when he leaves or is erased."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flowengine.commands import sessions, tokens
from flowengine.commands.sessions import himself
from flowengine.commands.shell import Shell
from flowengine.commands.shown_once import hashed, new_secret
from flowengine.commands.tokens import PREFIX
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, NotAllowed, NotFound
from flowengine.people.identities import SCOPES, By, Identity, Strength
from flowengine.people.permissions import PROGRAM
from flowengine.runtime.shown import OPERATOR, OWN, identity_of, unknown
from flowengine.speech.phrases import phrase
from flowengine.store import StoredToken, Transaction
from flowengine.store.tokens import Powers
from flowengine.views.signing_in import NewOwnToken, OwnToken

LASTS, LONGEST = timedelta(days=90), timedelta(days=400)
MOST = 50
"""Valid tokens that one person has at most."""

LONGEST_NAME = 100
_FORM = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)


def issue(shell: Shell, scopes: Sequence[str], name: str, expires: datetime | timedelta | None, by: By) -> NewOwnToken:
    """Make a token for who asks. Raises BadAnswer, NotAllowed."""

    def work(tx: Transaction) -> NewOwnToken:
        actor = himself(tx, "issue_own_token", by)
        if beyond(by, scopes):
            raise NotAllowed(
                phrase("a token gives no more than what it is made with"), where=actor.id, possible=scopes_of(by)
            )
        strength: Strength = by.strength if isinstance(by, Identity) else "host"
        return made(shell, tx, actor, scopes, name, expires, strength)

    return shell.keep(work)


def scopes_of(by: By) -> tuple[str, ...]:
    """What who asks may give on: what he asks with, which looks too; none where that has no bounds."""
    asked = by.scopes if isinstance(by, Identity) else ()
    return tuple(one for one in SCOPES if one in ("read", *asked)) if asked else ()


def beyond(by: By, scopes: Sequence[str]) -> bool:
    """Whether scopes are more than what is asked with."""
    given = scopes_of(by)
    return bool(given) and not set(scopes) <= set(given)


def made(
    shell: Shell,
    tx: Transaction,
    actor: Actor,
    scopes: Sequence[str],
    name: str,
    expires: datetime | timedelta | None,
    strength: Strength,
) -> NewOwnToken:
    """A new token of a person's own. Raises BadAnswer, NotAllowed."""
    now = shell.clock.now()
    until = now + LASTS if expires is None else now + expires if isinstance(expires, timedelta) else expires
    check(actor, scopes, name)
    if until.tzinfo is None or not now < until <= now + LONGEST:
        what = phrase("must be a moment with a zone, within %(days)s days", days=LONGEST.days)
        raise BadAnswer({"expires": what}, possible=(f"{(now + LASTS).isoformat()}",))
    valid = [one for one in tx.tokens.of(OWN, actor.id) if one.revoked is None and (one.expires or until) > now]
    if len(valid) >= MOST:
        raise NotAllowed(
            phrase("nobody has more than %(most)s tokens", most=MOST), where=actor.id, possible=(phrase("revoke some"),)
        )
    secret = new_secret(PREFIX)
    kept = StoredToken(
        id=secrets.token_hex(6),
        scope=OWN,
        subject=actor.id,
        powers=Powers(scopes=tuple(one for one in SCOPES if one in scopes), strength=strength, name=name),
        created=now,
        expires=until,
        revoked=None,
    )
    tx.tokens.add(hashed(secret), kept)
    facts = {"token": kept.id, "scopes": list(kept.powers.scopes), "expires": until.isoformat()}
    tx.note(actor, "issue_own_token", actor.id, facts, name=name)
    return NewOwnToken(token=secret, **_fields(kept))


def check(actor: Actor, scopes: Sequence[str], name: str = "") -> None:
    """Raises BadAnswer for what no token of his can be."""
    unknown = [one for one in scopes if one not in SCOPES]
    if unknown or not scopes:
        raise BadAnswer(
            {
                "scopes": phrase("%(scope)s is none", scope=repr(", ".join(unknown)[:80]))
                if unknown
                else phrase("is empty")
            },
            possible=SCOPES,
        )
    if "operate" in scopes and actor.kind != "operator":
        raise BadAnswer({"scopes": phrase("only operators operate")}, possible=SCOPES[:2])
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise BadAnswer(
            {"name": phrase("has at most %(longest_name)s characters, on one line", longest_name=LONGEST_NAME)}
        )


def listed(shell: Shell, by: By) -> list[OwnToken]:
    """The tokens of who asks, the oldest first."""
    with shell.reading() as tx:
        actor = himself(tx, "own_tokens", by)
        return [OwnToken(**_fields(one)) for one in tx.tokens.of(OWN, actor.id)]


def revoke(shell: Shell, id: str, by: By) -> OwnToken:
    """Revoke one of one's own, now. Raises NotFound."""

    def work(tx: Transaction) -> OwnToken:
        actor = himself(tx, "revoke_own_token", by)
        his = next((one for one in tx.tokens.of(OWN, actor.id) if one.id == id), None)
        if his is None:
            raise NotFound(
                phrase("you have no token %(id)s", id=repr(id[:60])),
                where=id[:60],
                possible=(phrase("own_tokens lists them"),),
            )
        now = shell.clock.now()
        tx.tokens.revoke(id, now)
        tx.note(actor, "revoke_own_token", actor.id, {"token": id}, name=his.powers.name)
        return OwnToken(**_fields(his) | {"revoked": his.revoked or now})

    return shell.keep(work)


def identify(shell: Shell, secret: str) -> Identity:
    """Who shows that secret: that of a session, or a token of his own. What is unknown, over or revoked is answered
    alike. Raises BadToken."""
    known = sessions.identify(shell, secret)
    if known is None and _FORM.fullmatch(secret):
        now = shell.clock.now()
        with shell.glancing() as tx:
            found = tx.tokens.find(hashed(secret), now)
        if found is not None and found.scope == OWN:
            _note_use(shell, found, now)
            known = identity_of(found, True)
    if known is None:
        raise unknown()
    return known


def bearer(shell: Shell, secret: str, *, confirms: bool = False) -> By:
    """Who asks with that secret in ``Authorization``: as :func:`identify`; or, by a token of the scope ``operator``,
    the person with the id that is its subject, and where there is none, an operator of the installation. One look, for
    it is asked at each request; and none where what is asked ``confirms`` the token itself, and it was looked up a
    moment ago. Raises BadToken, and NotAllowed for a token of another scope."""
    if not _FORM.fullmatch(secret):
        known = sessions.identify(shell, secret)
        if known is None:
            raise unknown()
        return known
    now, hash = shell.clock.now(), hashed(secret)
    if confirms and (guess := shell.remembered.get(hash, now)) is not None:
        return guess
    with shell.glancing() as tx:
        found = tx.tokens.speaker(hash, now)
    if found is None:
        raise unknown()
    token, is_person = found
    if token.scope == OWN:
        _note_use(shell, token, now)
    elif token.scope != OPERATOR:
        raise tokens.of_another_scope(token.scope, (OPERATOR,))
    who = identity_of(token, is_person)
    if who is None:
        return PROGRAM
    shell.remembered.put(hash, who, now)
    return who


def _note_use(shell: Shell, token: StoredToken, now: datetime) -> None:
    """That a person's own token was used is noted no more than once a minute."""
    if token.used is None or now - token.used >= sessions.NOTED:
        shell.keep(lambda tx: tx.tokens.used(token.id, now))


def _fields(one: StoredToken) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.powers.name,
        "scopes": one.powers.scopes,
        "created": one.created,
        "expires": one.expires,
        "revoked": one.revoked,
        "used": one.used,
    }
