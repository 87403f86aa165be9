"""Records of customers that partners have sent: by which of their consents, whose they are here, and what came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import msgspec
import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment, plain, text
from flowengine.store.consents import Why
from flowengine.store.query import Query, param, upserts

_R = t.received_records

PUT = Query("received.put", "What is known of a record that has come.", lambda dialect: upserts(dialect, _R))
GET = Query(
    "received.get",
    "The record that a partner has sent by a consent.",
    sa.select(_R).where(_R.c.partner == param("whose"), _R.c.consent == param("which")),
)
OF_CUSTOMER = Query(
    "received.of_customer",
    "The records that a partner has sent of one of his customers, the latest first.",
    sa.select(_R)
    .where(_R.c.partner == param("whose"), _R.c.customer == param("who"))
    .order_by(_R.c.at.desc(), _R.c.consent.desc()),
)
OF_PERSON = Query(
    "received.of_person",
    "The records that partners have sent of somebody, the latest first.",
    sa.select(_R).where(_R.c.person == param("who")).order_by(_R.c.at.desc(), _R.c.consent.desc()),
)
OVER = Query(
    "received.over",
    "Records whose time is over, the longest first.",
    sa.select(_R).where(_R.c.due <= param("now")).order_by(_R.c.due).limit(param("most")),
)


class Brought(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came with a record and is not there otherwise: the ``name``, contacts by kind and key, and by id facts, and
    those that tell of jobs."""

    name: str = ""
    contacts: tuple[tuple[str, str], ...] = ()
    facts: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A record that ``partner`` has sent of who is ``customer`` there and ``person`` here, by a ``consent`` to some
    ``parts`` that was ``given`` and holds ``until``. ``number`` is how often it was sent by it, ``at`` when it came."""

    partner: str
    consent: str
    customer: str
    person: str
    parts: tuple[str, ...]
    given: datetime
    until: datetime
    number: int
    at: datetime
    ended: datetime | None = None
    why: Why = ""
    brought: Brought = Brought()


class ReceivedRecords:
    """Records that have come, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def put(self, one: Received) -> None:
        """Keep one, or how it is now."""
        texts = {name: plain(getattr(one, name)) for name in ("partner", "consent", "customer", "person", "why")}
        times = {"given": micros(one.given), "until": micros(one.until), "at": micros(one.at)}
        over = (
            {"ended": None, "due": times["until"]} if one.ended is None else {"ended": micros(one.ended), "due": None}
        )
        more = {"parts": plain(" ".join(one.parts)), "number": one.number, "brought": text(one.brought)}
        self._channel.write(PUT, texts | times | over | more)

    def get(self, partner: str, consent: str) -> Received | None:
        """The one of a partner's consent."""
        row = self._channel.one(GET, {"whose": plain(partner), "which": plain(consent)})
        return _received(row) if row else None

    def of_customer(self, partner: str, customer: str) -> list[Received]:
        """All that a partner has sent of one of his customers, the latest first."""
        return [_received(row) for row in self._channel.rows(OF_CUSTOMER, {"whose": partner, "who": plain(customer)})]

    def of(self, persons: Sequence[str]) -> list[Received]:
        """All that partners have sent of somebody under any of his ids, the latest first."""
        found = [_received(row) for one in persons for row in self._channel.rows(OF_PERSON, {"who": plain(one)})]
        return sorted(found, key=lambda one: (one.at, one.consent), reverse=True)

    def forget(self, person: str, now: datetime) -> None:
        """Somebody is erased: what has come of him is gone, and comes no more by the same consents."""
        for one in self.of((person,)):
            if one.ended is None:
                self.put(msgspec.structs.replace(one, ended=now, why="erased", brought=Brought()))

    def over(self, now: datetime, most: int) -> list[Received]:
        """Those whose time is over, and which are there still."""
        return [_received(row) for row in self._channel.rows(OVER, {"now": micros(now), "most": most})]


def _received(row: Row) -> Received:
    partner, consent, customer, person, parts, given, until, number, at, ended, why, _, brought = row
    return Received(
        partner=partner, consent=consent, customer=customer, person=person, parts=tuple(parts.split()),
        given=moment(given), until=moment(until), number=number, at=moment(at),
        ended=moment(ended) if ended is not None else None, why=cast(Why, why), brought=decode(brought, Brought),
    )  # fmt: skip
