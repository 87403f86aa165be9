"""``vote``: a group of customers decides, by one of several methods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from flowengine import exact
from flowengine.language.expressions import Expression
from flowengine.language.limits import NO_LIMITS, Limits
from flowengine.language.model import Fact, Ids, Limited, Meant, State
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
from flowengine.speech.phrases import phrase

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
_OF_ROUND: dict[str, Shape] = {
    "quota": DOUBLE,
    "tally": Record({}, DOUBLE),
    "exhausted": DOUBLE,
    "elected": _TEXTS,
    "eliminated": _TEXTS,
}

MOST_RANKED = 100
"""Options that can be ranked: each may take a round to drop out, and the rounds are kept."""

_WITHOUT_RULE = {
    "ranking": "what wins is what reaches the quota, with one seat more than half of what still counts",
    "score": "the highest sums win",
}
SMALLEST_BATCH = 5
"""New ballots that must come together before the tally of a secret vote is shown anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote(State):
    """Members of a group (or listed people) vote until ``within``; who may vote is frozen when it opens.

    A ballot names up to ``seats`` options (``plurality``), any that it approves of (``approval``), or some in their
    order (``ranking``), or gives them whole numbers from 0 to ``highest`` (``score``). ``rule`` is for the first two.
    With ``limits`` no more, and no fewer, of each kind win than these say. With ``live`` the tally is shown while it
    runs, of a secret vote in batches of so many ballots.

    ``quorum`` is the share of the electorate's weight that must be cast (0 to 1). ``tie`` is ``outcome`` (end as
    ``tied``) or ``first`` (the option listed first wins). ``weight`` is an expression on ``member``.
    """

    type = "vote"
    keys = (
        *NAMING, *(key for key in WAITING if key is not ESCALATE_KEY), *LEADING,
        Key("of", ELECTORATE, "Who may vote: {group: name}, {people: expression} or customers.", True),
        Key("options", SOURCE, "A list, the name of the process's options, or '{expression}'.", True, gives="list"),
        Key("method", OneOf(("plurality", "approval", "ranking", "score")),
            "What a ballot says: what it is for (plurality, unless given), all it approves of, a ranking, or scores."),
        Key("seats", Number(1, 1_000), "How many options win; 1 unless given."),
        Key("highest", Number(1, 100), "With 'method: score', the highest score; 5 unless given."),
        Key("limits", LIMITS, "How many of each kind may win, by an attribute of the options: {position: {x: 1}}."),
        Key("quorum", Number(0, 1, fraction=True), "The share of the electorate that must vote, from 0 to 1."),
        Key("rule", OneOf(("plurality", "majority", "two_thirds")),
            "By plurality and approval, what wins: the most, unless given, or a share of what is cast."),
        Key("weight", EXPRESSION, "The weight of a member's vote: an expression on 'member'.", gives="number",
            variables=("member",)),
        Key("secret", FLAG, "Whether nobody sees who voted what; true unless given."),
        Key("changeable", FLAG, "Whether a vote may be changed until the end; true unless given."),
        Key("abstain", FLAG, "Whether a ballot may abstain: it counts for the quorum, and not for the result."),
        Key("early", FLAG, "Whether it closes as soon as the result is certain."),
        Key("live", Number(1, 1_000_000), "The tally is shown while it runs: 1, at each ballot; of a secret vote in "
            "batches of so many ballots, 5 or more."),
        Key("tie", OneOf(("outcome", "first")), "A tie: the outcome 'tied', or the option listed first wins."),
    )  # fmt: skip
    in_race = True
    outcomes = ("decided", "no_quorum", "tied")
    rare = frozenset(("no_quorum", "tied"))
    expires = False
    customer = True
    only_waits = True
    settled_at_entry = ("options", "weight")
    moves: ClassVar[Mapping[str, str]] = {
        "vote": phrase("voted%(choice)s: %(what)s"),
        "abstain": phrase("abstained: %(what)s"),
    }
    endings: ClassVar[Mapping[str, str]] = {
        "decided": phrase("the vote closed: decided"),
        "no_quorum": phrase("the vote closed: no quorum"),
        "tied": phrase("the vote closed: tied"),
    }

    replies: ClassVar[Mapping[str, str]] = {
        "vote": phrase("Thank you. Your vote is in%(choice)s: %(what)s"),
        "abstain": phrase("You have abstained: %(what)s"),
        "decided": phrase("With that the vote is decided%(choice)s"),
        "no_quorum": phrase("With that the vote is over: too few have voted"),
        "tied": phrase("With that the vote is over: it is a tie"),
    }

    of: Audience = Audience(kind="customers")
    options: str | tuple[Option, ...] | Expression = ()
    method: Literal["plurality", "approval", "ranking", "score"] = "plurality"
    seats: int = 1
    highest: int = 5
    limits: Limits = NO_LIMITS
    quorum: exact.Number = 0
    rule: Literal["plurality", "majority", "two_thirds"] = "plurality"
    weight: Expression | None = None
    secret: bool = True
    changeable: bool = True
    abstain: bool = False
    early: bool = False
    live: int = 0
    tie: Literal["outcome", "first"] = "outcome"

    @classmethod
    def settle(cls, values: Values, reading: Reading) -> None:
        if "limits" in values and values.get("seats", 1) == 1:
            message = "limits are for several winners: there is one seat"
            raise reading.refuse(values.places["limits"], "bad-number", message, "say seats, or leave limits out")
        method = values.get("method", "plurality")
        if "rule" in values and method in _WITHOUT_RULE:
            message = f"a vote by {method} has no 'rule': {_WITHOUT_RULE[method]}"
            raise reading.refuse(values.places["rule"], "too-many-keys", message, "leave out 'rule'")
        if "limits" in values and method == "ranking":
            message = "a vote by ranking has no 'limits': who drops out could be one that must win"
            raise reading.refuse(values.places["limits"], "too-many-keys", message, "take another method: approval")
        if "highest" in values and method != "score":
            message = f"'highest' is for scores, and a ballot by {method} gives none"
            raise reading.refuse(values.places["highest"], "too-many-keys", message, "leave it out, or: method: score")
        if "live" in values:
            _settle_live(values["live"], values, reading)

    @property
    def answered_by_several(self) -> bool:
        return True

    @property
    def thanked(self) -> frozenset[str]:
        return frozenset(("vote",))

    @property
    def thankable(self) -> tuple[str, ...]:
        told = self.abstain and not self.secret  # that somebody abstained is his secret
        return ("vote", "abstain") if told else ("vote",)

    @property
    def shown_while_it_runs(self) -> Literal["", "batches", "whole"]:
        return "" if not self.live else "batches" if self.secret else "whole"

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
        """With the first listed as the winner of a tie, nobody wins only where a rule asks for a share, where each
        ballot may be for nothing, or where of a kind that must win nobody was voted for."""
        for_nothing = self.abstain or self.method in ("approval", "score")
        needy = any(one.min for one in self.limits.of.values())
        can_tie = self.tie == "outcome" or self.rule != "plurality" or for_nothing or needy
        return self.outcomes if can_tie else ("decided", "no_quorum")

    @property
    def chosen_from(self) -> Iterator[tuple[str, object, int, Place]]:
        yield "seats are to be filled", self.options, self.seats, self.place

    @property
    def most_options(self) -> int | None:
        return MOST_RANKED if self.method == "ranking" else None

    @property
    def limited(self) -> Iterator[Limited]:
        if self.limits:
            yield Limited(f"{self.name}.options", self.options, self.limits, self.seats, self.seats)

    @property
    def names(self) -> Iterator[Meant]:
        if isinstance(self.options, str):
            yield Meant("options", self.options, self.place)

    @property
    def ids(self) -> Iterator[Ids]:
        for key in ("winner", "winners", "tied"):
            yield Ids(key, self.options, titles=("titles",))

    @property
    def takes_another_answer(self) -> bool:
        return self.changeable

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        ids = [option_key(one.id) for one in options_of(self.options, lists.options)]
        winner = of_values([*ids, *(() if outcome == "decided" else ("",))]) if ids else TEXT
        winners = ListOf(winner, int(outcome == "decided"))
        saved = _SAVED | {"winner": winner, "winners": winners}
        if isinstance(self.options, Expression):
            saved["titles"] = Record({}, TEXT)
        if self.abstain:
            saved["abstained"] = INT
        if self.method == "ranking":
            saved["rounds"] = ListOf(_all_there(_OF_ROUND))
        return _all_there(saved)

    def told_keys(self, keys: frozenset[str]) -> frozenset[str]:
        return frozenset(("winner", "winners", "titles")) & keys

    def facts(self, saved: Mapping[str, Any], options: Mapping[str, tuple[Option, ...]]) -> Iterator[Fact]:
        if saved.get("winner"):
            titles, listed = saved.get("titles"), options_of(self.options, options)
            known = titles if isinstance(titles, Mapping) else {}
            winners = [known.get(one) or option_title(listed, one) for one in saved.get("winners") or [saved["winner"]]]
            yield Fact(self.title, ", ".join(winners))


def _all_there(members: Mapping[str, Shape]) -> Record:
    return Record({name: Slot(shape) for name, shape in members.items()})


def _settle_live(batch: int, values: Values, reading: Reading) -> None:
    """What a vote tells while it runs must not tell a secret ballot."""
    place = values.places["live"]
    if not values.get("secret", True):
        if batch != 1:
            message = "the ballots of an open vote are known one by one, so that its tally is shown at each"
            raise reading.refuse(place, "bad-number", message, "write live: 1")
    elif batch < SMALLEST_BATCH:
        message = f"{batch} new ballots are too few to hide one among: a secret vote needs {SMALLEST_BATCH}"
        raise reading.refuse(place, "bad-number", message, f"write {SMALLEST_BATCH} or more")
    elif "weight" in values:
        message = "the tally of a secret vote cannot be 'live' with 'weight': a sum of weights tells whose they are"
        raise reading.refuse(place, "too-many-keys", message, "leave out one, or: secret: false")
    elif values.get("changeable", True):
        message = "the tally of a secret vote cannot be 'live' while ballots change: what one takes back would show"
        raise reading.refuse(place, "too-many-keys", message, "write changeable: false beside it")
