"""Referrals: whom customers have named who could need the same, and whether he came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, cast

import msgspec
import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import micros, moment, plain
from flowengine.store.query import Query, inserts, param

_R = t.referrals

Standing: TypeAlias = Literal["invited", "known", "own", "ring"]
"""Who was named: somebody new, who is invited; a customer of before; the sender himself, by a contact of his own; or
one of those by whom the sender was brought."""

ADD = Query("referrals.add", "Somebody was named.", inserts(_R))
GET = Query("referrals.get", "One referral by its id.", sa.select(_R).where(_R.c.id == param("which")))
CAME = Query(
    "referrals.came",
    "Who was named has begun a job: the first counts.",
    sa.update(_R)
    .where(_R.c.id == param("which"), _R.c.began == sa.literal_column("''"))
    .values(began=param("job"), came=param("now")),
)
SENT = Query(
    "referrals.sent",
    "Whom somebody has named, the latest first.",
    sa.select(_R).where(_R.c.sender == param("who")).order_by(_R.c.at.desc(), _R.c.id.desc()).limit(param("most")),
)
BROUGHT = Query(
    "referrals.brought",
    "By whom somebody was brought who was new then.",
    sa.select(_R).where(_R.c.person == param("who"), _R.c.standing == sa.literal_column("'invited'")),
)


class Referral(msgspec.Struct, frozen=True, kw_only=True):
    """That ``sender`` has named ``person``, in entry ``seq`` of ``job``. ``began`` is the job that he has begun since,
    and ``came`` when; what the sender has written of him stands in that entry alone, and is erased with it."""

    id: str
    sender: str
    job: str
    seq: int
    at: datetime
    person: str
    standing: Standing
    began: str = ""
    came: datetime | None = None


class Referrals:
    """Referrals in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, one: Referral) -> None:
        """Keep one that is new."""
        texts = {name: plain(getattr(one, name)) for name in ("id", "sender", "person", "standing", "began")}
        came = micros(one.came) if one.came is not None else None
        more = {"job_id": plain(one.job), "seq": one.seq, "at": micros(one.at), "came": came}
        self._channel.write(ADD, texts | more)

    def get(self, id: str) -> Referral | None:
        """One of them."""
        return next((_referral(row) for row in self._channel.rows(GET, {"which": plain(id)})), None)

    def come(self, id: str, job: str, now: datetime) -> bool:
        """Who was named has begun a job; False where he had before."""
        return bool(self._channel.count(CAME, {"which": plain(id), "job": plain(job), "now": micros(now)}))

    def sent(self, persons: Sequence[str], most: int) -> list[Referral]:
        """Whom somebody has named under any of his ids, the latest first."""
        found = [
            _referral(row) for one in persons for row in self._channel.rows(SENT, {"who": plain(one), "most": most})
        ]
        return sorted(found, key=lambda one: (one.at, one.id), reverse=True)[:most]

    def brought(self, persons: Sequence[str]) -> Referral | None:
        """By which referral somebody came, under any of his ids: the first."""
        rows = [row for one in persons for row in self._channel.rows(BROUGHT, {"who": plain(one)})]
        return min(map(_referral, rows), key=lambda one: one.at, default=None)


def _referral(row: Row) -> Referral:
    id, sender, job, seq, at, person, standing, began, came = row
    return Referral(
        id=id, sender=sender, job=job, seq=seq, at=moment(at), person=person, standing=cast(Standing, standing),
        began=began, came=moment(came) if came is not None else None,
    )  # fmt: skip
