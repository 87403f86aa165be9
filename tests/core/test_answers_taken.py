"""What comes from outside is taken as it was written, or refused: numbers, formats, depth, names there twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flowengine.core.fields import as_plain, check_answer
from flowengine.core.values import DEEPEST, repeated_key
from flowengine.errors import BadAnswer
from flowengine.language.expressions import Expression, PlainNames
from flowengine.language.parts import Field


def field(type: str, **schema: Any) -> tuple[Field, ...]:
    return (Field(name="x", title="X", type=type, schema=schema),)


@pytest.mark.parametrize(
    ("fields", "given", "kept"),
    [
        (field("integer"), 5.0, 5),
        (field("integer"), 1e3, 1000),
        (field("array", items={"type": "integer"}), [1.0, 2], [1, 2]),
        (field("object", properties={"n": {"type": "integer"}}), {"n": 2.0, "m": 2.0}, {"n": 2, "m": Decimal("2.0")}),
        (
            field("array", items={"type": "object", "properties": {"n": {"type": "integer"}}}),
            [{"n": -3.0}],
            [{"n": -3}],
        ),
    ],
)
def test_whole_numbers_are_kept_as_such(fields: tuple[Field, ...], given: Any, kept: Any) -> None:
    """A whole number that was written with a point or an exponent is one, in lists and objects as well."""
    found = check_answer(fields, {"x": given})["x"]
    assert repr(found) == repr(kept)
    if isinstance(found, int):
        assert Expression("x % 2 >= 0 && x + 1 > 3").holds(PlainNames({"x": found}))


@pytest.mark.parametrize(
    ("format", "good", "bad"),
    [
        (
            "date",
            ["2026-05-01", "2024-02-29", "1000-01-01", "9000-12-31"],
            ["0000-01-01", "0999-12-31", "9001-01-01", "2026-02-30", "20260501", "2026-W18-5", "٢٠٢٦-05-01"],
        ),
        (
            "date-time",
            ["2026-05-01T10:00:00Z", "2016-12-31T23:59:59Z", "2026-05-01T10:00:00.5+02:00"],
            [
                "2026-05-01T10:00:00",
                "2026-05-01T25:00:00Z",
                "2026-05-01T24:00:00Z",
                "0000-01-01T00:00:00Z",
                "2016-12-31T23:59:60Z",
                "2026-05-01t10:00:00Z",
                "2026-05-01T10:00:00z",
                "9999-12-31T23:59:59Z",
                "2026-05-01 10:00:00Z",
                "2026-05-01T10:00Z",
                "20260501T100000Z",
            ],
        ),
        ("duration", ["P3D", "PT45M", "P1Y2M", "P2W", "P99Y"], ["P9000Y", "P101Y", "P", "3 days", "P1DT"]),
    ],
)
def test_what_a_format_takes_can_be_read_later(format: str, good: list[str], bad: list[str]) -> None:
    """Dates, times and durations are held against the grammar by which expressions read them."""
    fields = field("string", format=format)
    reading = {"date": "now < date(x) || true", "date-time": "now < date(x) || true", "duration": "now + span(x) > now"}
    for text in good:
        assert check_answer(fields, {"x": text}) == {"x": text}
        Expression(reading[format].replace("now", "date('2026-05-01')")).holds(PlainNames({"x": text}))
    for text in bad:
        with pytest.raises(BadAnswer, match="must be a"):
            check_answer(fields, {"x": text})


def test_a_decimal_is_a_number() -> None:
    """What a handler in Python gives as a decimal is kept as the number that it is."""
    assert as_plain({"x": [Decimal("1.50"), Decimal("2")]}) == {"x": [1.5, 2]}
    with pytest.raises(BadAnswer):
        as_plain(Decimal("NaN"))


def test_what_is_nested_too_deeply_is_refused() -> None:
    """Lists and objects may be nested to a bound; beyond it, and where nothing else would end, BadAnswer says so."""
    for depth in (DEEPEST, DEEPEST + 1, 255, 256, 300, 100_000):
        value: Any = 1
        for _ in range(depth):
            value = [value]
        if depth == DEEPEST:
            assert as_plain(value) == value
            continue
        with pytest.raises(BadAnswer):
            check_answer(field("string"), {"x": value})
        with pytest.raises(BadAnswer):
            as_plain({"x": value})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"a": 1, "b": {"a": 2}}', ""),
        ('[{"a": 1}, {"a": 2}]', ""),
        ('{"a": 1, "b": 2, "a": 1}', "a"),
        ('{"b": [{"c": 1, "c": 2}]}', "c"),
        ('{"a": 1, "\\u0061": 2}', "a"),
        ("5", ""),
    ],
)
def test_a_name_that_is_there_twice_is_found(text: str, key: str) -> None:
    """An object with a name twice is told by that name, wherever it stands."""
    assert repeated_key(text) == key
