"""Sessions: who is signed in. A session is found by the SHA-256 of its secret, which stands nowhere."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from flowengine.people.identities import Strength
from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment, plain, text
from flowengine.store.query import Query, inserts, param

_S = t.sessions
_COLUMNS = (
    *(_S.c.id, _S.c.person, _S.c.strength, _S.c.job, _S.c.source, _S.c.body),
    *(_S.c.created, _S.c.seen, _S.c.idle, _S.c.until),
)
_LIVE = (_S.c.ended.is_(None), _S.c.until > param("now"), _S.c.seen + _S.c.idle > param("now"))

ADD = Query("sessions.add", "Keep a session under the hash of its secret.", inserts(_S))
FIND = Query(
    "sessions.find",
    "The session of that hash, while it lasts.",
    sa.select(*_COLUMNS).where(_S.c.hash == param("of_hash"), *_LIVE),
)
OF = Query(
    "sessions.of",
    "The sessions of a person that last, the newest first.",
    sa.select(*_COLUMNS).where(_S.c.person == param("of_person"), *_LIVE).order_by(_S.c.created.desc(), _S.c.id),
)
OF_ID = Query("sessions.get", "The session of that public id, while it lasts.", sa.select(*_COLUMNS).where(
    _S.c.id == param("of_id"), *_LIVE
))  # fmt: skip
SEEN = Query(
    "sessions.seen",
    "Note that a session was used.",
    sa.update(_S).where(_S.c.id == param("of_id"), _S.c.seen < param("at")).values(seen=param("at")),
)
_END = sa.update(_S).where(_S.c.ended.is_(None)).values(ended=param("at"))
END = Query("sessions.end", "End a session.", _END.where(_S.c.id == param("of_id")))
END_ALL = Query("sessions.end_all", "End all sessions of a person.", _END.where(_S.c.person == param("of_person")))
END_OTHERS = Query(
    "sessions.end_others",
    "End all sessions of a person but one.",
    _END.where(_S.c.person == param("of_person"), _S.c.id != param("but")),
)
END_OF_SOURCE = Query(
    "sessions.end_of_source", "End the sessions that came of a link.", _END.where(_S.c.source == param("of_source"))
)
TIDY = Query("sessions.tidy", "Forget sessions that are long over.", sa.delete(_S).where(_S.c.until < param("before")))
FORGET = Query("sessions.forget", "Forget all sessions of a person.", sa.delete(_S).where(
    _S.c.person == param("of_person")
))  # fmt: skip


class Where(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From where somebody signed in, as far as the door knows."""

    address: str = ""
    agent: str = ""


class StoredSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session without its secret. ``id`` is short and public; ``idle`` is for how long it lasts unused."""

    id: str
    person: str
    strength: Strength
    job: str
    source: str
    where: Where
    created: datetime
    seen: datetime
    idle: timedelta
    until: datetime

    @property
    def expires(self) -> datetime:
        """When it ends if it is not used any more."""
        return min(self.until, self.seen + self.idle)


class Sessions:
    """Sessions in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, hash: str, one: StoredSession) -> None:
        """Keep a session under the hash of its secret."""
        names = {"hash": hash, "id": one.id, "person": one.person, "strength": one.strength, "job": one.job}
        times = {"created": micros(one.created), "seen": micros(one.seen), "until": micros(one.until), "ended": None}
        idle = one.idle // timedelta(microseconds=1)
        self._channel.write(ADD, names | times | {"source": one.source, "body": text(one.where), "idle": idle})

    def find(self, hash: str, now: datetime) -> StoredSession | None:
        """The session of that hash; None for one that is unknown or over."""
        row = self._channel.one(FIND, {"of_hash": hash, "now": micros(now)})
        return _session(row) if row else None

    def of(self, person: str, now: datetime) -> list[StoredSession]:
        """The sessions of a person that last, the newest first."""
        return [_session(row) for row in self._channel.rows(OF, {"of_person": plain(person), "now": micros(now)})]

    def get(self, id: str, now: datetime) -> StoredSession | None:
        """The session of that public id, while it lasts."""
        row = self._channel.one(OF_ID, {"of_id": plain(id), "now": micros(now)})
        return _session(row) if row else None

    def seen(self, id: str, at: datetime) -> None:
        """Note that a session was used."""
        self._channel.write(SEEN, {"of_id": id, "at": micros(at)})

    def end(self, id: str, at: datetime) -> bool:
        """End a session. False when it was over."""
        return self._channel.count(END, {"of_id": plain(id), "at": micros(at)}) == 1

    def end_all(self, person: str, at: datetime, but: str = "") -> int:
        """End all sessions of a person, or all but one: how many."""
        values = {"of_person": plain(person), "at": micros(at)}
        return self._channel.count(END_OTHERS, values | {"but": but}) if but else self._channel.count(END_ALL, values)

    def end_of(self, link: str, at: datetime) -> None:
        """End the sessions that came of a link."""
        self._channel.write(END_OF_SOURCE, {"of_source": link, "at": micros(at)})

    def forget(self, person: str) -> None:
        """Forget all sessions of a person."""
        self._channel.write(FORGET, {"of_person": plain(person)})

    def tidy(self, before: datetime) -> None:
        """Forget what was over before a moment."""
        self._channel.write(TIDY, {"before": micros(before)})


def _session(row: Row) -> StoredSession:
    id, person, strength, job, source, body, created, seen, idle, until = row
    return StoredSession(
        id=id,
        person=person,
        strength=strength,
        job=job,
        source=source,
        where=decode(body, Where),
        created=moment(created),
        seen=moment(seen),
        idle=timedelta(microseconds=idle),
        until=moment(until),
    )
