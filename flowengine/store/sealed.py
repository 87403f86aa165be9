"""The leaves of an entry: what of its chained body can be shown, and proved, apart from the rest.

They are made from the stored body alone, in which contents are holes, so that they stay when contents are erased.
"""

from __future__ import annotations

from typing import Any

from flowengine import exact, sealing
from flowengine.core.values import ROOT

_ENCODE = exact.encoder(order="deterministic").encode
_STEP = ("number", "title", "shown", "others", "due", "opened")
_EVENTS: dict[str, tuple[str, ...]] = {
    "Saved": ("place", "value"),
    "Promised": ("promise",),
    "Migrated": ("version",),
    "Thanked": ("words", "others"),
    "Ended": ("kind", "because", "at"),
}
"""Of these events, which fields may be told."""
_HEAD = ("job", "process", "version", "customer", "started")


def parts(body: str | bytes) -> list[bytes]:
    """What may be told of an entry, part by part: that it is there, what was asked, and what came of it. Each is JSON
    in one way only: keys in order, no space, numbers as they were written."""
    return list(map(_ENCODE, _parts(exact.decode(body))))


def _parts(entry: dict[str, Any]) -> list[dict[str, Any]]:
    asked = entry["by"]
    by = {"kind": asked["kind"], "id": asked.get("id", "")}
    if "language" in asked:
        by["language"] = asked["language"]
    found = [
        {"part": "entry", "seq": entry["seq"], "at": entry["at"], "by": by},
        {"part": "command", **entry["command"]},
    ]
    for event in entry.get("events", ()):
        name = event["event"]
        if name == "Started":
            found.append({"part": name, **_some(event["head"], _HEAD)})
        elif name in ("StepOpened", "StepChanged"):
            found.append({"part": name, **_some(event["step"], _STEP)})
        elif name in _EVENTS and not (name == "Saved" and event["branch"] != ROOT):
            found.append({"part": name, **_some(event, _EVENTS[name])})
    return found


def _some(value: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


def leaves(seed: str, body: bytes) -> list[str]:
    """The leaves of an entry with that secret: its body, and its parts."""
    return sealing.leaves(seed, (body, *parts(body)))
