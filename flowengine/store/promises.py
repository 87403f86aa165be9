"""Promises: what each job has promised and what became of it, to be listed and counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

import sqlalchemy as sa

from flowengine.core.values import Head, Promise
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import decode, micros, moment, plain, text
from flowengine.store.query import Query, param, upserts

_P = t.promises
OPEN, LATE = ("open", "at_risk", "asked"), "late"
"""The states of what is still to be kept, and what they are called once its moment is over: which is no column, for the
clock alone changes it."""

Became: TypeAlias = Literal["open", "at_risk", "asked", "late", "kept", "broken", "released"]
"""What became of a promise by the moment of a look."""

_STATE: sa.ColumnElement[str] = sa.case(
    (sa.and_(_P.c.state.in_([sa.literal_column(f"'{one}'") for one in OPEN]), _P.c.promised < param("now")), LATE),
    else_=_P.c.state,
)
_OF = sa.or_(param("any_process") == sa.literal_column("1"), _P.c.process == param("of_process"))
_IN = sa.or_(param("any_state") == sa.literal_column("1"), param("of_state") == _STATE)

PUT = Query("promises.put", "What a job promises, or what became of it.", lambda dialect: upserts(dialect, _P))
LISTED = Query(
    "promises.listed",
    "Promises after one of them, what is promised first before the others.",
    sa.select(_P.c.job_id, _P.c.process, _P.c.customer, _STATE, _P.c.promised, _P.c.body)
    .where(_OF, _IN, sa.tuple_(_P.c.promised, _P.c.job_id) > sa.tuple_(param("after"), param("after_job")))
    .order_by(_P.c.promised, _P.c.job_id)
    .limit(param("most")),
)
_EACH = sa.select(_P.c.process, _STATE.label("state")).where(_OF).subquery()
_COUNT: sa.Select[Any] = (
    sa.select(_EACH.c.process, _EACH.c.state, sa.func.count())
    .group_by(_EACH.c.process, _EACH.c.state)
    .order_by(_EACH.c.process, _EACH.c.state)
)
_OPEN = _P.c.state == sa.literal_column("'open'")
TO_LOOK_AT = Query(
    "promises.to_look_at",
    "Open promises whose turn it is to be looked at, those first that wait longest; also where a clock that ran "
    "ahead has said that it is long from now.",
    sa.select(_P.c.job_id, _P.c.promised, _P.c.look)
    .where(_OPEN, sa.or_(_P.c.look <= param("now"), _P.c.look > param("beyond")))
    .order_by(_P.c.look, _P.c.job_id)
    .limit(param("most")),
)
LOOKED_AT = Query(
    "promises.looked_at",
    "A promise was looked at, unless something else is promised by now.",
    sa.update(_P).where(_P.c.job_id == param("of_job"), _P.c.look == param("was"), _OPEN).values(look=param("again")),
)
COUNTED = Query("promises.counted", "How many promises are in each state, by process.", _COUNT)


class StoredPromise(NamedTuple):
    """What a job has promised. ``state`` is what became of it at the moment of the look."""

    job: str
    process: str
    customer: str
    state: Became
    by: datetime
    promise: Promise


class WatchedPromise(NamedTuple):
    """A promise whose turn it is to be looked at, and when that was."""

    job: str
    by: datetime
    look: int


class Promises:
    """Promises in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def list(
        self,
        now: datetime,
        state: str = "",
        process: str = "",
        limit: int = 100,
        after: tuple[datetime, str] | None = None,
    ) -> Sequence[StoredPromise]:
        """Promises by their moments, the earliest first; ``after`` is the moment and the job of the last before."""
        place, job = (micros(after[0]), after[1]) if after else (-t.NEVER, "")
        values = {**_values(now, process), "any_state": int(not state), "of_state": state}
        rows = self._channel.rows(LISTED, values | {"after": place, "after_job": job, "most": limit})
        return [
            StoredPromise(job_id, name, customer, became, moment(by), decode(body, Promise))
            for job_id, name, customer, became, by, body in rows
        ]

    def to_look_at(self, now: datetime, often: timedelta, most: int) -> Sequence[WatchedPromise]:
        """Open promises of which it is to be found out now whether they are at risk, which is done so ``often``."""
        values = {"now": micros(now), "beyond": micros(now + 2 * often), "most": most}
        return [WatchedPromise(job, moment(by), look) for job, by, look in self._channel.rows(TO_LOOK_AT, values)]

    def looked_at(self, promises: Sequence[WatchedPromise], again: datetime) -> None:
        """These were looked at, and are to be ``again``."""
        rows = [{"of_job": one.job, "was": one.look, "again": micros(again)} for one in promises]
        self._channel.write_many(LOOKED_AT, rows)

    def counts(self, now: datetime, process: str = "") -> Sequence[tuple[str, Became, int]]:
        """How many are in each state: process, state, count."""
        return [(name, state, count) for name, state, count in self._channel.rows(COUNTED, _values(now, process))]


def _values(now: datetime, process: str) -> dict[str, object]:
    return {"now": micros(now), "any_process": int(not process), "of_process": plain(process)}


def state_of(head: Head) -> Became:
    """What became of what a job has promised, apart from whether its moment is over."""
    promise = head.promise
    assert promise is not None, "something was promised"
    if promise.kept is not None:
        return "kept" if promise.kept else "broken"
    if head.status != "open":
        return "released"
    return "asked" if promise.asked is not None else "at_risk" if promise.risk is not None else "open"


def save(channel: Channel, job: str, before: Head | None, head: Head) -> None:
    """Write what a command has changed of a promise, if it has."""
    if head.promise is None:
        return
    if before is not None and (before.promise, before.status) == (head.promise, head.status):
        return
    row = {"job_id": job, "process": head.process, "customer": head.customer, "state": state_of(head)}
    channel.write(PUT, row | {"promised": micros(head.promise.by), "body": text(head.promise), "look": 0})
