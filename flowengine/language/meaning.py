"""What a process means, apart from how its file is written: line ends, comments, quotes, indentation, the order of keys
where nothing depends on it, and what is written out although it holds anyhow.

What it means is the parsed process, written in one canonical way. States, branches, outcomes, fields, questions and
options keep their order, for jobs follow it or people see it. What has its default value is left out, so that a key
that the language learns later changes no version of a file that does not use it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from flowengine import exact
from flowengine.language.model import Process

_ABOUT_THE_FILE = frozenset({"version", "source", "file"})
_UNORDERED = frozenset({"roles", "groups", "options", "calendars", "hours", "input", "need", "schema", "more", "texts"})
"""Mappings whose order nobody sees and nothing follows: things with names, and plain JSON."""

_AS_IT_IS = (str, int, type(None))


def version_of(process: Process) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of what the process means."""
    return hashlib.sha256(meaning(process).encode()).hexdigest()[:12]


def meaning(process: Process) -> str:
    """What a process means, as canonical JSON: equal for two processes exactly when jobs and people fare alike."""
    return exact.encode(_canonical(process)).decode()


def _canonical(value: Any, *, ordered: bool = True) -> Any:
    if isinstance(value, _AS_IT_IS):
        return value
    if isinstance(value, float | Decimal):
        return int(value) if value == int(value) else value  # 4 and 4.00 are the same
    if isinstance(value, Mapping):
        pairs = [[_canonical(key), _canonical(one, ordered=ordered)] for key, one in value.items()]
        return {"": pairs if ordered else sorted(pairs, key=lambda pair: str(pair[0]))}
    if isinstance(value, frozenset):
        return sorted(map(_canonical, value))
    if isinstance(value, tuple | list):
        return [_canonical(one, ordered=ordered) for one in value]
    if not is_dataclass(value) or isinstance(value, type):
        return str(value)  # a date, a time of day, a length of time
    said: dict[str, Any] = {"is": type(value).__name__}
    for name, field in _meant(type(value)):
        one = getattr(value, name)
        if one is not field.default and not _is_default(field, one):
            said[name] = _canonical(one, ordered=name not in _UNORDERED)
    return said


@cache
def _meant(kind: type) -> tuple[tuple[str, Field[Any]], ...]:
    about_the_file = _ABOUT_THE_FILE if kind is Process else ()
    return tuple((one.name, one) for one in fields(kind) if one.compare and one.name not in about_the_file)


def _is_default(field: Field[Any], value: Any) -> bool:
    if field.default_factory is not MISSING:
        return bool(value == field.default_factory())
    return field.default is not MISSING and type(value) is type(field.default) and bool(value == field.default)
