"""Expressions over objects give the same, in the same order, each time they are evaluated (L7)."""

from __future__ import annotations

import pytest

from flowengine.language.expressions import Expression, PlainNames
from flowengine.language.texts import Text

NAMES = PlainNames({"data": {"tally": {"b": 1, "c": 2, "a": 2, "z": 0}, "list": [{"y": 1, "x": {"n": 2, "m": 3}}]}})


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("data.tally.filter(k, data.tally[k] == 2)", ["c", "a"]),
        ("data.tally.filter(k, k != 'c').map(k, k + '!')", ["b!", "a!", "z!"]),
        ("(data.tally).map(k, [1, 2].map(n, k))", [["b", "b"], ["c", "c"], ["a", "a"], ["z", "z"]]),
        ("{'q': 1, 'p': 2}.map(k, k)", ["q", "p"]),
        ("data.list.map(one, one.x)", [{"n": 2, "m": 3}]),
    ],
)
def test_macros_run_through_objects_in_the_order_in_which_they_were_filled(source: str, value: object) -> None:
    """What a macro makes of an object comes in the order in which it was filled."""
    expression = Expression(source)
    seen = {repr(expression.value(NAMES)) for _ in range(40)}
    assert seen == {repr(value)}


def test_objects_in_texts_are_in_the_order_in_which_they_were_filled() -> None:
    """An object that a text shows reads the same each time."""
    text = Text("{data.tally}")
    assert {text.render(NAMES) for _ in range(40)} == {"b: 1, c: 2, a: 2, z: 0"}
