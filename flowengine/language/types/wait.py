"""``wait``: the clock."""

from __future__ import annotations

from dataclasses import dataclass

from flowengine.language.expressions import Expression
from flowengine.language.model import State
from flowengine.language.parser.common_keys import LEADING, NAMING
from flowengine.language.parser.lengths import WHEN
from flowengine.language.parser.records import Key
from flowengine.language.parser.scalars import EXPRESSION
from flowengine.language.parts import When


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(State):
    """``for``: a duration, or an expression that gives one; ``until``: an expression that gives a moment or a date."""

    type = "wait"
    keys = (
        *NAMING, *LEADING,
        Key("for", WHEN, "How long: a duration, working time, or '{expression}'.", into="for_", gives="span or moment"),
        Key("until", EXPRESSION, "Until when: an expression that gives a date or a time.", gives="moment"),
    )  # fmt: skip
    exactly_one = ("for", "until")
    in_race = True
    outcomes = ("elapsed",)
    symbol = "clock"

    for_: When | None = None
    until: Expression | None = None

    @property
    def elapses(self) -> bool:
        return True

    @property
    def has_deadline(self) -> bool:
        return True

    @property
    def alone(self) -> tuple[str, ...]:
        return self.outcomes

    @property
    def times(self) -> tuple[When, ...]:
        return tuple(one for one in (self.for_, self.until) if one is not None)

    @property
    def moments(self) -> tuple[tuple[str, Expression], ...]:
        return ((self.outcomes[0], self.until),) if self.until is not None else ()

    @property
    def detail(self) -> str | When:
        value = self.for_ if self.for_ is not None else self.until
        return value if value is not None else ""
