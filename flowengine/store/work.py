"""When there is work for workers: one look at all that can be due, which costs a few steps in indexes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, moment
from flowengine.store.dialects import Dialect
from flowengine.store.query import Query, Statement, param
from flowengine.store.timers import LAID_ASIDE

_C, _T, _O, _M, _S, _P = t.calls, t.timers, t.outbox, t.messages, t.schedules, t.provisional
_A, _R = t.consents, t.received_records
_NONE: sa.ColumnElement[str] = sa.literal_column("''")


def _next(dialect: Dialect) -> Statement:
    def first(column: sa.Column[Any], *which: sa.ColumnElement[bool]) -> sa.ScalarSelect[Any]:
        return sa.select(column).where(*which).order_by(column).limit(dialect.few(1)).scalar_subquery()

    return sa.select(
        first(_T.c.wake, _T.c.claimed_until <= param("now"), _T.c.wake < sa.literal_column(str(LAID_ASIDE))),
        first(_C.c.next_at, _C.c.lane == _NONE, _C.c.incident == _NONE, _C.c.next_at.is_not(None)),
        first(_O.c.next_at, _O.c.incident == _NONE),
        first(_M.c.until),
        first(_S.c.wake, _S.c.claimed_until <= param("now")),
        first(_P.c.until),
        first(_A.c.due, _A.c.due.is_not(None)),
        first(_R.c.due, _R.c.due.is_not(None)),
    )


NEXT = Query(
    "work.next",
    "When the next timer, call for our own workers, message and schedule are due, and the time of a kept message, or "
    "of somebody who has yet to be confirmed, or of a consent, is over.",
    _next,
)


class Work(msgspec.Struct, frozen=True):
    """When the next of each kind is due, or None. A timer that some worker has in its hands does not count; the end of
    a kept message's time does, as a timer, and so do a schedule, and the time of who has yet to be confirmed and of a
    consent."""

    timer: datetime | None
    call: datetime | None
    message: datetime | None

    def next(self) -> datetime | None:
        """The earliest of them."""
        return min((one for one in (self.timer, self.call, self.message) if one is not None), default=None)


def ahead(channel: Channel, now: datetime) -> Work:
    """What comes next, as it stands ``now``."""
    row = channel.one(NEXT, {"now": micros(now)})
    assert row is not None, "a look at nothing gives a row all the same"
    timer, call, message, *others = (None if due is None else moment(due) for due in row)
    return Work(min((one for one in (timer, *others) if one is not None), default=None), call, message)
