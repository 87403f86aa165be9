"""``race``: several things are offered at once, and the first outcome closes the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowengine.language.expressions import Expression
from flowengine.language.model import State
from flowengine.language.parser.common_keys import ATTENTION_KEY, LEADING, NAMING, SAVES_KEY, WITHIN_KEY
from flowengine.language.parser.records import Key, Values
from flowengine.language.parser.session import Reading
from flowengine.language.parser.states import MEMBERS
from flowengine.language.parts import EXPIRED
from flowengine.language.value_shapes import Lists, Saved, union


@dataclass(frozen=True, slots=True, kw_only=True)
class Race(State):
    """Offers all members at once; the first outcome closes the others.

    Its outcomes are ``member`` and ``member.outcome``; the longer one is looked for first. What it is asked, it asks
    its members: this is the one place that does.
    """

    type = "race"
    keys = (
        *NAMING, SAVES_KEY, WITHIN_KEY, ATTENTION_KEY, *LEADING,
        Key("of", MEMBERS, "What is offered at once: the first outcome closes the others.", True),
    )  # fmt: skip
    symbol = "several"

    of: Mapping[str, State] = field(default_factory=dict)

    @classmethod
    def settle(cls, values: Values, reading: Reading) -> None:
        """``next`` stands for every member without an entry of its own in ``on``."""
        following = values.pop("next", None)
        if following is not None:
            on = values.setdefault("on", {})
            for member in values["of"]:
                on.setdefault(member, following)

    @property
    def members(self) -> Mapping[str, State]:
        return self.of

    def member(self, name: str) -> State:
        return self.of.get(name, self)

    def _split(self, outcome: str) -> tuple[State | None, str]:
        """The member that an outcome is of, and the member's own outcome."""
        name, _, rest = outcome.partition(".")
        return self.of.get(name), rest

    @property
    def for_customers(self) -> bool:
        return any(member.for_customers for member in self.of.values())

    @property
    def has_deadline(self) -> bool:
        return self.within is not None or any(member.has_deadline for member in self.of.values())

    @property
    def begins(self) -> tuple[str, ...]:
        return tuple(name for member in self.of.values() for name in member.begins)

    @property
    def possible(self) -> tuple[str, ...]:
        found: list[str] = []
        for name, member in self.of.items():
            found += [name, *(f"{name}.{outcome}" for outcome in member.possible)]
        return (*found, EXPIRED) if self.within is not None else tuple(found)

    @property
    def alone(self) -> tuple[str, ...]:
        found = [(name, f"{name}.{outcome}") for name, member in self.of.items() for outcome in member.alone]
        routed = tuple(long if long in self.on else name for name, long in found)
        return (*routed, EXPIRED) if self.within is not None else routed

    @property
    def moments(self) -> tuple[tuple[str, Expression], ...]:
        found = [(name, f"{name}.{one}", when) for name, member in self.of.items() for one, when in member.moments]
        return tuple((long if long in self.on else name, when) for name, long, when in found)

    @property
    def ending(self) -> tuple[str, ...]:
        """Each member's outcomes: those that the race names, and all of one that it routes as a whole."""
        named = [outcome for outcome in self.on if "." in outcome]
        whole = [f"{name}.{one}" for name in self.of if name in self.on for one in self.of[name].possible]
        return (*dict.fromkeys((*named, *whole)), *((EXPIRED,) if self.within is not None else ()))

    @property
    def must_lead(self) -> tuple[str, ...]:
        """What the members need; a member's name alone catches all of its outcomes."""
        routed = {outcome.partition(".")[0] for outcome in self.on if "." in outcome}
        found: list[str] = []
        for name, member in self.of.items():
            if name not in self.on:
                timed = (EXPIRED,) if EXPIRED in member.possible else ()
                needed = (*member.must_lead, *timed)
                found += [f"{name}.{outcome}" for outcome in needed] if name in routed else [name]
        return tuple(outcome for outcome in found if outcome not in self.on)

    def knows(self, outcome: str) -> bool:
        member, rest = self._split(outcome)
        if member is None:
            return outcome == EXPIRED and self.within is not None
        return "." not in outcome or member.knows(rest)

    def is_rare(self, outcome: str) -> bool:
        member, rest = self._split(outcome)
        return outcome == EXPIRED or (member is not None and bool(rest) and member.is_rare(rest))

    def is_usual(self, outcome: str) -> bool:
        """A clock in a race is a deadline, unless there is nothing else in it."""
        member, _ = self._split(outcome)
        timed = member is not None and member.symbol == "clock"
        return not (timed and any(one.symbol != "clock" for one in self.of.values())) and not self.is_rare(outcome)

    def refuses(self, outcome: str) -> bool:
        member, rest = self._split(outcome)
        return outcome != EXPIRED and (member is None or member.refuses(rest))

    def saved(self, outcome: str, lists: Lists) -> Saved | None:
        """A member's name alone saves what any of the outcomes saves that have no way of their own."""
        name, _, rest = outcome.partition(".")
        member = self.of.get(name)
        if member is None:
            return None
        endings = [rest] if rest else [one for one in member.possible if f"{name}.{one}" not in self.on]
        found = [member.saved(ending, lists) for ending in endings]
        saved = [one for one in found if one is not None]
        if not saved:
            return None
        shape, sure = saved[0].shape, len(saved) == len(found) and all(one.sure for one in saved)
        for one in saved[1:]:
            shape = union(shape, one.shape)
        home = tuple((member.saves or self.saves or self.name).split("."))
        return Saved(home, shape, sure, any(one.internal for one in saved))
