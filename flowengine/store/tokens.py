"""Tokens: who may come in from outside. Only a token's SHA-256 is stored, so that the database opens no door."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from flowengine.people.identities import Strength
from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment, plain, text
from flowengine.store.query import Query, inserts, param

_T = t.tokens
_COLUMNS = (_T.c.id, _T.c.scope, _T.c.subject, _T.c.body, _T.c.created, _T.c.expires, _T.c.revoked, _T.c.used)
_VALID = (_T.c.revoked.is_(None), sa.or_(_T.c.expires.is_(None), _T.c.expires > param("now")))

ADD = Query("tokens.add", "Keep a token's hash and what it is for.", inserts(_T))
FIND = Query(
    "tokens.find",
    "The token of that hash, while it is valid.",
    sa.select(*_COLUMNS).where(_T.c.hash == param("of_hash"), *_VALID),
)
SPEAKER = Query(
    "tokens.speaker",
    "The token of that hash, while it is valid, and whether its subject is the id of a person.",
    sa.select(*_COLUMNS, sa.exists(sa.select(t.people.c.id).where(t.people.c.id == _T.c.subject))).where(
        _T.c.hash == param("of_hash"), *_VALID
    ),
)
OF_ID = Query("tokens.get", "The token of that public id.", sa.select(*_COLUMNS).where(_T.c.id == param("of_id")))
ALL = Query("tokens.all", "All tokens, the oldest first.", sa.select(*_COLUMNS).order_by(_T.c.created, _T.c.id))
VALID = Query(
    "tokens.valid",
    "The valid tokens of a scope.",
    sa.select(*_COLUMNS).where(_T.c.scope == param("of_scope"), *_VALID).order_by(_T.c.id),
)
REVOKE = Query(
    "tokens.revoke",
    "Revoke a token, once.",
    sa.update(_T).where(_T.c.id == param("of_id"), _T.c.revoked.is_(None)).values(revoked=param("at")),
)
OF = Query(
    "tokens.of",
    "The tokens of a person, the oldest first.",
    sa.select(*_COLUMNS)
    .where(_T.c.scope == param("of_scope"), _T.c.subject == param("of_subject"))
    .order_by(_T.c.created, _T.c.id),
)
HELD = Query(
    "tokens.held",
    "The tokens of all scopes that somebody holds and that are not revoked, the oldest first.",
    sa.select(*_COLUMNS)
    .where(_T.c.subject == param("of_subject"), _T.c.revoked.is_(None))
    .order_by(_T.c.created, _T.c.id),
)
USED = Query(
    "tokens.used",
    "Note that a token was used.",
    sa.update(_T).where(_T.c.id == param("of_id")).values(used=param("at")),
)


class Powers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a token lets its holder do within its scope: a worker's, which ``handlers`` it serves; a person's own, what
    he may do with it (``scopes``), and how strongly he was known when he made it."""

    handlers: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    strength: Strength = "host"
    name: str = ""


class StoredToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret. ``id`` is short and public, ``subject`` names the holder."""

    id: str
    scope: str
    subject: str
    powers: Powers
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    used: datetime | None = None
    """When a person's own token was used last, to the minute."""


class Tokens:
    """Tokens in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, hash: str, token: StoredToken) -> None:
        """Keep a token under the hash of its secret."""
        values = {"hash": hash, "id": token.id, "scope": token.scope, "subject": plain(token.subject)}
        times = {"created": micros(token.created), "expires": _micros(token.expires), "revoked": None, "used": None}
        self._channel.write(ADD, values | times | {"body": text(token.powers)})

    def find(self, hash: str, now: datetime) -> StoredToken | None:
        """The token of that hash; None for one that is unknown, expired or revoked."""
        row = self._channel.one(FIND, {"of_hash": hash, "now": micros(now)})
        return _token(row) if row else None

    def expect_speaker(self, hash: str, now: datetime) -> None:
        """:meth:`speaker` will be asked for this."""
        self._channel.expect(SPEAKER, {"of_hash": hash, "now": micros(now)})

    def speaker(self, hash: str, now: datetime) -> tuple[StoredToken, bool] | None:
        """As :meth:`find`; and whether its subject is the id of a person."""
        row = self._channel.one(SPEAKER, {"of_hash": hash, "now": micros(now)})
        return (_token(row[:-1]), bool(row[-1])) if row else None

    def get(self, id: str) -> StoredToken | None:
        """The token of that public id, valid or not."""
        row = self._channel.one(OF_ID, {"of_id": plain(id)})
        return _token(row) if row else None

    def all(self) -> list[StoredToken]:
        """All tokens, the oldest first; those that are expired or revoked too."""
        return [_token(row) for row in self._channel.rows(ALL, {})]

    def valid(self, scope: str, now: datetime) -> list[StoredToken]:
        """The tokens of a scope that are neither expired nor revoked."""
        return [_token(row) for row in self._channel.rows(VALID, {"of_scope": scope, "now": micros(now)})]

    def of(self, scope: str, subject: str) -> list[StoredToken]:
        """The tokens of that scope and holder, the oldest first; those that are expired or revoked too."""
        return [_token(row) for row in self._channel.rows(OF, {"of_scope": scope, "of_subject": plain(subject)})]

    def held(self, subject: str) -> list[StoredToken]:
        """The tokens of all scopes of a holder that are not revoked, the oldest first; those that are expired too."""
        return [_token(row) for row in self._channel.rows(HELD, {"of_subject": plain(subject)})]

    def used(self, id: str, at: datetime) -> None:
        """Note that it was used."""
        self._channel.write(USED, {"of_id": id, "at": micros(at)})

    def revoke(self, id: str, at: datetime) -> bool:
        """Revoke a token from now on. False when there is none, or it was revoked before."""
        return self._channel.count(REVOKE, {"of_id": plain(id), "at": micros(at)}) == 1


def _micros(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def _moment(at: int | None) -> datetime | None:
    return None if at is None else moment(at)


def _token(row: Row) -> StoredToken:
    id, scope, subject, body, created, expires, revoked, used = row
    return StoredToken(
        id=id,
        scope=scope,
        subject=subject,
        powers=decode(body, Powers),
        created=moment(created),
        expires=_moment(expires),
        revoked=_moment(revoked),
        used=_moment(used),
    )
