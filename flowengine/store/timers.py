"""Timers: when jobs want to be woken."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from flowengine.core.draft import Effects
from flowengine.core.values import Timer
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, plain
from flowengine.store.query import Query, param, upserts
from flowengine.store.queues import Incident, Queue

_T = t.timers
QUEUE = Queue(
    kind="timer",
    table=_T,
    due="wake",
    waits=sa.true(),
    gave_up=_T.c.attempts > sa.literal_column("0"),
    shown=(_T.c.branch, sa.literal_column("''"), _T.c.last_error, _T.c.wake),
)

LAID_ASIDE = micros(datetime(9999, 12, 31, tzinfo=UTC))
"""When the timers of a suspended job are due. The position says when they really are."""

RUNG = LAID_ASIDE + 1
"""When timers are due that have rung, and stay until their state is left: never."""

LAY_ASIDE = Query(
    "timers.lay_aside",
    "The timers of a job are not fired while it is suspended.",
    sa.update(_T).where(_T.c.job_id == param("of_job")).values(wake=LAID_ASIDE),
)
MOST_OVERDUE = 100
"""So many timers of a job that are due are looked at together."""

SET = Query("timers.set", "Set a timer, or set it anew.", lambda dialect: upserts(dialect, _T))
DROP = Query(
    "timers.drop",
    "Drop a timer.",
    sa.delete(_T).where(_T.c.job_id == param("job_id"), _T.c.number == param("number")),
)
DUE = Query("timers.due", "Timers due by now, earliest first.", QUEUE.ready(_T.c.job_id, _T.c.number))
CLAIM = Query(
    "timers.claim",
    "Keep due timers from being fired by other workers for a while.",
    lambda dialect: QUEUE.claim(
        dialect,
        {"claimed_until": param("until")},
        _T.c.wake,
        _T.c.job_id,
        _T.c.number,
        where=_T.c.claimed_until <= param("now"),
    ),
)
BRANCH = Query(
    "timers.branch",
    "The branch on which a timer is set.",
    sa.select(_T.c.branch).where(_T.c.job_id == param("job_id"), _T.c.number == param("number")),
)
OF_JOB = Query(
    "timers.of_job",
    "All timers of a job: number and branch.",
    sa.select(_T.c.number, _T.c.branch, _T.c.wake, _T.c.attempts).where(_T.c.job_id == param("job_id")),
)
OVERDUE = Query(
    "timers.overdue",
    "The timers of a job that are due by now, the earliest first.",
    sa.select(_T.c.number, _T.c.branch)
    .where(_T.c.job_id == param("of_job"), _T.c.wake <= param("now"))
    .order_by(_T.c.wake, _T.c.number)
    .limit(MOST_OVERDUE),
)
POSTPONE = Query("timers.postpone", "Firing a timer failed; try again later.", QUEUE.postpone(claimed_until=0))
HAVE_RUNG = Query(
    "timers.have_rung",
    "Timers that have rung and are still set: what needs attention. Those of suspended jobs are laid aside.",
    sa.select(_T.c.job_id, _T.c.number, _T.c.branch)
    .where(_T.c.wake == sa.literal_column(str(RUNG)))
    .order_by(_T.c.job_id, _T.c.number),
)
HEAL = Query(
    "timers.heal",
    "Let go of timers that are claimed for longer than any claim can be, since a clock has jumped back.",
    sa.update(_T).where(_T.c.wake <= param("now"), _T.c.claimed_until > param("beyond")).values(claimed_until=0),
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

    def claim(self, limit: int, until: datetime, now: datetime) -> list[tuple[str, int]]:
        """Take up to ``limit`` due timers, earliest first, so that others fire other ones until ``until``.

        Only a matter of who does what: whoever fires a timer finds out under the job's lock whether it is still set.
        """
        rows = self._channel.rows(CLAIM, {"now": micros(now), "most": limit, "until": micros(until)})
        return [(job, number) for _, job, number in sorted(rows)]

    def postpone(self, job: str, number: int, until: datetime, error: str) -> bool:
        """Firing it failed; do not try before ``until``. False when the timer is gone."""
        values = {"of_job": job, "of_number": number, "later": micros(until), "error": plain(error)}
        return self._channel.count(POSTPONE, values) == 1

    def heal(self, now: datetime, beyond: datetime) -> int:
        """After a clock jumped back: due timers that are claimed until later than ``beyond`` are free again. How many
        those were. (One that is not due any more is looked at when it is.)"""
        return self._channel.count(HEAL, {"now": micros(now), "beyond": micros(beyond)})

    def incidents(self) -> list[Incident]:
        """Timers that could not be fired, by job."""
        return QUEUE.gone_wrong(self._channel)

    def rung(self) -> list[tuple[str, int, str]]:
        """Job, number and branch of the timers that have rung and are still set, by job."""
        return [(job, number, branch) for job, number, branch in self._channel.rows(HAVE_RUNG, {})]


def save(channel: Channel, job: str, effects: Effects, suspended: bool) -> None:
    """Write what a command did to timers; those of a job that is ``suspended`` are laid aside. One that was resumed
    has all of its timers among the effects."""
    channel.write_many(DROP, [{"job_id": job, "number": number} for number in effects.dropped_timers])
    rows: list[dict[str, Any]] = [
        {
            "job_id": job,
            "number": timer.number,
            "branch": timer.branch,
            "wake": wake(timer, suspended),
            "attempts": 0,
            "last_error": "",
            "claimed_until": 0,
        }
        for timer in effects.timers.values()
    ]
    channel.write_many(SET, rows)
    if effects.suspended:
        channel.write(LAY_ASIDE, {"of_job": job})


def wake(timer: Timer, suspended: bool) -> int:
    """When a timer is to be fired, in microseconds: never while its job is suspended, or once it has rung."""
    if suspended:
        return LAID_ASIDE
    return micros(timer.due) if timer.rang is None else RUNG
