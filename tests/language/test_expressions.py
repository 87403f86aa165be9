"""Expressions: what they mention, what they refuse, and that nothing hostile takes long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bounds import in_time
from hypothesis import given, settings
from hypothesis import strategies as st

from flowengine.errors import ExpressionFailed
from flowengine.language.durations import Duration
from flowengine.language.expressions import Expression, PlainNames, moment
from flowengine.language.syntax import DEEPEST, LONGEST, MOST_TOKENS, read, walk

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
DATA = {
    "need": {"name": "Ada", "count": 3, "day": "2026-06-01"},
    "items": [{"id": "a", "price": 2.0}, {"id": "b", "price": 3.5}],
    "empty": [],
}
NAMES = PlainNames(
    {"data": DATA, "now": NOW}, {"passed": lambda state: state == "cut", "count": lambda state: len(state)}
)


def value(source: str, **more: Any) -> Any:
    return Expression(source).value(PlainNames({**NAMES.variables, **more}, NAMES.functions))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("data.need.count + 1", 4),
        ('data["need"].name', "Ada"),
        ("data.items[1].price", 3.5),
        ("data.items.exists(one, one.price > 3.0)", True),
        ("data.items.map(one, one.id)", ["a", "b"]),
        ("sum(data.items.map(one, one.price))", 5.5),
        ("max(1, 3, 2) - min([4, 5])", -1),
        ('passed("cut") && !passed("sewn")', True),
        ('count("cut") == 3', True),
        ("date(data.need.day) > now + days(3)", True),
        ('now + span("P1DT1H") - now', Duration(rest=timedelta(days=1, hours=1))),
        ("day(now)", "2026-05-01"),
        ("has(data.need.wish) ? data.need.wish : 'none'", "none"),
        ('"a\\"b" + r"\\n" + "\\u00e9"', 'a"b\\né'),
        ("1 // a comment with data.other", 1),
        ("size([1, 2, 3,]) == 3 && 2 in [1, 2]", True),
        ("false && data.nothing.there", False),
    ],
)
def test_an_expression_has_its_value(source: str, expected: object) -> None:
    """Members, macros, functions, texts and comments mean what CEL and the language's reference say."""
    assert value(source) == expected


@pytest.mark.parametrize(
    ("source", "variables"),
    [
        ("data.need.count + data.items.size()", {"data": frozenset({"need", "items"})}),
        ('data["need"].name', {"data": frozenset({"need"})}),
        ("data.items[0].price", {"data": frozenset({"items"})}),
        ("size(data)", {"data": None}),
        ("data[customer.key]", {"data": None, "customer": frozenset({"key"})}),
        ("data.items.exists(x, x.id == data.need.name)", {"data": frozenset({"items", "need"})}),
        ("data.items.map(data, data.id)", {"data": frozenset({"items"})}),
        ("[1].map(x, [2].map(y, x + y + z))", {"z": None}),
        ("\"data.other\" == '{data.x}'", {}),
        ("now // data.x", {"now": None}),
        ("has(data.need.wish)", {"data": frozenset({"need"})}),
    ],
)
def test_an_expression_knows_its_variables(source: str, variables: dict[str, object]) -> None:
    """Variables are found with their members through indexes and macros, and not in texts and comments."""
    assert Expression(source).variables == variables


def test_calls_and_paths_are_known() -> None:
    """Functions are listed with their literal arguments, and members with their whole paths."""
    expression = Expression('passed("cut") && count(data.x) > 1 && data.measure.chest > 2.0')
    assert expression.calls == (("passed", ("cut",)), ("count", (None,)))
    assert expression.paths == (("data", "x"), ("data", "measure", "chest"))
    assert expression.functions == ("passed", "count")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "empty"),
        ("data.", "stops too early (character 6)"),
        ("data.x = 1", "to compare, write '=='"),
        ("1 2", "'2' does not belong here (character 3)"),
        ('"abc', "never closed"),
        ("data.x & true", "write '&&'"),
        ("pased('cut')", "did you mean 'passed'"),
        ("data.passed('cut')", "called alone"),
        ("[1].map(1, 2)", "takes a name"),
        ("has(data)", "takes one member"),
        ("data in", "stops too early"),
        ("a.matches(data.x)", "literal pattern"),
        ("99999999999999999999", "too large"),
        ("Thing{a: 1}", "does not belong"),
        ("b'bytes'", "does not belong"),
        ("a.?b", "does not belong"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(source: str, message: str) -> None:
    """A fault is told with what would be right, when the expression is made."""
    with pytest.raises(ExpressionFailed) as caught:
        Expression(source)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("dta.x", "did you mean 'data'"),
        ("data.nothing", "'nothing' is not there"),
        ('data.need.count + "1"', "types do not fit"),
        ("data.need.name < now", "types do not fit"),
        ("1 / (data.need.count - 3)", "division by zero"),
        ("1.0 / 0.0", "division by zero"),
        ("9223372036854775807 + data.need.count", "overflow"),
        ('date("soon") < now', "is not a moment"),
        ('span("soon")', "is not a duration"),
        ("days(999999999999)", "too large"),
        ("data.items[7]", "out of bounds"),
        ("sum(data.items)", "types do not fit"),
    ],
)
def test_what_cannot_be_evaluated_is_an_error(
    source: str, message: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A missing name or a wrong type is a typed error with its source, never null, and nothing is printed."""
    with pytest.raises(ExpressionFailed) as caught:
        value(source)
    assert message in str(caught.value)
    assert caught.value.where == source
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_guard_is_true_or_false() -> None:
    """Anything but a boolean is refused where a condition is asked."""
    assert Expression("data.need.count == 3").holds(NAMES)
    with pytest.raises(ExpressionFailed, match="not true or false"):
        Expression("data.need.count").holds(NAMES)


HOSTILE = {
    "too long": "1" + "+1" * LONGEST,
    "too many parts": "1" + "+1" * (MOST_TOKENS // 2 + 1),
    "5,000 brackets": "(" * 5_000 + "1" + ")" * 5_000,
    "brackets": "(" * 500 + "1" + ")" * 500,
    "lists": "[" * 300 + "]" * 300,
    "signs": "!" * 400 + "true",
    "conditions": "true?" * 100 + "1" + ":1" * 100,
    "calls": "size(" * 100 + "1" + ")" * 100,
    "a huge pattern": '"a".matches("(a{1000}){1000}")',
    "a long pattern": f'"a".matches("{"a" * 300}")',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_expressions_are_refused_at_once(name: str) -> None:
    """L12: what would take long or crash is refused before it is compiled."""

    def refused() -> None:
        with pytest.raises(ExpressionFailed):
            Expression(HOSTILE[name])

    in_time(refused)


def test_moments_are_read_from_dates_and_times() -> None:
    """A bare date is its first instant in UTC, or its last; what is no moment is an error."""
    assert moment("2026-05-01") == datetime(2026, 5, 1, tzinfo=UTC)
    assert moment("2026-05-01", end_of_day=True) == datetime(2026, 5, 1, 23, 59, 59, 999999, tzinfo=UTC)
    assert moment("2026-05-01T10:00:00+02:00") == datetime(2026, 5, 1, 8, tzinfo=UTC)
    with pytest.raises(ExpressionFailed, match="not a moment"):
        moment(5)


@given(st.text(max_size=200) | st.text(alphabet="abx.(){}[]!?:&|=<>+-*/%\"'\\ 01,", max_size=60))
@settings(deadline=2_000)
def test_any_text_is_read_or_refused(source: str) -> None:
    """L12: whatever stands there, it is an expression or an ExpressionFailed."""
    try:
        expression = Expression(source)
    except ExpressionFailed:
        return
    try:
        expression.value(NAMES)
    except ExpressionFailed:
        return


_LEAVES = st.sampled_from(["1", "2.5", '"t"', "true", "data.need.count", "data.items[0].price", "x"])
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "==", "<", "&&", "||"]), inner).map(" ".join),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner, inner).map(lambda three: "({}) ? ({}) : ({})".format(*three)),
        st.tuples(inner, inner).map(lambda two: f"[{two[0]}].exists(x, ({two[1]}) == x)"),
    ),
    max_leaves=8,
)


@given(_TREES)
@settings(deadline=2_000)
def test_every_part_stands_where_its_span_says(source: str) -> None:
    """The text of each node's span, read alone, is the same tree."""
    for node in walk(read(source)):
        text = source[node.start : node.end]
        assert _plain(read(text)) == _plain(node)


def _plain(node: Any) -> Any:
    """A tree without its places."""
    if not isinstance(node, tuple):
        return node
    if not hasattr(node, "_fields"):
        return tuple(_plain(one) for one in node)
    return (
        type(node).__name__,
        *(_plain(getattr(node, name)) for name in node._fields if name not in ("start", "end")),
    )


def test_nesting_is_allowed_up_to_the_bound() -> None:
    """What is nested less than the bound is evaluated."""
    depth = DEEPEST - 1
    assert value("(" * depth + "1" + ")" * depth) == 1


@pytest.mark.parametrize(
    ("data", "there"), [({}, False), ({"a": {}}, False), ({"a": {"b": {}}}, False), ({"a": {"b": {"c": 1}}}, True)]
)
def test_has_asks_for_what_is_around_too(data: dict[str, object], there: bool) -> None:
    """``has(data.a.b.c)`` is false, not an error, where ``data.a`` is missing; inside a macro as well."""
    names = PlainNames({"data": data})
    assert Expression("has(data.a.b.c)").value(names) is there
    assert Expression("!has(data.a.b.c) || data.a.b.c == 1").value(names) is True
    assert Expression("[data].exists(x, has(x.a.b.c))").value(names) is there
