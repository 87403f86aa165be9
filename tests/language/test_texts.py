"""Texts for people, with expressions in braces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowengine.errors import ExpressionFailed
from flowengine.language.durations import Duration
from flowengine.language.expressions import PlainNames
from flowengine.language.texts import Text, plain

NAMES = PlainNames({"data": {"cloth": "navy", "price": 420.0, "parts": ["a", "b"]}})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("no braces", "no braces"),
        ("Your {data.cloth} suit", "Your navy suit"),
        ("{data.price} and {data.parts}", "420 and a, b"),
        ("{{data.cloth}}", "{data.cloth}"),
        ("{'}' + data.cloth + \"{\"}", "}navy{"),
        ('{ {"k": data.cloth}.k }', "navy"),
        ("", ""),
    ],
)
def test_a_text_is_filled_in(source: str, expected: str) -> None:
    """Expressions in braces give way to their values; doubled braces are braces."""
    assert Text(source).render(NAMES) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [("a { b", "never closed"), ("a } b", "without a '{'"), ("{}", "empty"), ("{a b}", "does not belong")],
)
def test_a_text_that_cannot_be_read_is_refused(source: str, message: str) -> None:
    """Braces that do not fit, and faults inside them, are told when the text is made."""
    with pytest.raises(ExpressionFailed, match=message):
        Text(source)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "yes"),
        (False, "no"),
        (None, ""),
        (3, "3"),
        (420.0, "420"),
        (Decimal("0.1") + Decimal("0.2"), "0.3"),
        (1234567.25, "1234567.25"),
        (1e-7, "0.0000001"),
        (datetime(2026, 5, 1, 10, 30, tzinfo=UTC), "2026-05-01 10:30"),
        (Duration(rest=timedelta(days=1, hours=2)), "1 day 2 hours"),
        (Duration(months=1, days=2, rest=timedelta(minutes=-5)), "1 month 2 days -5 minutes"),
        (Duration(), "0 seconds"),
        ({"a": 1, "b": [True]}, "a: 1, b: yes"),
    ],
)
def test_values_are_written_as_people_write_them(value: object, expected: str) -> None:
    """Numbers without noise, moments without seconds, lists with commas."""
    assert plain(value) == expected


@given(st.text(max_size=100))
def test_doubled_braces_keep_any_text(words: str) -> None:
    """Any text survives when its braces are doubled."""
    assert Text(words.replace("{", "{{").replace("}", "}}")).render(NAMES) == words
