"""What operators measure: how much is open, what waits for how long, what gave up. Only live tables are looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.calls import ASIDE
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, moment
from flowengine.store.dialects import Dialect
from flowengine.store.query import Query, Statement, param
from flowengine.store.timers import RUNG

_C, _J, _O, _S, _T, _D = t.calls, t.jobs, t.outbox, t.steps, t.timers, t.schedules
_NOW = param("now")
_OK: sa.ColumnElement[Any] = sa.literal_column("''")
_COUNT: sa.ColumnElement[Any] = sa.func.count()

OPEN_JOBS = Query(
    "measures.jobs",
    "Open jobs by process.",
    sa.select(_J.c.process, _COUNT).where(_J.c.status == sa.literal_column("'open'")).group_by(_J.c.process),
)
_STEPS = sa.select(_S.c.job_id, _S.c.number, _S.c.process).distinct().subquery()
OPEN_STEPS = Query(
    "measures.steps",
    "Open steps by process; one that waits for several has several rows and counts once.",
    sa.select(_STEPS.c.process, _COUNT).group_by(_STEPS.c.process),
)
CALLS = Query(
    "measures.calls",
    "Calls that are to be run by now, by lane: how many, and since when.",
    sa.select(_C.c.lane, _COUNT, sa.func.min(_C.c.next_at))
    .where(_C.c.incident == _OK, _C.c.next_at.is_not(None), _C.c.next_at <= _NOW)
    .where(sa.func.substr(_C.c.lane, 1, 1) != sa.literal_column(f"'{ASIDE}'"))
    .group_by(_C.c.lane),
)
RUNNING = Query(
    "measures.running",
    "Calls that a worker has just now.",
    sa.select(_COUNT).where(_C.c.incident == _OK, _C.c.worker != _OK, _C.c.next_at > _NOW),
)
WORKERS = Query(
    "measures.workers",
    "The workers that have calls just now: how many, and until when.",
    sa.select(_C.c.worker, _COUNT, sa.func.max(_C.c.next_at))
    .where(_C.c.incident == _OK, _C.c.worker != _OK, _C.c.next_at > _NOW)
    .group_by(_C.c.worker)
    .order_by(_C.c.worker),
)
PRODUCT = Query(
    "measures.product",
    "Which database this is, and its version.",
    lambda dialect: sa.text(
        "SELECT 'SQLite', sqlite_version()"
        if dialect.name == "sqlite"
        else "SELECT 'PostgreSQL', current_setting('server_version')"
    ),
)
CALL_INCIDENTS = Query(
    "measures.call_incidents",
    "Calls that gave up, by process.",
    sa.select(_J.c.process, _COUNT)
    .join_from(_C, _J, _J.c.id == _C.c.job_id)
    .where(_C.c.incident != _OK)
    .group_by(_J.c.process),
)
TIMERS = Query(
    "measures.timers",
    "Timers that are due by now, and since when.",
    sa.select(_COUNT, sa.func.min(_T.c.wake)).where(_T.c.wake <= _NOW),
)
TIMER_INCIDENTS = Query(
    "measures.timer_incidents",
    "Timers that could not be fired.",
    sa.select(_COUNT).where(_T.c.attempts > sa.literal_column("0")),
)
RUNG_TIMERS = Query(
    "measures.rung_timers",
    "What takes so long that somebody has to look.",
    sa.select(_COUNT).where(_T.c.wake == sa.literal_column(str(RUNG))),
)
LATE_PROMISES = Query(
    "measures.late_promises",
    "Open jobs whose promise is over, by process.",
    sa.select(_J.c.process, _COUNT)
    .where(_J.c.status == sa.literal_column("'open'"), _J.c.promised.is_not(None), _J.c.promised < _NOW)
    .group_by(_J.c.process),
)
OUTBOX = Query(
    "measures.outbox",
    "Messages that are to be sent by now, and since when.",
    sa.select(_COUNT, sa.func.min(_O.c.next_at)).where(_O.c.incident == _OK, _O.c.next_at <= _NOW),
)
OUTBOX_INCIDENTS = Query(
    "measures.outbox_incidents",
    "Messages that gave up.",
    sa.select(_COUNT).where(_O.c.incident != _OK),
)

SCHEDULE_INCIDENTS = Query(
    "measures.schedule_incidents",
    "Schedules whose job could not be started, by process.",
    sa.select(_D.c.process, _COUNT).where(_D.c.attempts > sa.literal_column("0")).group_by(_D.c.process),
)


def _standing(dialect: Dialect) -> Statement:
    """State and moment are read out of the branches, in whole seconds; one that stands nowhere has no state."""
    if dialect.name == "sqlite":
        state, since = "json_extract({0}, '$.state')", "CAST(strftime('%s', json_extract({0}, '$.since')) AS INTEGER)"
    else:
        state = "({0}::json ->> 'state')"
        since = "floor(extract(epoch FROM ({0}::json ->> 'since')::timestamptz))::bigint"
    root, branch = (f"{state} AS state, {since} AS since".format(column) for column in ("j.root", "b.body"))
    open_ = "j.process = :process AND j.status = 'open'"
    return sa.text(
        "WITH stood AS (SELECT job, state, min(since) AS since FROM ("
        f"SELECT j.id AS job, {root} FROM flow_jobs j WHERE {open_} UNION ALL "
        f"SELECT j.id AS job, {branch} FROM flow_branches b JOIN flow_jobs j ON j.id = b.job_id WHERE {open_}"
        ") AS every WHERE state <> '' GROUP BY job, state), "
        "ranked AS (SELECT state, since, row_number() OVER (PARTITION BY state ORDER BY since) AS place, "
        "count(*) OVER (PARTITION BY state) AS jobs FROM stood) "
        "SELECT state, jobs, min(since), max(CASE WHEN place = (jobs + 1) / 2 THEN since END) "
        "FROM ranked GROUP BY state, jobs ORDER BY state"
    )


STANDING = Query("measures.standing", "How many jobs of a process stand in each state, and since when.", _standing)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How many open jobs stand in a state: the first ``since`` then, half of them since ``half_since`` or longer."""

    state: str
    jobs: int
    since: datetime
    half_since: datetime


def standing(channel: Channel, process: str) -> list[Standing]:
    """Where the open jobs of a process stand, of all its versions: each state in which one does, by name. A job that
    stands in one several times counts once, as long as it has stood there longest."""
    rows = channel.rows(STANDING, {"process": process})
    return [
        Standing(state=state, jobs=jobs, since=moment(since * 1_000_000), half_since=moment(half * 1_000_000))
        for state, jobs, since, half in rows
    ]


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What is due and not done yet: how many, and for how many seconds the oldest has been."""

    count: int
    oldest: float = 0.0


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """A look at all that is live. ``calls`` is by lane: empty for workers of our own, else an external handler."""

    jobs: dict[str, int]
    steps: dict[str, int]
    calls: dict[str, Backlog]
    running: int
    timers: Backlog
    outbox: Backlog
    call_incidents: dict[str, int]
    timer_incidents: int
    message_incidents: int
    attention: int
    schedule_incidents: dict[str, int] = {}
    late_promises: dict[str, int] = {}


def measured(channel: Channel, now: datetime) -> Measures:
    """A look at all that is live, in one snapshot."""
    at = micros(now)

    def backlog(count: int, since: int | None) -> Backlog:
        return Backlog(count=count, oldest=max(0, at - since) / 1e6 if since is not None else 0.0)

    def single(query: Query) -> tuple[int, ...]:
        return channel.one(query, {"now": at}) or (0, None)

    return Measures(
        jobs=dict(channel.rows(OPEN_JOBS, {})),
        steps=dict(channel.rows(OPEN_STEPS, {})),
        calls={lane: backlog(count, since) for lane, count, since in channel.rows(CALLS, {"now": at})},
        running=single(RUNNING)[0],
        timers=backlog(*single(TIMERS)),
        outbox=backlog(*single(OUTBOX)),
        call_incidents=dict(channel.rows(CALL_INCIDENTS, {})),
        timer_incidents=single(TIMER_INCIDENTS)[0],
        message_incidents=single(OUTBOX_INCIDENTS)[0],
        attention=single(RUNG_TIMERS)[0],
        schedule_incidents=dict(channel.rows(SCHEDULE_INCIDENTS, {})),
        late_promises=dict(channel.rows(LATE_PROMISES, {"now": at})),
    )


class Busy(msgspec.Struct, frozen=True, kw_only=True):
    """A worker that has so many calls just now, the last of them ``until`` then unless it prolongs its lease."""

    id: str
    calls: int
    until: datetime


def workers(channel: Channel, now: datetime) -> list[Busy]:
    """The workers that have calls just now, by id."""
    rows = channel.rows(WORKERS, {"now": micros(now)})
    return [Busy(id=worker, calls=calls, until=moment(until)) for worker, calls, until in rows]


def product(channel: Channel) -> str:
    """Which database this is, and its version: ``SQLite 3.51.3``."""
    return " ".join(channel.one(PRODUCT, {}) or ())
