"""What starts a job by itself: whether it does, and the customer and the need that are stated for it. Pure (L7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from flowengine.core.fields import as_json, as_plain, check_answer
from flowengine.core.machines import Compiled
from flowengine.core.values import Json
from flowengine.errors import BadAnswer, ExpressionFailed
from flowengine.language.expressions import PlainNames
from flowengine.language.parts import Trigger


class Stated(NamedTuple):
    """What a job is started with: the exact id of its customer, and its need."""

    customer: str
    need: dict[str, Json]


def taking(compiled: Compiled, name: str, key: str, body: Json, now: datetime) -> Trigger | None:
    """The first entry of ``starts`` that takes a message. A condition that cannot be evaluated does not hold."""
    for trigger in compiled.process.starts:
        if trigger.message == name and _holds(trigger, _names(compiled, now, message=body, key=key)):
            return trigger
    return None


def by_message(compiled: Compiled, trigger: Trigger, key: str, body: Json, now: datetime) -> Stated:
    """What a message starts a job with. Raises BadAnswer where it breaks its fields, ExpressionFailed."""
    where = f"message {trigger.message}"
    if trigger.fields:
        given = {} if body is None else body
        names = partial(_names, compiled, now, message=given, key=key)
        plain: Json = check_answer(trigger.fields, given, where, names=names)
    else:
        plain = as_plain(body, where)
    return _stated(compiled, trigger, _names(compiled, now, message=plain, key=key))


def by_clock(compiled: Compiled, trigger: Trigger, moment: datetime) -> Stated | None:
    """What the clock starts a job with at a moment of its schedule; None where the condition does not hold then.
    Raises ExpressionFailed."""
    names = _names(compiled, moment)
    if trigger.when is not None and not trigger.when.holds(names):
        return None
    return _stated(compiled, trigger, names)


def _names(compiled: Compiled, now: datetime, **more: Json) -> PlainNames:
    variables: Mapping[str, Any] = {"now": now, **more}
    process = compiled.process
    return PlainNames(
        variables, zone=process.clock, currency=process.currency, calendars=process.calendars, words=process.words
    )


def _holds(trigger: Trigger, names: PlainNames) -> bool:
    try:
        return trigger.when is None or trigger.when.holds(names)
    except ExpressionFailed:
        return False


def _stated(compiled: Compiled, trigger: Trigger, names: PlainNames) -> Stated:
    customer = trigger.customer.value(names)
    if not isinstance(customer, str):
        problem = f"must be a customer's id, which is a text; {trigger.customer.source} gives something else"
        raise BadAnswer({"customer": problem}, where=f"process {compiled.process.name}")
    need = {name: as_json(one.value(names), f"{name}: {one.source}") for name, one in trigger.need.items()}
    return Stated(customer, need)
