"""A process in which a life met a fault, made as small as it can be while some life of it meets one of that kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from worst_players import Fault

from flowengine.errors import ProcessRefused

TRIES = 500
"""Smaller processes that are tried at most."""

LIVES = 12
"""Lives of each: in a smaller process the same seed is another life."""

Judge = Callable[[str, int], "Fault | None"]


def shrunk(text: str, fault: Fault, judge: Judge) -> tuple[str, Fault]:
    """The smallest that was found, and the fault in it."""
    tree, tries, again = json.loads(text), 0, True
    while again:
        again = False
        for smaller in _smaller(tree):
            tries += 1
            if tries > TRIES:
                again = False
                break
            try:
                found = judge(json.dumps(smaller), LIVES)
            except ProcessRefused:
                continue
            if found is not None and found.kind == fault.kind:
                tree, fault, again = smaller, found, True
                break
    return json.dumps(tree, indent=1), fault


def _smaller(tree: Any) -> Iterator[Any]:
    """The process with one thing less, the largest first."""
    for path, states in _dicts(tree):
        if path[-1:] == ("states",):
            for name in list(states):
                if states[name].get("type") not in ("need", "fulfilled"):
                    for to in _targets(states[name]) | {"done", "fulfilled"}:
                        if to != name:
                            yield _without(tree, path, name, to)
    for path, found in _dicts(tree):
        for key in found:
            if not (path[-1:] == ("states",) or key in ("type", "process", "need", "title")):
                yield _changed(tree, (*path, key), _GONE)
    for path, items in _lists(tree):
        for index in range(len(items)):
            yield _changed(tree, path, [one for at, one in enumerate(items) if at != index])
        if path[-1:] != ("choose",) and len(items) and isinstance(items[-1], dict) and "to" in items[-1]:
            yield _changed(tree, path, items[-1]["to"])


_GONE = object()


def _targets(state: dict[str, Any]) -> set[str]:
    found = {state["next"]} if isinstance(state.get("next"), str) else set()
    for routes in state.get("on", {}).values():
        for one in routes if isinstance(routes, list) else [routes]:
            found.add(one if isinstance(one, str) else one["to"])
    return found


def _without(tree: Any, path: tuple[Any, ...], name: str, to: str) -> Any:
    """The process without a state; what led to it leads to another."""
    return _led(_changed(tree, (*path, name), _GONE), name, to)


def _led(one: Any, name: str, to: str) -> Any:
    if isinstance(one, dict):
        return {key: _led(value, name, to) for key, value in one.items()}
    if isinstance(one, list):
        return [_led(value, name, to) for value in one]
    return to if one == name else one


def _changed(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    key, *rest = path
    if isinstance(tree, list):
        return [(_changed(one, tuple(rest), value) if rest else value) if at == key else one
                for at, one in enumerate(tree)]  # fmt: skip
    made = dict(tree)
    if rest:
        made[key] = _changed(tree[key], tuple(rest), value)
    elif value is _GONE:
        del made[key]
    else:
        made[key] = value
    return made


def _dicts(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    for at, one in _all(tree, path):
        if isinstance(one, dict):
            yield at, one


def _lists(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], list[Any]]]:
    for at, one in _all(tree, path):
        if isinstance(one, list):
            yield at, one


def _all(tree: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield path, tree
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, one in items:
        yield from _all(one, (*path, key))
