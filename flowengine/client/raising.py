"""An error that a server tells, as the exception that it is: the same that is raised where the engine is near."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from flowengine import errors, exact
from flowengine.errors import FlowError, ProcessRefused, Refused, StoreError
from flowengine.problem import Place, Problem

LONGEST = 20_000
"""Characters of a text of an error that are kept."""

KINDS: Mapping[str, type[FlowError]] = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, FlowError)
}
"""All errors by their codes."""


def error_of(status: int, body: bytes) -> FlowError:
    """The error of an answer. One that is not known here is a Refused, or from 500 a StoreError, with the same words;
    so is an answer that is no error of flowengine's, with its status."""
    told = _document(body)
    code = _text(told.get("error") or told.get("code"))
    what = _text(told.get("what") or told.get("detail")) or _stand_in(status, code)
    family = Refused if status < 500 else StoreError
    plain: dict[str, Any] = {"what": what, "where": _text(told.get("where")), "possible": _texts(told.get("possible"))}
    return _made(KINDS.get(code, family), plain, told) or family(**plain)


def _document(body: bytes) -> dict[str, Any]:
    try:
        told = exact.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _stand_in(status: int, code: str) -> str:
    return f"the server answered {status}{f' ({code})' if code else ', which is no answer of flowengine'}"


def _made(kind: type[FlowError], plain: Mapping[str, Any], told: Mapping[str, Any]) -> FlowError | None:
    """The error with all that its class takes and the server has told; None where that is not enough for it."""
    if issubclass(kind, ProcessRefused):
        problems = _problems(told.get("problems"))
        return kind(problems) if problems else None
    takes = inspect.signature(kind).parameters
    given = {name: plain[name] for name in takes if name in plain}
    given |= {name: read(told.get(name)) for name, read in _MORE.items() if name in takes and name in told}
    try:
        return kind(**given)
    except (TypeError, ValueError):
        return None


def _problems(told: Any) -> list[Problem]:
    rows = [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []
    return [
        Problem(
            file=_text(row.get("file")),
            place=Place(_count(row.get("line")), _count(row.get("column"))),
            code=_text(row.get("code")),
            message=_text(row.get("message")),
            hint=_text(row.get("hint")),
        )
        for row in rows
    ]


def _text(value: Any) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [_text(one) for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 1


def _named(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError("problems are told by the names of fields")
    return {name: _text(problem) for name, problem in value.items()}


def _span(value: Any) -> tuple[int, int] | None:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(one, int) for one in value):
        return value[0], value[1]
    return None


_MORE: Mapping[str, Callable[[Any], Any]] = {
    "problems": _named,
    "span": _span,
    "kind": lambda value: value if value in ("syntax", "missing", "type", "value", "budget") else "value",
    "in_doubt": bool,
    "collided": bool,
    "final": bool,
    "retry_after": lambda value: value if isinstance(value, int | float) else 1,
}
"""What classes of errors take beside their words."""
