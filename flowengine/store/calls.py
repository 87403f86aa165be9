"""Service calls: what is to be called, what is ready to be run, and what gave up. Who runs it stands in
:mod:`flowengine.store.claims`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from flowengine.core.draft import Effects
from flowengine.core.values import ServiceCall
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.claims import COLUMNS, IS_READY, ORDER, THIS, ClaimedCall, Claims, claimed_call
from flowengine.store.codec import decode, micros, plain, text
from flowengine.store.dialects import Dialect
from flowengine.store.query import Query, Statement, param, upserts

_C, _J = t.calls, t.jobs


def _put(dialect: Dialect) -> Statement:
    cleared = sa.and_(_C.c.incident != "", sa.literal_column("excluded.incident") == "", _C.c.next_at.is_not(None))
    kept = ("branch", "epoch", "lease_until", "last_error", "alone", "progress", "trace")
    return upserts(
        dialect,
        _C,
        {
            "next_at": sa.case((cleared, sa.literal_column("excluded.next_at")), else_=_C.c.next_at),
            "attempts": sa.case((cleared, 0), else_=_C.c.attempts),
            "epoch": _C.c.epoch + sa.case((cleared, 1), else_=0),
            "worker": sa.case((cleared, sa.literal_column("''")), else_=_C.c.worker),
            "lane": sa.case((cleared, sa.literal_column("excluded.lane")), else_=_C.c.lane),
        },
        keep=kept,
    )


PUT = Query(
    "calls.put",
    "Open a call, or write its incident; a cleared incident makes it ready with fresh attempts, for those "
    "who serve its handler by now.",
    _put,
)
DROP = Query(
    "calls.drop",
    "A call is closed.",
    sa.delete(_C).where(_C.c.job_id == param("job_id"), _C.c.number == param("number")),
)
READY = Query(
    "calls.ready",
    "Calls of a lane to be run by now, earliest first; those whose lease ran out are among them.",
    sa.select(*COLUMNS).where(IS_READY).order_by(*ORDER).limit(param("most")),
)
TAKE_BACK = Query(
    "calls.take_back",
    "Give what waits in a lane to workers of our own.",
    sa.update(_C).where(_C.c.lane == param("of_lane")).values(lane=""),
)
INCIDENTS = Query(
    "calls.incidents",
    "Calls that gave up, with their jobs' process and customer.",
    sa.select(_C.c.job_id, _C.c.number, _C.c.body, _C.c.attempts, _C.c.incident, _J.c.process, _J.c.customer)
    .join(_J, _J.c.id == _C.c.job_id)
    .where(_C.c.incident != sa.literal_column("''"))
    .order_by(_C.c.job_id, _C.c.number),
)
ONE = Query("calls.get", "One open call.", sa.select(*COLUMNS).where(*THIS))
OF_JOB = Query(
    "calls.of",
    "The open calls of a job.",
    sa.select(*COLUMNS).where(_C.c.job_id == param("of_job")).order_by(_C.c.number),
)
BRANCH = Query(
    "calls.branch",
    "The branch on which a call is open.",
    sa.select(_C.c.branch).where(_C.c.job_id == param("job_id"), _C.c.number == param("number")),
)


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """A call that gave up, and why (``error``). It waits for an operator."""

    job: str
    number: int
    call: ServiceCall
    attempts: int
    error: str
    process: str
    customer: str


class Calls(Claims):
    """Service calls in one transaction, and the claims on them."""

    __slots__ = ()

    def ready(self, now: datetime, limit: int = 100, lane: str = "") -> list[ClaimedCall]:
        """Calls of a lane that could be claimed now, earliest first."""
        values = {"now": micros(now), "most": limit, "of_lane": lane}
        return [claimed_call(row) for row in self._channel.rows(READY, values)]

    def take_back(self, lane: str) -> int:
        """Give the calls of a lane to workers of our own. How many those were."""
        return self._channel.count(TAKE_BACK, {"of_lane": lane})

    def incidents(self) -> list[Incident]:
        """Calls that gave up, by job."""
        return [
            Incident(
                job=job,
                number=number,
                call=decode(body, ServiceCall),
                attempts=attempts,
                error=error,
                process=process,
                customer=customer,
            )
            for job, number, body, attempts, error, process, customer in self._channel.rows(INCIDENTS, {})
        ]

    def get(self, job: str, number: int) -> ClaimedCall | None:
        """One open call, or None."""
        row = self._channel.one(ONE, {"of_job": job, "of_number": number})
        return claimed_call(row) if row else None

    def of(self, job: str) -> list[ClaimedCall]:
        """The open calls of a job."""
        return [claimed_call(row) for row in self._channel.rows(OF_JOB, {"of_job": job})]


class Calling(msgspec.Struct, frozen=True, kw_only=True):
    """What a new call is marked with: the handlers that external workers serve, and the trace of the act."""

    external: frozenset[str] = frozenset()
    trace: str = ""


def save(channel: Channel, job: str, effects: Effects, at: int, calling: Calling) -> None:
    """Write what a command did to calls; a new one is ready from ``at`` on (microseconds since the epoch)."""
    channel.write_many(DROP, [{"job_id": job, "number": number} for number in effects.closed_calls])
    channel.write_many(PUT, [_row(job, call, at, calling) for call in effects.calls.values()])


def _row(job: str, call: ServiceCall, at: int, calling: Calling) -> dict[str, Any]:
    return {
        "job_id": job,
        "number": call.number,
        "branch": call.branch,
        "body": text(call),
        "incident": plain(call.incident),
        "next_at": None if call.process else at,
        "epoch": 0,
        "attempts": 0,
        "worker": "",
        "lease_until": None,
        "last_error": "",
        "lane": plain(call.handler) if call.handler in calling.external else "",
        "alone": 0,
        "progress": "",
        "trace": calling.trace,
    }
