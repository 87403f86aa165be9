"""Open steps: one row for each audience or seat, with what an inbox shows, so that an inbox reads no jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa

from flowengine.core.values import Step
from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.codec import decode, micros, moment, plain
from flowengine.store.query import Query, inserts, param

_S = t.steps
_JOB, _NUMBER = param("of_job"), param("of_number")
_THIS = (_S.c.job_id == _JOB, _S.c.number == _NUMBER)
_COLUMNS = (_S.c.job_id, _S.c.process, _S.c.customer, _S.c.audience, _S.c.answered, _S.c.opened, _S.c.number, _S.c.body)
_PERSON: sa.ColumnElement[str] = sa.literal_column("'person:'")
_BEYOND_PERSON: sa.ColumnElement[str] = sa.literal_column("'person;'")
"""The audiences that are persons begin with the one, and sort before the other."""

NOBODY = ""
"""The audience of the one row of a step that waits for nobody yet."""

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
    sa.update(_S).where(*_THIS).values(body=param("new_body"), claimed=param("by")),
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
_D = t.steps.alias("doubt")
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


@lru_cache(maxsize=128)
def inbox(audiences: int, everything: bool) -> Query:
    """The inbox for so many audiences: a range of one index for each, merged; nothing is sorted that is not shown. What
    is promised in their jobs is read beside the rows that are found."""
    person = sa.bindparam("person", type_=sa.Text)
    place = sa.tuple_(_S.c.opened, _S.c.job_id, _S.c.number)
    after = sa.tuple_(param("opened"), param("job"), param("number"))
    parts = []
    for index in range(audiences):
        for answered in (0, 1) if everything else (0,):
            part = (
                sa.select(*_COLUMNS)
                .where(_S.c.audience == param(f"a{index}"), _S.c.answered == answered, place > after)
                .where(sa.or_(person == "", _S.c.claimed.is_(None), _S.c.claimed == person))
                .order_by(_S.c.opened, _S.c.job_id, _S.c.number)
                .limit(param("most"))
            )
            rows = part.subquery(f"p{index}_{answered}")
            job = t.jobs.alias(f"j{index}_{answered}")
            beside = rows.outerjoin(job, job.c.id == rows.c.job_id)
            parts.append(sa.select(rows, job.c.promised, job.c.version).select_from(beside))
    return Query("steps.inbox", "What waits for these audiences, oldest first.", sa.union_all(*parts))


@lru_cache(maxsize=32)
def of_jobs(jobs: int) -> Query:
    """All rows of the open steps of so many jobs."""
    wanted = _S.c.job_id.in_([param(f"j{index}") for index in range(jobs)])
    order = (_S.c.job_id, _S.c.number, _S.c.seat)
    return Query(
        "steps.of_jobs", "All rows of the open steps of some jobs.", sa.select(*_COLUMNS).where(wanted).order_by(*order)
    )


LATEST = 1_000
"""Among so many of the jobs that are late the longest an inbox looks for steps, so that it never reads all of them."""


@lru_cache(maxsize=128)
def late(audiences: int) -> Query:
    """What waits for so many audiences in the jobs that are late the longest."""
    j, person = t.jobs, sa.bindparam("person", type_=sa.Text)
    some = (
        sa.select(j.c.id, j.c.promised, j.c.version)
        .where(j.c.status == sa.literal_column("'open'"), j.c.promised.is_not(None), j.c.promised < param("now"))
        .order_by(j.c.promised, j.c.id)
        .limit(sa.literal_column(str(LATEST)))
        .subquery()
    )
    whose = _S.c.audience.in_([param(f"a{index}") for index in range(audiences)])
    statement = (
        sa.select(*_COLUMNS, some.c.promised, some.c.version)
        .join_from(some, _S, _S.c.job_id == some.c.id)
        .where(whose, _S.c.answered == sa.literal_column("0"))
        .where(sa.or_(person == "", _S.c.claimed.is_(None), _S.c.claimed == person))
        .order_by(some.c.promised, some.c.id, _S.c.number)
        .limit(param("most"))
    )
    return Query("steps.late", "What waits for these audiences in late jobs, the latest first.", statement)


class WaitingStep(msgspec.Struct, frozen=True, kw_only=True):
    """An open step as an inbox shows it. ``answered``: the seat has answered already, or the appointment is booked.
    ``promised``: the moment that was promised to the job's customer, while that is neither kept nor broken, and
    ``version`` the job's; both are read for an inbox alone."""

    job: str
    process: str
    customer: str
    audience: str
    answered: bool
    opened: datetime
    step: Step
    promised: datetime | None = None
    version: str = ""

    def is_for(self, person: str, now: datetime | None) -> bool:
        """Whether it does not exclude the person, and is not over."""
        return not (person and person in self.step.excluded) and not (now and self.step.is_over(now))

    @property
    def cursor(self) -> tuple[int, str, int]:
        """Where to go on after this one: the ``after`` of the next page."""
        return (micros(self.opened), self.job, self.step.number)


class Steps:
    """Open steps in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def inbox(
        self,
        seatings: Sequence[str],
        limit: int = 100,
        after: tuple[int, str, int] | None = None,
        *,
        person: str = "",
        everything: bool = False,
        now: datetime | None = None,
    ) -> list[WaitingStep]:
        """The steps that wait for any of these seatings, oldest first, each once; ``after`` is a row's ``cursor``.

        With ``person``, steps that somebody else has claimed and steps that exclude the person are left out. Votes in
        which the seat has spoken, and appointments that are booked, are left out unless ``everything`` is wanted; what
        is over ``now``, in any case (L13).
        """
        wanted = sorted(set(seatings))
        found: dict[tuple[int, str, int], WaitingStep] = {}
        place = after or (-(2**62), "", 0)
        while wanted and len(found) < limit:
            page = self._page(wanted, limit, place, person, everything)
            for row in page:
                if row.is_for(person, now):
                    found.setdefault(row.cursor, row)
            if len(page) < limit:
                break
            place = page[-1].cursor
        return list(found.values())[:limit]

    def late(self, seatings: Sequence[str], limit: int, *, person: str, now: datetime) -> list[WaitingStep]:
        """The steps that wait for any of these seatings, as in an inbox, in jobs whose promise is over, those that are
        late the longest first (of the first :data:`LATEST` such jobs)."""
        wanted = sorted(set(seatings))
        values: dict[str, Any] = {f"a{index}": plain(whom) for index, whom in enumerate(wanted)}
        values |= {"person": person, "now": micros(now), "most": limit}
        rows = map(_waiting, self._channel.rows(late(len(wanted)), values) if wanted else ())
        return [row for row in rows if row.is_for(person, now)]

    def _page(
        self, wanted: Sequence[str], limit: int, place: tuple[int, str, int], person: str, everything: bool
    ) -> list[WaitingStep]:
        opened, job, number = place
        values: dict[str, Any] = {f"a{index}": plain(whom) for index, whom in enumerate(wanted)}
        values |= {"person": person, "opened": opened, "job": job, "number": number, "most": limit}
        rows = self._channel.rows(inbox(len(wanted), everything), values)
        rows.sort(key=lambda row: (row[5], row[0], row[6]))
        return [_waiting(row) for row in rows[:limit]]

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

    def of(self, job: str) -> list[WaitingStep]:
        """All rows of a job's open steps: one for each audience or seat."""
        return [_waiting(row) for row in self._channel.rows(OF_JOB, {"of_job": job})]

    def asking(self, job: str, audience: str) -> list[Step]:
        """The open steps of a job that wait for an answer of this audience."""
        return [row.step for row in self.of(job) if row.audience == plain(audience) and not row.answered]


def _waiting(row: Row) -> WaitingStep:
    job, process, customer, audience, answered, opened, _, body, *beside = row
    promised, version = beside or (None, "")
    return WaitingStep(
        job=job,
        process=process,
        customer=customer,
        audience=audience,
        answered=bool(answered),
        opened=moment(opened),
        step=decode(body, Step),
        promised=None if promised is None else moment(promised),
        version=version or "",
    )
