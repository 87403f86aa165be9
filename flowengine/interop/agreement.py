"""What two organisations agree on when one of them is a customer in a process of the other: what its need asks, what
the customer is asked on the way, what he is told, and how it can end. Words, prices and inner states may change without
a new agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from flowengine import exact
from flowengine.errors import Refused
from flowengine.language.expressions import Expression
from flowengine.language.model import Process, State
from flowengine.language.parts import EXPIRED, Field

PARTS = ("need", "asks", "tells", "ends")
"""Of an agreement, each of which has something by name."""

DIGITS = 16
"""Of the hash by which a version of an agreement is known."""


def agreement(process: Process) -> dict[str, Any]:
    """What is agreed: ``process``, ``need``, ``asks`` and ``tells`` by state, ``withdraw`` and ``ends``."""
    members = [(state, name, one) for state in process.states() for name, one in state.members.items()]
    asked = [one for one in members if one[2].answered_by_customer and not one[2].is_start]
    telling = [(state.saves or state.name, one) for state, _, one in members if one.marked]
    return {
        "process": process.name,
        "need": _fields(process.root.states[process.root.start].fields),
        "asks": {".".join(filter(None, (one[0].name, one[1]))): _asked(*one) for one in asked},
        "tells": {place: _fields(field for field in one.fields if field.show) for place, one in telling},
        "withdraw": any(entry.name == "withdraw" for entry in process.root.always),
        "ends": {one.name: one.type for one in process.root.states.values() if one.is_end},
    }


def version_of(agreed: Mapping[str, Any]) -> str:
    """By which a version of an agreement is known: the first digits of its SHA-256."""
    return sha256(exact.encoder(order="sorted").encode(agreed)).hexdigest()[:DIGITS]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What is different in a later version of an agreement, in words; nothing where it is the same."""
    found = []
    for part in PARTS:
        old, new = before.get(part, {}), after.get(part, {})
        found += [f"{part}: {name} is gone" for name in old if name not in new]
        found += [f"{part}: {name} is new" for name in new if name not in old]
        found += [f"{part}: {name} is otherwise" for name in old if name in new and old[name] != new[name]]
    if before.get("withdraw") != after.get("withdraw"):
        found.append(f"withdrawal is {'possible' if after.get('withdraw') else 'not possible'} now")
    return found


def saved(text: bytes, where: str) -> dict[str, Any]:
    """An agreement as a partner has it from us, or we from him: with the ``version`` by which it is known. Raises
    Refused for what is none, or is not what its version says."""
    try:
        told = exact.decoder(dict[str, Any]).decode(text)
        agreed: dict[str, Any] = told["agreed"]
        if told["version"] == version_of(agreed) and all(isinstance(agreed[part], dict) for part in PARTS):
            return agreed
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        pass
    what = "this is no agreement, or was changed since it was written"
    raise Refused(what, where=where, possible=("flow agreement FILE --json",))


def _asked(state: State, member: str, asking: State) -> dict[str, Any]:
    """What a state asks of the customer; of a race what its ``member`` asks."""
    ended = {one.removeprefix(f"{member}.") for one in state.ending if one.startswith(f"{member}.")}
    asked: dict[str, Any] = {
        "type": asking.type,
        "ways": sorted((ended if member else {*state.on}) - {EXPIRED}),
        "fields": _fields(asking.fields),
    }
    if asking.picks:
        asked["choose"] = {
            name: {"min": pick.min, "max": pick.max, "quantity": pick.quantity} for name, pick in asking.picks.items()
        }
    return asked


def _fields(fields: Iterable[Field]) -> dict[str, Any]:
    return {one.name: {"type": one.type, "optional": one.optional, "unit": one.unit, **_schema(one)} for one in fields}


def _schema(field: Field) -> dict[str, Any]:
    return {key: value for key, value in field.schema.items() if not isinstance(value, Expression) and key != "title"}
