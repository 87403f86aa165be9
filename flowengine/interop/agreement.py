"""What two organisations agree on when one of them is a customer in a process of the other: what its need asks, what
the customer is asked on the way, and how it can end. Words, prices and inner states may change without a new agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from flowengine import exact
from flowengine.language.expressions import Expression
from flowengine.language.model import Process, State
from flowengine.language.parts import EXPIRED, Field
from flowengine.language.types import Choice

DIGITS = 16
"""Of the hash by which a version of an agreement is known."""


def agreement(process: Process) -> dict[str, Any]:
    """What is agreed, as plain values."""
    states = [one for state in process.states() for one in state.members.values()]
    return {
        "process": process.name,
        "need": _fields(process.root.states[process.root.start].fields),
        "asks": {one.name: _asked(one) for one in states if one.answered_by_customer and not one.is_start},
        "withdraw": any(entry.name == "withdraw" for entry in process.root.always),
        "ends": {one.name: one.type for one in process.root.states.values() if one.is_end},
    }


def version_of(agreed: Mapping[str, Any]) -> str:
    """By which a version of an agreement is known: the first digits of its SHA-256."""
    return sha256(exact.encoder(order="sorted").encode(agreed)).hexdigest()[:DIGITS]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What is different in a later version of an agreement, in words; nothing where it is the same."""
    found = []
    for part in ("need", "asks", "ends"):
        old, new = before.get(part, {}), after.get(part, {})
        found += [f"{part}: {name} is gone" for name in old if name not in new]
        found += [f"{part}: {name} is new" for name in new if name not in old]
        found += [f"{part}: {name} is otherwise" for name in old if name in new and old[name] != new[name]]
    if before.get("withdraw") != after.get("withdraw"):
        found.append(f"withdrawal is {'possible' if after.get('withdraw') else 'not possible'} now")
    return found


def _asked(state: State) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "type": state.type,
        "ways": sorted({*state.on} - {EXPIRED}),
        "fields": _fields(state.fields),
    }
    if isinstance(state, Choice):
        asked["choose"] = {
            name: {"min": pick.min, "max": pick.max, "quantity": pick.quantity} for name, pick in state.choose.items()
        }
    return asked


def _fields(fields: Iterable[Field]) -> dict[str, Any]:
    return {one.name: {"type": one.type, "optional": one.optional, "unit": one.unit, **_schema(one)} for one in fields}


def _schema(field: Field) -> dict[str, Any]:
    return {key: value for key, value in field.schema.items() if not isinstance(value, Expression) and key != "title"}
