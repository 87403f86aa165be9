"""Options as they are offered: frozen when a choice or a vote opens, so that all see and get the same.

An offered option is an object of plain JSON: ``id`` and ``title``, where they are known ``price`` (a number) and
``lead_time`` (ISO 8601), and whatever else the process says of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Literal

from flowengine.core.fields import as_json, clip, kind_of, once, take
from flowengine.core.forms import FormOption
from flowengine.core.values import Json
from flowengine.errors import BadAnswer, ExpressionFailed
from flowengine.language.durations import Duration
from flowengine.language.expressions import Expression, Names
from flowengine.language.model import Process
from flowengine.language.parts import Option, option_key

Offered = dict[str, Json]
"""One offered option."""

Source = str | tuple[Option, ...] | Expression

_MOST = 10_000
"""Options that one list may have."""


def offered(process: Process, source: Source, names: Names) -> list[Offered]:
    """The options that a source gives now; what an expression gives twice, and alike, is offered once. Raises
    :class:`ExpressionFailed` when it gives no options."""
    if isinstance(source, Expression):
        return _from_expression(source, names)
    options = process.options[source] if isinstance(source, str) else source
    return once(options, "offered", lambda: [_offer(option) for option in options])


def form_options(options: Sequence[Offered]) -> tuple[FormOption, ...]:
    """Offered options as a form shows them."""
    known = ("id", "title", "price", "lead_time")
    return tuple(
        FormOption(
            id=one["id"],
            title=one["title"],
            price=one.get("price"),
            lead_time=one.get("lead_time"),
            more={key: value for key, value in one.items() if key not in known},
        )
        for one in options
    )


def id_type(options: Sequence[Offered]) -> Literal["boolean", "integer", "string"]:
    """The JSON Schema type of the ids; ids of several types are told as texts."""
    types = {type(one["id"]) for one in options}
    return "boolean" if types == {bool} else "integer" if types == {int} else "string"


def days_of(option: Offered, now: datetime, zone: tzinfo) -> float:
    """An option's lead time in days, months as long as they are from now on in the zone; 0 when it has none."""
    length = Duration.parse(option.get("lead_time") or "P0D")
    if not length.months:
        return length.exact / timedelta(days=1)
    whole = Duration(length.months, length.days).after(now, zone).astimezone(zone).date()
    return (whole - now.astimezone(zone).date()).days + length.rest / timedelta(days=1)


def _offer(option: Option) -> Offered:
    made: Offered = {**option.more, "id": option.id, "title": option.title}
    if option.price is not None:
        made["price"] = option.price
    if option.lead_time is not None:
        made["lead_time"] = str(option.lead_time)
    return made


def _from_expression(source: Expression, names: Names) -> list[Offered]:
    value = as_json(source.value(names), source.source)
    if not isinstance(value, list):
        raise ExpressionFailed(f"gives {str(value)[:60]!r}, not a list of options", where=source.source)
    if len(value) > _MOST:
        raise ExpressionFailed(f"gives {len(value)} options; at most {_MOST} are offered", where=source.source)
    options: dict[str, Offered] = {}
    for one in value:
        made = _made(one, source.source)
        if options.setdefault(option_key(made["id"]), made) != made:
            raise ExpressionFailed(f"gives the option {made['id']!r} twice, and not alike", where=source.source)
    return list(options.values())


def _made(one: Any, where: str) -> Offered:
    """An option from an id, or from an object with an ``id``."""
    if isinstance(one, str | int):
        return {"id": one, "title": str(one)}
    if not isinstance(one, Mapping) or not isinstance(one.get("id"), str | int):
        raise ExpressionFailed(f"gives {str(one)[:60]!r}, not an id or an object with an id", where=where)
    try:
        made = take(one, where)
        price = made.get("price")
        if price is not None and (isinstance(price, bool) or not isinstance(price, int | Decimal)):
            raise TypeError(f"its price must be a number, not {kind_of(price)}")
        if made.get("lead_time") is not None:
            Duration.usable(made["lead_time"])
    except (BadAnswer, TypeError, ValueError) as error:
        raise ExpressionFailed(f"gives the option {clip(one.get('id'))}: {error}", where=where) from None
    return {**made, "title": str(made.get("title") or made["id"])}
