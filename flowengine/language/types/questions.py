"""``need`` and ``ask``: what the customer is asked, as fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flowengine.language.model import State
from flowengine.language.parser.common_keys import (
    ASK_KEY,
    FIELDS_KEY,
    LEADING,
    NAMING,
    OPTIONAL_KEY,
    SAVES_KEY,
    SHOWS_KEY,
    THANKS_KEY,
    WAITING,
)
from flowengine.language.parts import EXPIRED, SKIPPED
from flowengine.language.suggest import near
from flowengine.language.value_shapes import Lists, Shape, of_fields
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question(State):
    customer = True

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        return of_fields(self.fields, internal=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need(_Question):
    type = "need"
    keys = (*NAMING, ASK_KEY, SHOWS_KEY, THANKS_KEY, SAVES_KEY, FIELDS_KEY, *LEADING)
    only_fields = True
    outcomes = ("stated",)
    is_start = True
    endings: ClassVar[Mapping[str, str]] = {"stated": phrase("stated the need")}
    replies: ClassVar[Mapping[str, str]] = {"stated": phrase("Thank you. We know what you need")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(_Question):
    """Its fields are required with the outcome that is ``answering``; with others, of the designer's own, each of them
    may be left out. Without fields it asks only that somebody says that he has read it."""

    type = "ask"
    is_noun = False
    keys = (*NAMING, *WAITING, FIELDS_KEY, OPTIONAL_KEY, *LEADING)
    in_race = True
    only_fields = True
    outcomes = ("answered",)
    open_outcomes = True
    only_waits = True
    endings: ClassVar[Mapping[str, str]] = {"answered": phrase("answered: %(title)s")}
    replies: ClassVar[Mapping[str, str]] = {"answered": phrase("Thank you. We have your answer")}

    def knows(self, outcome: str) -> bool:
        """An outcome that is nearly one of the type's own is taken for a slip."""
        return outcome in self.possible or not (outcome == SKIPPED or near(outcome, (*self.possible, EXPIRED)))

    def replied(
        self, reader: Words, outcome: str, saved: Mapping[str, Any], about: Mapping[str, str], way: str = ""
    ) -> str:
        if outcome in self.replies or self.is_skipping(outcome):
            return State.replied(self, reader, outcome, saved, about, way)
        return reader.say("Thank you. We have your answer: %(way)s", way=way or self.word_of(outcome))

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        return of_fields(self.fields, internal=False, required=self.surely(outcome))

    def surely(self, outcome: str) -> bool:
        return outcome == self.answering
