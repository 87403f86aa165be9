"""Held against another implementation of CEL, where both mean the same: whole numbers, texts, lists, conditions."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from drawing import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import Expression, PlainNames

sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))  # its command line, which it imports by itself
cel: Any = pytest.importorskip("cel")

DATA = {"n": 3, "m": -2, "t": "abc", "u": "", "b": True, "l": [3, 1, 2], "e": [], "o": {"x": 1, "y": "abc"}}

_NUMBERS = st.sampled_from(["d.n", "d.m", "d.o.x", "0", "1", "7", "size(d.l)", "size(d.t)", "d.l[1]"])
_TEXTS = st.sampled_from(["d.t", "d.u", '"ab"', "'b'", "d.o.y", '"a\\tb"'])
_LISTS = st.sampled_from(["d.l", "d.e", "[1, 2]", "[d.n, d.m]"])


def _numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(inner, st.sampled_from(["+", "-", "*", "%"]), inner).map(lambda three: f"({' '.join(three)})")


_NUMBER = st.recursive(_NUMBERS, _numbers, max_leaves=4)
_TEXT = st.recursive(_TEXTS, lambda inner: st.tuples(inner, inner).map(" + ".join), max_leaves=3)
_LIST = st.one_of(
    _LISTS,
    st.tuples(_LISTS, _LISTS).map(" + ".join).map("({})".format),
    st.tuples(_LISTS, _NUMBER).map(lambda two: f"{two[0]}.filter(x, x > {two[1]})"),
    st.tuples(_LISTS, _NUMBER).map(lambda two: f"{two[0]}.map(x, x * {two[1]})"),
)
_SIMPLE = st.one_of(
    st.sampled_from(["d.b", "true", "false", "has(d.o.x)", "has(d.o.z)", '"x" in d.o', "d.nothing == 1", "d.t > 1"]),
    st.tuples(_NUMBER, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), _NUMBER).map(" ".join),
    st.tuples(_TEXT, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), _TEXT).map(" ".join),
    st.tuples(_NUMBER, _LIST).map(" in ".join),
    st.tuples(_LIST, st.sampled_from(["==", "!="]), _LIST).map(" ".join),
    st.tuples(_TEXTS, st.sampled_from(["contains", "startsWith", "endsWith"]), _TEXT).map(
        "{0[0]}.{0[1]}({0[2]})".format
    ),
    st.tuples(_LISTS, st.sampled_from(["all", "exists", "exists_one"]), _NUMBER).map(
        "{0[0]}.{0[1]}(x, x > {0[2]})".format
    ),
)
_CONDITION = st.recursive(
    _SIMPLE,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(" ".join).map("({})".format),
        inner.map("!({})".format),
        st.tuples(inner, inner, inner).map(lambda three: "({} ? {} : {})".format(*three)),
    ),
    max_leaves=6,
)


def _theirs(source: str) -> Any:
    try:
        return cel.compile(source).execute({"d": DATA})
    except (Exception, BaseException) as error:  # its crashes are no Exceptions
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return "failed"


def _ours(source: str) -> Any:
    try:
        return Expression(source).value(PlainNames({"d": DATA}))
    except ExpressionFailed:
        return "failed"


@given(st.one_of(_CONDITION, _NUMBER, _TEXT, _LIST))
@settings(deadline=None, max_examples=examples(200))
def test_both_give_the_same(source: str) -> None:
    """An expression gives what the other implementation gives, or fails where that fails."""
    assert _ours(source) == _theirs(source)
