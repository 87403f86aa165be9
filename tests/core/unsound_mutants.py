"""The project's own files with one mistake: a route, a deadline or an else less, targets swapped, a condition more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from flowengine.language.yaml_reader import Items, Node, Scalar, decode, read

HERE = Path(__file__).parents[1]
FILES = [*sorted((HERE.parent / "processes").glob("*.yaml")), *sorted((HERE / "language" / "realistic").glob("*.yaml"))]


_SKIPPABLE = ("choice", "ask", "feedback")
_SIGNS = ("<", ">", "==", "<=", ">=", "&&")


class Mutant(NamedTuple):
    """A process file that somebody made a mistake in."""

    file: str
    mistake: str
    text: str


class Place(NamedTuple):
    """A value in a file, and what holds it."""

    holder: Any
    key: Any
    path: tuple[Any, ...]


@cache
def source(file: Path) -> str:
    """A file as JSON, which is YAML too."""
    return json.dumps(_plain(read(decode(file.read_bytes(), file.name), file.name)[0]), default=float)


def mutant(seed: int) -> Mutant:
    """The mutant of a seed."""
    chance = Random(seed)
    file = chance.choice(FILES)
    while True:
        tree = json.loads(source(file))
        mistake = chance.choice(MISTAKES)
        what = mistake(tree, chance)
        if what:
            name = str(mistake.__doc__).partition(".")[0]
            return Mutant(str(file), f"{name}: {what}", json.dumps(tree, indent=1))


def _plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [_plain(item) for item in node.items]
    return {key: _plain(value) for key, (_, value) in node.pairs.items()}


def _places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[Place]:
    items = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    for key, one in items:
        yield Place(tree, key, (*path, key))
        yield from _places(one, (*path, key))


def _one(chance: Random, tree: Any, fits: Callable[[Place], bool]) -> Place | None:
    found = [place for place in _places(tree) if fits(place)]
    return chance.choice(found) if found else None


def _said(place: Place) -> str:
    return ".".join(map(str, place.path))


def _drop(tree: Any, chance: Random, fits: Callable[[Place], bool]) -> str:
    place = _one(chance, tree, fits)
    if place is None:
        return ""
    del place.holder[place.key]
    return _said(place)


def _routes(tree: Any) -> list[Place]:
    """Where targets stand: the values of ``next``, ``on``, ``else`` and ``to``."""
    found = []
    for place in _places(tree):
        under_on = len(place.path) > 1 and place.path[-2] == "on"
        in_list = len(place.path) > 2 and place.path[-3] == "on" and isinstance(place.key, int)
        named = place.key in ("to", "else", "next") and "escalate" not in place.path and "fields" not in place.path
        if (under_on or in_list or named) and isinstance(place.holder[place.key], str):
            found.append(place)
    return found


def _states(tree: Any) -> list[tuple[Any, str]]:
    return [(place.holder[place.key], name) for place in _places(tree) if place.key == "states"
            for name in place.holder[place.key]]  # fmt: skip


def route_dropped(tree: Any, chance: Random) -> str:
    """An outcome's ways dropped."""
    return _drop(tree, chance, lambda place: len(place.path) > 1 and place.path[-2] == "on")


def last_way_dropped(tree: Any, chance: Random) -> str:
    """The last of several ways dropped."""
    place = _one(chance, tree, lambda at: isinstance(at.holder[at.key], list) and "on" in at.path[-2:-1]
                 and len(at.holder[at.key]) > 1)  # fmt: skip
    if place is None:
        return ""
    place.holder[place.key].pop()
    return _said(place)


def else_dropped(tree: Any, chance: Random) -> str:
    """An else dropped."""
    return _drop(tree, chance, lambda place: place.key == "else")


def deadline_dropped(tree: Any, chance: Random) -> str:
    """A deadline dropped, with where it led."""
    place = _one(chance, tree, lambda at: at.key == "within" and "type" in at.holder)
    if place is None:
        return ""
    del place.holder["within"]
    place.holder.pop("remind", None)
    if isinstance(place.holder.get("on"), dict):
        place.holder["on"].pop("expired", None)
    return _said(place)


def deadline_alone_dropped(tree: Any, chance: Random) -> str:
    """A deadline dropped."""
    return _drop(tree, chance, lambda place: place.key == "within")


def targets_swapped(tree: Any, chance: Random) -> str:
    """Two targets swapped."""
    routes = _routes(tree)
    if len(routes) < 2:
        return ""
    one, other = chance.sample(routes, 2)
    one.holder[one.key], other.holder[other.key] = other.holder[other.key], one.holder[one.key]
    return f"{_said(one)} and {_said(other)}"


def target_changed(tree: Any, chance: Random) -> str:
    """A way leads to another state of its scope."""
    routes = _routes(tree)
    if not routes:
        return ""
    place = chance.choice(routes)
    scopes = [at.holder[at.key] for at in _places(tree) if at.key == "states" and at.path == place.path[: len(at.path)]]
    to = chance.choice([*(scopes or [tree["states"]])[-1], "done", *tree["states"]])
    if to == place.holder[place.key]:
        return ""
    place.holder[place.key] = to
    return f"{_said(place)} = {to}"


def condition_added(tree: Any, chance: Random) -> str:
    """A condition added to a way."""
    places = [at for at in _routes(tree) if at.key not in ("to", "else")]
    if not places:
        return ""
    place = chance.choice(places)
    name = chance.choice(_states(tree))[1]
    when = chance.choice([f"passed('{name}')", f"!passed('{name}')", f"count('{name}') < 2", f"count('{name}') > 1",
                          f"at('{name}')", "customer.id == 'nobody'",
                          f"outcome('{name}') == 'done'", "1 > 2"])  # fmt: skip
    place.holder[place.key] = {"to": place.holder[place.key], "when": when}
    return f"{_said(place)} when {when}"


def condition_turned(tree: Any, chance: Random) -> str:
    """A condition turned into its opposite."""
    place = _one(chance, tree, lambda at: at.key == "when" and isinstance(at.holder["when"], str))
    if place is None:
        return ""
    place.holder["when"] = f"!({place.holder['when']})"
    return _said(place)


def condition_dropped(tree: Any, chance: Random) -> str:
    """A condition dropped."""
    return _drop(tree, chance, lambda place: place.key == "when")


def value_changed(tree: Any, chance: Random) -> str:
    """A value in a condition changed."""
    place = _one(chance, tree, lambda at: at.key == "when" and isinstance(at.holder["when"], str)
                 and any(sign in at.holder["when"] for sign in "\"'0123456789"))  # fmt: skip
    if place is None:
        return ""
    text = place.holder["when"]
    spots = [
        at for at, sign in enumerate(text) if sign.isdigit() or (sign in "\"'" and text[at + 1 : at + 2].isalpha())
    ]
    if not spots:
        return ""
    at = chance.choice(spots)
    place.holder["when"] = (
        text[:at] + str(chance.randint(0, 9)) + text[at + 1 :]
        if text[at].isdigit()
        else f"{text[: at + 1]}x{text[at + 1 :]}"
    )
    return f"{_said(place)} = {place.holder['when']}"


def sign_changed(tree: Any, chance: Random) -> str:
    """A comparison in a condition changed."""
    place = _one(chance, tree, lambda at: at.key == "when" and isinstance(at.holder["when"], str)
                 and any(f" {sign} " in at.holder["when"] for sign in _SIGNS))  # fmt: skip
    if place is None:
        return ""
    text = place.holder["when"]
    sign = chance.choice([one for one in _SIGNS if f" {one} " in text])
    other = "||" if sign == "&&" else chance.choice([one for one in ("<", ">", "==", "<=", ">=", "!=") if one != sign])
    place.holder["when"] = text.replace(f" {sign} ", f" {other} ", 1)
    return f"{_said(place)} = {place.holder['when']}"


def after_dropped(tree: Any, chance: Random) -> str:
    """An order of branches dropped."""
    return _drop(tree, chance, lambda place: place.key == "after" and "escalate" not in place.path)


def field_dropped(tree: Any, chance: Random) -> str:
    """A field dropped."""
    declared = [at for at in _places(tree) if at.key == "fields" and _declares(at.holder, at.holder["fields"])]
    fields = chance.choice(declared).holder["fields"] if declared else {}
    if not fields:
        return ""
    name = chance.choice(list(fields))
    del fields[name]
    return name


def fields_dropped(tree: Any, chance: Random) -> str:
    """All fields of a state dropped."""
    return _drop(tree, chance, lambda place: place.key == "fields" and _declares(place.holder, {}))


def _declares(state: Any, fields: Any) -> bool:
    """Whether what a state gives is known by its fields alone. Nothing is said of what nobody declares: what a message
    or code gives that has no fields, or that code gives with an outcome of its own."""
    own = set(state.get("on", {})) - {"done", "failed", "expired"} if isinstance(state.get("on"), dict) else set()
    return state.get("type") not in ("service", "message") or (len(fields) > 1 and not own)


def field_left_out(tree: Any, chance: Random) -> str:
    """A field may be left out."""
    place = _one(
        chance, tree, lambda at: len(at.path) > 1 and at.path[-2] == "fields" and isinstance(at.holder[at.key], dict)
    )
    if place is None:
        return ""
    place.holder[place.key]["optional"] = True
    return _said(place)


def bound_dropped(tree: Any, chance: Random) -> str:
    """A bound or the form of a field dropped."""
    keys = ("minimum", "maximum", "exclusiveMinimum", "minItems", "format", "enum", "pattern", "minLength")
    return _drop(tree, chance, lambda place: place.key in keys and "fields" in place.path)


def optional_added(tree: Any, chance: Random) -> str:
    """A state may be skipped."""
    place = _one(chance, tree, lambda at: isinstance(at.holder[at.key], dict)
                 and at.holder[at.key].get("type") in _SKIPPABLE and "on" in at.holder[at.key])  # fmt: skip
    if place is None:
        return ""
    state = place.holder[place.key]
    state["optional"] = True
    state["on"].setdefault("skipped", chance.choice(list(state["on"].values())))
    return _said(place)


def set_dropped(tree: Any, chance: Random) -> str:
    """What a way sets dropped."""
    return _drop(tree, chance, lambda place: place.key == "set")


def place_changed(tree: Any, chance: Random) -> str:
    """An answer saved in another place."""
    place = _one(chance, tree, lambda at: at.key == "saves")
    if place is None:
        return ""
    place.holder["saves"] = "elsewhere"
    return _said(place)


def join_changed(tree: Any, chance: Random) -> str:
    """A join changed."""
    place = _one(chance, tree, lambda at: isinstance(at.holder[at.key], dict)
                 and at.holder[at.key].get("type") in ("parallel", "each"))  # fmt: skip
    if place is None:
        return ""
    state = place.holder[place.key]
    state["join"] = chance.choice([1, 2, 3, 9, "done >= 3", "done * 2 > total", "done > total", "open == 0"])
    state["rest"] = chance.choice(["cancel", "continue"])
    return f"{_said(place)} {state['join']} {state['rest']}"


def branch_left_out(tree: Any, chance: Random) -> str:
    """A branch is opened on a condition."""
    place = _one(
        chance, tree, lambda at: len(at.path) > 1 and at.path[-2] == "branches" and isinstance(at.holder[at.key], dict)
    )
    if place is None:
        return ""
    name = chance.choice(_states(tree))[1]
    place.holder[place.key]["when"] = chance.choice([f"passed('{name}')", f"count('{name}') > 1", "customer.id == 'x'"])
    return _said(place)


def state_dropped(tree: Any, chance: Random) -> str:
    """A state dropped; what led to it leads to what it led to first."""
    found = [(states, name) for states, name in _states(tree)]
    states, name = chance.choice(found)
    state = states[name]
    ways = [state.get("next"), *state.get("on", {}).values()] if isinstance(state.get("on", {}), dict) else []
    targets = [one for one in ways if isinstance(one, str) and one != name]
    if not targets:
        return ""
    del states[name]
    for place in _routes(tree):
        if place.holder[place.key] == name:
            place.holder[place.key] = targets[0]
    return name


MISTAKES = [
    route_dropped, last_way_dropped, else_dropped, deadline_dropped, deadline_alone_dropped, targets_swapped,
    targets_swapped, target_changed, target_changed, condition_added, condition_added, condition_turned,
    condition_dropped, value_changed, sign_changed, after_dropped, field_dropped, fields_dropped, field_left_out,
    bound_dropped, optional_added, set_dropped, place_changed, join_changed, branch_left_out, state_dropped,
]  # fmt: skip
