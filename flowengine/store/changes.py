"""Whether something has changed since somebody looked: figures that differ once it has, found by indexes, for many who
listen in a few statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel, Row
from flowengine.store.query import Query, param

AT_ONCE = 50
"""How many are asked for in one statement; the last one stands for those that are fewer."""
PAGE = 50
"""Of the steps that wait for a role, a group or anyone, how many of the most urgent are watched."""

_J, _S = t.jobs, t.steps
_SOME = [param(f"n{index}") for index in range(AT_ONCE)]

JOBS = Query("changes.jobs", "How far some jobs have come.", sa.select(_J.c.id, _J.c.seq).where(_J.c.id.in_(_SOME)))
CUSTOMERS = Query(
    "changes.customers",
    "How many jobs some customers have, and how far these have come together.",
    sa.select(_J.c.customer, sa.func.count(), sa.func.sum(_J.c.seq))
    .where(_J.c.customer.in_(_SOME))
    .group_by(_J.c.customer),
)
WAITING = Query(
    "changes.waiting",
    "What waits for some people by name, in figures.",
    sa.select(
        _S.c.audience,
        sa.func.count(),
        sa.func.count(_S.c.claimed),
        sa.func.sum(_S.c.number),
        sa.func.sum(_S.c.answered),
        sa.func.min(_S.c.urgent),
        sa.func.max(_S.c.urgent),
    )
    .where(_S.c.audience.in_(_SOME))
    .group_by(_S.c.audience),
)
MOST_URGENT = Query(
    "changes.most_urgent",
    "The most urgent steps that wait for a role or a group, and who holds them.",
    sa.select(_S.c.job_id, _S.c.number, _S.c.urgent, _S.c.holder)
    .where(_S.c.audience == param("audience"), _S.c.answered == sa.literal_column("0"))
    .order_by(_S.c.urgent, _S.c.job_id, _S.c.number)
    .limit(PAGE),
)


class Changes:
    """Figures of what somebody listens to; what has none is not there."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def jobs(self, ids: Iterable[str]) -> dict[str, int]:
        """The number of the last history entry of each job."""
        return {row[0]: row[1] for row in self._of(JOBS, ids)}

    def customers(self, ids: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """Of the jobs of each customer."""
        return {row[0]: _figures(row[1:]) for row in self._of(CUSTOMERS, ids)}

    def waiting(self, audiences: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """Of the steps that wait for each audience, which has to be one person's."""
        return {row[0]: _figures(row[1:]) for row in self._of(WAITING, audiences)}

    def most_urgent(self, audience: str) -> tuple[Row, ...]:
        """The most urgent steps that wait for an audience."""
        return tuple(self._channel.rows(MOST_URGENT, {"audience": audience}))

    def _of(self, query: Query, asked: Iterable[str]) -> Iterator[Row]:
        rest = sorted(set(asked))
        while rest:
            some, rest = rest[:AT_ONCE], rest[AT_ONCE:]
            values = {f"n{index}": some[min(index, len(some) - 1)] for index in range(AT_ONCE)}
            yield from self._channel.rows(query, values)


def _figures(row: Sequence[Any]) -> tuple[int, ...]:
    """Sums are Decimals on PostgreSQL."""
    return tuple(int(one) for one in row)
