"""What a job may keep: plain JSON of its own, and nothing else.

What comes from outside (answers, results, messages, items) is taken over by :func:`as_plain`; what the process's own
expressions give, by :func:`as_json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from flowengine.core.draft import moment_text
from flowengine.core.values import Json, altered
from flowengine.errors import BadAnswer, ExpressionFailed
from flowengine.language.durations import Duration

LONGEST_ANSWER = 256 * 1024
"""Bytes that what comes from outside may have when it is encoded."""


def as_plain(value: object, where: str = "", name: str = "") -> Json:
    """A value from outside as plain JSON of its own. Raises :class:`BadAnswer`, which calls it by its ``name``, when it
    is none, would not be the same as JSON, or is too large."""
    try:
        encoded = msgspec.json.encode(value)
        plain = msgspec.json.decode(encoded)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise BadAnswer({name: f"is not JSON: {str(error)[:200]}"}, where=where, possible=("plain JSON",)) from None
    if len(encoded) > LONGEST_ANSWER:
        size = f"has {-(-len(encoded) // 1024)} KiB; at most {LONGEST_ANSWER // 1024} KiB are kept"
        raise BadAnswer({name: size}, where=where, possible=("store it elsewhere, and say where it is",))
    problem = altered(value, name)
    if problem is not None:
        raise BadAnswer(dict((problem,)), where=where, possible=("plain JSON",))
    return plain


def as_json(value: Any, where: str) -> Json:
    """An expression's value as plain JSON: moments and durations become ISO 8601 text. Raises ExpressionFailed."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ExpressionFailed("gives a map whose keys are not all texts", where=where)
        return {key: as_json(one, where) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(one, where) for one in value]
    if isinstance(value, datetime):
        return moment_text(value)
    assert isinstance(value, Duration), "all that expressions give is named above"
    return str(value)
