"""The counting of votes: pure functions on weights.

The rules are those of the literature: plurality and absolute majority as in H. Nurmi, *Comparing Voting Systems*
(1987), with several seats as block voting (each voter names up to as many options as there are seats, each for the
voter's whole weight); two thirds is the qualified majority of parliamentary practice (*Robert's Rules of Order*).
Approval is counted alike, of ballots that name as many as they like (S. Brams and P. Fishburn, *Approval Voting*,
1983); of scores the sum decides. Ranked ballots are counted elsewhere (:mod:`flowengine.core.ranked`).

Weights are counted in whole millionths, so that sums do not depend on the order of the ballots and equal sums are
equal. A majority is counted of what was cast, not of the electorate, and not of those who abstained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from flowengine.exact import Number
from flowengine.language.limits import NO_LIMITS, Limits

Rule = Literal["plurality", "majority", "two_thirds"]

UNIT = 1_000_000
"""Parts of a weight of 1 that are told apart."""

LARGEST = 10**9
"""The largest weight that an electorate may have."""


def parts(weight: Number) -> int:
    """A weight in whole millionths."""
    return round(weight * UNIT)


def weighing(parts: int) -> Number:
    """The weight that so many millionths are."""
    return parts // UNIT if parts % UNIT == 0 else Decimal(parts).scaleb(-6).normalize()


def add(tally: Mapping[str, Number], given: Mapping[str, int], weight: Number) -> dict[str, Number]:
    """The tally with a ballot more, which gives so many times its weight to each option; a negative weight takes one
    back."""
    changed = dict(tally)
    for option, times in given.items():
        changed[option] = weighing(parts(changed.get(option, 0)) + times * parts(weight))
    return changed


def total(one: Number, other: Number) -> Number:
    """The sum of two weights, exact to the millionth."""
    return weighing(parts(one) + parts(other))


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A vote as it stands. ``options`` are in the order in which they are listed; ``tally`` knows each of them.

    ``weight`` is the electorate's, ``cast`` that of those who have voted, ``abstained`` that of those of them who
    abstained; ``quorum`` the share of the first that the second must reach. A ballot gives an option ``most`` times its
    weight at most. With ``listed_first`` a tie goes to the option listed first.
    """

    options: Sequence[str]
    tally: Mapping[str, Number]
    weight: Number
    cast: Number
    abstained: Number = 0
    most: int = 1
    seats: int = 1
    rule: Rule = "plurality"
    quorum: Number = 0
    listed_first: bool = False
    kinds: Mapping[str, str] = field(default_factory=dict)
    """The kind of each option that has one."""
    limits: Limits = NO_LIMITS
    """How many of each kind may win, and must."""

    def taken(self, options: Iterable[str]) -> Counter[str]:
        """How many options there are of each kind."""
        return Counter(self.kinds.get(option, "") for option in options)

    @property
    def counted(self) -> int:
        """What a majority is one of, in millionths."""
        return parts(self.cast) - parts(self.abstained)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a vote ends. ``winners`` in the order of their weight, the same weight in the order listed.

    ``tied`` are the options among which the last seat (or seats) could not be decided.
    """

    outcome: Literal["decided", "no_quorum", "tied"]
    winners: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()


def has_quorum(count: Count) -> bool:
    """Whether enough was cast. Who abstains has voted; a vote in which nobody votes has no quorum, whatever the
    share."""
    return parts(count.cast) > 0 and parts(count.cast) >= Fraction(count.quorum) * parts(count.weight)


def result(count: Count) -> Outcome:
    """How the vote ends if it closes now.

    The options that meet the rule win the seats in the order of their weight, each as long as the limits leave room for
    it and what is still lacking of other kinds keeps its room; a seat for which no option is left stays empty. ``tied``
    when an option has the same weight as a winner whose seat it could have as well, when no option meets the rule, or
    when fewer of a kind meet it than there must be.
    """
    if not has_quorum(count):
        return Outcome(outcome="no_quorum")
    ranked = _ranked(count)
    meeting = [option for option in ranked if _meets(count.rule, _of(count, option), count.counted)]
    if not meeting:
        return Outcome(outcome="tied", tied=_level(count, ranked, _of(count, ranked[0])) if ranked else ())
    there = count.taken(meeting)
    lacking = [kind for kind, limit in count.limits.of.items() if limit.min > there[kind]]
    if lacking:
        return Outcome(outcome="tied", tied=tuple(one for one in count.options if count.kinds.get(one) in lacking))
    winners = _elected(count, meeting)
    level = _exchangeable(count, winners, meeting)
    if level and not count.listed_first:
        return Outcome(outcome="tied", tied=level)
    return Outcome(outcome="decided", winners=tuple(winners))


def certain(count: Count) -> bool:
    """Whether no ballot that is still to come can change the outcome, who wins, or who comes first.

    Ballots that were cast are taken to stay as they are. It errs to the side of waiting.
    """
    left = parts(count.weight) - parts(count.cast)
    if not has_quorum(count):
        return left <= 0
    if left <= 0:
        return True
    now = result(count)
    if now.outcome == "tied":
        return not any(_can_meet(count, option, left) for option in count.options)
    taken, kinds = count.taken(now.winners), count.kinds
    if len(now.winners) < min(count.seats, count.limits.most(count.taken(count.options))):
        return False
    if not all(_surely_meets(count, option, left) for option in now.winners):
        return False
    others = [option for option in count.options if option not in now.winners]
    safe = all(
        _stays_ahead(count, winner, other, left)
        for winner in now.winners
        for other in others
        if count.limits.may_replace(kinds.get(winner, ""), kinds.get(other, ""), taken)
    )
    first = now.winners[0]
    return safe and all(_stays_ahead(count, first, other, left, listed_first=True) for other in now.winners[1:])


def _of(count: Count, option: str) -> int:
    return parts(count.tally.get(option, 0))


def _ranked(count: Count) -> list[str]:
    return sorted(count.options, key=lambda option: -_of(count, option))


def _level(count: Count, options: Sequence[str], weight: int) -> tuple[str, ...]:
    return tuple(option for option in options if _of(count, option) == weight)


def _elected(count: Count, ranked: Sequence[str]) -> list[str]:
    """Who has the seats: one after the other, as the limits let them."""
    winners: list[str] = []
    taken: Counter[str] = Counter()
    for option in ranked:
        kind = count.kinds.get(option, "")
        if count.limits.may_take(kind, taken, count.seats):
            winners.append(option)
            taken[kind] += 1
    return winners


def _exchangeable(count: Count, winners: Sequence[str], ranked: Sequence[str]) -> tuple[str, ...]:
    """The winners whose seats others of the same weight could have as well, and these others."""
    taken, winning = count.taken(winners), frozenset(winners)
    ins: dict[int, set[str]] = {}
    outs: dict[int, set[str]] = {}
    for option in ranked:
        (ins if option in winning else outs).setdefault(_of(count, option), set()).add(count.kinds.get(option, ""))
    pairs = [
        (weight, one, other)
        for weight, others in outs.items()
        for one in ins.get(weight, ())
        for other in others
        if count.limits.may_replace(one, other, taken)
    ]
    level = {(weight, one, True) for weight, one, _ in pairs} | {(weight, other, False) for weight, _, other in pairs}
    return tuple(one for one in ranked if (_of(count, one), count.kinds.get(one, ""), one in winning) in level)


def _meets(rule: Rule, weight: int, cast: int) -> bool:
    if rule == "majority":
        return 2 * weight > cast
    if rule == "two_thirds":
        return 3 * weight >= 2 * cast and weight > 0
    return weight > 0


def _surely_meets(count: Count, option: str, left: int) -> bool:
    """Whether the option meets the rule even if all that is left goes elsewhere."""
    return _meets(count.rule, _of(count, option), count.counted + left)


def _can_meet(count: Count, option: str, left: int) -> bool:
    """Whether the option can meet the rule if all that is left goes to it."""
    return _meets(count.rule, _of(count, option) + count.most * left, count.counted + left)


def _stays_ahead(count: Count, one: str, other: str, left: int, *, listed_first: bool = False) -> bool:
    """Whether one option beats another even if all that is left goes to the other."""
    lead = _of(count, one) - _of(count, other) - count.most * left
    if lead == 0 and (listed_first or count.listed_first):
        options = list(count.options)
        return options.index(one) < options.index(other)
    return lead > 0
