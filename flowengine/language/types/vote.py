"""``vote``: a group of customers decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from flowengine import exact
from flowengine.language.expressions import Expression
from flowengine.language.limits import NO_LIMITS, Limits
from flowengine.language.model import Fact, Limited, Meant, State
from flowengine.language.parser.audiences import ELECTORATE
from flowengine.language.parser.common_keys import ESCALATE_KEY, LEADING, NAMING, WAITING
from flowengine.language.parser.options import LIMITS, SOURCE
from flowengine.language.parser.records import Key, Values
from flowengine.language.parser.scalars import EXPRESSION, FLAG
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Number, OneOf
from flowengine.language.parts import Audience, Option, option_key, option_title, options_of
from flowengine.language.value_shapes import DOUBLE, INT, TEXT, ListOf, Lists, Record, Shape, Slot, of_values
from flowengine.problem import Place

_TEXTS = ListOf(TEXT)
_SAVED: dict[str, Shape] = {
    "winner": TEXT,
    "winners": _TEXTS,
    "tied": _TEXTS,
    "tally": Record({}, DOUBLE),
    "cast": INT,
    "voters": INT,
    "turnout": DOUBLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote(State):
    """Members of a group (or listed people) vote until ``within``; who may vote is frozen when it opens.

    With ``limits`` no more, and no fewer, of each kind win than these say. ``quorum`` is the share of the electorate's
    weight that must be cast (0 to 1). ``tie`` is ``outcome`` (end as ``tied``) or ``first`` (the option listed first
    wins). ``weight`` is an expression on ``member``.
    """

    type = "vote"
    keys = (
        *NAMING, *(key for key in WAITING if key is not ESCALATE_KEY), *LEADING,
        Key("of", ELECTORATE, "Who may vote: {group: name}, {people: expression} or customers.", True),
        Key("options", SOURCE, "A list, the name of the process's options, or '{expression}'.", True, gives="list"),
        Key("seats", Number(1, 1_000), "How many options win; 1 unless given."),
        Key("limits", LIMITS, "How many of each kind may win, by an attribute of the options: {position: {x: 1}}."),
        Key("quorum", Number(0, 1, fraction=True), "The share of the electorate that must vote, from 0 to 1."),
        Key("rule", OneOf(("plurality", "majority", "two_thirds")), "What wins; plurality unless given."),
        Key("weight", EXPRESSION, "The weight of a member's vote: an expression on 'member'.", gives="number",
            variables=("member",)),
        Key("secret", FLAG, "Whether nobody sees who voted what; true unless given."),
        Key("changeable", FLAG, "Whether a vote may be changed until the end; true unless given."),
        Key("early", FLAG, "Whether it closes as soon as the result is certain."),
        Key("tie", OneOf(("outcome", "first")), "A tie: the outcome 'tied', or the option listed first wins."),
    )  # fmt: skip
    in_race = True
    outcomes = ("decided", "no_quorum", "tied")
    rare = frozenset(("no_quorum", "tied"))
    expires = False
    customer = True
    only_waits = True
    settled_at_entry = ("options", "weight")
    moves: ClassVar[Mapping[str, str]] = {"vote": "voted{choice}: {what}"}
    endings: ClassVar[Mapping[str, str]] = {
        "decided": "the vote closed: decided",
        "no_quorum": "the vote closed: no quorum",
        "tied": "the vote closed: tied",
    }

    of: Audience = Audience(kind="customers")
    options: str | tuple[Option, ...] | Expression = ()
    seats: int = 1
    limits: Limits = NO_LIMITS
    quorum: exact.Number = 0
    rule: Literal["plurality", "majority", "two_thirds"] = "plurality"
    weight: Expression | None = None
    secret: bool = True
    changeable: bool = True
    early: bool = False
    tie: Literal["outcome", "first"] = "outcome"

    @classmethod
    def settle(cls, values: Values, reading: Reading) -> None:
        if "limits" in values and values.get("seats", 1) == 1:
            message = "limits are for several winners: there is one seat"
            raise reading.refuse(values.places["limits"], "bad-number", message, "say seats, or leave limits out")

    @property
    def answered_by_several(self) -> bool:
        return True

    @property
    def audience(self) -> tuple[Audience, ...]:
        return (self.of,)

    def refuses(self, outcome: str) -> bool:
        return False  # the clock closes it, or the last ballot

    @property
    def alone(self) -> tuple[str, ...]:
        return ("no_quorum",)  # where nobody votes, there is none

    @property
    def must_lead(self) -> tuple[str, ...]:
        """With the first listed as the winner of a tie, only a rule that asks for a share can leave no winner, or a
        least that nobody was voted for."""
        needy = any(one.min for one in self.limits.of.values())
        can_tie = self.tie == "outcome" or self.rule != "plurality" or needy
        return self.outcomes if can_tie else ("decided", "no_quorum")

    @property
    def chosen_from(self) -> Iterator[tuple[str, object, int, Place]]:
        yield "seats are to be filled", self.options, self.seats, self.place

    @property
    def limited(self) -> Iterator[Limited]:
        if self.limits:
            yield Limited(f"{self.name}.options", self.options, self.limits, self.seats, self.seats)

    @property
    def names(self) -> Iterator[Meant]:
        if isinstance(self.options, str):
            yield Meant("options", self.options, self.place)

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        ids = [option_key(one.id) for one in options_of(self.options, lists.options)]
        winner = of_values([*ids, *(() if outcome == "decided" else ("",))]) if ids else TEXT
        winners = ListOf(winner, int(outcome == "decided"))
        return Record({name: Slot(shape) for name, shape in (_SAVED | {"winner": winner, "winners": winners}).items()})

    def told_keys(self, keys: frozenset[str]) -> frozenset[str]:
        return frozenset(("winner",))

    def facts(self, saved: Mapping[str, Any], options: Mapping[str, tuple[Option, ...]]) -> Iterator[Fact]:
        if saved.get("winner"):
            yield Fact(self.title, option_title(options_of(self.options, options), saved["winner"]))

    def titles(self, options: Mapping[str, tuple[Option, ...]]) -> Mapping[str, str]:
        return {str(option.id): option.title for option in options_of(self.options, options)}
