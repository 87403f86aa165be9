"""Logs of the programs that run for long, worker and server: lines for people, or JSON for machines, and no secrets.

``FLOW_LOG`` is ``text`` (the default), ``json`` or ``off``; ``FLOW_LOG_LEVEL`` is ``warning`` (the default), ``info``,
``debug`` or ``error``; who signs in at a server, and who is refused there, is written unless it is ``error``. Lines go
to standard error. They hold ids and names, never what somebody wrote: an error is told by its type and where it was
raised.
"""

from __future__ import annotations

import encodings.unicode_escape  # noqa: F401 - now: it cannot be loaded when file descriptors have run out
import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

from flowengine.errors import Refused

KINDS = ("text", "json", "off")
LEVELS = ("debug", "info", "warning", "error")

SECURITY = "flowengine.security"
"""The logger of who comes in and who is refused, which is written from ``warning`` on as a whole."""

_SECRETS = re.compile(r"whsec_[A-Za-z0-9+/=_-]+|flow[a-z]?_[A-Za-z0-9_-]{43}|(?<=://)[^/\s@]+:[^/\s@]+(?=@)")
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(environment: Mapping[str, str]) -> None:
    """Set up the log as the environment says. Raises Refused for words that mean nothing."""
    kind = environment.get("FLOW_LOG", "text").lower()
    level = environment.get("FLOW_LOG_LEVEL", "warning").lower()
    for name, word, known in (("FLOW_LOG", kind, KINDS), ("FLOW_LOG_LEVEL", level, LEVELS)):
        if word not in known:
            raise Refused(f"{word!r} is not known here", where=name, possible=known)
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _Lines)]:
        root.removeHandler(handler)
    if kind == "off":
        logging.getLogger("flowengine").addHandler(logging.NullHandler())
        return
    lines = _Lines(sys.stderr)
    lines.setFormatter(Json() if kind == "json" else Text())
    root.addHandler(lines)
    root.setLevel(level.upper())
    logging.getLogger(SECURITY).setLevel("ERROR" if level == "error" else "INFO")


class _Lines(logging.StreamHandler):  # type: ignore[type-arg]  # it is generic in the stubs only
    """Our own handler, so that it is found again."""


def masked(words: str) -> str:
    """A text without what looks like a token, a signing secret, or a user and password in an URL."""
    return _SECRETS.sub("***", words)


class Text(logging.Formatter):
    """``2026-05-04T09:00:00Z warning flowengine.worker: … job=… (RuntimeError at shop.py:12)``."""

    def format(self, record: logging.LogRecord) -> str:
        facts = _facts(record)
        more = "".join(f" {name}={value}" for name, value in facts.items() if name not in _HEAD)
        error = f" ({facts['error']})" if "error" in facts else ""
        line = f"{facts['time']} {facts['level']} {facts['logger']}: {facts['message']}{more}{error}"
        return line.encode("unicode_escape").decode("ascii") if not line.isprintable() else line


class Json(logging.Formatter):
    """One JSON object a line: ``time``, ``level``, ``logger``, ``message``, and what the record says besides."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_facts(record), ensure_ascii=True, default=str)


_HEAD = ("time", "level", "logger", "message", "error")


def _facts(record: logging.LogRecord) -> dict[str, str | int | float | bool | None]:
    at = datetime.fromtimestamp(record.created, UTC)
    facts: dict[str, str | int | float | bool | None] = {
        "time": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z",
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": masked(record.getMessage()),
    }
    for name, value in vars(record).items():
        if name not in _USUAL:
            facts[name] = value if isinstance(value, int | float | bool | None) else masked(str(value))
    if record.exc_info and record.exc_info[0] is not None:
        facts["error"] = _where(record.exc_info[0], record.exc_info[2])
    return facts


def _where(kind: type[BaseException], trace: object) -> str:
    frames = traceback.extract_tb(trace) if trace is not None else []  # type: ignore[arg-type]  # it is a traceback
    at = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{kind.__name__}{at}"
