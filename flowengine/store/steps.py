"""Open steps: one row for each audience or seat, with what an inbox shows, so that an inbox reads no jobs.

An inbox has three parts, each sorted by urgency: what somebody holds (he has claimed it, or it is kept for him), what
waits for anybody of his audiences, and, if wanted, what is answered. A page begins behind a :class:`Place`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from flowengine.core.values import Promise, Step
from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment, plain, text
from flowengine.store.query import Query, inserts, param

_S = t.steps
_V = t.voters
_D = t.steps.alias("other")
_JOB, _NUMBER = param("of_job"), param("of_number")
_ME = param("me")
_THIS = (_S.c.job_id == _JOB, _S.c.number == _NUMBER)
_COLUMNS = (
    _S.c.job_id, _S.c.process, _S.c.customer, _S.c.audience, _S.c.answered, _S.c.opened, _S.c.number, _S.c.body,
    _S.c.urgent,
)  # fmt: skip
_PERSON: sa.ColumnElement[str] = sa.literal_column("'person:'")
_BEYOND_PERSON: sa.ColumnElement[str] = sa.literal_column("'person;'")
"""The audiences that are persons begin with the one, and sort before the other."""

NOBODY = ""
"""The audience of the one row of a step that waits for nobody yet."""

BOX = "box"
"""The audience of the one row of a step with a ballot box: those who may vote stand in ``flow_voters``."""

SOME_DAY = 2**61
"""Beyond all moments: what has no deadline comes after all that has one, the oldest first."""

DERIVED = ("urgent", "own", "due", "holder", "barred", "words")
"""The columns by which inboxes are sorted and narrowed; they follow from the step and its job's promise."""


def promised(promise: Promise | None) -> int:
    """The moment of a promise that is still to be kept, in microseconds; else never."""
    return micros(promise.by) if promise is not None and promise.kept is None else t.NEVER


def hears(audience: str, customer: str) -> bool:
    """Whether those of an audience may know what is promised to the job's customer: he, and the organisation."""
    return audience.startswith("role:") or audience in ("staff", f"person:{customer}")


_HEARS = sa.or_(
    sa.and_(_S.c.audience >= sa.literal_column("'role:'"), _S.c.audience < sa.literal_column("'role;'")),
    _S.c.audience == sa.literal_column("'staff'"),
    _S.c.audience == _PERSON + _S.c.customer,
)


def for_audience(row: dict[str, Any], audience: str) -> dict[str, Any]:
    """A step's row for one audience, as urgent as these may know that it is."""
    urgent = row["urgent"] if hears(audience, row["customer"]) else row["own"]
    return row | {"audience": plain(audience), "urgent": urgent}


def derived(step: Step, promise: Promise | None) -> dict[str, Any]:
    """The values of :data:`DERIVED` for a step of a job with that promise."""
    meets = step.appointment_end or step.appointment  # which is not late while it goes on
    moments = [micros(one) for one in (step.due, meets) if one is not None]
    own = min(moments, default=SOME_DAY + micros(step.opened))
    return {
        "urgent": min(own, promised(promise)),
        "own": own,
        "due": micros(step.due) if step.due is not None and not step.waits_on else t.NEVER,
        "holder": step.claimed or step.preferred,
        "barred": text(step.excluded) if step.excluded else None,
        "words": plain(step.title.casefold()),
    }


class Narrowed(NamedTuple):
    """Which of the steps of an inbox: those of a process, of a customer's jobs, whose titles hold all ``words``, of one
    job alone."""

    process: str = ""
    customer: str = ""
    words: tuple[str, ...] = ()
    job: str = ""


class Place(NamedTuple):
    """Where a step stands in an inbox: its part, then by urgency."""

    part: int
    urgent: int
    job: str
    number: int


HELD_BY_ONE, FOR_ANY, ANSWERED = 0, 1, 2
"""The parts of an inbox."""

WHOLE = Narrowed()
BEGINNING = Place(HELD_BY_ONE, -t.NEVER, "", 0)

OPEN = Query("steps.open", "A step waits for an audience, or for one seat.", inserts(_S))
DROP = Query("steps.drop", "A step no longer waits.", sa.delete(_S).where(*_THIS))
DROP_OTHERS = Query(
    "steps.drop_others",
    "A step with seats no longer waits for those without.",
    sa.delete(_S).where(*_THIS, _S.c.seated.is_(None)),
)
CHANGE = Query(
    "steps.change",
    "A step with seats was claimed, or its deadline moved.",
    sa.update(_S)
    .where(*_THIS)
    .values(
        {"body": param("new_body"), "claimed": param("by")}
        | {name: param(f"new_{name}") for name in DERIVED}
        | {"urgent": sa.case((_HEARS, param("new_urgent")), else_=param("new_own"))}
    ),
)
PROMISED = Query(
    "steps.promised",
    "A job was promised for another moment: its steps are as urgent as that, or more.",
    sa.update(_S)
    .where(_S.c.job_id == _JOB, _HEARS)
    .values(urgent=sa.case((_S.c.own < param("promised"), _S.c.own), else_=param("promised"))),
)
ANSWER = Query(
    "steps.answer",
    "One of the invited has answered.",
    sa.update(_S)
    .where(*_THIS, _S.c.audience == param("whom"))
    .values(seated=param("new_seat"), answered=param("spoken")),
)
BRANCH = Query("steps.branch", "The branch on which a step is open.", sa.select(_S.c.branch).where(*_THIS).limit(1))
SEAT = Query("steps.seat", "One seat of a step.", sa.select(_S.c.seated).where(*_THIS, _S.c.audience == param("whom")))
SEATS = Query(
    "steps.seats",
    "All seats of a step, in order.",
    sa.select(_S.c.seated).where(*_THIS, _S.c.seated.is_not(None)).order_by(_S.c.seat),
)
HELD = Query(
    "steps.held",
    "The steps that a person has claimed.",
    sa.select(_S.c.job_id, _S.c.number)
    .distinct()
    .where(_S.c.claimed == param("by"))
    .order_by(_S.c.job_id, _S.c.number),
)
AUDIENCES = Query(
    "steps.audiences",
    "All that steps wait for, but for persons.",
    sa.select(_S.c.audience).distinct().where(sa.or_(_S.c.audience < _PERSON, _S.c.audience >= _BEYOND_PERSON)),
)
_OF_DOUBT = sa.and_(_D.c.job_id == _S.c.job_id, _D.c.number == _S.c.number)


def _steps_with(*doubtful: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """All rows of the steps of which one row is so."""
    some = sa.exists(sa.select(sa.literal_column("1")).select_from(_D).where(_OF_DOUBT, *doubtful).correlate(_S))
    return sa.select(*_COLUMNS).where(some).order_by(_S.c.job_id, _S.c.number, _S.c.seat)


WAITING_FOR = Query(
    "steps.waiting_for", "All rows of the steps that wait for an audience.", _steps_with(_D.c.audience == param("whom"))
)
DOUBTFUL = Query(
    "steps.doubtful",
    "All rows of the steps of which it is to be asked whether anybody can do them: those that are claimed, exclude "
    "somebody, ask several by their roles, or wait for nobody, or for a person whose id nobody has. It looks through "
    "all open steps, for an operator now and then.",
    _steps_with(
        sa.or_(
            _D.c.claimed.is_not(None),
            _D.c.body.like('%"excluded":%'),
            sa.and_(_D.c.seated.is_not(None), sa.or_(_D.c.audience < _PERSON, _D.c.audience >= _BEYOND_PERSON)),
            sa.and_(
                _D.c.audience >= _PERSON,
                _D.c.audience < _BEYOND_PERSON,
                _D.c.audience != sa.literal_column("'person:'") + _D.c.customer,
                ~sa.exists(sa.select(sa.literal_column("1")).where(t.people.c.id == sa.func.substr(_D.c.audience, 8))),
            ),
        )
    ),
)
OF_JOB = Query(
    "steps.of",
    "All rows of a job's open steps.",
    sa.select(*_COLUMNS).where(_S.c.job_id == _JOB).order_by(_S.c.number, _S.c.seat),
)
STORED = Query(
    "steps.stored",
    "All rows of a job's open steps, whole, for the audit.",
    sa.select(_S).where(_S.c.job_id == _JOB).order_by(_S.c.number, _S.c.seat),
)


def _his(person: bool, narrowed: Narrowed) -> list[sa.ColumnElement[bool]]:
    """That a step may be done by him who asks, is not over, and has the wanted words."""
    which = [_S.c.due > param("now")]
    if person:
        which.append(sa.or_(_S.c.claimed.is_(None), _S.c.claimed == _ME))
        which.append(sa.or_(_S.c.barred.is_(None), sa.func.replace(_S.c.barred, param("named"), "") == _S.c.barred))
    holds = (sa.func.replace(_S.c.words, param(f"word{index}"), "") for index in range(len(narrowed.words)))
    which.extend(without != _S.c.words for without in holds)
    return which


@lru_cache(maxsize=32)
def of_jobs(jobs: int) -> Query:
    """All rows of the open steps of so many jobs."""
    wanted = _S.c.job_id.in_([param(f"j{index}") for index in range(jobs)])
    order = (_S.c.job_id, _S.c.number, _S.c.seat)
    return Query(
        "steps.of_jobs", "All rows of the open steps of some jobs.", sa.select(*_COLUMNS).where(wanted).order_by(*order)
    )


def _of(rows: Any, narrowed: Narrowed) -> list[sa.ColumnElement[bool]]:
    """That they are of the wanted process and customer, which the index knows."""
    which = []
    if narrowed.process:
        which.append(rows.c.process == param("process"))
    if narrowed.customer:
        which.append(rows.c.customer == param("customer"))
    if narrowed.job:
        which.append(rows.c.job_id == param("only_job"))
    return which


_BOX: sa.ColumnElement[str] = sa.literal_column(f"'{BOX}'")
_MAY_VOTE = sa.and_(_V.c.job_id == _S.c.job_id, _V.c.step == _S.c.number, _S.c.audience == _BOX)
_AS_VOTER = (_PERSON + _V.c.person).label("audience")
_VOTERS_COLUMNS = (
    _S.c.job_id, _S.c.process, _S.c.customer, _AS_VOTER, _V.c.voted.label("answered"), _S.c.opened, _S.c.number,
    _S.c.body, _S.c.urgent,
)  # fmt: skip


def _one_of(voters: int) -> sa.ColumnElement[bool]:
    """That it is one of so many who may vote: who asks, under each id that he has, and those for whom he acts."""
    return _V.c.person.in_([param(f"v{index}") for index in range(voters)])


@lru_cache(maxsize=32)
def may_vote(voters: int) -> Query:
    """The steps of a job with ballot boxes in which so many may vote."""
    return Query(
        "steps.may_vote",
        "The steps of a job with ballot boxes in which some may vote, and whether each has.",
        sa.select(_V.c.step, _V.c.person, _V.c.voted).where(_one_of(voters), _V.c.job_id == _JOB),
    )


def _votes(part: int, voters: int, narrow: Narrowed, *which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The first votes of a part in which somebody may vote, that lie behind a place; he is in few at a time."""
    order = (_S.c.urgent, _S.c.job_id, _S.c.number)
    behind = sa.tuple_(*order) > sa.tuple_(param(f"urgent{part}"), param(f"job{part}"), param(f"number{part}"))
    voted = _V.c.voted == sa.literal_column("1" if part == ANSWERED else "0")
    look = sa.select(*_VOTERS_COLUMNS, sa.literal_column(str(part)).label("part")).select_from(_V.join(_S, _MAY_VOTE))
    look = look.where(_one_of(voters), voted, behind, *_of(_S, narrow), *which)
    return look.order_by(*order).limit(param("most"))


@lru_cache(maxsize=256)
def inbox(
    audiences: int, parts: tuple[int, ...] = (FOR_ANY,), person: bool = False, narrow: Narrowed = WHOLE,
    voters: int = 0,
) -> Query:  # fmt: skip
    """An inbox for so many audiences: a range of an index for each, merged; nothing is sorted that is not shown. What
    is promised in their jobs is read beside the rows that are found. Of ``narrow`` only its shape counts. There are
    also the votes in which so many ``voters`` may vote."""
    selects = []
    for part in parts:
        if part == HELD_BY_ONE:
            audience = _S.c.audience + sa.literal_column("''")  # so that what he holds is looked for, which is little
            his = audience.in_([param(f"a{index}") for index in range(audiences)])
            ranges = [_page(_S, part, narrow, _S.c.holder == _ME, his, *_his(person, narrow))]
        else:
            which = _his(person, narrow)
            if part == FOR_ANY and person:
                which.append(sa.or_(_S.c.holder.is_(None), _S.c.holder != _ME))
            rows: Any = _S
            if narrow.process or narrow.customer:  # looked up in the index alone, and only what fits in the table
                rows = _S.alias("narrow")
                which += [rows.c.job_id == _S.c.job_id, rows.c.number == _S.c.number, rows.c.audience == _S.c.audience]
            ranges = [
                _page(rows, part, narrow, rows.c.audience == param(f"a{index}"), *which) for index in range(audiences)
            ]
            if voters:
                ranges.append(_votes(part, voters, narrow, *_his(person, narrow)))
        selects += [_beside(one.subquery(f"p{part}_{index}"), f"j{part}_{index}") for index, one in enumerate(ranges)]
    return Query("steps.inbox", "What waits for these audiences, the most urgent first.", sa.union_all(*selects))


def _beside(rows: sa.Subquery, name: str) -> sa.Select[Any]:
    job = t.jobs.alias(name)
    joined = rows.outerjoin(job, job.c.id == rows.c.job_id)
    return sa.select(rows, job.c.promised, job.c.version).select_from(joined)


def _page(rows: Any, part: int, narrow: Narrowed, *which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The first rows of a part that lie behind a place, by an index of ``rows``."""
    order = (rows.c.urgent, rows.c.job_id, rows.c.number)
    behind = sa.tuple_(*order) > sa.tuple_(param(f"urgent{part}"), param(f"job{part}"), param(f"number{part}"))
    answered = rows.c.answered == sa.literal_column("1" if part == ANSWERED else "0")
    look = sa.select(*_COLUMNS, sa.literal_column(str(part)).label("part"))
    return look.where(behind, answered, *_of(rows, narrow), *which).order_by(*order).limit(param("most"))


@lru_cache(maxsize=128)
def counting(audiences: int, narrow: Narrowed) -> Query:
    """How many steps wait for so many audiences, by process and audience: in all, and until two moments. A step that
    waits for several of them is counted for the first. Of steps that ask several one by one nothing is said here."""
    wanted = [param(f"a{index}") for index in range(audiences)]
    sibling = sa.and_(_D.c.job_id == _S.c.job_id, _D.c.number == _S.c.number, _D.c.seat < _S.c.seat)
    counted_already = sa.exists(
        sa.select(sa.literal_column("1")).select_from(_D).where(sibling, _D.c.audience.in_(wanted)).correlate(_S)
    )
    which = [
        _S.c.audience.in_(wanted),
        _S.c.answered == sa.literal_column("0"),
        _S.c.seated.is_(None),
        sa.or_(_S.c.seat <= sa.literal_column("1"), ~counted_already),
        *_his(True, narrow),
        *_of(_S, narrow),
    ]
    until = [
        sa.func.sum(sa.case((_S.c.urgent <= param(name), sa.literal_column("1")), else_=sa.literal_column("0")))
        for name in ("now", "tonight")
    ]
    counted = sa.select(_S.c.process, _S.c.audience, sa.func.count(), *until).where(*which)
    return Query(
        "steps.counting",
        "How much waits for these audiences, by process.",
        counted.group_by(_S.c.process, _S.c.audience).order_by(_S.c.process, _S.c.audience),
    )


@lru_cache(maxsize=128)
def unvoted(voters: int, narrow: Narrowed) -> Query:
    """The votes in which so many may vote and have not."""
    which = [_one_of(voters), _V.c.voted == sa.literal_column("0"), *_his(True, narrow), *_of(_S, narrow)]
    return Query(
        "steps.unvoted",
        "The votes in which somebody may vote and has not.",
        sa.select(*_VOTERS_COLUMNS)
        .select_from(_V.join(_S, _MAY_VOTE))
        .where(*which)
        .order_by(_S.c.urgent, _S.c.job_id, _S.c.number),
    )


@lru_cache(maxsize=128)
def seated(audiences: int, narrow: Narrowed) -> Query:
    """The seats of so many audiences that have not spoken."""
    which = [
        _S.c.audience.in_([param(f"a{index}") for index in range(audiences)]),
        _S.c.answered == sa.literal_column("0"),
        _S.c.seated.is_not(None),
        *_his(True, narrow),
        *_of(_S, narrow),
    ]
    return Query(
        "steps.seated",
        "What asks these audiences one by one, and has no answer of theirs yet.",
        sa.select(*_COLUMNS).where(*which).order_by(_S.c.audience, _S.c.urgent, _S.c.job_id, _S.c.number),
    )


class WaitingStep(msgspec.Struct, frozen=True, kw_only=True):
    """An open step as an inbox shows it. ``answered``: the seat has answered already, or the appointment is booked.
    ``place`` is where it stands in the inbox in which it was found; ``promised`` the moment that was promised to the
    job's customer, while that is neither kept nor broken, and ``version`` the job's: both are read for an inbox
    alone."""

    job: str
    process: str
    customer: str
    audience: str
    answered: bool
    opened: datetime
    step: Step
    place: Place
    promised: datetime | None = None
    version: str = ""

    @property
    def urgent(self) -> datetime | None:
        """By when it is to be done: its deadline, its appointment, or its job's promise, whichever is first."""
        return moment(self.place.urgent) if 0 < self.place.urgent < SOME_DAY else None


class Counted(NamedTuple):
    """How many steps of a process are waiting for an audience; ``late`` and ``soon`` are those until two moments."""

    process: str
    audience: str
    waiting: int
    late: int
    soon: int


class Steps:
    """Open steps in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def inbox(
        self,
        seatings: Sequence[str],
        limit: int = 100,
        after: Place | None = None,
        *,
        person: str = "",
        everything: bool = False,
        now: datetime | None = None,
        narrowed: Narrowed = WHOLE,
    ) -> list[WaitingStep]:
        """The steps that wait for any of these seatings, the most urgent first, each once; ``after`` is the ``place``
        of the last one of the page before.

        With ``person``, what he holds comes first, and steps that somebody else has claimed and steps that exclude him
        are left out. Votes in which the seat has spoken, and appointments that are booked, come last, if ``everything``
        is wanted; what is over ``now`` is left out in any case (L13).
        """
        wanted = sorted(set(seatings))
        found: dict[tuple[str, int], WaitingStep] = {}
        place = after or BEGINNING
        while wanted and len(found) < limit:
            page = self._page(wanted, limit, place, person, everything, now, narrowed)
            for row in page:
                found.setdefault((row.job, row.step.number), row)
            if len(page) < limit:
                break
            place = page[-1].place
        return list(found.values())[:limit]

    def _page(
        self, wanted: Sequence[str], limit: int, place: Place, person: str, everything: bool, now: datetime | None,
        narrowed: Narrowed,
    ) -> list[WaitingStep]:  # fmt: skip
        parts = tuple(
            part
            for part in (HELD_BY_ONE, FOR_ANY, ANSWERED)
            if part >= place.part and (person or part != HELD_BY_ONE) and (everything or part != ANSWERED)
        )
        if not parts:
            return []
        values = _asked(wanted, person, narrowed) | {"most": limit, "now": micros(now) if now else -t.NEVER}
        for part in parts:
            begin = place if part == place.part else BEGINNING
            values |= {f"urgent{part}": begin.urgent, f"job{part}": begin.job, f"number{part}": begin.number}
        voters = len(_persons(wanted)) if person else 0
        rows = self._channel.rows(inbox(len(wanted), parts, bool(person), _shape(narrowed), voters), values)
        rows.sort(key=lambda row: (row[9], row[8], row[0], row[6]))
        return [_waiting(row) for row in rows[:limit]]

    def counted(
        self, seatings: Sequence[str], person: str, now: datetime, tonight: datetime, narrowed: Narrowed = WHOLE
    ) -> list[Counted]:
        """How many steps wait for these seatings, by process and audience; without those that ask several one by one
        (:meth:`seated`). What a person may not do or somebody else has claimed is left out, and what is over."""
        wanted = sorted(set(seatings))
        if not wanted:
            return []
        values = _asked(wanted, person, narrowed) | {"now": micros(now), "tonight": micros(tonight)}
        rows = self._channel.rows(counting(len(wanted), _shape(narrowed)), values)
        return [Counted(row[0], row[1], int(row[2]), int(row[3]), int(row[4])) for row in rows]

    def seated(
        self, seatings: Sequence[str], person: str, now: datetime, narrowed: Narrowed = WHOLE
    ) -> list[WaitingStep]:
        """The seats of these seatings that have not spoken."""
        wanted = sorted(set(seatings))
        if not wanted:
            return []
        values = _asked(wanted, person, narrowed) | {"now": micros(now)}
        rows = self._channel.rows(seated(len(wanted), _shape(narrowed)), values)
        if voters := len(_persons(wanted)):
            rows += self._channel.rows(unvoted(voters, _shape(narrowed)), values)
        return [_waiting(row) for row in rows]

    def held(self, person: str) -> list[tuple[str, int]]:
        """The steps that a person has claimed: their jobs and numbers."""
        return [(row[0], row[1]) for row in self._channel.rows(HELD, {"by": person})]

    def audiences(self) -> list[str]:
        """All that steps wait for, but for persons: few, however many steps there are. :data:`NOBODY` is among them
        where a step waits for none."""
        return [row[0] for row in self._channel.rows(AUDIENCES, {})]

    def waiting_for(self, audience: str) -> list[WaitingStep]:
        """All rows of the steps that wait for an audience."""
        return [_waiting(row) for row in self._channel.rows(WAITING_FOR, {"whom": plain(audience)})]

    def doubtful(self) -> list[WaitingStep]:
        """All rows of the steps of which it is to be asked whether anybody can do them, whoever fills their roles."""
        return [_waiting(row) for row in self._channel.rows(DOUBTFUL, {})]

    def of_jobs(self, jobs: Sequence[str]) -> list[WaitingStep]:
        """All rows of the open steps of some jobs."""
        if not jobs:
            return []
        count = 1 << (len(jobs) - 1).bit_length()
        values = {f"j{index}": jobs[min(index, len(jobs) - 1)] for index in range(count)}
        return [_waiting(row) for row in self._channel.rows(of_jobs(count), values)]

    def of(self, job: str, persons: Sequence[str] = ()) -> list[WaitingStep]:
        """All rows of a job's open steps: one for each audience or seat. A step with a ballot box has one row, and one
        for each of the ``persons`` who may vote in its place."""
        rows = [_waiting(row) for row in self._channel.rows(OF_JOB, {"of_job": job})]
        if not persons or all(row.audience != BOX for row in rows):
            return rows
        values = {f"v{index}": plain(one) for index, one in enumerate(persons)}
        votes = self._channel.rows(may_vote(len(persons)), {"of_job": job} | values)
        return [one for row in rows for one in _for_voters(row, votes)]

    def asking(self, job: str, audience: str) -> list[Step]:
        """The open steps of a job that wait for an answer of this audience."""
        return [row.step for row in self.of(job) if row.audience == plain(audience) and not row.answered]


def _for_voters(row: WaitingStep, votes: Sequence[Row]) -> list[WaitingStep]:
    found = [
        msgspec.structs.replace(row, audience=f"person:{person}", answered=bool(voted))
        for step, person, voted in votes
        if row.audience == BOX and step == row.step.number
    ]
    return found or [row]


def _persons(wanted: Sequence[str]) -> list[str]:
    """The ids of the persons among seatings."""
    return [one.partition(":")[2] for one in wanted if one.startswith("person:")]


def _shape(narrowed: Narrowed) -> Narrowed:
    """What a statement knows of it: which values are given, not the values."""
    words = tuple("w" for _ in narrowed.words)
    return Narrowed(narrowed.process and "p", narrowed.customer and "c", words, narrowed.job and "j")


def _asked(wanted: Sequence[str], person: str, narrowed: Narrowed) -> dict[str, Any]:
    """The values of who asks, and of what is narrowed."""
    values: dict[str, Any] = {f"a{index}": plain(whom) for index, whom in enumerate(wanted)}
    values |= {f"v{index}": plain(one) for index, one in enumerate(_persons(wanted))}
    values |= {"me": plain(person), "named": text(person)}
    values |= {"process": plain(narrowed.process), "customer": plain(narrowed.customer), "only_job": narrowed.job}
    return values | {f"word{index}": plain(word.casefold()) for index, word in enumerate(narrowed.words)}


def _waiting(row: Row) -> WaitingStep:
    job, process, customer, audience, answered, opened, number, body, urgent, *beside = row
    part, promised, version = beside or (FOR_ANY, None, "")
    return WaitingStep(
        job=job,
        process=process,
        customer=customer,
        audience=audience,
        answered=bool(answered),
        opened=moment(opened),
        step=decode(body, Step),
        place=Place(int(part), urgent, job, number),
        promised=None if promised is None else moment(promised),
        version=version or "",
    )
