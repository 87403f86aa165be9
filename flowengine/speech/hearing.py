"""Numbers as a reader writes them: with the comma or the point of his language."""

from __future__ import annotations

import re
from decimal import Decimal

from babel import numbers

from flowengine.speech.telling import Speech

_PLAIN = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_GROUPED = re.compile(r"[-+]?[0-9]{1,3}([.,'’  ][0-9]{3})+([.,][0-9]*)?", re.ASCII)
_LONGEST = 60
"""Characters of a number that are read."""


def number_of(text: str, speech: Speech) -> int | Decimal:
    """The number that a text says: ``1.234,5`` in German, ``1,234.5`` in English; of a comma or point that can only
    be that of fractions, either is taken. Raises ValueError that says how one is written."""
    typed = text.strip().replace("−", "-")
    point, group = (
        numbers.get_decimal_symbol(speech.locale),
        numbers.get_group_symbol(speech.locale),
    )
    plain = typed
    if _GROUPED.fullmatch(typed):
        for sign in (group, "'", "’", " ", " ", " "):
            plain = plain.replace(sign, "")
        plain = plain.replace(point, ".")
    elif typed.count(",") == 1 and "." not in typed:
        plain = typed.replace(",", ".")
    if len(typed) > _LONGEST or _PLAIN.fullmatch(plain) is None:
        raise ValueError(speech.say("Please write a number, as %(number)s.", number=speech.number(Decimal("12.5"))))
    found = Decimal(plain)
    return int(found) if "." not in plain else found


def written(value: int | Decimal, speech: Speech) -> str:
    """A number as it stands in a box: with the point of the language, and no thousands set off."""
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text.replace(".", numbers.get_decimal_symbol(speech.locale))
