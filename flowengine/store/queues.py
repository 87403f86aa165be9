"""A queue of due work: service calls, timers, and the rows of the outbox are one each.

A row is looked at when it is due, by whoever claims it first; it is put off when it could not be done, and where it
gave up it is an incident, which operators see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec
import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import moment
from flowengine.store.dialects import Dialect
from flowengine.store.query import Query, Statement, param

_J = t.jobs


class Incident(msgspec.Struct, frozen=True):
    """A row that gave up, and why (``error``). ``what`` and ``detail`` say what it is, as its queue has them; ``next``
    is when it is tried again by itself, None where it waits for an operator."""

    kind: str
    id: str
    job: str
    what: str
    detail: str
    attempts: int
    error: str
    next: datetime | None
    process: str
    customer: str


@dataclass(frozen=True, eq=False)
class Queue:
    """A queue, by its table: ``due`` is the column that says when a row is looked at, ``waits`` which rows somebody is
    to do, ``gave_up`` which are incidents, and ``shown`` the columns that tell an incident (:class:`Incident`: what,
    detail, error, next)."""

    kind: str
    table: sa.Table
    due: str
    waits: sa.ColumnElement[bool]
    gave_up: sa.ColumnElement[bool]
    shown: tuple[sa.ColumnElement[Any], ...]

    @property
    def _key(self) -> tuple[sa.Column[Any], ...]:
        return tuple(self.table.primary_key)

    @property
    def this(self) -> tuple[sa.ColumnElement[bool], ...]:
        """The row with the key ``of_job``, ``of_number`` and, where there is one, ``of_seq``."""
        return tuple(column == param(f"of_{column.name.removesuffix('_id')}") for column in self._key)

    def ready(self, *columns: sa.ColumnElement[Any], most: Any = None) -> sa.Select[Any]:
        """Rows that are due ``now``, the longest due first."""
        due = self.table.c[self.due]
        most = param("most") if most is None else most
        return sa.select(*columns).where(self.waits, due <= param("now")).order_by(due, *self._key).limit(most)

    def claim(
        self, dialect: Dialect, values: Mapping[str, Any], *given: Any, where: sa.ColumnElement[bool], most: Any = None
    ) -> Statement:
        """Take rows that are ready, which others pass by: ``values`` says how that shows, ``given`` what is read."""
        ready = dialect.candidates(self.ready(*self._key, most=most).where(where))
        return sa.update(self.table).where(sa.tuple_(*self._key).in_(ready)).values(values).returning(*given)

    def postpone(self, *mine: sa.ColumnElement[bool], **more: Any) -> sa.Update:
        """A row could not be done: it is looked at ``later``, with what was wrong, by who has it in his hands."""
        attempts = self.table.c.attempts + 1
        values = {self.due: param("later"), "attempts": attempts, "last_error": param("error")} | more
        return sa.update(self.table).where(*self.this, *mine).values(values)

    @cached_property
    def incidents(self) -> Query:
        """The query for what gave up, with the jobs' process and customer, by job; what is of no job has neither."""
        nothing: sa.ColumnElement[str] = sa.literal_column("''")
        whose = (sa.func.coalesce(column, nothing) for column in (_J.c.process, _J.c.customer))
        statement = (
            sa.select(*self._key, *self.shown, self.table.c.attempts, *whose)
            .outerjoin(_J, _J.c.id == self.table.c.job_id)
            .where(self.gave_up)
            .order_by(*self._key)
        )
        return Query(f"{self.table.name.removeprefix('flow_')}.incidents", f"Each {self.kind} that gave up.", statement)

    def gone_wrong(self, channel: Channel) -> list[Incident]:
        """What gave up, by job."""
        many, found = len(self._key), []
        for row in channel.rows(self.incidents, {}):
            key, (what, detail, error, next_, attempts, process, customer) = row[:many], row[many:]
            next_at = None if next_ is None else moment(next_)
            id = ".".join(map(str, key))
            found.append(Incident(self.kind, id, key[0], what, detail, attempts, error, next_at, process, customer))
        return found
