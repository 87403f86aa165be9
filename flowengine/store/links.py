"""Links: a way in for one person to one job, found by the SHA-256 of its secret; and each use of it."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment, plain, text
from flowengine.store.query import Query, inserts, param

_L, _U = t.links, t.link_uses
_COLUMNS = (
    *(_L.c.job_id, _L.c.id, _L.c.person, _L.c.step, _L.c.uses, _L.c.most, _L.c.body),
    *(_L.c.created, _L.c.until, _L.c.revoked),
)
_OPEN = (_L.c.revoked.is_(None), _L.c.until > param("now"), _L.c.uses < _L.c.most)

ADD = Query("links.add", "Keep a link under the hash of its secret.", inserts(_L))
FIND = Query(
    "links.find",
    "The link of that hash, while it can be used.",
    sa.select(*_COLUMNS).where(_L.c.hash == param("of_hash"), *_OPEN),
)
USE = Query(
    "links.use",
    "Use a link that can be used.",
    sa.update(_L).where(_L.c.hash == param("of_hash"), *_OPEN).values(uses=_L.c.uses + 1),
)
NOTE_USE = Query("links.note_use", "Note when and from where a link was used.", inserts(_U))
OF_ID = Query("links.get", "The link of that public id.", sa.select(*_COLUMNS).where(_L.c.id == param("of_id")))
OF_JOB = Query(
    "links.of_job",
    "The links of a job, the oldest first.",
    sa.select(*_COLUMNS).where(_L.c.job_id == param("of_job")).order_by(_L.c.created, _L.c.id),
)
USES = Query(
    "links.uses",
    "The uses of a job's links, in their order.",
    sa.select(_U.c.link, _U.c.at, _U.c.address, _U.c.agent)
    .where(_U.c.job_id == param("of_job"))
    .order_by(_U.c.link, _U.c.number),
)
REVOKE = Query(
    "links.revoke",
    "Revoke a link, once.",
    sa.update(_L).where(_L.c.id == param("of_id"), _L.c.revoked.is_(None)).values(revoked=param("at")),
)
REVOKE_ALL = Query(
    "links.revoke_all",
    "Revoke all links of a person.",
    sa.update(_L).where(_L.c.person == param("of_person"), _L.c.revoked.is_(None)).values(revoked=param("at")),
)
FORGET_USES = Query(
    "links.forget_uses",
    "Forget from where the links of a person were used.",
    sa.update(_U)
    .where(
        sa.tuple_(_U.c.job_id, _U.c.link).in_(sa.select(_L.c.job_id, _L.c.id).where(_L.c.person == param("of_person")))
    )
    .values(address="", agent=""),
)


class MadeBy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who made a link."""

    by: str = ""


class StoredLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link without its secret. ``id`` is short and public; ``step`` is 0 for the whole job, ``job`` empty for a link
    by which somebody registers what he signs in with."""

    id: str
    job: str
    step: int
    person: str
    uses: int
    most: int
    made: MadeBy
    created: datetime
    until: datetime
    revoked: datetime | None = None


class LinkUse(msgspec.Struct, frozen=True, kw_only=True):
    """One use of a link."""

    link: str
    at: datetime
    address: str
    agent: str


class Links:
    """Links in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, hash: str, one: StoredLink) -> None:
        """Keep a link under the hash of its secret."""
        names = {"hash": hash, "job_id": one.job, "id": one.id, "person": one.person, "step": one.step}
        times = {"created": micros(one.created), "until": micros(one.until), "revoked": None}
        self._channel.write(ADD, names | times | {"uses": one.uses, "most": one.most, "body": text(one.made)})

    def find(self, hash: str, now: datetime) -> StoredLink | None:
        """The link of that hash; None for one that is unknown, over, revoked or used up."""
        row = self._channel.one(FIND, {"of_hash": hash, "now": micros(now)})
        return _link(row) if row else None

    def use(self, hash: str, one: StoredLink, now: datetime, address: str, agent: str) -> bool:
        """Use it once more. False when it can no longer be used: of several at once, each is counted."""
        if not self._channel.count(USE, {"of_hash": hash, "now": micros(now)}):
            return False
        found = self.get(one.id)
        assert found is not None, "it was used just now"
        row = {"job_id": one.job, "link": one.id, "number": found.uses, "at": micros(now)}
        self._channel.write(NOTE_USE, row | {"address": plain(address), "agent": plain(agent)})
        return True

    def get(self, id: str) -> StoredLink | None:
        """The link of that public id, usable or not."""
        row = self._channel.one(OF_ID, {"of_id": plain(id)})
        return _link(row) if row else None

    def of(self, job: str) -> list[StoredLink]:
        """The links of a job, the oldest first; those that are over too."""
        return [_link(row) for row in self._channel.rows(OF_JOB, {"of_job": job})]

    def uses(self, job: str) -> list[LinkUse]:
        """The uses of a job's links, by link, in their order."""
        return [
            LinkUse(link=link, at=moment(at), address=address, agent=agent)
            for link, at, address, agent in self._channel.rows(USES, {"of_job": job})
        ]

    def revoke(self, id: str, at: datetime) -> bool:
        """Revoke a link from now on. False when there is none, or it was revoked before."""
        return self._channel.count(REVOKE, {"of_id": plain(id), "at": micros(at)}) == 1

    def forget(self, person: str, at: datetime) -> None:
        """Revoke all links of a person, and forget from where they were used."""
        self._channel.write(REVOKE_ALL, {"of_person": plain(person), "at": micros(at)})
        self._channel.write(FORGET_USES, {"of_person": plain(person)})

    def revoke_all(self, person: str, at: datetime) -> None:
        """Revoke all links of a person."""
        self._channel.write(REVOKE_ALL, {"of_person": plain(person), "at": micros(at)})


def _link(row: Row) -> StoredLink:
    job, id, person, step, uses, most, body, created, until, revoked = row
    return StoredLink(
        id=id,
        job=job,
        step=step,
        person=person,
        uses=uses,
        most=most,
        made=decode(body, MadeBy),
        created=moment(created),
        until=moment(until),
        revoked=None if revoked is None else moment(revoked),
    )
