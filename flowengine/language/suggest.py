"""Hints: the name that was meant, and the names that are possible."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST = 12
"""Possible names that a hint lists."""
_COMPARED = 60
"""Names that are compared with a wrong one: comparing is slow, and a file may have thousands (L12)."""


def near(name: str, possible: Iterable[str]) -> str:
    """The possible name that is most like this one, or an empty text."""
    if not name or len(name) > 80:
        return ""
    folded = name.lower().replace("-", "_").replace(" ", "_")
    names = [one for one in possible if abs(len(one) - len(name)) <= 6]
    if folded in names:
        return folded
    if len(names) > _COMPARED:
        names = _likeliest(folded, names)
    found = difflib.get_close_matches(folded, names, n=1, cutoff=0.6)
    return found[0] if found else ""


def _likeliest(name: str, names: list[str]) -> list[str]:
    """Names with the same beginning and end first, then those with one of them."""
    begin, end = name[:2], name[-2:]
    both = [one for one in names if one[:2] == begin and one[-2:] == end]
    either = [one for one in names if (one[:2] == begin) != (one[-2:] == end)]
    return (both + either)[:_COMPARED]


def hint(name: str, possible: Iterable[str]) -> str:
    """``did you mean 'task'?`` where a name is near, else the possible names, as many as can be taken in."""
    names = list(dict.fromkeys(possible))
    if found := near(name, names):
        return f"did you mean '{found}'?"
    return listing(names)


def listing(names: Iterable[str]) -> str:
    """``possible: a, b, c``; empty when there is none."""
    known = list(names)
    more = f" and {len(known) - MOST} more" if len(known) > MOST else ""
    return f"possible: {', '.join(known[:MOST])}{more}" if known else ""
