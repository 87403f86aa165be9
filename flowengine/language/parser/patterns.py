"""What compiling a regular expression costs: patterns are counted against a file's limit (L12)."""

from __future__ import annotations

import math
import re

_REPEATED = re.compile(r"\{(\d{1,6})(?:,(\d{0,6}))?\}")
_CLASS = re.compile(r"\\[wWsSdDbB]")
_PROPERTY = re.compile(r"\\[pP]")


def pattern_cost(pattern: str) -> int:
    """In the units of :data:`MOST_PARTS`, as measured: a repeated group is copied, and within another copied as often
    again; a class of Unicode's letters has hundreds of ranges."""
    repeats = [max(int(least), int(most or 0)) for least, most in _REPEATED.findall(pattern)]
    copies = math.prod(max(1, repeat) for repeat in repeats) if "){" in pattern else max(repeats, default=1)
    cost = 3 * len(pattern) * copies if "){" in pattern else len(pattern) + 3 * sum(repeats)
    return cost + 15 * len(_CLASS.findall(pattern)) + 40 * len(_PROPERTY.findall(pattern)) * max(1, copies)
