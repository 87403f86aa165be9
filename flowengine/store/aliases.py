"""Ids that are one person: each alias row says into which id another was merged. Nothing is moved; reads follow.

The rows of one person are a tree whose ``root`` is the id that stands for all of them. The root is kept in each row, so
that one look finds all of somebody's ids; what was merged into what is kept beside it, so that an undo brings back
exactly what was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import micros, moment, plain
from flowengine.store.dialects import Dialect
from flowengine.store.query import Query, inserts, param, upserts

_A, _D = t.aliases, t.distinct
_COLUMNS = (_A.c.id, _A.c.merged_into, _A.c.root, _A.c.at, _A.c.by, _A.c.because)

GET = Query("aliases.get", "Into whom an id was merged.", sa.select(*_COLUMNS).where(_A.c.id == param("id")))
OF_ROOT = Query(
    "aliases.of_root", "All that was merged into somebody.", sa.select(*_COLUMNS).where(_A.c.root == param("root"))
)
ROOTS = Query("aliases.roots", "All ids that are merged, and into whom in the end.", sa.select(_A.c.id, _A.c.root))
ADD = Query("aliases.add", "Merge an id into another.", inserts(_A))
REMOVE = Query("aliases.remove", "Undo that an id was merged.", sa.delete(_A).where(_A.c.id == param("who")))
REROOT = Query(
    "aliases.reroot",
    "Somebody's root is another.",
    sa.update(_A).where(_A.c.id == param("who")).values(root=param("to")),
)
TELL_APART = Query("aliases.tell_apart", "Two ids are two persons.", lambda dialect: upserts(dialect, _D))
TOLD_APART = Query(
    "aliases.told_apart", "All pairs of whom somebody said that they are two.", sa.select(_D.c.first, _D.c.second)
)
EMPTY = Query(
    "aliases.empty",
    "Leave that an id was merged, without why.",
    sa.update(_A).where(_A.c.id == param("who")).values(because=param("left")),
)
FORGET = Query(
    "aliases.forget",
    "Nobody is told apart from an id any more.",
    sa.delete(_D).where(sa.or_(_D.c.first == param("who"), _D.c.second == param("who"))),
)


class Alias(NamedTuple):
    """An id that was merged into another, when, by whom and why; ``root`` is the id that stands for both."""

    id: str
    merged_into: str
    root: str
    at: datetime
    by: str
    because: str


def root_of(person: sa.ColumnElement[str]) -> sa.ScalarSelect[str]:
    """The root of an id that is merged; NULL for one that is not."""
    return sa.select(_A.c.root).where(_A.c.id == person).correlate(t.people).scalar_subquery()


def ids_below(dialect: Dialect, person: sa.ColumnElement[str]) -> sa.ScalarSelect[str]:
    """The ids that are merged into the same root as an id, or into it, with spaces between, which no id holds."""
    below = _A.alias("below")
    whole = sa.func.coalesce(root_of(person), person)
    return sa.select(dialect.joined(below.c.id, " ")).where(below.c.root == whole).correlate(t.people).scalar_subquery()


def same(id: str, root: str | None, below: str | None) -> tuple[str, ...]:
    """The other ids of a person, the root first, from what :func:`root_of` and :func:`ids_below` say."""
    known = [root or id, *sorted((below or "").split())]
    return tuple(one for one in known if one != id)


class Aliases:
    """Who is who else, in one transaction."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def get(self, id: str) -> Alias | None:
        """Into whom an id was merged, or None."""
        row = self._channel.one(GET, {"id": plain(id)})
        return _alias(row) if row else None

    def root(self, id: str) -> str:
        """The id that stands for a person: the id itself, unless it was merged."""
        found = self.get(id)
        return found.root if found else id

    def of_root(self, root: str) -> list[Alias]:
        """All that was merged into a root, in whichever order."""
        return [_alias(row) for row in self._channel.rows(OF_ROOT, {"root": plain(root)})]

    def roots(self) -> dict[str, str]:
        """All ids that are merged, with their roots."""
        return {row[0]: row[1] for row in self._channel.rows(ROOTS, {})}

    def add(self, id: str, merged_into: str, at: datetime, by: str, because: str) -> None:
        """Merge an id, which is no alias, into another; what was merged into it comes along."""
        root = self.root(merged_into)
        row = {"id": id, "merged_into": merged_into, "root": root, "at": micros(at), "by": plain(by)}
        below = self.of_root(id)
        self._channel.write(ADD, row | {"because": plain(because)})
        self._channel.write_many(REROOT, [{"who": one.id, "to": root} for one in below])

    def remove(self, id: str, root: str) -> None:
        """Undo that an id was merged; what was merged into it stays so."""
        into = {one.id: one.merged_into for one in self.of_root(root) if one.id != id}
        self._channel.write(REMOVE, {"who": id})
        self._channel.write_many(REROOT, [{"who": one, "to": id} for one in into if _end(one, into) == id])

    def forget(self, id: str) -> None:
        """Leave nothing of an id that is erased but whose other id it was."""
        self._channel.write(EMPTY, {"who": id, "left": ""})
        self._channel.write(FORGET, {"who": id})

    # telling apart

    def tell_apart(self, one: str, other: str, at: datetime, by: str) -> None:
        """Keep that two ids are two persons."""
        first, second = sorted((one, other))
        self._channel.write(TELL_APART, {"first": first, "second": second, "at": micros(at), "by": plain(by)})

    def told_apart(self) -> set[tuple[str, str]]:
        """All pairs of ids that are two persons, the lesser id first."""
        return {(row[0], row[1]) for row in self._channel.rows(TOLD_APART, {})}


def _end(id: str, into: Mapping[str, str]) -> str:
    while id in into:
        id = into[id]
    return id


def _alias(row: tuple[str, str, str, int, str, str]) -> Alias:
    return Alias(*row[:3], moment(row[3]), *row[4:])
