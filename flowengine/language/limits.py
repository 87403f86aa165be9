"""Limits on what is chosen, or wins, by an attribute of the options: one goalkeeper, at most four defenders.

Options are of *kinds*: the values of one attribute, as text. Each kind may have a least and a most; what has no limit
has neither. The choices that keep the limits of one attribute are the bases of a matroid (a truncated partition with
lower bounds), so that a choice that can be completed is found by looking at its kinds alone, that taking the best one
after the other as long as the rest stays possible gives the best choice, and that it is the only best one where no
exchange of one for one is as good (J. Edmonds, *Matroids and the greedy algorithm*, 1971).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flowengine.problem import Place
from flowengine.speech.phrases import listing, phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many there are of one kind: at least ``min``, at most ``max`` (None: any number)."""

    min: int = 0
    max: int | None = None
    place: Place = field(default=Place(), compare=False)

    @property
    def words(self) -> str:
        """The limit as a person says it."""
        if self.max is None:
            return phrase("at least %(number)s", number=self.min)
        if self.min == self.max:
            return phrase("exactly %(number)s", number=self.min) if self.max else phrase("none")
        if self.min:
            return phrase("%(low)s to %(high)s", low=self.min, high=self.max)
        return phrase("at most %(number)s", number=self.max)

    def has(self, number: int) -> bool:
        return self.min <= number and (self.max is None or number <= self.max)


_FREE = Limit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits by one attribute. ``of`` are those of its values, as text."""

    by: str = ""
    of: Mapping[str, Limit] = field(default_factory=dict)
    place: Place = field(default=Place(), compare=False)

    def __bool__(self) -> bool:
        return bool(self.of)

    def kind(self, option: Mapping[str, Any]) -> str:
        """The kind of an option by its attributes; empty where it has none."""
        value = option.get(self.by)
        if isinstance(value, bool):
            return str(value).lower()
        return str(value) if isinstance(value, str | int | Decimal) else ""

    def limit(self, kind: str) -> Limit:
        """The limit of a kind."""
        return self.of.get(kind, _FREE)

    def broken(self, taken: Mapping[str, int]) -> dict[str, Limit]:
        """The kinds of which there are too few or too many."""
        return {kind: limit for kind, limit in self.of.items() if not limit.has(taken.get(kind, 0))}

    def may_take(self, kind: str, taken: Mapping[str, int], most: int) -> bool:
        """Whether there is room for one more of the kind beside what is ``taken``, of ``most`` in all, so that what is
        still lacking of others keeps its room."""
        number, limit = taken.get(kind, 0), self.limit(kind)
        if limit.max is not None and number >= limit.max:
            return False
        lacking = self.lacking(taken) - (number < limit.min)
        return sum(taken.values()) + 1 + lacking <= most

    def lacking(self, taken: Mapping[str, int]) -> int:
        """How many more there must be at least beside what is ``taken``."""
        return sum(max(0, limit.min - taken.get(kind, 0)) for kind, limit in self.of.items())

    def may_replace(self, one: str, other: str, taken: Mapping[str, int]) -> bool:
        """Whether one of the kind ``other`` could be there instead of one of the kind ``one``."""
        if one == other:
            return True
        most = self.limit(other).max
        return (most is None or taken.get(other, 0) < most) and taken.get(one, 0) > self.limit(one).min

    def most(self, there: Mapping[str, int]) -> int:
        """How many can be taken at most of those that are there, by their kinds."""
        tops = ((number, self.limit(kind).max) for kind, number in there.items())
        return sum(number if top is None else min(number, top) for number, top in tops)

    def impossible(self, there: Mapping[str, int], least: int, most: int) -> str:
        """Why nobody can take from ``least`` to ``most`` of those that are there, by their kinds; empty where it is
        possible."""
        for kind, limit in self.of.items():
            if limit.min > there.get(kind, 0):
                return f"{limit.words} of {self.by} {kind!r} must be taken, but there are {there.get(kind, 0)}"
        if self.lacking({}) > most:
            return f"its limits ask for at least {self.lacking({})}, but at most {most} are taken"
        if self.most(there) < least:
            return f"its limits leave room for {self.most(there)}, but at least {least} are taken"
        return ""

    @property
    def words(self) -> str:
        """All limits on one line: ``position: exactly 1 goalkeeper, at most 4 defender``."""
        return listing(
            (f"{self.by}:", listing((listing((one.words, kind), " ") for kind, one in self.of.items()))), " "
        )


NO_LIMITS = Limits()
