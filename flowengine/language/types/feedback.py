"""``feedback``: the customer rates what was done, and may bring another customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flowengine.language.model import State
from flowengine.language.parser.common_keys import FIELDS_KEY, LEADING, NAMING, OPTIONAL_KEY, WAITING
from flowengine.language.parser.records import Key
from flowengine.language.parser.scalars import FLAG
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Json, ListOf, Number
from flowengine.language.value_shapes import BOOLEAN, TEXT, Basic, Domain, Lists, Record, Shape, Slot, of_fields
from flowengine.language.yaml_reader import Node
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words


class _Scale:
    """The smallest and the largest rating."""

    ends = ListOf(Number(-100, 100))

    def read(self, node: Node, reading: Reading) -> tuple[int, int]:
        ends = self.ends.read(node, reading)
        if len(ends) != 2 or ends[0] >= ends[1]:
            raise reading.refuse(node.place, "bad-number", "a scale is two whole numbers that rise", "write [1, 5]")
        return ends[0], ends[1]

    def schema(self, defs: Json) -> Json:
        return self.ends.schema(defs) | {"minItems": 2, "maxItems": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback(State):
    type = "feedback"
    keys = (
        *NAMING, *WAITING, *LEADING, OPTIONAL_KEY, FIELDS_KEY,
        Key("scale", _Scale(), "The smallest and the largest rating; [1, 5] unless given."),
        Key("refer", FLAG, "Whether the customer may name somebody with the same need."),
    )  # fmt: skip
    in_race = True
    outcomes = ("given",)
    customer = True
    rates = True
    only_waits = True
    replies: ClassVar[Mapping[str, str]] = {"given": phrase("Thank you. We have what you think of it")}

    scale: tuple[int, int] = (1, 5)
    refer: bool = False

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        own = {
            "rating": Slot(Basic("int", self.scale[0], Domain(low=self.scale[0], high=self.scale[1]))),
            "words": Slot(TEXT, sure=False),
            "recommend": Slot(BOOLEAN, sure=False),
        }
        return Record({**own, **of_fields(self.fields, internal=False).members})

    def ended(self, reader: Words, outcome: str, title: str, saved: Mapping[str, Any], *, decided: bool) -> str:
        if self.is_skipping(outcome):
            return State.ended(self, reader, outcome, title, saved, decided=decided)
        given = reader.say("gave feedback: %(rating)s", rating=saved.get("rating", ""))
        return given + reader.aside(saved.get("words"))
