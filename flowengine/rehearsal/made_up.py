"""Answers that nobody had to think of: sensible ones, and those at the edge of what is taken."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from flowengine.core.answers import LONGEST_TEXT
from flowengine.core.draft import moment_text
from flowengine.core.forms import FormField
from flowengine.core.values import Json
from flowengine.core.world import MADE_UP_FILES

EDGE = 0.15
"""How often an answer is one at the edge: the least or the most, the shortest or the longest."""

GIVEN = 0.6
"""How often something optional is answered."""

LONGEST = 200
"""Characters of a text that is made up, also where more would be taken."""

_FAR = 10**6
"""How far from its least, or below zero, a number is made up at most."""

_MOST_ITEMS = 1_000
"""Items of a list that is made up, also where more would be wanted."""

_WORDS = ("something nice", "as we said", "blue, please", "nothing else", "for the summer")
_NAMES = ("Ada", "Ben", "Cleo")
_PATTERNED = (
    "AB1234", "A1", "ABC", "abc", "a", "1", "12", "123", "1234", "12345", "123456", "1234567", "12345678", "123456789",
    "1234567890", "A123", "AB12 3CD", "SW1A 1AA", "abc123", "ABC-123", "AB-12", "+441234567890", "01234 567890",
    "a_b", "a-b", "12:30", "2026-10-01", "GB", "GBP", "en", "#aabbcc", "1.0", "1.2.3", "x@example.org", "A", "AB",
)  # fmt: skip
"""Texts that are tried where a pattern is asked for."""


class MadeUp:
    """Answers to what forms ask, by chance where there is one, else always the first sensible ones. ``edge``: how often
    one is at the edge of what is taken."""

    def __init__(self, chance: Random | None = None, edge: float = EDGE) -> None:
        self.chance = chance
        self.edge = edge
        self._made = 0

    def answer(self, fields: Sequence[FormField], now: datetime, slots: Sequence[str] = ()) -> dict[str, Json]:
        """An answer to each field, with a chance to leave out what is optional. What no answer is known for (a text of
        some strange pattern) is left out too."""
        found: dict[str, Json] = {}
        for field in fields:
            if not field.required and (self.chance is None or self.chance.random() > GIVEN):
                continue
            value = self.value(field, now, slots)
            if value is not None:
                found[field.name] = value
        return found

    def value(self, field: FormField, now: datetime, slots: Sequence[str] = ()) -> Json:
        """An answer to one field; None where none is known."""
        if field.name == "slot" and field.format == "date-time" and slots:
            return self._one(slots)
        if field.options:
            return self._options(field)
        if field.kinds:
            fits = [id for id, one in MADE_UP_FILES.items() if one.kind in field.kinds]
            return fits[:1] if field.type == "array" else self._one(fits)
        bounds = {"minimum": field.min, "maximum": field.max, "format": field.format}
        given = {key: value for key, value in bounds.items() if value not in (None, "")}
        return self._fitting({"type": field.type, **given, **field.schema}, now, 0)

    def _options(self, field: FormField) -> Json:
        ids = [option.id for option in field.options]
        if field.shape == "one":
            return self._one(ids)
        least = int(field.min if field.min is not None else 1)
        most = int(field.max if field.max is not None else len(ids))
        if field.shape == "scores":
            scored = self._sample(ids, self._between(1, len(ids)))
            return {str(id): self._between(least if len(scored) > 1 else most, most) for id in scored}
        if field.limits:
            return self._limited(field, ids, self._between(least, max(least, min(most, least + 3, len(ids)))))
        if field.shape in ("several", "ranked"):
            count = max(least, min(most, len(ids), self._between(least, max(least, min(most, len(ids))))))
            return self._sample(ids, min(count, len(ids)))
        return {str(self._one(ids)): self._between(max(least, 1), max(least, 1, min(most, least + 3)))}

    def _limited(self, field: FormField, ids: Sequence[Any], count: int) -> Json:
        """So many of the options, or as many as there is room for, as the limits have it."""
        limits, taken = field.limited(), Counter[str]()
        kinds = {option.id: limits.kind(option.more) for option in field.options}
        count = max(count, limits.lacking(taken))
        if field.shape == "several":
            chosen: list[Any] = []
            for id in self._sample(ids, len(ids)):
                if limits.may_take(kinds[id], taken, count):
                    chosen.append(id)
                    taken[kinds[id]] += 1
            return chosen
        numbers = Counter[str]()
        for _ in range(count):
            free = [id for id in ids if limits.may_take(kinds[id], taken, count)]
            if free:
                id = self._one(free)
                numbers[str(id)] += 1
                taken[kinds[id]] += 1
        return dict(numbers)

    def _fitting(self, schema: Mapping[str, Any], now: datetime, depth: int) -> Json:
        """A value that fits a JSON Schema of the kind that processes use; None where none is known."""
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._one(schema["enum"])
        kind = schema.get("type", "string")
        if kind == "boolean":
            return self._one([True, False])
        if kind in ("integer", "number"):
            return self._number(schema)
        if kind == "array":
            return self._list(schema, now, depth)
        if kind == "object":
            return self._object(schema, now, depth)
        return self._text(schema, now)

    def _number(self, schema: Mapping[str, Any]) -> Json:
        step = schema.get("multipleOf", 1)
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is None and (above := schema.get("exclusiveMinimum")) is not None:
            low = above + step
        if high is None and (below := schema.get("exclusiveMaximum")) is not None:
            high = below - step
        least = low if low is not None and low > -_FAR else (min(1, high) if high is not None else 1)
        most = min(high, least + _FAR) if high is not None else least + 100
        if schema.get("type") == "number" and most - least < 1 and "multipleOf" not in schema:
            return self._one([least, most])
        first, last = -(-Decimal(least) // Decimal(step)), Decimal(most) // Decimal(step)
        whole = first if self.chance is None else self._between(int(first), int(max(first, last)))
        found = Decimal(whole) * Decimal(step)
        return int(found) if found == found.to_integral_value() else found

    def _list(self, schema: Mapping[str, Any], now: datetime, depth: int) -> Json:
        least = min(int(schema.get("minItems", 1)), _MOST_ITEMS)
        most = int(schema.get("maxItems", least + 2))
        count = 0 if depth > 4 and least == 0 else min(self._between(least, max(least, most)), max(least, 5))
        items = [self._fitting(schema.get("items", {"type": "string"}), now, depth + 1) for _ in range(count)]
        if not schema.get("uniqueItems"):
            return items
        for index, one in enumerate(items):
            if one in items[:index] and isinstance(one, str):
                items[index] = f"{one[: LONGEST - 9]} {index}"
        return [one for index, one in enumerate(items) if one not in items[:index]]

    def _object(self, schema: Mapping[str, Any], now: datetime, depth: int) -> Json:
        required = schema.get("required", ())
        properties = schema.get("properties", {})
        if not properties:  # whatever is wanted, it may well be an option
            self._made += 1
            return {"id": f"made_up_{self._made}", "title": f"Made up {self._made}"}
        if (
            properties.get("id", {}).get("type") == "string"
            and not {"enum", "const", "pattern"} & properties["id"].keys()
        ):
            self._made += 1  # an option again, of which no two have the same id
            properties = properties | {"id": {"const": f"made_up_{self._made}"}}
        return {
            name: self._fitting(one, now, depth + 1)
            for name, one in properties.items()
            if depth < 5 and (name in required or self.chance is None or self.chance.random() < GIVEN)
        }

    def _text(self, schema: Mapping[str, Any], now: datetime) -> Json:
        match schema.get("format", ""):
            case "date":
                return (now + timedelta(days=self._days(schema))).date().isoformat()
            case "date-time":
                return moment_text((now + timedelta(days=self._days(schema))).replace(microsecond=0))
            case "time":
                return "10:00:00Z"
            case "duration":
                return "P3D"
            case "email":
                return self._one(["ada@example.org", "ben@example.org"])
            case "uri":
                return "https://example.org/one"
            case "uuid":
                return "4f1c0a52-6c1e-4d5b-9a55-0b6b6b0f8f3e"
        least, most = (
            min(int(schema.get("minLength", 0)), LONGEST_TEXT),
            min(int(schema.get("maxLength", LONGEST)), LONGEST),
        )
        pattern = schema.get("pattern")
        if pattern is not None:
            fits = [one for one in _PATTERNED if least <= len(one) <= most and _matches(pattern, one)]
            return self._one(fits) if fits else None
        text = self._one(_WORDS if most > 12 else _NAMES)
        if self.chance is not None and self.chance.random() < self.edge:
            text = self._one(["x" * max(least, 1), ("long words " * LONGEST)[:most].strip()])
        return str(text)[: max(most, 1)].ljust(least, "x")

    def _days(self, schema: Mapping[str, Any]) -> int:
        """How far ahead a day is: usually some weeks, at the edge today or long ago; back as far if it must be over."""
        way = -1 if schema.get("latest") == "now" else 1
        if self.chance is None:
            return 120 * way
        edge = self.chance.random() < self.edge
        return self._one([0, 1, -400, 3650]) if edge else self.chance.randint(7, 300) * way

    # chance

    def _one(self, things: Sequence[Any]) -> Any:
        return things[0] if self.chance is None else self.chance.choice(things)

    def _sample(self, things: Sequence[Any], count: int) -> list[Any]:
        return list(things[:count]) if self.chance is None else self.chance.sample(list(things), count)

    def _between(self, low: int, high: int) -> int:
        if self.chance is None or high <= low:
            return low
        if self.chance.random() < self.edge:
            return self.chance.choice((low, high))
        return self.chance.randint(low, high)


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False
