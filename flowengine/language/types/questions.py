"""``need`` and ``ask``: what the customer is asked, as fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from flowengine.language.model import State
from flowengine.language.parser.common_keys import ASK_KEY, FIELDS_KEY, LEADING, NAMING, SAVES_KEY, SHOWS_KEY, WAITING
from flowengine.language.value_shapes import Lists, Shape, of_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question(State):
    customer = True

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        return of_fields(self.fields, internal=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need(_Question):
    type = "need"
    keys = (*NAMING, ASK_KEY, SHOWS_KEY, SAVES_KEY, FIELDS_KEY, *LEADING)
    only_fields = True
    outcomes = ("stated",)
    is_start = True
    endings: ClassVar[Mapping[str, str]] = {"stated": "stated the need"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(_Question):
    type = "ask"
    is_noun = False
    keys = (*NAMING, *WAITING, FIELDS_KEY.needed(), *LEADING)
    in_race = True
    only_fields = True
    outcomes = ("answered",)
    only_waits = True
    endings: ClassVar[Mapping[str, str]] = {"answered": "answered: {title}"}
