"""What all jobs of a process have taught of how long they take, to tell expected dates by.

It is written by whoever counts (:mod:`flowengine.store.insight`), one at a time. Each writing has another stamp, so
that who keeps it in memory knows whether it is still that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from flowengine import exact
from flowengine.core.values import Suspension
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import plain, reader
from flowengine.store.dialects import Dialect
from flowengine.store.query import Query, Statement, param, upserts

_E, _K, _J, _B = t.expected, t.calibrated, t.jobs, t.branches
MOST_BRANCHES = 60
"""Branches of one job that are looked at: of many, some say where it stands as well as all."""

_IDS = sa.Table("wanted", sa.MetaData(), sa.Column("id", _J.c.id.type))


def _standing(dialect: Dialect) -> Statement:
    wanted = dialect.rows_of(_IDS, param("rows")).cte("wanted")
    one = next(iter(wanted.c))
    return sa.select(_J.c.id, _J.c.process, _J.c.version, _J.c.head, _J.c.root).join_from(wanted, _J, _J.c.id == one)


STAMP = Query(
    "expected.stamp",
    "Which writing it is, and by how much what is told of a process is corrected.",
    sa.select(_K.c.stamp, _K.c.body).where(_K.c.process == param("of_process")),
)
OF = Query(
    "expected.of",
    "What was learnt of a process, by state.",
    sa.select(_E.c.state, _E.c.gone, _E.c.body).where(_E.c.process == param("of_process")),
)
PUT = Query("expected.put", "Write what was learnt of a state.", lambda dialect: upserts(dialect, _E))
DROP = Query(
    "expected.drop",
    "Nothing is learnt of a state any more.",
    sa.delete(_E).where(
        _E.c.process == param("of_process"), _E.c.state == param("of_state"), _E.c.gone == param("of_gone")
    ),
)
CORRECT = Query("expected.correct", "The next writing, with its correction.", lambda dialect: upserts(dialect, _K))
EMPTY = Query(
    "expected.empty",
    "Forget what was learnt of jobs that are there.",
    sa.delete(_E).where(_E.c.gone == sa.literal_column("0")),
)
RENEW = Query(
    "expected.renew", "What was kept in memory is not that any more.", sa.update(_K).values(stamp=_K.c.stamp + 1)
)
STANDING = Query("expected.standing", "Where jobs stand, by their ids.", _standing)
BRANCHES = Query(
    "expected.branches",
    "Some branches of a job below its root.",
    sa.select(_B.c.body).where(_B.c.job_id == param("of_job")).limit(param("most")),
)


class Place(msgspec.Struct, frozen=True):
    """What of a branch says where it stands, and since when."""

    state: str = ""
    since: datetime | None = None


class _Settled(msgspec.Struct, frozen=True):
    kept: bool | None = None


class _Head(msgspec.Struct, frozen=True):
    started: datetime
    status: str = "open"
    branches: int = 0
    promise: _Settled | None = None
    suspended: Suspension | None = None


class StandingJob(NamedTuple):
    """Where a job stands. ``waits``: it is open and goes on, and what it has promised is not settled."""

    process: str
    version: str
    begun: datetime
    waits: bool
    places: tuple[Place, ...]


class Expected:
    """What is expected of a process, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def stamp(self, process: str) -> tuple[int, str]:
        """Which writing it is (0: nothing was written), and the correction as JSON (empty: none)."""
        row = self._channel.one(STAMP, {"of_process": plain(process)})
        return (row[0], row[1]) if row else (0, "")

    def of(self, process: str) -> list[tuple[str, int, str]]:
        """What was learnt: state, whether it is of jobs that are gone, and the counts as JSON."""
        return [(state, gone, body) for state, gone, body in self._channel.rows(OF, {"of_process": plain(process)})]

    def put(self, process: str, gone: int, bodies: Mapping[str, str]) -> None:
        """Write what was learnt, by state; empty: nothing any more."""
        rows = [(plain(state), body) for state, body in sorted(bodies.items())]
        key = {"process": plain(process), "gone": gone}
        self._channel.write_many(PUT, [key | {"state": state, "body": body} for state, body in rows if body])
        gone_key = {"of_process": plain(process), "of_gone": gone}
        self._channel.write_many(DROP, [gone_key | {"of_state": state} for state, body in rows if not body])

    def correct(self, process: str, stamp: int, body: str) -> None:
        """The next writing has this stamp, and this correction."""
        self._channel.write(CORRECT, {"process": plain(process), "stamp": stamp, "body": body})

    def empty(self) -> None:
        """Forget what was learnt of jobs that are there. Corrections stay: they remember what was told."""
        self._channel.write(EMPTY, {})
        self._channel.write(RENEW, {})

    def standing(self, jobs: Sequence[str]) -> dict[str, StandingJob]:
        """Where jobs stand; without those that are not there."""
        rows = exact.encode([{"id": job} for job in jobs]).decode()
        found = {}
        for id, process, version, written, root in self._channel.rows(STANDING, {"rows": rows}):
            head = reader(_Head)(written)
            settled = head.promise is not None and head.promise.kept is not None
            waits = head.status == "open" and head.suspended is None and not settled
            places = [reader(Place)(root)] if root is not None and waits else []
            if waits and head.branches:
                below = self._channel.rows(BRANCHES, {"of_job": id, "most": MOST_BRANCHES})
                places += [reader(Place)(row[0]) for row in below]
            stands = tuple(one for one in places if one.state)
            found[id] = StandingJob(process, version, head.started, waits, stands)
        return found
