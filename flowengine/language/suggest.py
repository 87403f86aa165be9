"""Hints: the name that was meant, and the names that are possible."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST = 12
"""Possible names that a hint lists."""
_COMPARED = 200
"""Names that are compared with a wrong one: comparing is slow, and a file may have thousands (L12)."""


def near(name: str, possible: Iterable[str]) -> str:
    """The possible name that is most like this one, or an empty text."""
    if not name or len(name) > 80:
        return ""
    folded = name.lower().replace("-", "_").replace(" ", "_")
    names = [one for one in possible if abs(len(one) - len(name)) <= 6]
    for one in names:
        if one.lower() == folded:
            return one
    if len(names) > _COMPARED:
        names = [one for one in names if one[:1] == folded[:1] or one[-2:] == folded[-2:]][:_COMPARED]
    found = difflib.get_close_matches(folded, names, n=1, cutoff=0.6)
    return found[0] if found else ""


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
