"""Service calls: what is to be called, who runs it now and until when, what becomes of it when an attempt ends or is
lost, and what gave up.

A worker claims a call for the length of a lease; each claim counts ``epoch`` up and the attempt with it, before the
handler runs. Whoever finishes, postpones or prolongs must name the epoch of his claim: with an old one nothing is
found, and late work changes nothing (L10).
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from flowengine.core.draft import Effects
from flowengine.core.values import ServiceCall
from flowengine.core.world import Attempt
from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment, plain, text
from flowengine.store.dialects import Dialect
from flowengine.store.people import Person
from flowengine.store.query import Query, Statement, param, upserts
from flowengine.store.queues import Incident, Queue

AWAITED = "waits to be completed from outside"
"""The progress of a call whose handler has left it to somebody else."""

ASIDE = "#"
"""Begins the lane of a call while its job is suspended, so that it is in none that anybody serves: no handler's name
begins so. A claim needs not ask for more."""

_C, _J, _P = t.calls, t.jobs, t.people
_IS_ASIDE = sa.func.substr(_C.c.lane, 1, 1) == sa.literal_column(f"'{ASIDE}'")
_NONE: sa.ColumnElement[str] = sa.literal_column("''")
QUEUE = Queue(
    kind="call",
    table=_C,
    due="next_at",
    waits=sa.and_(_C.c.incident == _NONE, _C.c.next_at.is_not(None)),
    gave_up=_C.c.incident != _NONE,
    shown=(_C.c.body, _NONE, _C.c.incident, sa.null()),
)
_LANE = _C.c.lane == param("of_lane")
COLUMNS = (
    _C.c.job_id,
    _C.c.number,
    _C.c.body,
    _C.c.epoch,
    _C.c.attempts,
    _C.c.worker,
    _C.c.next_at,
    _C.c.last_error,
    _C.c.lane,
    _C.c.alone,
    _C.c.progress,
    _C.c.trace,
)
_PROCESS, _VERSION, _CUSTOMER = (
    sa.select(column).where(_J.c.id == _C.c.job_id).correlate(_C).scalar_subquery()
    for column in (_J.c.process, _J.c.version, _J.c.customer)
)
_PERSON = sa.select(_P.c.body).where(_P.c.id == _CUSTOMER).scalar_subquery()
_WAS_LOST = _C.c.worker != sa.literal_column("''")
_AMONG_OTHERS = sa.and_(_WAS_LOST, _C.c.alone == sa.literal_column("0"), _C.c.lane == sa.literal_column("''"))
"""Lost by a worker of ours that ran others beside it, so nobody knows which of them killed it: that is no attempt. It
happens once to a call, for then it is alone."""
_MINE = (*QUEUE.this, _C.c.epoch == param("of_epoch"))


@cache
def claiming(most: int) -> Query:
    """Claims up to so many, a statement for each number."""
    values = {
        "epoch": _C.c.epoch + 1,
        "attempts": _C.c.attempts + sa.case((_AMONG_OTHERS, 0), else_=1),
        "alone": sa.case((_WAS_LOST, 1), else_=_C.c.alone),
        "worker": param("by_worker"),
        "lease_until": param("until"),
        "next_at": param("until"),
    }
    given = (*COLUMNS, _PROCESS, _VERSION, _CUSTOMER, _PERSON)
    return Query(
        "calls.claim",
        "Take calls that are ready, for the length of a lease. One whose last worker was lost is to be run alone; the "
        "attempt that was lost among others does not count.",
        lambda dialect: QUEUE.claim(dialect, values, *given, where=_LANE, most=dialect.few(most)),
    )


def _put(dialect: Dialect) -> Statement:
    given: sa.ColumnElement[int] = sa.literal_column("excluded.next_at")
    cleared = sa.and_(_C.c.incident != "", sa.literal_column("excluded.incident") == "", _C.c.next_at.is_not(None))
    # one that is cut off is for no worker any more; its lease stays
    kept = ("branch", "epoch", "lease_until", "last_error", "alone", "progress", "trace")
    return upserts(
        dialect,
        _C,
        {
            "next_at": sa.case((sa.or_(cleared, given.is_(None)), given), else_=_C.c.next_at),
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
    QUEUE.ready(*COLUMNS).where(_LANE),
)
TAKE_BACK = Query(
    "calls.take_back",
    "Give what waits in a lane to workers of our own.",
    sa.update(_C).where(_C.c.lane == param("of_lane")).values(lane=param("to_lane")),
)
LAY_ASIDE = Query(
    "calls.lay_aside",
    "The calls of a job are not claimed while it is suspended.",
    sa.update(_C).where(_C.c.job_id == param("of_job"), ~_IS_ASIDE).values(lane=sa.literal(ASIDE) + _C.c.lane),
)
TAKE_UP = Query(
    "calls.take_up",
    "The calls of a job are claimed again.",
    sa.update(_C).where(_C.c.job_id == param("of_job"), _IS_ASIDE).values(lane=sa.func.substr(_C.c.lane, 2)),
)
OWNED = Query(
    "calls.owned",
    "Whether a claim still holds; the row stays as it is until the transaction ends.",
    sa.select(_C.c.epoch).where(*_MINE).with_for_update(),
)
PROLONG = Query(
    "calls.prolong",
    "Prolong a lease. Of a call that was cut off that is all: it is for no other worker afterwards.",
    sa.update(_C)
    .where(*_MINE)
    .values(
        lease_until=param("until"), next_at=sa.case((_C.c.next_at.is_not(None), sa.cast(param("until"), sa.BigInteger)))
    )
    .returning(_C.c.next_at),
)
RESCHEDULE = Query(
    "calls.reschedule",
    "An attempt is over without a result, and the claim with it; try again later. Not where the call was given up "
    "meanwhile: an incident waits for an operator, and a late attempt changes nothing.",
    sa.update(_C)
    .where(*_MINE, _C.c.incident == sa.literal_column("''"))
    .values(
        epoch=_C.c.epoch + 1,
        next_at=param("later"),
        lease_until=sa.null(),
        worker="",
        last_error=param("error"),
        attempts=_C.c.attempts - param("less"),
        alone=param("be_alone"),
        lane=sa.case((_IS_ASIDE, sa.literal(ASIDE) + param("to_lane")), else_=param("to_lane")),
        progress=param("said"),
    ),
)
HEAL = Query(
    "calls.heal",
    "Make ready what a clock that ran ahead has put off: a lease further away than any can be, and a call that was "
    "never tried.",
    sa.update(_C)
    .where(
        QUEUE.waits,
        sa.or_(
            sa.and_(_C.c.lane == sa.literal_column("''"), _C.c.next_at > param("own")),
            sa.and_(_C.c.lane > sa.literal_column("''"), _C.c.next_at > param("other")),
        ),
    )
    .where(sa.or_(_C.c.worker != sa.literal_column("''"), _C.c.attempts == sa.literal_column("0")))
    .values(next_at=param("now")),
)
HURRY = Query(
    "calls.hurry",
    "What waits for its next attempt is ready now; not what a worker has.",
    sa.update(_C)
    .where(*QUEUE.this, QUEUE.waits, _C.c.worker == sa.literal_column("''"), _C.c.next_at > param("now"))
    .values(next_at=param("now")),
)
FREE = Query(
    "calls.free",
    "Make ready what a worker had that is known to be lost. Claims end within the longest lease, so few are looked at.",
    sa.update(_C)
    .where(QUEUE.waits, _C.c.lane == sa.literal_column("''"), _C.c.next_at > param("now"), _C.c.next_at <= param("own"))
    .where(_C.c.worker == param("of_worker"))
    .values(next_at=param("at"), lease_until=param("at"))
    .returning(_C.c.job_id, _C.c.number, _C.c.alone),
)
BLAME = Query(
    "calls.blame",
    "The one call that ran in a worker's own process when that was lost: nothing else can have killed it.",
    sa.update(_C).where(*QUEUE.this).values(alone=1),
)
TELL = Query("calls.tell", "How far a handler has come.", sa.update(_C).where(*_MINE).values(progress=param("said")))
ONE = Query("calls.get", "One open call.", sa.select(*COLUMNS).where(*QUEUE.this))
_LAST = (
    sa.select(
        _C.c.number, _C.c.epoch, _C.c.worker, _C.c.progress, _C.c.incident, _C.c.alone, _C.c.next_at, _C.c.lease_until
    )
    .where(_C.c.job_id == param("of_job"))
    .order_by(_C.c.number)
)
LAST_ATTEMPTS = Query("calls.last_attempts", "How the last attempts of a job's calls stand.", _LAST)
ATTEMPTS = Query(
    "calls.attempts", "The same; nobody begins or ends one until the transaction does.", _LAST.with_for_update()
)
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


class ClaimedCall(msgspec.Struct, frozen=True):
    """An open call and how its attempts stand. ``next_at`` is None when no worker is to run it: another job
    does, or it is cut off.

    ``lane`` names the handler where external workers serve it, else it is empty. ``alone``: this attempt is to run in
    a process of its own, since the last one did not end by itself. ``trace`` is the W3C traceparent of the act that
    opened the call, or empty. ``process``, ``version`` and ``customer`` are the job's, and ``person`` is that customer,
    where one is kept; only a claim reads them.
    """

    job: str
    number: int
    call: ServiceCall
    epoch: int
    attempts: int
    worker: str
    next_at: datetime | None
    last_error: str
    lane: str = ""
    alone: bool = False
    progress: str = ""
    trace: str = ""
    process: str = ""
    version: str = ""
    customer: str = ""
    person: Person | None = None


class Calls:
    """Service calls in one transaction, and the claims on them."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def claim(self, worker: str, limit: int, lease_until: datetime, now: datetime, lane: str = "") -> list[ClaimedCall]:
        """Take up to ``limit`` calls of a lane that are ready, until the lease ends; the attempt is counted before it
        runs."""
        values: dict[str, Any] = {"by_worker": worker, "of_lane": lane}
        values |= {"until": micros(lease_until), "now": micros(now)}
        found = [_call(row) for row in self._channel.rows(claiming(limit), values)]
        return sorted(found, key=lambda call: (call.job, call.number))

    def owned(self, job: str, number: int, epoch: int) -> bool:
        """Whether the claim with that epoch still holds (L10). Ask in the transaction that finishes the call."""
        return self._channel.one(OWNED, _mine(job, number, epoch)) is not None

    def expect_owned(self, job: str, number: int, epoch: int) -> None:
        """:meth:`owned` will be asked for these, behind the job's lock."""
        self._channel.expect(OWNED, _mine(job, number, epoch))

    def prolong(self, job: str, number: int, epoch: int, until: datetime) -> Literal["", "held", "cut off"]:
        """Prolong a lease: whether the job still waits for the call, or it is cut off. Empty when it was lost (L10)."""
        row = self._channel.one(PROLONG, _mine(job, number, epoch) | {"until": micros(until)})
        return "" if row is None else "cut off" if row[0] is None else "held"

    def attempt(self, job: str, number: int, *, lock: bool = True) -> Attempt | None:
        """The last attempt of an open call; None when nobody has ever taken it. Ask under the job's lock: until the
        transaction ends nobody begins one. Without ``lock``, to see what would be: somebody may.

        All calls of the job are locked, in their order, as those who prolong leases do: a command may ask for several,
        in any order, and each would wait for the other.
        """
        for one, epoch, worker, progress, incident, alone, next_at, lease_until in self._channel.rows(
            ATTEMPTS if lock else LAST_ATTEMPTS, {"of_job": job}
        ):
            if one == number and epoch:
                running = not incident and (worker or progress == AWAITED)
                until = (lease_until if worker else next_at) if running else None
                if until is None and alone:
                    until = 0  # an attempt was lost before the last one, and may be at work still
                return Attempt(None if until is None else moment(until), bool(running and worker))
        return None

    def reschedule(
        self,
        claimed: ClaimedCall,
        at: datetime,
        error: str = "",
        *,
        attempted: bool = True,
        alone: bool = False,
        lane: str | None = None,
        progress: str = "",
    ) -> bool:
        """The attempt is over without a result; try again at ``at``. False when the lease was lost (L10).

        With ``attempted=False`` the attempt does not count: the handler was not run. ``alone``: the next one is to run
        in a process of its own (once so, it stays so). ``lane`` moves it to another lane.
        """
        values = _mine(claimed.job, claimed.number, claimed.epoch) | {
            "later": micros(at),
            "error": plain(error),
            "less": int(not attempted),
            "be_alone": int(alone or claimed.alone),
            "to_lane": claimed.lane if lane is None else plain(lane),
            "said": plain(progress),
        }
        return self._channel.count(RESCHEDULE, values) == 1

    def hurry(self, job: str, number: int, now: datetime) -> bool:
        """Have a call that waits for its next attempt tried ``now``. False where a worker has it, or it is ready."""
        return self._channel.count(HURRY, {"of_job": job, "of_number": number, "now": micros(now)}) == 1

    def tell(self, claimed: ClaimedCall, progress: str) -> bool:
        """Keep how far the handler has come. False when the lease was lost (L10)."""
        values = _mine(claimed.job, claimed.number, claimed.epoch) | {"said": plain(progress)}
        return self._channel.count(TELL, values) == 1

    def heal(self, now: datetime, own: datetime, other: datetime) -> int:
        """After a clock jumped back: what was claimed until later than any lease can be, and what was opened later than
        that and never tried, is ready ``now``. How many calls that were.

        ``own`` is how far a lease of our own workers can reach, ``other`` one in another lane.
        """
        return self._channel.count(HEAL, {"now": micros(now), "own": micros(own), "other": micros(other)})

    def free(self, worker: str, at: datetime, now: datetime, own: datetime) -> int:
        """A worker of ours is known to be lost: what it had is ready ``at`` once. How many calls that were.

        ``own`` is how far a lease of our own workers can reach. The only one of them that did not run alone has lost
        its worker by itself, so that attempt counts.
        """
        values = {"of_worker": worker, "at": micros(at), "now": micros(now), "own": micros(own)}
        freed = self._channel.rows(FREE, values)
        among = [(job, number) for job, number, alone in freed if not alone]
        if len(among) == 1:
            ((job, number),) = among
            self._channel.count(BLAME, {"of_job": job, "of_number": number})
        return len(freed)

    def ready(self, now: datetime, limit: int = 100, lane: str = "") -> list[ClaimedCall]:
        """Calls of a lane that could be claimed now, earliest first."""
        values = {"now": micros(now), "most": limit, "of_lane": lane}
        return [_call(row) for row in self._channel.rows(READY, values)]

    def take_back(self, lane: str) -> int:
        """Give the calls of a lane to workers of our own. How many those were."""
        self._channel.count(TAKE_BACK, {"of_lane": ASIDE + lane, "to_lane": ASIDE})
        return self._channel.count(TAKE_BACK, {"of_lane": lane, "to_lane": ""})

    def incidents(self) -> list[Incident]:
        """Calls that gave up, by job."""
        return QUEUE.gone_wrong(self._channel)

    def get(self, job: str, number: int) -> ClaimedCall | None:
        """One open call, or None."""
        row = self._channel.one(ONE, {"of_job": job, "of_number": number})
        return _call(row) if row else None

    def of(self, job: str) -> list[ClaimedCall]:
        """The open calls of a job."""
        return [_call(row) for row in self._channel.rows(OF_JOB, {"of_job": job})]


class Calling(msgspec.Struct, frozen=True, kw_only=True):
    """What a new call is marked with: the handlers that external workers serve, and the trace of the act."""

    external: frozenset[str] = frozenset()
    trace: str = ""


def save(channel: Channel, job: str, effects: Effects, at: int, calling: Calling, suspended: bool) -> None:
    """Write what a command did to calls; a new one is ready from ``at`` on (microseconds since the epoch), and laid
    aside while the job is ``suspended``."""
    if effects.suspended is not None:
        channel.write(LAY_ASIDE if effects.suspended else TAKE_UP, {"of_job": job})
    channel.write_many(DROP, [{"job_id": job, "number": number} for number in effects.closed_calls])
    channel.write_many(PUT, [_row(job, call, at, calling, suspended) for call in effects.calls.values()])


def _row(job: str, call: ServiceCall, at: int, calling: Calling, suspended: bool) -> dict[str, Any]:
    lane = plain(call.handler) if call.handler in calling.external else ""
    return {
        "job_id": job,
        "number": call.number,
        "branch": call.branch,
        "body": text(call),
        "incident": plain(call.incident),
        "next_at": None if call.process or call.cut_off else at,
        "epoch": 0,
        "attempts": 0,
        "worker": "",
        "lease_until": None,
        "last_error": "",
        "lane": ASIDE + lane if suspended else lane,
        "alone": 0,
        "progress": "",
        "trace": calling.trace,
    }


def _mine(job: str, number: int, epoch: int) -> dict[str, Any]:
    return {"of_job": job, "of_number": number, "of_epoch": epoch}


def _call(row: Row) -> ClaimedCall:
    job, number, body, epoch, attempts, worker, next_at, last_error, lane, alone, progress, trace, *whose = row
    process, version, customer, person = whose or ("", "", "", None)
    at = None if next_at is None else moment(next_at)
    told = (worker, at, last_error, lane.removeprefix(ASIDE), bool(alone), progress, trace, process, version, customer)
    known = decode(person, Person) if person else None
    return ClaimedCall(job, number, decode(body, ServiceCall), epoch, attempts, *told, known)
