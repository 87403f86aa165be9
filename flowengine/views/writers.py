"""Who may have written what is in a job's data: read from the process file alone, so that it holds for every job (L9).

A customer is told a value only where everything that may have written it was open to him: his own answers, and what
is marked ``show: true``. What an inner state, a result of code or a message could have written stays inside, even where
it shares its place with an answer of his; so does what a ``set`` could have, unless it is made of nothing but what he
is told anyhow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from flowengine.language.expressions import Expression
from flowengine.language.mentions import JOB_FUNCTIONS
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import Always, Field, Route
from flowengine.language.types import Each
from flowengine.language.value_shapes import Lists, Record

Path = tuple[str, ...]

MOST_KNOWN = 10_000
_FREE = frozenset({"job", "now"})
_HARMLESS = frozenset({("customer", "id"), ("customer", "name")})
"""What an expression may read beside data that tells nothing of what is inside."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Something that writes at a place: ``keys`` of it (None: any), of which a customer may see those in ``open``.
    ``made_of`` is the expression of a ``set`` that does not say whether it is shown."""

    path: Path
    keys: frozenset[str] | None
    open: frozenset[str] = frozenset()
    made_of: Expression | None = None


def path_of(place: str) -> Path:
    """The keys of a dotted place."""
    return tuple(place.split("."))


@dataclass(frozen=True, slots=True)
class Writers:
    """All that writes into the data of jobs, but for the branches of an each, which have data of their own."""

    all: tuple[Writer, ...]
    known: dict[Path, bool] = field(default_factory=dict, compare=False, repr=False)
    """What was asked before: the same places are asked at each look."""

    def shown(self, place: str, key: str) -> bool:
        """Whether a customer may see what is under ``key`` at a place, whoever has written it."""
        return self.open_at((*path_of(place), key))

    def open_at(self, path: Path) -> bool:
        """Whether a customer may see what is at a path."""
        if path not in self.known:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[path] = all(_harmless(writer, path) for writer in self.all)
        return self.known[path]


def writers_of(process: Process) -> Writers:
    """Takes time linear in the file, and once more for each ``set`` that turns out to be made of what stays inside."""
    found = Writers(tuple(_of_scope(process.root, Lists(process.options))))
    while True:
        left = tuple(
            _closed(one) if one.made_of is not None and not _told(one.made_of, found) else one for one in found.all
        )
        if left == found.all:
            return found
        found = Writers(left)


def _closed(writer: Writer) -> Writer:
    return replace(writer, open=frozenset(), made_of=None)


def _told(expression: Expression, writers: Writers) -> bool:
    """Whether an expression is made of what a customer is told, and of nothing else: one that reads no data, or asks
    what the job has passed, would tell him which way it took inside."""
    if not expression.paths or not JOB_FUNCTIONS.isdisjoint(expression.functions):
        return False
    return all(
        writers.open_at(path[1:]) if path[0] == "data" and len(path) > 1 else path in _HARMLESS or path[0] in _FREE
        for path in expression.paths
    )


def by_customer(entry: Always) -> bool:
    """Whether an always entry is used by the customer alone."""
    return bool(entry.by) and all(one.kind == "customer" for one in entry.by)


def _harmless(writer: Writer, asked: Path) -> bool:
    depth = len(writer.path)
    if depth >= len(asked):
        below = writer.path[: len(asked)] == asked
        return not below or (writer.keys is not None and writer.keys <= writer.open)
    if writer.path != asked[:depth]:
        return True
    key = asked[depth]
    return key in writer.open or (writer.keys is not None and key not in writer.keys)


def _of_scope(scope: Scope, lists: Lists) -> Iterator[Writer]:
    for state in scope.states.values():
        for member in state.members.values():
            yield from _of_answer(member, member.saves or state.saves or state.name, lists)
        yield from _of_routes(route for _, _, route in state.routes)
        if not isinstance(state, Each):
            for inner in state.scopes:
                yield from _of_scope(inner, lists)
    for entry in scope.always:
        if entry.fields:
            yield _by_fields(entry.name, entry.fields, own=by_customer(entry))
        yield from _of_set(entry)


def _of_answer(state: State, place: str, lists: Lists) -> Iterator[Writer]:
    """The keys that the answer may have, with any of the type's outcomes; any at all, where it is not held to some."""
    found = [saved.shape for outcome in state.possible if (saved := state.saved(outcome, lists)) is not None]
    if state.saves_anything or not all(isinstance(shape, Record) and shape.rest is None for shape in found):
        yield Writer(path_of(place), None, state.marked)
    elif found:
        keys = frozenset(key for shape in found if isinstance(shape, Record) for key in shape.members)
        yield Writer(path_of(place), keys, state.told_keys(keys))


def _of_routes(routes: Iterable[Route]) -> Iterator[Writer]:
    for route in routes:
        yield from _of_set(route)


def _of_set(source: Route | Always) -> Iterator[Writer]:
    for place in source.set:
        *path, key = path_of(place)
        keys, shown = frozenset((key,)), place in source.shown
        yield Writer(tuple(path), keys, keys, None if shown else source.set[place])


def _by_fields(place: str, fields: Iterable[Field], *, own: bool) -> Writer:
    keys = frozenset(field.name for field in fields)
    return Writer(path_of(place), keys, keys if own else frozenset(field.name for field in fields if field.show))
