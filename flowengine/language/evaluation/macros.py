"""The macros ``all``, ``exists``, ``exists_one``, ``filter`` and ``map``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from flowengine.errors import ExpressionFailed
from flowengine.language.evaluation.frame import FAILURE, FOREIGN, WEIGHTS, Closure, Frame, failed
from flowengine.language.evaluation.functions import given, kind_of
from flowengine.language.evaluation.operators import refuse
from flowengine.language.tree import Macro, walk

Items: TypeAlias = Callable[[Frame], Iterator[Any]]


def items_of(node: Macro, over: Closure, place: int) -> Items:
    """What binds each entry of a list, or each name in an object in its order, to the macro's variable in turn."""
    weight = 1 + sum(WEIGHTS.get(type(part), 1) for body in node.bodies for part in walk(body))

    def items(frame: Frame) -> Iterator[Any]:
        values = over(frame)
        if not isinstance(values, list | tuple | dict):
            what = f"{node.name}() works through a list or an object, not through {kind_of(values)}"
            raise failed(node.over, what, "type")
        bound = frame.bound
        for value in values:
            frame.steps -= weight
            if frame.steps < 0:
                frame.spend(0)
            bound[place] = given(value) if type(value) in FOREIGN else value
            yield value

    return items


def _quantified(decisive: bool) -> Callable[[Macro, Items, Closure], Closure]:
    """``exists`` and ``all``: one entry decides, even where others fail."""

    def make(node: Macro, items: Items, body: Closure) -> Closure:
        def quantified(frame: Frame) -> bool:
            error: ExpressionFailed | None = None
            for _ in items(frame):
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


def _chosen(node: Macro, items: Items, test: Closure) -> Callable[[Frame], list[Any]]:
    """The entries for which a test holds."""

    def choose(frame: Frame) -> list[Any]:
        chosen = []
        for item in items(frame):
            holds = test(frame)
            if holds is True:
                chosen.append(item)
            elif holds is not False:
                refuse(node.bodies[0], holds)
        frame.make(len(chosen))
        return chosen

    return choose


def _exists_one(node: Macro, items: Items, test: Closure) -> Closure:
    choose = _chosen(node, items, test)
    return lambda frame: len(choose(frame)) == 1


def _map(node: Macro, items: Items, *bodies: Closure) -> Closure:
    *tests, make = bodies

    def mapped(frame: Frame) -> list[Any]:
        made = []
        for _ in items(frame):
            holds = tests[0](frame) if tests else True
            if holds is True:
                made.append(make(frame))
            elif holds is not False:
                refuse(node.bodies[0], holds)
        frame.make(len(made))
        return made

    return mapped


MACROS: Mapping[str, Callable[..., Closure]] = {
    "all": _quantified(False), "exists": _quantified(True), "exists_one": _exists_one, "filter": _chosen, "map": _map,
}  # fmt: skip
