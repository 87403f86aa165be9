"""People who have begun a job on the web and have not shown yet that the contact they gave is theirs."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, plain
from flowengine.store.query import Query, inserts, param

_P = t.provisional
_COLUMNS = (_P.c.person, _P.c.job_id, _P.c.contact)

ADD = Query("provisional.add", "Keep that somebody has yet to be confirmed.", inserts(_P))
GET = Query("provisional.get", "What is awaited of a person.", sa.select(*_COLUMNS).where(_P.c.person == param("who")))
OVER = Query(
    "provisional.over",
    "Those who were not confirmed in time, the longest first.",
    sa.select(*_COLUMNS).where(_P.c.until <= param("now")).order_by(_P.c.until).limit(param("most")),
)
DROP = Query("provisional.drop", "Nothing is awaited of a person any more.", sa.delete(_P).where(
    _P.c.person == param("who")
))  # fmt: skip

PUT_OFF = Query(
    "provisional.put_off",
    "Look at somebody again later.",
    sa.update(_P).where(_P.c.person == param("who")).values(until=param("later")),
)


class Awaited(NamedTuple):
    """Of whom it is awaited that he confirms which contact, and the job that he has begun."""

    person: str
    job: str
    contact: str


class Provisional:
    """People who have yet to be confirmed, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, one: Awaited, until: datetime) -> None:
        """Keep that he has yet to be confirmed, until then."""
        row = {"person": one.person, "job_id": one.job, "contact": plain(one.contact), "until": micros(until)}
        self._channel.write(ADD, row)

    def get(self, person: str) -> Awaited | None:
        """What is awaited of a person, if anything is."""
        row = self._channel.one(GET, {"who": plain(person)})
        return Awaited(*row) if row else None

    def over(self, now: datetime, most: int) -> list[Awaited]:
        """Those who were not confirmed in time, the longest first."""
        return [Awaited(*row) for row in self._channel.rows(OVER, {"now": micros(now), "most": most})]

    def drop(self, person: str) -> bool:
        """Nothing is awaited of him any more. False when nothing was."""
        return self._channel.count(DROP, {"who": plain(person)}) == 1

    def put_off(self, person: str, until: datetime) -> None:
        """He could not be swept away: look again then."""
        self._channel.write(PUT_OFF, {"who": plain(person), "later": micros(until)})
