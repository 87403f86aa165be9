"""Numbers as people mean them: whole numbers of 64 bits and decimals of 34 digits, which mix and are exact (no binary
fractions): ``0.1 + 0.2 == 0.3``. A result that does not fit is an error, never rounded or wrapped in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow, Subnormal
from typing import Final

from flowengine.errors import ExpressionFailed
from flowengine.exact import CONTEXT as EXACT
from flowengine.exact import DIGITS as DIGITS
from flowengine.exact import Number as Number

SMALLEST: Final = -(2**63)
LARGEST: Final = 2**63 - 1
_ROUGH = Context(prec=DIGITS, Emin=EXACT.Emin, Emax=EXACT.Emax, traps=[Overflow, Subnormal, InvalidOperation])
_ENDLESS = 15
"""Digits of a quotient that has no end: as many as outlive being kept as JSON by any reader, and few enough that two of
them can be multiplied within 34."""


def exact(value: float | str) -> Decimal:
    """The decimal that a number is written as: of a float, its shortest text. Raises :class:`ExpressionFailed`."""
    try:
        found = EXACT.create_decimal(repr(value) if isinstance(value, float) else value)
    except DecimalException as error:
        raise _lost(error) from None
    if not found.is_finite():
        raise ExpressionFailed(f"{value} is no number that can be reckoned with")
    return found


def decimal(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value)


def whole(value: int) -> int:
    """A whole number within its bounds. Raises :class:`ExpressionFailed`."""
    if SMALLEST <= value <= LARGEST:
        return value
    raise ExpressionFailed(f"the whole number overflows; they go from {SMALLEST} to {LARGEST}")


def _lost(error: DecimalException) -> ExpressionFailed:
    if isinstance(error, Subnormal):
        return ExpressionFailed("the number is too close to 0")
    if isinstance(error, Inexact) and not isinstance(error, Overflow):
        return ExpressionFailed(f"the number needs more than {DIGITS} digits; round what it is made of: round(…, 2)")
    return ExpressionFailed("the number overflows" if isinstance(error, Overflow) else "that is not a number")


def _operation(
    whole_numbers: Callable[[int, int], int], decimals: Callable[[Number, Number], Decimal]
) -> Callable[[Number, Number], Number]:
    def run(left: Number, right: Number) -> Number:
        if isinstance(left, int) and isinstance(right, int):
            found = whole_numbers(left, right)
            if SMALLEST <= left <= LARGEST and SMALLEST <= right <= LARGEST:
                return whole(found)
            if SMALLEST <= found <= LARGEST:
                return found  # JSON knows no bound, and a large decimal may come back without its point
        try:
            return decimals(left, right)
        except DecimalException as error:
            raise _lost(error) from None

    return run


add = _operation(int.__add__, EXACT.add)
subtract = _operation(int.__sub__, EXACT.subtract)
multiply = _operation(int.__mul__, EXACT.multiply)


def total(values: Iterable[Number]) -> Number:
    found: Number = 0
    for value in values:
        found = add(found, value)
    return found


def divide(left: Number, right: Number) -> Number:
    """The quotient, whole where it is so for whole numbers; one that has no end within 34 digits is rounded."""
    if not right:
        raise ExpressionFailed("division by zero")
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return whole(left // right)
    try:
        return EXACT.divide(left, right)
    except Overflow as error:
        raise _lost(error) from None
    except Inexact:
        rough = _ROUGH.divide(left, right)
        digits = min(max(_ENDLESS, rough.adjusted() + 7), DIGITS)
        return Context(prec=digits, Emin=EXACT.Emin, Emax=EXACT.Emax, traps=[Overflow, Subnormal]).plus(rough)


def remainder(left: Number, right: Number) -> Number:
    """What a division of whole numbers leaves, with the sign of the first."""
    one, other = as_whole(left), as_whole(right)
    if one is None or other is None:
        raise ExpressionFailed("'%' takes whole numbers", kind="type")
    if not other:
        raise ExpressionFailed("division by zero")
    rest = abs(one) % abs(other)
    return -rest if one < 0 else rest


def as_whole(value: Number) -> int | None:
    """The whole number that a number is, if it is one: ``5.0`` is 5."""
    if isinstance(value, int):
        return value
    return int(value) if value.adjusted() < DIGITS and value == value.to_integral_value() else None


def rounded(value: Number, digits: int) -> Number:
    """Rounded to that many digits behind the point, before it when negative; halves go away from zero."""
    number = Decimal(value)
    if number.as_tuple().exponent >= -digits:  # type: ignore[operator]  # a finite number's is no letter
        return value
    found = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _ROUGH)
    return whole(int(found)) if isinstance(value, int) else found


def integral(value: Number, rounding: str) -> int:
    """The whole number to which a number is rounded."""
    if isinstance(value, int):
        return value
    if value.adjusted() > DIGITS:
        raise _lost(Overflow())
    return whole(int(value.to_integral_value(rounding)))


def written(value: Number) -> str:
    """A number without an exponent and without zeros at its end: ``420``, ``0.5``."""
    text = str(value) if isinstance(value, int) else f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
