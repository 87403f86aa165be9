"""Codes of six digits, while they can be answered. The digits stand nowhere: they follow from the id and a secret."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, moment, plain
from flowengine.store.query import Query, inserts, param

_C, _O = t.codes, t.outbox
PAGE = 100
"""Codes that are forgotten at once."""

ADD = Query("codes.add", "Keep that a code was asked for.", inserts(_C))
TRY = Query(
    "codes.try",
    "Count a try at a code that may still be answered.",
    sa.update(_C)
    .where(_C.c.id == param("of_id"), _C.c.used.is_(None), _C.c.until > param("now"), _C.c.tries < param("most"))
    .values(tries=_C.c.tries + 1),
)
GET = Query(
    "codes.get",
    "The code of that id.",
    sa.select(_C.c.id, _C.c.person, _C.c.contact, _C.c.until, _C.c.used).where(_C.c.id == param("of_id")),
)
USED = Query(
    "codes.used", "A code was answered: once.", sa.update(_C).where(_C.c.id == param("of_id")).values(used=param("at"))
)
OVER = Query(
    "codes.over",
    "Codes that have long been over.",
    sa.select(_C.c.id).where(_C.c.until < param("before")).limit(PAGE),
)
DROP = Query("codes.drop", "Forget a code.", sa.delete(_C).where(_C.c.id == param("of_id")))
DROP_LETTER = Query(
    "codes.drop_letter", "Forget the letter of a code.", sa.delete(_O).where(_O.c.job_id == param("of_letter"))
)


class StoredCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code that was asked for: for the person of that id, else for whoever has the contact."""

    id: str
    person: str
    contact: str
    until: datetime
    used: datetime | None = None


class Codes:
    """Codes in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, code: StoredCode) -> None:
        """Keep that it was asked for."""
        row = {"id": code.id, "person": plain(code.person), "contact": plain(code.contact)}
        self._channel.write(ADD, row | {"tries": 0, "until": micros(code.until), "used": None})

    def tried(self, id: str, now: datetime, most: int) -> StoredCode | None:
        """Count a try, and give the code: None for one that is unknown, over, answered, or was tried too often."""
        values = {"of_id": plain(id), "now": micros(now), "most": most}
        return self.get(id) if self._channel.count(TRY, values) else None

    def get(self, id: str) -> StoredCode | None:
        """The code of that id."""
        row = self._channel.one(GET, {"of_id": plain(id)})
        if row is None:
            return None
        id, person, contact, until, used = row
        return StoredCode(
            id=id,
            person=person,
            contact=contact,
            until=moment(until),
            used=None if used is None else moment(used),
        )

    def used(self, id: str, at: datetime) -> None:
        """It was answered, and is of no use any more."""
        self._channel.write(USED, {"of_id": id, "at": micros(at)})

    def tidy(self, before: datetime) -> None:
        """Forget some of those that were over before a moment, with letters that nobody could send."""
        over = [row[0] for row in self._channel.rows(OVER, {"before": micros(before)})]
        self._channel.write_many(DROP_LETTER, [{"of_letter": letter_of(id)} for id in over])
        self._channel.write_many(DROP, [{"of_id": id} for id in over])


def letter_of(code: str) -> str:
    """What stands in the place of a job in the outbox's row for a code."""
    return f"code:{code}"
