"""Currencies of ISO 4217, as processes name them."""

from __future__ import annotations

from flowengine.language import suggest
from flowengine.speech.money import CURRENCIES


def currency(code: str) -> str:
    """The code, if it is one of a currency. Raises ValueError that says what is possible."""
    if code not in CURRENCIES:
        near = suggest.near(code.upper(), CURRENCIES)
        advice = f"did you mean {near}?" if near else "write a code of ISO 4217, as GBP or EUR"
        raise ValueError(f"{code[:40]!r} is no currency; {advice}")
    return code
