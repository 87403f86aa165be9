"""Exact numbers in JSON: a number with a fraction or an exponent is a Decimal, and is written back as it was.

Everything that reads or writes JSON with people's numbers does it by what is here; binary floats, which cannot hold
0.1, are met only where Python code hands one in, and taken by their shortest text. The bounds of a number are here too,
for expressions as for what is sent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow, Subnormal
from typing import Annotated, Any, Final, TypeAlias, TypeVar, cast

import msgspec

DIGITS: Final = 34
"""Digits that a number may have (those of the decimal128 of IEEE 754)."""

SMALLEST_POWER: Final = -324
LARGEST_POWER: Final = 308
"""A number's first digit stands for a power of ten within these: what any reader of JSON can tell from 0 and from
infinity."""

CONTEXT: Final = Context(
    prec=DIGITS, Emin=SMALLEST_POWER, Emax=LARGEST_POWER, traps=[Inexact, Overflow, Subnormal, InvalidOperation]
)
POSSIBLE: Final = f"numbers of at most {DIGITS} digits, from 1e{SMALLEST_POWER} to 1e{LARGEST_POWER}"
_WHOLE: Final = 10**DIGITS

Number: TypeAlias = int | Annotated[Decimal, msgspec.Meta(extra_json_schema={"type": "number"})]
"""A number as people mean it: whole, or a decimal."""


Decoded = TypeVar("Decoded")


def number(text: str) -> Decimal:
    """The decimal that a text from outside says, with its zeros. Raises ValueError when it is out of bounds."""
    try:
        found = Decimal(text)
    except DecimalException:
        found = Decimal("Infinity")
    if not within(found):
        raise ValueError(f"the number {_short(text)} is out of bounds; {POSSIBLE} are possible")
    return found


def taken(value: float) -> Number:
    """The number that a binary float is written as: whole where it is so, else the decimal of its shortest text."""
    return int(value) if value.is_integer() else number(repr(value))


def within(value: float | Decimal) -> bool:
    """Whether a number is finite and has no more digits, and no larger or smaller power of ten, than are taken."""
    if isinstance(value, int):
        return -_WHOLE < value < _WHOLE
    decimal = Decimal(repr(float(value))) if isinstance(value, float) else value
    if not decimal.is_finite():
        return False
    if not decimal:
        return abs(int(decimal.as_tuple().exponent)) <= LARGEST_POWER
    return len(decimal.as_tuple().digits) <= DIGITS and SMALLEST_POWER <= decimal.adjusted() <= LARGEST_POWER


def out_of_bounds(value: object) -> str:
    """What is wrong with a number that is not :func:`within` its bounds."""
    if isinstance(value, int):
        return f"has more than {DIGITS} digits"  # and is not written out: that could take long
    if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(cast(float, value))):
        return f"must be a number, which {value} is not"
    bounds = f"of at most {DIGITS} digits, from 1e{SMALLEST_POWER} to 1e{LARGEST_POWER}"
    return f"must be a number {bounds}, which {_short(str(value))} is not"


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"


def encoder(**options: Any) -> msgspec.json.Encoder:
    """What writes JSON, decimals as the numbers that they are, and a text that knows more of itself (a phrase) as the
    text that it is."""
    return msgspec.json.Encoder(decimal_format="number", enc_hook=_text, **options)


def _text(value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")


def decoder(kind: type[Decoded], *, trusted: bool = False) -> msgspec.json.Decoder[Decoded]:
    """What reads JSON as values of that type. What we wrote ourselves is ``trusted``; elsewhere a number out of bounds
    is refused (msgspec.ValidationError)."""
    return msgspec.json.Decoder(kind, float_hook=Decimal if trusted else number)


encode: Callable[[Any], bytes] = encoder().encode
decode: Callable[[str | bytes], Any] = decoder(cast(type[Any], Any)).decode


def builtins(value: Any) -> Any:
    """A value as dicts, lists, texts and numbers; fractions are Decimals."""
    return msgspec.to_builtins(value, builtin_types=(Decimal,), enc_hook=_text)


def writable(value: Any) -> Any:
    """A value as dicts, lists, texts and numbers that any library can write as JSON: a fraction is the float that is
    written alike. One that no float is written alike stays a Decimal, so that nobody is given another number."""
    return _floats(builtins(value))


def _floats(plain: Any) -> Any:
    if isinstance(plain, Decimal):
        near = float(plain)
        return near if Decimal(repr(near)) == plain else plain
    if isinstance(plain, Mapping):
        return {key: _floats(one) for key, one in plain.items()}
    return [_floats(one) for one in plain] if isinstance(plain, list | tuple) else plain


def ascii_text(value: Any, indent: int = 0) -> str:
    """A value as JSON in plain ASCII, which no terminal and no encoding can spoil; on one line without ``indent``."""
    return _written(builtins(value), indent, "\n" if indent else "")


def _written(value: Any, indent: int, line: str) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if not value or not isinstance(value, dict | list | tuple):
        return json.dumps(value)
    inner = line + " " * indent
    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}: {_written(one, indent, inner)}" for name, one in value.items()]
    else:
        parts = [_written(one, indent, inner) for one in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return first + inner + ("," + (inner or " ")).join(parts) + line + last
