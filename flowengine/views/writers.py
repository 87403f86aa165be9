"""Who may have written what is in a job's data: read from the process file alone, so that it holds for every job (L9).

A customer is told a value only where everything that may have written it was open to him: his own answers, and fields
marked ``show: true``. What an inner state, a result of code, a message or a ``set`` could have written stays inside,
even where it shares its place with an answer of his.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flowengine.language.model import (
    DONE,
    Always,
    Approval,
    Call,
    Choice,
    Decision,
    Each,
    Feedback,
    Field,
    Fitting,
    Message,
    Process,
    Race,
    Route,
    Scope,
    Service,
    State,
    Vote,
)

Path = tuple[str, ...]

_APPROVED = frozenset(("outcome", "by", "words", "shown", "answers"))
_GIVEN = frozenset(("rating", "words", "recommend", "referral"))
_VOTED = frozenset(("winner", "winners", "tied", "tally", "cast", "voters", "turnout"))


@dataclass(frozen=True, slots=True)
class Writer:
    """Something that writes at a place: ``keys`` of it (None: any), of which a customer may see those in ``open``."""

    path: Path
    keys: frozenset[str] | None
    open: frozenset[str] = frozenset()


def path_of(place: str) -> Path:
    """The keys of a dotted place."""
    return tuple(place.split("."))


@dataclass(frozen=True, slots=True)
class Writers:
    """All that writes into the data of jobs, but for the branches of an each, which have data of their own."""

    all: tuple[Writer, ...]

    def shown(self, place: str, key: str) -> bool:
        """Whether a customer may see what is under ``key`` at a place, whoever has written it."""
        asked = (*path_of(place), key)
        return all(_harmless(writer, asked) for writer in self.all)


def writers_of(process: Process) -> Writers:
    """Takes time linear in the file."""
    return Writers(tuple(_of_scope(process.root)))


def answered_by_customer(state: State) -> bool:
    """Whether the fields of the state are the customer's own answers; a fitting's are the findings of the role."""
    if isinstance(state, Fitting):
        return False
    return state.customer or (bool(state.audience) and all(one.kind == "customer" for one in state.audience))


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


def _of_scope(scope: Scope) -> Iterator[Writer]:
    for state in scope.states.values():
        yield from _of_state(state, state.saves or state.name)
        yield from _of_routes(route for routes in state.on.values() for route in routes)
        if isinstance(state, Decision):
            yield from _of_routes((*state.rules, state.otherwise))
        if not isinstance(state, Each):
            for inner in state.scopes:
                yield from _of_scope(inner)
    for entry in scope.always:
        if entry.fields:
            yield _by_fields(entry.name, entry.fields, own=by_customer(entry))
        yield from (_exactly(place) for place in entry.set)


def _of_routes(routes: Iterable[Route]) -> Iterator[Writer]:
    for route in routes:
        yield from (_exactly(place) for place in route.set)


def _exactly(place: str) -> Writer:
    *path, key = path_of(place)
    return Writer(tuple(path), frozenset((key,)))


def _of_state(state: State, place: str) -> Iterator[Writer]:
    if isinstance(state, Race):
        for member in state.of.values():
            yield from _of_state(member, member.saves or place)
    elif isinstance(state, Service | Call | Message | Each):
        bound = isinstance(state, Message) or (isinstance(state, Service) and set(state.on) <= {DONE, "expired"})
        if bound and state.fields:
            yield _by_fields(place, state.fields, own=False)
        else:
            yield Writer(path_of(place), None, _marked(state.fields))
    elif isinstance(state, Choice):
        keys = frozenset((*state.choose, "titles", "price", "lead_time_days"))
        yield Writer(path_of(place), keys, keys)
    elif isinstance(state, Approval):
        yield Writer(path_of(place), _APPROVED)
    elif isinstance(state, Vote):
        yield Writer(path_of(place), _VOTED, frozenset(("winner",)))
    elif isinstance(state, Feedback):
        keys = _GIVEN | {field.name for field in state.fields}
        yield Writer(path_of(place), keys, keys)
    elif isinstance(state, Fitting):
        shown = _marked(state.fields) | {"slot"}
        yield Writer(path_of(place), frozenset(field.name for field in state.fields) | {"slot"}, shown)
    elif state.fields:
        yield _by_fields(place, state.fields, own=answered_by_customer(state))


def _by_fields(place: str, fields: Iterable[Field], *, own: bool) -> Writer:
    keys = frozenset(field.name for field in fields)
    return Writer(path_of(place), keys, keys if own else _marked(fields))


def _marked(fields: Iterable[Field]) -> frozenset[str]:
    return frozenset(field.name for field in fields if field.show)
