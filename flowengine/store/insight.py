"""What all jobs have taught: cells, the lives of jobs that are in them, and which jobs are not counted yet.

One counts at a time. Jobs are marked without waiting for whoever has one locked: it is counted the next time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from flowengine import exact
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, plain
from flowengine.store.dialects import Dialect
from flowengine.store.query import Query, Statement, param, upserts

_C, _L, _J, _S = t.cells, t.lives, t.jobs, t.settings
_ZERO: sa.ColumnElement[int] = sa.literal_column("0")
_KEY = ("process", "segment", "month", "measure", "state", "value", "gone")
COUNTING = "insight"
"""The row of the settings that whoever counts has locked. While all jobs are counted anew it says after which."""

ANEW = "anew:"

_WANTED = sa.Table("wanted", sa.MetaData(), *(sa.Column(name, _C.c[name].type) for name in _KEY))


def _found(dialect: Dialect) -> Statement:
    wanted = dialect.rows_of(_WANTED, param("rows")).cte("wanted")
    names = [wanted.c[index] for index in range(len(_KEY))] if dialect.name == "sqlite" else list(wanted.c)
    same = (_C.c[name] == column for name, column in zip(_KEY, names, strict=True))
    return sa.select(*(_C.c[name] for name in _KEY), _C.c.body).join_from(wanted, _C, sa.and_(*same))


LOCK = Query(
    "insight.lock",
    "Be the one who counts; nothing where somebody else does.",
    sa.select(_S.c.value).where(_S.c.name == sa.literal_column(f"'{COUNTING}'")).with_for_update(skip_locked=True),
)
WAIT = Query(
    "insight.wait", "Wait to be the one who counts.", lambda dialect: upserts(dialect, _S, {"value": _S.c.value})
)
PROGRESS = Query("insight.progress", "How far all is counted anew.", lambda dialect: upserts(dialect, _S))
PAGE = Query(
    "insight.page",
    "Jobs behind one of them, counted or not, the oldest first.",
    sa.select(_J.c.id, _J.c.process, _J.c.version, _J.c.customer, _J.c.seq)
    .where(_J.c.id > param("after"))
    .order_by(_J.c.id)
    .limit(param("most")),
)
REMAINING = Query(
    "insight.remaining",
    "How many jobs are behind one of them, up to a number.",
    sa.select(sa.func.count()).select_from(
        sa.select(_J.c.id).where(_J.c.id > param("after")).limit(param("most")).subquery()
    ),
)
UNCOUNTED = Query(
    "insight.uncounted",
    "Jobs of which not all is counted, the oldest first.",
    sa.select(_J.c.id, _J.c.process, _J.c.version, _J.c.customer, _J.c.seq)
    .where(_J.c.counted == _ZERO)
    .order_by(_J.c.id)
    .limit(param("most")),
)
BEHIND = Query(
    "insight.behind",
    "How many these are, up to a number.",
    sa.select(sa.func.count()).select_from(
        sa.select(_J.c.id).where(_J.c.counted == _ZERO).limit(param("most")).subquery()
    ),
)
PROGRESS_OF = Query(
    "insight.progress_of",
    "How far that is.",
    sa.select(_S.c.value).where(_S.c.name == sa.literal_column(f"'{COUNTING}'")),
)
LIFE = Query(
    "insight.life",
    "What of a job is counted.",
    sa.select(_L.c.seq, _L.c.again, _L.c.body).where(_L.c.job_id == param("of_job")),
)
REST = Query(
    "insight.rest",
    "A job is not looked at again before it moves.",
    sa.update(_L).where(_L.c.job_id == param("of_job")).values(again=sa.null()),
)
COUNTED_TO = Query(
    "insight.counted_to",
    "Up to which entry a job is counted, and when it is to be looked at again.",
    sa.select(_L.c.seq, _L.c.again).where(_L.c.job_id == param("of_job")),
)
LIVE = Query("insight.live", "Keep what of a job is counted.", lambda dialect: upserts(dialect, _L))
DIE = Query(
    "insight.die", "A job is no longer there to be counted.", sa.delete(_L).where(_L.c.job_id == param("of_job"))
)
STANDING = Query(
    "insight.standing",
    "Jobs that stand still, and of which all is counted, but how long they have stood there by now.",
    sa.select(_J.c.id, _J.c.process, _J.c.version, _J.c.customer, _J.c.seq).join_from(
        sa.select(_L.c.job_id)
        .where(_L.c.again.is_not(None), _L.c.again <= param("now"))
        .order_by(_L.c.again, _L.c.job_id)
        .limit(param("most"))
        .subquery("still"),
        _J,
        _J.c.id == sa.literal_column("still.job_id"),
    ),
)
MARK = Query(
    "insight.mark",
    "A job is counted up to that entry, unless it has gone on, or somebody has it locked.",
    sa.update(_J)
    .where(
        _J.c.id.in_(
            sa.select(_J.c.id)
            .where(_J.c.id == param("of_job"), _J.c.seq == param("of_seq"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(counted=sa.literal_column("1")),
)
FIND = Query("insight.find", "Cells by their keys.", _found)
PUT = Query("insight.put", "Write a cell.", lambda dialect: upserts(dialect, _C))
DROP = Query(
    "insight.drop", "A cell holds nothing any more.", sa.delete(_C).where(*(_C.c[n] == param(f"of_{n}") for n in _KEY))
)
OF = Query(
    "insight.of",
    "The cells of a process in some months and segments.",
    sa.select(_C.c.month, _C.c.segment, _C.c.measure, _C.c.state, _C.c.value, _C.c.body)
    .where(
        _C.c.process == param("of_process"),
        _C.c.segment >= param("low"),
        _C.c.segment <= param("high"),
        _C.c.month >= param("first"),
        _C.c.month <= param("last"),
    )
    .order_by(*(_C.c[name] for name in _KEY)),
)
MEASURED = Query(
    "insight.measured",
    "The cells of one measure of a process, of all customers.",
    sa.select(_C.c.month, _C.c.segment, _C.c.measure, _C.c.state, _C.c.value, _C.c.body).where(
        _C.c.process == param("of_process"),
        _C.c.segment == sa.literal_column("''"),
        _C.c.month >= param("first"),
        _C.c.measure == param("of_measure"),
    ),
)
EMPTY = (
    Query("insight.empty", "Forget all cells of jobs that are there.", sa.delete(_C).where(_C.c.gone == _ZERO)),
    Query("insight.forget", "Forget what of jobs is counted.", sa.delete(_L)),
)


class Uncounted(NamedTuple):
    """A job of which not all is counted; ``seq`` is its last entry."""

    job: str
    process: str
    version: str
    customer: str
    seq: int


class CountedTo(NamedTuple):
    """Up to which entry a job is counted (0: it is not), and when it is to be looked at again, which is another moment
    after each look."""

    seq: int = 0
    again: int | None = None


class StoredCell(NamedTuple):
    """A cell and what is in it, as JSON."""

    month: int
    segment: str
    measure: str
    state: str
    value: str
    body: str


class Insights:
    """Cells and lives in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def lock(self, *, waiting: bool = False) -> bool:
        """Be the one who counts until the transaction ends, perhaps ``waiting`` for another; whether one is."""
        if not waiting and self._channel.one(LOCK, {}) is not None:
            return True
        if not waiting and self._channel.one(PROGRESS_OF, {}) is not None:
            return False  # another counts
        self._channel.count(WAIT, {"name": COUNTING, "value": ""})
        return True

    def progress(self) -> str | None:
        """The last job that was counted anew, where all of them are, empty where none was yet. None: they are not."""
        row = self._channel.one(PROGRESS_OF, {})
        return row[0].removeprefix(ANEW) if row and row[0].startswith(ANEW) else None

    def set_progress(self, after: str | None) -> None:
        """All jobs are counted anew, up to this one; None: that is over."""
        self._channel.write(PROGRESS, {"name": COUNTING, "value": "" if after is None else ANEW + after})

    def page(self, after: str, most: int) -> list[Uncounted]:
        """Jobs behind one of them, counted or not, the oldest first."""
        return [Uncounted(*row) for row in self._channel.rows(PAGE, {"after": after, "most": most})]

    def uncounted(self, most: int) -> list[Uncounted]:
        """Jobs of which not all is counted, the oldest first."""
        return [Uncounted(*row) for row in self._channel.rows(UNCOUNTED, {"most": most})]

    def standing(self, now: datetime, most: int) -> list[Uncounted]:
        """Jobs that have stood still for so long that they teach something else now, those first that wait longest."""
        return [Uncounted(*row) for row in self._channel.rows(STANDING, {"now": micros(now), "most": most})]

    def behind(self, most: int) -> int:
        """How many jobs are still to be counted, up to a number. Where all are counted anew, one that has changed
        meanwhile may be told twice."""
        after, uncounted = self.progress(), self._channel.one(BEHIND, {"most": most})
        remaining = None if after is None else self._channel.one(REMAINING, {"after": after, "most": most})
        counts: list[int] = [row[0] for row in (uncounted, remaining) if row]
        return min(most, sum(counts))

    def life(self, job: str) -> tuple[CountedTo, str] | None:
        """Up to where a job is counted, and what of it; None for one that is not."""
        row = self._channel.one(LIFE, {"of_job": job})
        return (CountedTo(row[0], row[1]), row[2]) if row else None

    def counted_to(self, job: str) -> CountedTo:
        """Up to where a job is counted."""
        row = self._channel.one(COUNTED_TO, {"of_job": job})
        return CountedTo(*row) if row else CountedTo()

    def live(self, job: str, seq: int, body: str, again: datetime | None = None) -> None:
        """Keep what of a job is counted, up to an entry, and when it is to be looked at though it stands still."""
        row = {"job_id": job, "seq": seq, "body": body, "again": None if again is None else micros(again)}
        self._channel.write(LIVE, row)

    def rest(self, job: str) -> None:
        """A job that stands still is not looked at again before it moves."""
        self._channel.write(REST, {"of_job": job})

    def die(self, jobs: Sequence[str]) -> None:
        """These jobs are no longer there."""
        self._channel.write_many(DIE, [{"of_job": job} for job in jobs])

    def mark(self, job: str, seq: int) -> bool:
        """A job is counted up to its entry ``seq``. Whether that was the last one, and nobody has the job locked."""
        return self._channel.count(MARK, {"of_job": job, "of_seq": seq}) == 1

    def find(self, keys: Iterable[Mapping[str, Any]]) -> dict[tuple[Any, ...], str]:
        """What is in these cells, by the keys in the order of the columns."""
        rows = exact.encode(list(keys)).decode()
        return {row[:-1]: row[-1] for row in self._channel.rows(FIND, {"rows": rows})}

    def put(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write cells, of which each row has all columns."""
        self._channel.write_many(PUT, rows)

    def drop(self, keys: Sequence[Mapping[str, Any]]) -> None:
        """Take cells out that hold nothing."""
        self._channel.write_many(DROP, [{f"of_{name}": value for name, value in key.items()} for key in keys])

    def of(self, process: str, first: int, last: int, low: str = "", high: str = "") -> list[StoredCell]:
        """The cells of a process in months (each a year and a month), and in segments from ``low`` to ``high``."""
        given = {"of_process": plain(process), "first": first, "last": last, "low": low, "high": high}
        return [StoredCell(*row) for row in self._channel.rows(OF, given)]

    def measured(self, process: str, measure: str, first: int) -> list[StoredCell]:
        """The cells of one measure, of all customers, from a month on."""
        given = {"of_process": plain(process), "of_measure": measure, "first": first}
        return [StoredCell(*row) for row in self._channel.rows(MEASURED, given)]

    def empty(self) -> None:
        """Forget all that can be counted again."""
        for query in EMPTY:
            self._channel.write(query, {})
