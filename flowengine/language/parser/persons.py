"""Whom expressions name, as far as the file says it: persons who were picked in fields of type person.

``for: {person: data.pick.who}`` is for a customer, or for one of the staff, where ``pick.who`` is a field that asks for
a person of a group, or of a role, and where nothing else is ever saved there; so is ``item`` in an each of such a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, TypeAlias

from flowengine.language.expressions import Expression
from flowengine.language.mentions import chain
from flowengine.language.model import Scope, State
from flowengine.language.parts import Always, Audience, Escalation, Field
from flowengine.language.types import Branch, Each

Path: TypeAlias = tuple[str, ...]
Known: TypeAlias = Mapping[Path, Audience]
"""Whom a path of an expression names: the role, or the group, that persons there are of."""


def typed(root: Scope) -> Scope:
    """The states of a process, in which it stands of audiences whom their expressions give (``among``)."""
    known = _picked(root)
    return _scope(root, known) if known else root


def _picked(root: Scope) -> Known:
    """The places in the data that hold persons, and nothing else."""
    found: dict[Path, Audience | None] = {}
    for place, field in _asked(root):
        path = ("data", *place.split("."), field.name)
        found[path] = field.person if found.get(path, field.person) == field.person else None
    if not any(found.values()):
        return {}
    written = [("data", *place.split(".")) for place in _set(root)]
    return {
        path: whom
        for path, whom in found.items()
        if whom is not None and not any(path[: len(one)] == one for one in written)
    }


def _scopes(scope: Scope) -> Iterator[Scope]:
    yield scope
    for state in scope.states.values():
        for inner in state.scopes:
            yield from _scopes(inner)


def _asked(root: Scope) -> Iterator[tuple[str, Field]]:
    for scope in _scopes(root):
        for entry in scope.always:
            yield from ((entry.name, one) for one in entry.fields)
        for state in scope.states.values():
            for member in state.members.values():
                place = member.saves or state.saves or state.name
                yield from ((place, one) for one in member.fields)


def _set(root: Scope) -> Iterator[str]:
    for scope in _scopes(root):
        for entry in scope.always:
            yield from entry.set
        for state in scope.states.values():
            yield from (place for _, _, route in state.routes for place in route.set)


def _scope(scope: Scope, known: Known) -> Scope:
    states = {name: _state(state, known) for name, state in scope.states.items()}
    return replace(scope, states=states, always=tuple(_inside(one, known) for one in scope.always))


def _state(state: State, known: Known) -> State:
    if isinstance(state, Each):
        items = _whom(state.of, known) if state.of is not None else None
        names = (("item",), (state.as_,))
        inner = {path: whom for path, whom in known.items() if path not in names}
        known = inner | (dict.fromkeys(names, items) if items is not None else {})
    made: State = _inside(state, known)
    return made


def _whom(expression: Expression, known: Known) -> Audience | None:
    path, _ = chain(expression.tree)
    return known.get(path) if path is not None else None


def _inside(value: Any, known: Known) -> Any:
    """A part of a state with all audiences in it; the same where there is nothing to say."""
    if isinstance(value, Audience):
        whom = _whom(value.name, known) if isinstance(value.name, Expression) and value.among is None else None
        return value if whom is None else replace(value, among=whom)
    if isinstance(value, tuple):
        parts = tuple(_inside(one, known) for one in value)
        return value if all(one is old for one, old in zip(parts, value, strict=True)) else parts
    if isinstance(value, dict):
        return {key: _part(one, known) for key, one in value.items()}
    if isinstance(value, State | Branch | Escalation | Always):
        changes = {one.name: _part(getattr(value, one.name), known) for one in fields(value)}
        return replace(value, **{k: new for k, new in changes.items() if new is not getattr(value, k)})
    return value


def _part(value: Any, known: Known) -> Any:
    if isinstance(value, Scope):
        return _scope(value, known)
    return _state(value, known) if isinstance(value, State) else _inside(value, known)
