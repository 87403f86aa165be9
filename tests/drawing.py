"""How much is drawn at random: little in each run of the tests, and much more with ``--hypothesis-profile=long``."""

from __future__ import annotations

from hypothesis import settings

LONG = 10
"""How many times as much the long form draws."""


def examples(few: int) -> int:
    """How many examples are drawn where ``few`` are by default."""
    return few * LONG if settings.get_current_profile_name() == "long" else few
