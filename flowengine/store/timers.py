"""Timers: when jobs want to be woken."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from flowengine.core.draft import Effects
from flowengine.core.values import Timer
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, plain
from flowengine.store.query import Query, upserts

_T = t.timers

SET = Query("timers.set", "Set a timer, or set it anew.", lambda dialect: upserts(dialect, _T))
DROP = Query(
    "timers.drop",
    "Drop a timer.",
    sa.delete(_T).where(_T.c.job_id == sa.bindparam("job_id"), _T.c.number == sa.bindparam("number")),
)
DUE = Query(
    "timers.due",
    "Timers due by now, earliest first.",
    sa.select(_T.c.job_id, _T.c.number)
    .where(_T.c.wake <= sa.bindparam("now"))
    .order_by(_T.c.wake, _T.c.job_id, _T.c.number)
    .limit(sa.bindparam("most")),
)
NEXT = Query(
    "timers.next",
    "When the next timer is due.",
    sa.select(_T.c.wake).order_by(_T.c.wake).limit(1),
)
BRANCH = Query(
    "timers.branch",
    "The branch on which a timer is set.",
    sa.select(_T.c.branch).where(_T.c.job_id == sa.bindparam("job_id"), _T.c.number == sa.bindparam("number")),
)
OF_JOB = Query(
    "timers.of_job",
    "All timers of a job: number and branch.",
    sa.select(_T.c.number, _T.c.branch, _T.c.wake, _T.c.attempts).where(_T.c.job_id == sa.bindparam("job_id")),
)
POSTPONE = Query(
    "timers.postpone",
    "Firing a timer failed; try again later.",
    sa.update(_T)
    .where(_T.c.job_id == sa.bindparam("of_job"), _T.c.number == sa.bindparam("of_number"))
    .values(wake=sa.bindparam("later"), attempts=_T.c.attempts + 1, last_error=sa.bindparam("error")),
)


class Timers:
    """Timers in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def due(self, now: datetime, limit: int = 100) -> list[tuple[str, int]]:
        """Job and number of the timers due by now, earliest first."""
        rows = self._channel.rows(DUE, {"now": micros(now), "most": limit})
        return [(job, number) for job, number in rows]

    def next(self) -> int | None:
        """When the next timer is due, in microseconds since the epoch; None when none is set."""
        row = self._channel.one(NEXT, {})
        return row[0] if row else None

    def postpone(self, job: str, number: int, until: datetime, error: str) -> bool:
        """Firing it failed; do not try before ``until``. False when the timer is gone."""
        values = {"of_job": job, "of_number": number, "later": micros(until), "error": plain(error)}
        return self._channel.count(POSTPONE, values) == 1


def save(channel: Channel, job: str, effects: Effects) -> None:
    """Write what a command did to timers."""
    channel.write_many(DROP, [{"job_id": job, "number": number} for number in effects.dropped_timers])
    channel.write_many(SET, list(_rows(job, effects.timers.values())))


def _rows(job: str, timers: Iterable[Timer]) -> Iterable[dict[str, str | int]]:
    for timer in timers:
        row = {"job_id": job, "number": timer.number, "branch": timer.branch, "wake": micros(timer.due)}
        yield row | {"attempts": 0, "last_error": ""}
