"""The pieces that customers have chosen and states use up: how many of what, since when, and what became of them; and
what of each job is counted in them.

One counts at a time (:mod:`flowengine.store.insight`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import plain
from flowengine.store.query import Query, param, upserts

_P, _W = t.pieces, t.piecework
_KEY = [column.name for column in _P.primary_key]
_WAITING: sa.ColumnElement[str] = sa.literal_column("'waiting'")


def _sum(value: Any) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.sum(value), sa.BigInteger())


ADD = Query(
    "pieces.add",
    "So many choices more, or fewer.",
    lambda dialect: upserts(dialect, _P, {"choices": _P.c.choices + sa.literal_column("excluded.choices")}),
)
CLEAR = Query(
    "pieces.clear",
    "Of choices that are none any more nothing is kept.",
    sa.delete(_P).where(*(_P.c[n] == param(f"of_{n}") for n in _KEY), _P.c.choices == sa.literal_column("0")),
)
MADE = Query(
    "pieces.made",
    "Pieces of a process that were chosen on each day from one to another, by option.",
    sa.select(_P.c.fate, _P.c.options, _P.c.option, _P.c.made, _sum(_P.c.size * _P.c.choices))
    .where(_P.c.process == param("of_process"), _P.c.made >= param("first"), _P.c.made <= param("last"))
    .group_by(_P.c.fate, _P.c.options, _P.c.option, _P.c.made),
)
OVER = Query(
    "pieces.over",
    "Choices of a process that were made from one day to another and are over, by what became of them after how many "
    "days.",
    sa.select(_P.c.fate, _P.c.over - _P.c.made, _sum(_P.c.choices))
    .where(
        _P.c.process == param("of_process"),
        _P.c.fate != _WAITING,
        _P.c.made >= param("first"),
        _P.c.made <= param("last"),
    )
    .group_by(_P.c.fate, _P.c.over - _P.c.made),
)
WAITING = Query(
    "pieces.waiting",
    "Choices of a process that are neither used nor withdrawn.",
    sa.select(_P.c.options, _P.c.option, _P.c.size, _P.c.made, _P.c.choices)
    .where(_P.c.process == param("of_process"), _P.c.fate == _WAITING, _P.c.made <= param("last"))
    .order_by(_P.c.options, _P.c.option, _P.c.made, _P.c.over, _P.c.size),
)
WORK = Query("pieces.work", "What of a job is counted.", sa.select(_W.c.body).where(_W.c.job_id == param("of_job")))
KEEP = Query("pieces.keep", "Keep what of a job is counted.", lambda dialect: upserts(dialect, _W))
FORGET = Query(
    "pieces.forget", "A job has nothing that is counted.", sa.delete(_W).where(_W.c.job_id == param("of_job"))
)
EMPTY = (
    Query(
        "pieces.empty",
        "Forget all that is counted of jobs that are there.",
        sa.delete(_P).where(_P.c.gone == sa.literal_column("0")),
    ),
    Query("pieces.forget_all", "Forget what of jobs is counted.", sa.delete(_W)),
)


class WaitingPieces(NamedTuple):
    """Choices of an option, of ``size`` pieces each, that wait since the day ``made`` (an ordinal of the calendar)."""

    options: str
    option: str
    size: int
    made: int
    choices: int


class StoredPieces:
    """Pieces and what of jobs is counted in them, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Count choices, by keys that are different; where ``choices`` is negative, take them away again."""
        clean: list[dict[str, Any]] = [
            {name: plain(value) if isinstance(value, str) else value for name, value in row.items()} for row in rows
        ]
        self._channel.write_many(ADD, clean)
        fewer = [row for row in clean if row["choices"] < 0]
        self._channel.write_many(CLEAR, [{f"of_{name}": row[name] for name in _KEY} for row in fewer])

    def made(self, process: str, first: int, last: int) -> list[tuple[str, str, int, int]]:
        """What was chosen from a day to another: the list of options, the option, the day, the pieces. Several rows may
        be of the same."""
        given = {"of_process": plain(process), "first": first, "last": last}
        return [(row[1], row[2], row[3], row[4]) for row in self._channel.rows(MADE, given)]

    def over(self, process: str, first: int, last: int) -> list[tuple[str, int, int]]:
        """Of choices that were made from a day to another and are over: what became of them, after how many days, and
        how many there are."""
        given = {"of_process": plain(process), "first": first, "last": last}
        return [(row[0], row[1], row[2]) for row in self._channel.rows(OVER, given)]

    def waiting(self, process: str, last: int) -> list[WaitingPieces]:
        """Choices that wait to be used, made up to a day."""
        rows = self._channel.rows(WAITING, {"of_process": plain(process), "last": last})
        return [WaitingPieces(*row) for row in rows]

    def work(self, job: str) -> str | None:
        """What of a job is counted; None for one of which nothing is."""
        row = self._channel.one(WORK, {"of_job": job})
        return row[0] if row else None

    def keep(self, job: str, seq: int, body: str) -> None:
        """Keep what of a job is counted, up to an entry."""
        self._channel.write(KEEP, {"job_id": job, "seq": seq, "body": body})

    def forget(self, jobs: Sequence[str]) -> None:
        """Of these jobs nothing is counted any more."""
        self._channel.write_many(FORGET, [{"of_job": job} for job in jobs])

    def empty(self) -> None:
        """Forget all that can be counted again."""
        for query in EMPTY:
            self._channel.write(query, {})
