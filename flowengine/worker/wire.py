"""What a worker and the process of a lone attempt say to each other: one JSON object a line, on a pipe each way.

The worker says the call (:func:`call_line`), and later perhaps that nobody waits any more (:data:`LOST`). The process
says its progress, and at last one answer: what :func:`answer_of` makes of what the handler returned, or
:func:`error_of` of what it raised. :func:`heard` turns an answer back into a value or an error.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any

from flowengine import exact
from flowengine.core.values import altered
from flowengine.errors import HandlerDied
from flowengine.runtime.handlers import GiveUp, HandlerCall, Later, Outcome, TryLater

LONGEST = 4 * 1024 * 1024
"""Bytes of one line. A result that is not refused as too large is far below."""

LONGEST_ERROR = 2_000
"""Characters of an error's words."""

LOST = b'{"lost": true}\n'
"""Said to the process: nobody waits for this attempt any more."""

_READ = exact.decoder(dict[str, Any], trusted=True).decode
_SAID = tuple(one.name for one in fields(HandlerCall) if one.name != "line")


def line(said: dict[str, Any]) -> bytes:
    """One object as a line. Raises TypeError or ValueError for what is not JSON."""
    return exact.encode(said) + b"\n"


def read(text: bytes) -> dict[str, Any]:
    """The object of a line. Raises ValueError."""
    found: dict[str, Any] = _READ(text)
    return found


class NotImported(HandlerDied):
    """The handler cannot be had in another process; in this one it can."""


def call_line(call: HandlerCall, **more: Any) -> bytes:
    """A call for the process, with what else it has to know."""
    return line({"call": {name: getattr(call, name) for name in _SAID}, **more})


def answer_of(given: Any) -> bytes:
    """What a handler returned, as an answer; what is not JSON, or too much of it, as the error that it is."""
    if isinstance(given, Later):
        return line({"later": given.within.total_seconds()})
    name, result = (given.name, given.result) if isinstance(given, Outcome) else (None, given)
    try:
        said = line({"outcome": name, "result": result})
    except (TypeError, ValueError, RecursionError) as error:
        return error_of(TypeError(f"the handler's result is not JSON: {error}"))
    if len(said) > LONGEST:
        return error_of(ValueError(f"the handler's result has {len(said)} bytes, more than {LONGEST}"))
    problem = altered(result, "result")
    if problem is not None:
        return error_of(ValueError(": ".join(problem)))
    return said


def error_of(error: BaseException) -> bytes:
    """What a handler raised, as an answer."""
    kind = "give_up" if isinstance(error, GiveUp) else "try_later" if isinstance(error, TryLater) else "raised"
    said: dict[str, Any] = {kind: type(error).__name__, "words": words(error)[:LONGEST_ERROR]}
    if isinstance(error, TryLater):
        said["after"] = error.after.total_seconds()
    return line(said)


def words(error: BaseException) -> str:
    """An error's words, whatever its own class does when it is asked for them."""
    try:
        return str(error)
    except Exception as worse:
        return f"(its words cannot be had: {type(worse).__name__})"


def heard(answer: dict[str, Any]) -> Any:
    """What the handler returned. Raises what it raised: an error of the same name and words, which is a GiveUp or
    TryLater if it was one."""
    said = answer.get("words", "")
    if "later" in answer:
        return Later(timedelta(seconds=float(answer["later"])))
    if "give_up" in answer:
        raise _named(answer["give_up"], GiveUp)(said)
    if "try_later" in answer:
        raise _named(answer["try_later"], TryLater)(said, timedelta(seconds=float(answer["after"])))
    if "raised" in answer:
        raise _named(answer["raised"], Exception)(said)
    if "unimportable" in answer:
        raise NotImported(f"could not be imported in a process of its own: {answer['unimportable']}")
    return answer["result"] if answer["outcome"] is None else Outcome(answer["outcome"], answer["result"])


def _named(name: str, base: type[Any]) -> type[Any]:
    """An error of that name: the class itself is in the other process, and may not be importable here."""
    return base if name == base.__name__ else type(name, (base,), {"__module__": "flowengine.worker.alone"})
