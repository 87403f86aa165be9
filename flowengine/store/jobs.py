"""Jobs: locked, found by a short id, listed; and where each stands, read only as far as it is asked for.

A position is kept for the length of the transaction. Branches below the root have a row each: an act on one of ten
thousand reads and writes that one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from flowengine.core.position import MemoryPosition
from flowengine.core.values import ROOT, Branch, Head, Json, Seat, Timer
from flowengine.errors import Ambiguous, NotFound
from flowengine.speech.phrases import phrase
from flowengine.store import ballots, calls, steps, timers
from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment, plain, reader
from flowengine.store.ids import shown
from flowengine.store.query import Query, Values, inserts, param, upserts

_J, _C, _T, _K = t.jobs, t.calls, t.timers, t.participants
_ID = param("id")
WHOLE = tuple(column for column in _J.c if column not in (_J.c.parent, _J.c.promised))
"""What is read of a job: all, but for the parent and the promise, which the head tells as well."""
_LISTED = (_J.c.id, _J.c.process, _J.c.version, _J.c.customer, _J.c.status, _J.c.seq, _J.c.started, _J.c.updated)
_LOW, _HIGH = param("low"), param("high")
_ALWAYS = ("seq", "hash", "updated", "head", "root")
_SELDOM = ("version", "status", "ended", "promised")

GET = Query("jobs.get", "One job with its head, root branch and data.", sa.select(*WHOLE).where(_J.c.id == _ID))
LOCK = Query(
    "jobs.lock",
    "The same, and nobody else may change it until the transaction ends.",
    sa.select(*WHOLE).where(_J.c.id == _ID).with_for_update(),
)
LOCK_HELD = Query(
    "jobs.lock_held",
    "The job of a claim that holds, locked with its call. Nobody is waited for: there is none, too, where somebody "
    "else has either of them locked.",
    sa.select(*WHOLE)
    .join(_C, _C.c.job_id == _J.c.id)
    .where(_C.c.job_id == param("job"), _C.c.number == param("number"), _C.c.epoch == param("epoch"))
    .with_for_update(of=(_J, _C), skip_locked=True),
)
LOCK_SET = Query(
    "jobs.lock_set",
    "The job of a timer that is set, locked, in the same way.",
    sa.select(*WHOLE)
    .join(_T, _T.c.job_id == _J.c.id)
    .where(_T.c.job_id == param("job"), _T.c.number == param("number"))
    .with_for_update(of=_J, skip_locked=True),
)
CHILD = Query(
    "jobs.child",
    "The open job that was started for a call.",
    sa.select(_J.c.id).where(_J.c.parent == param("of_call"), _J.c.status == sa.literal_column("'open'")),
)
CALLED = Query(
    "jobs.called",
    "The job that was started for a call, whether it is over or not.",
    sa.select(_J.c.id).where(_J.c.parent == param("of_call")),
)
ADD = Query("jobs.add", "Begin a job.", inserts(_J))


def _updates(*names: str) -> Query:
    statement = sa.update(_J).where(_J.c.id == param("of_job"), _J.c.seq == param("of_seq"))
    about = f"Write what changed of a job: {', '.join(names)}."
    return Query("jobs.update", about, statement.values({name: param(name) for name in names}))


UPDATE = {
    (data, seldom, counted): _updates(
        *_ALWAYS, *(["data"] if data else []), *(_SELDOM if seldom else []), *(["counted"] if counted else [])
    )
    for data in (False, True)
    for seldom in (False, True)
    for counted in (False, True)
}
"""Whether the data changed, whether status, version or promise did, and whether the job was counted, which it is no
more: an index that has one of these is else left alone."""

BY_ID = Query(
    "jobs.by_id",
    "Ids that begin so.",
    sa.select(_J.c.id).where(_J.c.id >= _LOW, _J.c.id < _HIGH).order_by(_J.c.id).limit(6),
)
BY_SHORT = Query(
    "jobs.by_short",
    "Jobs whose short form begins so.",
    sa.select(_J.c.id).where(_J.c.short >= _LOW, _J.c.short < _HIGH).order_by(_J.c.short).limit(6),
)

_PREFIX = re.compile(r"[0-9a-f]{1,12}|[0-9a-f-]{1,36}", re.ASCII)
_AFTER_ALL_DIGITS = "g"


_B = t.branches
_JOB, _WHICH = param("job_id"), param("id")

PUT_BRANCH = Query(
    "branches.put",
    "Write a new or changed branch; one that is there keeps its place in the order.",
    lambda dialect: upserts(dialect, _B, keep=("made", "parent")),
)
DROP_BRANCH = Query("branches.drop", "A branch is closed.", sa.delete(_B).where(_B.c.job_id == _JOB, _B.c.id == _WHICH))
BRANCH = Query("branches.get", "One branch.", sa.select(_B.c.body).where(_B.c.job_id == _JOB, _B.c.id == _WHICH))
CHILDREN = Query(
    "branches.children",
    "The branches right below a branch, in the order they were opened.",
    sa.select(_B.c.body).where(_B.c.job_id == _JOB, _B.c.parent == param("parent")).order_by(_B.c.made),
)
BRANCHES = Query(
    "branches.all",
    "All branches of a job below the root, in the order they were opened.",
    sa.select(_B.c.body).where(_B.c.job_id == _JOB).order_by(_B.c.made),
)

_HEAD, _ROOT = reader(Head), reader(Branch)
_DATA: Callable[[str | bytes], dict[str, Json]] = reader(dict)


class LazyPosition:
    """Where a stored job stands: a :class:`~flowengine.core.position.Position`.

    Head, root branch and data came with the job's row.
    """

    def __init__(self, channel: Channel, job: str, head: str, root: str | None, data: str) -> None:
        self._channel = channel
        self._job = job
        self._written_data = data
        self.head: Head = _HEAD(head)
        self.root: Branch | None = None if root is None else _ROOT(root)
        self._data: dict[str, Json] | None = None
        self._branches: dict[str, Branch | None] = {}
        self._seats: dict[tuple[int, str], Seat] = {}

    @property
    def data(self) -> Mapping[str, Json]:
        if self._data is None:
            self._data = _DATA(self._written_data)
        return self._data

    def branch(self, branch: str) -> Branch | None:
        if branch == ROOT:
            return self.root
        if branch not in self._branches:
            row = self._channel.one(BRANCH, {"job_id": self._job, "id": plain(branch)})
            self._branches[branch] = decode(row[0], Branch) if row else None
        return self._branches[branch]

    def children(self, branch: str) -> Iterable[Branch]:
        rows = self._channel.rows(CHILDREN, {"job_id": self._job, "parent": plain(branch)})
        found = [decode(row[0], Branch) for row in rows]
        self._branches.update((child.id, child) for child in found)
        return found

    def branch_of_step(self, step: int) -> str | None:
        for open_ in self.root.steps if self.root else ():
            if open_.number == step:
                return ROOT
        return self._owner(steps.BRANCH, {"of_job": self._job, "of_number": step})

    def branch_of_timer(self, timer: int) -> str | None:
        if self.root and any(set_.number == timer for set_ in self.root.timers):
            return ROOT
        return self._owner(timers.BRANCH, {"job_id": self._job, "number": timer})

    def branch_of_call(self, call: int) -> str | None:
        if self.root and any(open_.number == call for open_ in self.root.calls):
            return ROOT
        return self._owner(calls.BRANCH, {"job_id": self._job, "number": call})

    def expect_step(self, step: int) -> None:
        """:meth:`branch_of_step` will be asked for this step."""
        self._channel.expect(steps.BRANCH, {"of_job": self._job, "of_number": step})

    def overdue(self, now: datetime) -> list[Timer]:
        """Asked of the database only where a timer of the root is due, or where there are branches below it. One that
        could not be fired, and has been put off, is not due before it is to be tried again."""
        if not (self.head.branches or self.head.unanswered):
            for timer in self.root.timers if self.root else ():
                if timer.due <= now and timer.rang is None:
                    break
            else:
                return []
        found: list[Timer] = []
        for number, owner in self._channel.rows(timers.OVERDUE, {"of_job": self._job, "now": micros(now)}):
            branch = self.branch(owner)
            found += [timer for timer in branch.timers if timer.number == number] if branch else []
        return found

    def _owner(self, query: Query, values: dict[str, str | int]) -> str | None:
        row = self._channel.one(query, values)
        return row[0] if row else None

    def know(self, seat: Seat) -> None:
        """Somebody's seat was read already, with what locks it."""
        self._seats[seat.step, seat.audience] = seat

    def seat(self, step: int, audience: str) -> Seat | None:
        if (step, audience) in self._seats:
            return self._seats[step, audience]
        values = {"of_job": self._job, "of_number": step, "whom": plain(audience)}
        if self.root is not None and any(one.box and one.number == step for one in self.root.steps):
            return ballots.seat_of(self._channel, self._job, step, audience)
        row = self._channel.one(steps.SEAT, values)
        if row and row[0] is not None:
            return decode(row[0], Seat)
        return ballots.seat_of(self._channel, self._job, step, audience)

    def seats(self, step: int) -> Iterable[Seat]:
        rows = self._channel.rows(steps.SEATS, {"of_job": self._job, "of_number": step})
        return [decode(row[0], Seat) for row in rows]

    def whole(self) -> MemoryPosition:
        """All of it, in memory."""
        rows = self._channel.rows(BRANCHES, {"job_id": self._job})
        found = {ROOT: self.root} if self.root else {}
        found |= {branch.id: branch for branch in (decode(row[0], Branch) for row in rows)}
        seated = {
            step.number: _Voters(self._channel, self._job, step.number)
            if step.box
            else {seat.audience: seat for seat in self.seats(step.number)}
            for branch in found.values()
            for step in branch.steps
            if step.seats
        }
        return MemoryPosition(self.head, dict(self.data), found, seated)


class _Voters(dict[str, Seat]):
    """The seats of a step with a ballot box: none; who may vote is looked up when he is asked for."""

    def __init__(self, channel: Channel, job: str, step: int) -> None:
        super().__init__()
        self._of = (channel, job, step)

    def get(self, audience: str, _: Any = None) -> Any:
        return ballots.seat_of(*self._of, audience)


class StoredJob(msgspec.Struct, frozen=True):
    """A job as it is stored. ``seq`` and ``hash`` are those of its last history entry; ``position`` is read lazily."""

    id: str
    process: str
    version: str
    customer: str
    status: str
    seq: int
    hash: str
    position: LazyPosition
    written_root: str | None
    """The root branch as it is written."""
    times: tuple[int, int, int | None]
    """When it started, was last changed, and ended, in microseconds since the epoch."""
    counted: int = 0
    """1 where insight has counted all that has happened."""

    @property
    def started(self) -> datetime:
        return moment(self.times[0])

    @property
    def updated(self) -> datetime:
        return moment(self.times[1])

    @property
    def ended(self) -> datetime | None:
        return None if self.times[2] is None else moment(self.times[2])


class ListedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a list of jobs. ``head`` tells where it stands and what was promised."""

    id: str
    process: str
    version: str
    customer: str
    status: str
    seq: int
    started: datetime
    updated: datetime
    ended: datetime | None
    head: Head


class Jobs:
    """Jobs in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def lock(self, job: str) -> StoredJob:
        """The job, which nobody else may change until the transaction ends. Raises NotFound."""
        return self._one(LOCK, job)

    def lock_held(self, claims: Sequence[tuple[str, int, int]]) -> list[StoredJob | None]:
        """The jobs of claims (job, number and epoch) that hold, locked, in one round trip. None for a claim that is
        gone (L10), and for a job that somebody else has locked."""
        return self._locked(
            LOCK_HELD, [{"job": job, "number": number, "epoch": epoch} for job, number, epoch in claims]
        )

    def lock_set(self, timers: Sequence[tuple[str, int]]) -> list[StoredJob | None]:
        """The jobs of timers (job and number) that are set, likewise. None for a timer that is not (L3)."""
        return self._locked(LOCK_SET, [{"job": job, "number": number} for job, number in timers])

    def _locked(self, query: Query, values: Sequence[Values]) -> list[StoredJob | None]:
        for later in values[1:]:
            self._channel.expect(query, later)
        rows = [self._channel.one(query, one) for one in values]
        return [None if row is None else stored(self._channel, row) for row in rows]

    def expect_locked(self, job: str) -> None:
        """:meth:`lock` will be asked for this job, which may be locked from now on."""
        self._channel.expect(LOCK, {"id": job})

    def expect(self, job: str) -> None:
        """:meth:`get` will be asked for this job."""
        self._channel.expect(GET, {"id": job})

    def get(self, job: str) -> StoredJob:
        """The job, without a lock. Raises NotFound."""
        return self._one(GET, job)

    def child_of(self, job: str, call: int) -> str | None:
        """The open job that was started for a call of a job, or None."""
        row = self._channel.one(CHILD, {"of_call": f"{job}.{call}"})
        return row[0] if row else None

    def called(self, parent: str) -> str | None:
        """The job that was started for a call, by what the call is known as, or None."""
        row = self._channel.one(CALLED, {"of_call": parent})
        return row[0] if row else None

    def _one(self, query: Query, job: str) -> StoredJob:
        row = self._channel.one(query, {"id": job}) if _PREFIX.fullmatch(job) else None
        if row is None:
            raise NotFound(phrase("there is no job %(job)s", job=repr(job)))
        return stored(self._channel, row)

    def resolve(self, prefix: str) -> str:
        """The full id for a full id, or for a beginning of a short form or a full id that fits one job only.

        Raises NotFound, and Ambiguous with the short forms that fit.
        """
        start = prefix.strip().lower()
        if not _PREFIX.fullmatch(start):
            raise NotFound(
                phrase("there is no job %(job)s", job=repr(prefix)),
                possible=[phrase("a job id, or the beginning of its short form")],
            )
        bounds = {"low": start, "high": start + _AFTER_ALL_DIGITS}
        found = [row[0] for row in self._channel.rows(BY_ID, bounds)]
        if len(start) <= 12:
            found += [row[0] for row in self._channel.rows(BY_SHORT, bounds)]
        found = list(dict.fromkeys(found))
        if not found:
            raise NotFound(
                phrase("there is no job %(job)s", job=repr(prefix)),
                possible=[phrase("a job id, or the beginning of its short form")],
            )
        if len(found) > 1:
            raise Ambiguous(phrase("%(id)s fits more than one job", id=repr(prefix)), possible=_distinct(found))
        return str(found[0])

    def overdue(self, now: datetime) -> list[str]:
        """The ids of the open jobs whose promise is over, what was promised first before the others."""
        return [row[0] for row in self._channel.rows(OVERDUE, {"now": micros(now)})]

    def list(
        self,
        *,
        status: str | None = None,
        process: str | None = None,
        customer: str | Sequence[str] | None = None,
        took_part: str | Sequence[str] | None = None,
        late: datetime | None = None,
        begun_before: datetime | None = None,
        job: str | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> list[ListedJob]:
        """Jobs, newest first; ``after`` is the id of the last one of the page before. ``customer``: those of one, or of
        any of several. ``took_part``: those of others in which such a customer took part. ``job``: that one alone.
        ``late``: the open ones whose promise is over then, those that are late the
        longest first. ``begun_before``: those that began before then, the oldest first."""
        after = after or None
        wanted = {"status": status, "process": process, "id": job}
        moments = {"late": late, "begun_before": begun_before}
        wanted_then = {name: None if one is None else micros(one) for name, one in moments.items()}
        given = {name: value for name, value in (wanted | wanted_then).items() if value is not None}
        values: dict[str, Any] = given | {"most": limit} | ({"before": after} if after else {})
        shape = dict.fromkeys(given, 1)
        for name, several in (("customer", customer), ("took_part", took_part)):
            if several is not None:
                whose = [several] if isinstance(several, str) else list(several)
                if not whose:
                    return []
                shape[name] = 1 << (len(whose) - 1).bit_length()
                padded = whose + whose[-1:] * (shape[name] - len(whose))
                values |= {f"{name}{index}": one for index, one in enumerate(padded)}
        return [_listed(row) for row in self._channel.rows(listing(tuple(shape.items()), after is not None), values)]

    def ids(self) -> Iterable[str]:
        """All ids, oldest first, a page at a time."""
        last = ""
        while page := self._channel.rows(BY_ID_PAGE, {"after": last}):
            for (last,) in page:
                yield last


BY_ID_PAGE = Query(
    "jobs.ids",
    "A page of ids.",
    sa.select(_J.c.id).where(_J.c.id > param("after")).order_by(_J.c.id).limit(500),
)


_LATE = (_J.c.status == sa.literal_column("'open'"), _J.c.promised.is_not(None))
"""Of what is promised: code of a revision before leaves it in jobs that it ends."""

_LAST = _J.alias("before")
_PROMISED_BEFORE = sa.func.coalesce(
    sa.select(_LAST.c.promised).where(_LAST.c.id == param("before")).scalar_subquery(), sa.literal_column("0")
)
"""What was promised in the last job of the page before; where it is late no more, the first page comes again."""

OVERDUE = Query(
    "jobs.overdue",
    "Open jobs whose promise is over.",
    sa.select(_J.c.id).where(*_LATE, _J.c.promised < param("now")).order_by(_J.c.promised, _J.c.id),
)


def listing(filters: tuple[tuple[str, int], ...], paged: bool) -> Query:
    """The query that lists jobs by these columns, each by so many values; ``paged``, those behind one of them."""
    found = _LISTINGS.get((filters, paged))
    if found is None:
        names = dict(filters)
        equal = (_J.c[name] == param(name) for name in names if name not in _COMPARED)
        statement = sa.select(*_LISTED, _J.c.ended, _J.c.head).where(*equal)
        if "customer" in names:
            statement = statement.where(_any_of(_J.c.customer, "customer", names["customer"]))
        if "took_part" in names:
            took = sa.select(_K.c.job_id).where(_any_of(_K.c.person, "took_part", names["took_part"]))
            statement = statement.where(_J.c.id.in_(took))
        if "late" in names:
            statement = statement.where(*_LATE, _J.c.promised < param("late")).order_by(_J.c.promised, _J.c.id)
            after = sa.tuple_(_J.c.promised, _J.c.id) > sa.tuple_(_PROMISED_BEFORE, param("before"))
        elif "begun_before" in names:
            statement, after = statement.order_by(_J.c.id), _J.c.id > param("before")
        else:
            statement, after = statement.order_by(_J.c.id.desc()), _J.c.id < param("before")
        if "begun_before" in names:
            statement = statement.where(_J.c.started < param("begun_before"))
        if paged:
            statement = statement.where(after)
        about = "Jobs, newest first, or those that are late, the longest first; or old ones, the oldest first."
        found = _LISTINGS[filters, paged] = Query("jobs.list", about, statement.limit(param("most")))
    return found


def _any_of(column: sa.Column[Any], name: str, number: int) -> sa.ColumnElement[bool]:
    if number == 1:
        return column == param(f"{name}0")
    return column.in_([param(f"{name}{index}") for index in range(number)])


_COMPARED = ("customer", "took_part", "late", "begun_before")
"""What jobs are narrowed by that is no column which has to be equal."""

_LISTINGS: dict[tuple[tuple[tuple[str, int], ...], bool], Query] = {}


def _distinct(ids: Iterable[str]) -> list[str]:
    """Short forms as people are shown them, longer where that does not tell them apart."""
    known = list(ids)
    brief = [shown(job) for job in known]
    return brief if len(set(brief)) == len(brief) else known


def promised(head: Head) -> int | None:
    """What the column says: the moment that was promised, while the job is open and that is neither kept nor broken."""
    promise = head.promise
    return None if promise is None or promise.kept is not None or head.status != "open" else micros(promise.by)


def stored(channel: Channel, row: Row) -> StoredJob:
    """A job from its row."""
    id_, _, process, version, customer, status, seq, hash_, started, updated, ended, head, root, data, counted = row
    position = LazyPosition(channel, id_, head, root, data)
    times = (started, updated, ended)
    return StoredJob(id_, process, version, customer, status, seq, hash_, position, root, times, counted)


def _listed(row: Row) -> ListedJob:
    id_, process, version, customer, status, seq, started, updated, ended, head = row
    return ListedJob(
        id=id_,
        process=process,
        version=version,
        customer=customer,
        status=status,
        seq=seq,
        started=moment(started),
        updated=moment(updated),
        ended=None if ended is None else moment(ended),
        head=decode(head, Head),
    )
