"""Numbers in expressions are exact: whole numbers and decimals mix, and nothing is rounded or wrapped in silence."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import Expression, PlainNames


def value(source: str, **names: Any) -> Any:
    return Expression(source).value(PlainNames(names))


@pytest.mark.parametrize(
    "source",
    [
        "0.1 + 0.2 == 0.3",
        "sum([0.7, 0.1]) >= 0.8",
        "x + x + x == 0.3",
        "2 * 1.5 == 3 && 3 - 0.5 == 2.5",
        "5 == 5.0 && 5 in [5.0] && [5] == [5.0] && {'a': 5} == {'a': 5.0}",
        "1 < 1.5 && 1.5 < 2 && max(1, 2.5) == 2.5",
        "7 / 2 == 3.5 && 6 / 3 == 2 && 1 / 8 == 0.125",
        "10 / 3 * 3 != 10 && round(10 / 3 * 3, 10) == 10",
        "(1 / 3) * (2 / 3) < 0.23",
        "-7 % 3 == -1 && 7 % -3 == 1 && 7.0 % 2 == 1",
        "round(0.5) == 1 && round(-0.5) == -1 && round(2.675, 2) == 2.68 && round(1234, -2) == 1200",
        "floor(-0.5) == -1 && ceil(-0.5) == 0 && floor(9223372036854775807 / 2) == 4611686018427387903",
        "abs(-3) == 3 && abs(-3.5) == 3.5",
        "-9223372036854775808 < 0 && 0x7fffffffffffffff == 9223372036854775807",
        "9223372036854775808.0 > 9223372036854775807",
        "int(2.9) == 2 && int(-2.9) == -2 && int('-12') == -12 && decimal('1.50') == 1.5 && double('1e3') == 1000",
        "string(1.50) == '1.5' && string(1e20) == '100000000000000000000' && string(5) == '5'",
        "[1, 2, 3][2.0] == 3 && {1: 'a'}[1.0] == 'a'",
        "true != 1 && '1' != 1 && !(true in [1]) && null != 0",
    ],
)
def test_numbers_mean_what_people_mean(source: str) -> None:
    """Decimals are exact, mix with whole numbers, and are equal to them where their values are."""
    assert value(source, x=0.1) is True


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("9223372036854775807 + 1", "overflows"),
        ("-9223372036854775808 - 1", "overflows"),
        ("4611686018427387904 * 2", "overflows"),
        ("abs(-9223372036854775808)", "overflows"),
        ("-9223372036854775808 / -1", "overflows"),
        ("int(1e30)", "overflows"),
        ("1e6000 * 1e6000", "overflows"),
        ("0.1234567890123456789 * 0.1234567890123456789", "more than 34 digits"),
        ("1e30 + 1e-30", "more than 34 digits"),
        ("1 / 0", "division by zero"),
        ("1.5 / 0.0", "division by zero"),
        ("1 % 0", "division by zero"),
        ("1.5 % 1", "whole numbers"),
        ("true + 1", "true or false and a whole number"),
        ("-'a'", "does not go with a text"),
        ("int('12.5')", "not a whole number"),
        ("int('٣')", "not a whole number"),
        ("decimal('1,5')", "not a number"),
        ("uint(-1)", "below zero"),
        ("min([])", "empty list"),
        ("max(1, 'a')", "one kind"),
        ("sum([1, 'a'])", "list of numbers"),
        ("round(1.5, 99)", "digits"),
    ],
)
def test_what_does_not_fit_is_an_error(source: str, message: str) -> None:
    """Beyond the bounds, without an exact result, or of another kind: an error says so."""
    with pytest.raises(ExpressionFailed, match=message):
        value(source)


@pytest.mark.parametrize("source", ["9223372036854775808", "1." + "1" * 40, "1e99999", "-0x8000000000000001"])
def test_numbers_that_cannot_be_held_are_refused_as_they_are_read(source: str) -> None:
    """A literal that is too large, or has too many digits, is no expression."""
    with pytest.raises(ExpressionFailed) as caught:
        Expression(source)
    assert caught.value.kind == "syntax"


_NUMBERS = st.integers(-(10**8), 10**8) | st.decimals(-(10**9), 10**9, places=4)


@given(_NUMBERS, _NUMBERS, _NUMBERS)
def test_arithmetic_is_that_of_fractions(one: int | Decimal, other: int | Decimal, third: int | Decimal) -> None:
    """Sums, products and comparisons are exactly those of the rational numbers."""
    names = {"a": one, "b": other, "c": third}
    a, b, c = Fraction(one), Fraction(other), Fraction(third)
    assert Fraction(value("a * b + c", **names)) == a * b + c
    assert Fraction(value("sum([a, b, c]) - a", **names)) == b + c
    assert value("a * b < c", **names) is (a * b < c)
    if b:
        assert abs(Fraction(value("a / b", **names)) - a / b) <= abs(a / b) / 10**14
        assert value("floor(a / b)", **names) == (a / b).numerator // (a / b).denominator


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_from_outside_is_the_decimal_that_it_is_written_as(number: float) -> None:
    """What Python writes for a float is what an expression reckons with."""
    assert value("x", x=number) == Decimal(repr(number))
    assert value("[x] == [y]", x=number, y=Decimal(repr(number))) is True


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(number: float) -> None:
    """NaN and infinity do not get in."""
    with pytest.raises(ExpressionFailed, match="no number"):
        value("x", x=number)
