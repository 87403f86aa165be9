"""The macros ``all``, ``exists``, ``exists_one``, ``filter`` and ``map``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from flowengine.errors import ExpressionFailed
from flowengine.language.evaluation.frame import FAILURE, FOREIGN, WEIGHTS, Closure, Frame, failed
from flowengine.language.evaluation.functions import given, kind_of
from flowengine.language.evaluation.operations import refuse
from flowengine.language.tree import Macro, walk

Items: TypeAlias = Callable[[Frame], Iterable[Any]]


def items_of(node: Macro, over: Closure) -> Items:
    """What gives the entries of a list, or the names in an object in its order, and takes the steps of all of them."""
    weight = 1 + sum(WEIGHTS.get(type(part), 1) for body in node.bodies for part in walk(body))

    def items(frame: Frame) -> Iterable[Any]:
        values = over(frame)
        if not isinstance(values, list | tuple | dict):
            what = f"{node.name}() works through a list or an object, not through {kind_of(values)}"
            raise failed(node.over, what, "type")
        frame.spend(weight * len(values))
        return values if FOREIGN.isdisjoint(map(type, values)) else [given(value) for value in values]

    return items


def _quantified(decisive: bool) -> Callable[[Macro, int, Items, Closure], Closure]:
    """``exists`` and ``all``: one entry decides, even where others fail."""

    def make(node: Macro, place: int, items: Items, body: Closure) -> Closure:
        def quantified(frame: Frame) -> bool:
            error: ExpressionFailed | None = None
            bound = frame.bound
            for bound[place] in items(frame):
                try:
                    value: object = body(frame)
                    if value is decisive:
                        return decisive
                    if not isinstance(value, bool):
                        refuse(node.bodies[0], value)
                except ExpressionFailed as failure:
                    if failure.kind == "budget":
                        raise
                    frame.spend(FAILURE)
                    error = error or failure
            if error is not None:
                raise error
            return not decisive

        return quantified

    return make


def _chosen(node: Macro, place: int, items: Items, test: Closure) -> Callable[[Frame], list[Any]]:
    """The entries for which a test holds."""

    def choose(frame: Frame) -> list[Any]:
        chosen = []
        bound = frame.bound
        for bound[place] in items(frame):
            holds = test(frame)
            if holds is True:
                chosen.append(bound[place])
            elif holds is not False:
                refuse(node.bodies[0], holds)
        frame.make(len(chosen))
        return chosen

    return choose


def _exists_one(node: Macro, place: int, items: Items, test: Closure) -> Closure:
    choose = _chosen(node, place, items, test)
    return lambda frame: len(choose(frame)) == 1


def _map(node: Macro, place: int, items: Items, *bodies: Closure) -> Closure:
    *tests, make = bodies
    if tests:
        items = _chosen(node, place, items, tests[0])

    def mapped(frame: Frame) -> list[Any]:
        bound = frame.bound
        made = []
        for bound[place] in items(frame):
            made.append(make(frame))
        frame.make(len(made))
        return made

    return mapped


MACROS: Mapping[str, Callable[..., Closure]] = {
    "all": _quantified(False), "exists": _quantified(True), "exists_one": _exists_one, "filter": _chosen, "map": _map,
}  # fmt: skip
