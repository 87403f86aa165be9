"""When calendars are closed, beside what their processes say. Who closes one is alone with its bookings meanwhile."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, moment, plain
from flowengine.store.query import Query, inserts, param

_C = t.closures

ADD = Query("closures.add", "Close a calendar for a time.", inserts(_C))
DROP = Query(
    "closures.drop",
    "Open a calendar again.",
    sa.delete(_C).where(_C.c.calendar == param("of_calendar"), _C.c.start == param("of_start")),
)
AHEAD = Query(
    "closures.ahead",
    "When a calendar, or any, is closed and has not opened again.",
    sa.select(_C.c.calendar, _C.c.start, _C.c.until, _C.c.why, _C.c.by)
    .where(sa.or_(param("any") == 1, _C.c.calendar == param("of_calendar")), _C.c.until > param("now"))
    .order_by(_C.c.start, _C.c.calendar)
    .limit(param("most")),
)


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """A time, from ``start`` until before ``end``, in which a calendar has no appointments; ``by`` has said so."""

    calendar: str
    start: datetime
    end: datetime
    why: str = ""
    by: str = ""


class Closures:
    """Closed times of calendars in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def put(self, one: Closing, now: datetime) -> None:
        """Close a calendar; what was said before from the same start is said anew."""
        self.drop(one.calendar, one.start)
        row = {"calendar": plain(one.calendar), "start": micros(one.start), "until": micros(one.end)}
        self._channel.write(ADD, row | {"why": plain(one.why), "by": plain(one.by), "made": micros(now)})

    def drop(self, calendar: str, start: datetime) -> bool:
        """Open it again. Whether it was closed from then."""
        return self._channel.count(DROP, {"of_calendar": plain(calendar), "of_start": micros(start)}) > 0

    def ahead(self, calendar: str, now: datetime, most: int) -> list[Closing]:
        """The closed times that are not over, the earliest first; of all calendars where none is named."""
        given = {"any": int(not calendar), "of_calendar": plain(calendar), "now": micros(now), "most": most}
        return [
            Closing(calendar=name, start=moment(start), end=moment(until), why=why, by=by)
            for name, start, until, why, by in self._channel.rows(AHEAD, given)
        ]
