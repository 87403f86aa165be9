"""``tell``: somebody is told something, and nothing is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from flowengine.language.model import State
from flowengine.language.parser.audiences import READERS
from flowengine.language.parser.common_keys import LEADING, SHOWS_KEY, TITLE_KEY
from flowengine.language.parser.records import Key
from flowengine.language.parser.scalars import TEXT
from flowengine.language.parts import Audience


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell(State):
    """The words and lines are fixed when the job comes by, and are in the history from then on."""

    type = "tell"
    is_noun = False
    keys = (
        TITLE_KEY, SHOWS_KEY, *LEADING,
        Key("to", READERS, "Who is told: customer, everyone who took part, a role, a person or a group.", True),
        Key("say", TEXT, "What they are told: a text with expressions in braces.", True, "ask"),
    )  # fmt: skip
    words_key = "say"
    outcomes = ("told",)
    passes = True
    symbol = "tell"

    to: tuple[Audience, ...] = ()

    @property
    def readers(self) -> tuple[Audience, ...]:
        return self.to
