"""Hints: the name that was meant, and the names that are possible."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST = 12
"""Possible names that a hint lists."""
_COMPARED = 60
"""Names that are compared with a wrong one: comparing is slow, and a file may have thousands (L12)."""


_ALSO_CALLED = {
    "bool": ("boolean",), "int": ("integer",), "whole": ("integer",), "text": ("string", "ask"), "str": ("string",),
    "date": ("string",), "datetime": ("string",), "float": ("number",), "double": ("number",), "decimal": ("number",),
    "list": ("array",), "map": ("object",), "mapping": ("object",),
    "by": ("for", "with", "of"), "for": ("by", "with", "of"), "with": ("for", "by"), "role": ("for", "by", "with"),
    "if": ("when",), "condition": ("when",), "then": ("to", "next"), "goto": ("to", "next"), "target": ("to",),
    "deadline": ("within",), "timeout": ("within",), "due": ("within",), "default": ("else",), "otherwise": ("else",),
    "question": ("ask",), "prompt": ("ask",), "label": ("title",), "form": ("fields",), "inputs": ("fields",),
    "reason": ("because",), "choices": ("choose", "options"), "options": ("choose", "from"), "items": ("of",),
    "outcomes": ("on",), "transitions": ("on",), "steps": ("states",), "duration": ("for", "length"),
    "handler": ("call",), "url": ("http",), "reminder": ("remind",), "reminders": ("remind",),
}  # fmt: skip
"""What designers call things elsewhere, and what it is called here."""


def near(name: str, possible: Iterable[str]) -> str:
    """The possible name that was perhaps meant, or an empty text: one that is spelt alike, or another word for it."""
    if not name or len(name) > 80:
        return ""
    folded = name.lower().replace("-", "_").replace(" ", "_")
    known = list(possible)
    for other in _ALSO_CALLED.get(folded, ()):
        if other in known:
            return other
    names = [one for one in known if abs(len(one) - len(name)) <= 6]
    if folded in names:
        return folded
    letters = sorted(folded)
    for one in names:
        if len(one) == len(folded) and sorted(one) == letters:
            return one
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
