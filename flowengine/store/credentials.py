"""What people sign in with: passkeys, TOTP, accounts of providers; and what was asked of a browser meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment, plain, text
from flowengine.store.query import Query, inserts, param

CredentialKind: TypeAlias = Literal["passkey", "totp", "oidc"]

_C, _H = t.credentials, t.challenges
_COLUMNS = (_C.c.kind, _C.c.name, _C.c.id, _C.c.person, _C.c.body, _C.c.created, _C.c.used)
_THIS = (_C.c.kind == param("of_kind"), _C.c.name == param("of_name"))

ADD = Query("credentials.add", "Keep what somebody signs in with.", inserts(_C))
FIND = Query("credentials.find", "The one of that kind and name.", sa.select(*_COLUMNS).where(*_THIS))
OF = Query(
    "credentials.of",
    "All that a person signs in with, the oldest first.",
    sa.select(*_COLUMNS).where(_C.c.person == param("of_person")).order_by(_C.c.created, _C.c.id),
)
CHANGE = Query(
    "credentials.change",
    "Write what is known of it anew, unless somebody else has changed it meanwhile.",
    sa.update(_C).where(*_THIS, _C.c.body == param("was")).values(body=param("body"), used=param("at")),
)
DROP = Query(
    "credentials.drop",
    "Forget one of a person's.",
    sa.delete(_C).where(_C.c.id == param("of_id"), _C.c.person == param("of_person")),
)
FORGET = Query("credentials.forget", "Forget all of a person's.", sa.delete(_C).where(_C.c.person == param("who")))
ASK = Query("challenges.add", "Keep what was asked of a browser.", inserts(_H))
ASKED = Query(
    "challenges.find",
    "What was asked, while it can be answered.",
    sa.select(_H.c.body).where(_H.c.hash == param("of_hash"), _H.c.kind == param("of_kind"), _H.c.until > param("now")),
)
TAKE = Query("challenges.take", "It is answered: once.", sa.delete(_H).where(_H.c.hash == param("of_hash")))
TIDY = Query("challenges.tidy", "Forget what nobody answered.", sa.delete(_H).where(_H.c.until < param("before")))


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What a person signs in with. ``name`` is what it is found by, ``id`` its short public id, ``known`` what is known
    of it: of a passkey its public key and count, of TOTP its secret and last step, of a provider's account who that
    is."""

    kind: CredentialKind
    name: str
    id: str
    person: str
    known: dict[str, Any]
    created: datetime
    used: datetime | None = None


class Credentials:
    """What people sign in with, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, one: Credential) -> None:
        """Keep it. One of that kind and name must not be there."""
        row = {"kind": one.kind, "name": plain(one.name), "id": one.id, "person": plain(one.person)}
        self._channel.write(ADD, row | {"body": text(one.known), "created": micros(one.created), "used": None})

    def find(self, kind: CredentialKind, name: str) -> Credential | None:
        """The one of that kind and name."""
        row = self._channel.one(FIND, {"of_kind": kind, "of_name": plain(name)})
        return _credential(row) if row else None

    def of(self, person: str) -> list[Credential]:
        """All that a person signs in with, the oldest first."""
        return [_credential(row) for row in self._channel.rows(OF, {"of_person": plain(person)})]

    def change(self, one: Credential, known: dict[str, Any], used: datetime) -> bool:
        """Write what is known of it anew. False when somebody else has changed it meanwhile."""
        values = {"of_kind": one.kind, "of_name": plain(one.name), "was": text(one.known)}
        return self._channel.count(CHANGE, values | {"body": text(known), "at": micros(used)}) == 1

    def drop(self, person: str, id: str) -> bool:
        """Forget one of a person's. False when he has none of that id."""
        return self._channel.count(DROP, {"of_id": plain(id), "of_person": plain(person)}) == 1

    def forget(self, person: str) -> None:
        """Forget all of a person's."""
        self._channel.write(FORGET, {"who": plain(person)})

    def ask(self, hash: str, kind: str, body: dict[str, Any], until: datetime) -> None:
        """Keep what was asked of a browser, until then."""
        self._channel.write(ASK, {"hash": hash, "kind": kind, "body": text(body), "until": micros(until)})

    def take(self, hash: str, kind: str, now: datetime, person: str = "") -> dict[str, Any] | None:
        """What was asked, of that person where one is named, which is then answered: of several answers one finds it.
        Another's stays as it is."""
        row = self._channel.one(ASKED, {"of_hash": hash, "of_kind": kind, "now": micros(now)})
        found = decode(row[0], dict[str, Any]) if row is not None else None
        if found is None or (person and found["person"] != person):
            return None
        return found if self._channel.count(TAKE, {"of_hash": hash}) else None

    def tidy(self, before: datetime) -> None:
        """Forget what nobody answered."""
        self._channel.write(TIDY, {"before": micros(before)})


def _credential(row: Row) -> Credential:
    kind, name, id, person, body, created, used = row
    return Credential(
        kind=kind,
        name=name,
        id=id,
        person=person,
        known=decode(body, dict[str, Any]),
        created=moment(created),
        used=None if used is None else moment(used),
    )
