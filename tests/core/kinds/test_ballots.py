"""The counting of votes, against a recount that knows nothing of increments and bounds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, product

import pytest
import votelib.convert
from hypothesis import given
from hypothesis import strategies as st
from votelib.evaluate.core import Plurality, Tie

from flowengine.core import ballots
from flowengine.core.ballots import Count, Outcome, certain, result
from flowengine.exact import Number

OPTIONS = ["a", "b", "c", "d"]
RULES = ["plurality", "majority", "two_thirds"]
WEIGHTS = st.one_of(st.integers(1, 5), st.decimals("0.1", "3", places=1).map(float))


@st.composite
def votes(draw: st.DrawFn, *, most: int = 8) -> tuple[list[tuple[float, list[str]]], dict[str, object]]:
    """An electorate in which each voter has a weight and a ballot, and the rules of the vote."""
    seats = draw(st.integers(1, 3))
    ballot = st.lists(st.sampled_from(OPTIONS), min_size=1, max_size=seats, unique=True)
    cast = draw(st.lists(st.tuples(WEIGHTS, ballot), min_size=1, max_size=most))
    rules = {
        "seats": seats,
        "rule": draw(st.sampled_from(RULES)),
        "quorum": draw(st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0])),
        "listed_first": draw(st.booleans()),
    }
    return cast, rules


def added(tally: Mapping[str, Number], options: Iterable[str], weight: float) -> dict[str, Number]:
    """The tally with a ballot more for each of the options."""
    return ballots.add(tally, dict.fromkeys(options, 1), weight)


def counted(cast: list[tuple[float, list[str]]], voting: int, rules: dict[str, object]) -> Count:
    """The vote once the first ``voting`` of the electorate have voted, counted ballot by ballot."""
    tally = dict.fromkeys(OPTIONS, 0.0)
    weight = total = 0.0
    for number, (one, options) in enumerate(cast):
        total = ballots.total(total, one)
        if number < voting:
            tally = added(tally, options, one)
            weight = ballots.total(weight, one)
    return Count(options=OPTIONS, tally=tally, weight=total, cast=weight, **rules)  # type: ignore[arg-type]


def recount(cast: list[tuple[float, list[str]]], rules: dict[str, object]) -> Outcome:
    """The result by exact fractions, from the definition, with everybody's ballot cast."""
    exact = [(Fraction(str(weight)), options) for weight, options in cast]
    total = sum(weight for weight, _ in exact)
    sums = {option: sum((w for w, options in exact if option in options), Fraction()) for option in OPTIONS}
    need = {
        "plurality": lambda n: n > 0,
        "majority": lambda n: n > total / 2,
        "two_thirds": lambda n: n >= total * 2 / 3,
    }
    meeting = sorted((o for o in OPTIONS if need[str(rules["rule"])](sums[o])), key=lambda o: -sums[o])
    seats = int(str(rules["seats"]))
    if not meeting:
        return Outcome(outcome="tied", tied=tuple(o for o in OPTIONS if sums[o] == max(sums.values())))
    last = sums[meeting[:seats][-1]]
    if len(meeting) > seats and sums[meeting[seats]] == last and not rules["listed_first"]:
        return Outcome(outcome="tied", tied=tuple(o for o in OPTIONS if sums[o] == last and o in meeting))
    return Outcome(outcome="decided", winners=tuple(meeting[:seats]))


@given(votes())
def test_count_equals_a_recount(vote: tuple[list[tuple[float, list[str]]], dict[str, object]]) -> None:
    """The result of ballots counted one by one is that of a recount by exact fractions."""
    cast, rules = vote
    assert result(counted(cast, len(cast), rules)) == recount(cast, rules)


@given(votes(), st.randoms(use_true_random=False))
def test_order_of_ballots_changes_nothing(
    vote: tuple[list[tuple[float, list[str]]], dict[str, object]], chance: random.Random
) -> None:
    """The tally, the result and its certainty do not depend on who votes first."""
    cast, rules = vote
    mixed = chance.sample(cast, len(cast))
    one, other = counted(cast, len(cast), rules), counted(mixed, len(cast), rules)
    assert one == other
    assert (result(one), certain(one)) == (result(other), certain(other))


@given(votes(), st.lists(st.sampled_from(OPTIONS), min_size=1, max_size=3, unique=True))
def test_changed_ballot_is_counted_once(
    vote: tuple[list[tuple[float, list[str]]], dict[str, object]], former: list[str]
) -> None:
    """A ballot that takes the place of a former one leaves the tally as if it had been the first."""
    cast, _ = vote
    straight = changed = dict.fromkeys(OPTIONS, 0.0)
    for weight, options in cast:
        straight = added(straight, options, weight)
        changed = added(added(added(changed, former, weight), former, -weight), options, weight)
    assert straight == changed


@given(votes(most=6), st.integers(0, 6))
def test_early_closing_never_changes_the_result(
    vote: tuple[list[tuple[float, list[str]]], dict[str, object]], voting: int
) -> None:
    """Once a result is certain, no ballots that are still to come give another outcome, winners, or first."""
    cast, rules = vote
    early = counted(cast, min(voting, len(cast)), rules)
    if not certain(early):
        return
    now, end = result(early), result(counted(cast, len(cast), rules))
    assert now.outcome == end.outcome
    assert set(now.winners) == set(end.winners)
    assert now.winners[:1] == end.winners[:1]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("seats", [1, 2])
def test_certainty_holds_against_every_ending(rule: str, first: bool, seats: int) -> None:
    """For small votes every possible ending is tried: a certain result is the result of each of them."""
    choices = [[], *([o] for o in OPTIONS[:3]), *(list(two) for two in combinations(OPTIONS[:3], 2) if seats == 2)]
    rules: dict[str, object] = {"rule": rule, "listed_first": first, "seats": seats, "quorum": 0.5}
    found = 0
    for tally in product(range(4) if seats == 1 else (0, 1, 3, 6, 9, 10, 13), repeat=3):
        cast = max(tally) if seats == 2 else sum(tally)
        if sum(tally) > seats * cast:
            continue
        named = dict(zip(OPTIONS, map(float, tally), strict=False))
        early = Count(options=OPTIONS[:3], tally=named, weight=cast + 2.0, cast=float(cast), **rules)  # type: ignore[arg-type]
        if not certain(early):
            continue
        found += 1
        now = result(early)
        for ending in product(choices, repeat=2):
            later, more = named, 0.0
            for options in ending:
                later, more = added(later, options, 1.0), more + bool(options)
            end = result(Count(options=OPTIONS[:3], tally=later, weight=cast + 2.0, cast=cast + more, **rules))  # type: ignore[arg-type]
            assert (now.outcome, set(now.winners)) == (end.outcome, set(end.winners)), (tally, ending)
    assert found


def count(tally: dict[str, float], weight: float = 10, **rules: object) -> Count:
    cast = float(sum(tally.values()))
    return Count(options=list(tally), tally=tally, weight=weight, cast=cast, **rules)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "outcome", "winners"),
    [
        (count({"a": 3, "b": 2}), "decided", ("a",)),
        (count({"a": 2, "b": 2}), "tied", ()),
        (count({"a": 2, "b": 2}, listed_first=True), "decided", ("a",)),
        (count({"a": 0, "b": 0}), "no_quorum", ()),
        (count({"a": 3, "b": 1}, quorum=0.5), "no_quorum", ()),
        (count({"a": 3, "b": 2}, quorum=0.5), "decided", ("a",)),
        (count({"a": 2, "b": 1, "c": 1}, rule="majority"), "tied", ()),
        (count({"a": 3, "b": 1, "c": 1}, rule="majority"), "decided", ("a",)),
        (count({"a": 4, "b": 2}, rule="two_thirds"), "decided", ("a",)),
        (count({"a": 3, "b": 2}, rule="two_thirds"), "tied", ()),
        (count({"a": 1, "b": 3, "c": 2}, seats=2), "decided", ("b", "c")),
        (count({"a": 2, "b": 3, "c": 2}, seats=2), "tied", ()),
        (count({"a": 2, "b": 3, "c": 2}, seats=2, listed_first=True), "decided", ("b", "a")),
        (count({"a": 3, "b": 0, "c": 0}, seats=2), "decided", ("a",)),
        (count({"a": 1, "b": 1}, seats=5), "decided", ("a", "b")),
        (count({}, seats=1), "no_quorum", ()),
    ],
)
def test_rules(given: Count, outcome: str, winners: tuple[str, ...]) -> None:
    """Each rule at its edge: half is no majority, two thirds are two thirds, nobody is elected by no vote."""
    assert (result(given).outcome, result(given).winners) == (outcome, winners)


def test_tied_options_are_named() -> None:
    """A tie names the options among which it could not be decided, for a run-off."""
    assert result(count({"a": 2, "b": 3, "c": 2, "d": 1}, seats=2)).tied == ("a", "c")


@pytest.mark.parametrize(
    ("given", "is_certain"),
    [
        (count({"a": 6, "b": 0}), True),
        (count({"a": 5, "b": 0}), False),
        (count({"a": 5, "b": 0}, listed_first=True), True),
        (count({"b": 0, "a": 5}, listed_first=True), False),
        (count({"a": 6, "b": 0}, quorum=0.7), False),
        (count({"a": 5, "b": 0}, rule="majority"), False),
        (count({"a": 6, "b": 0}, rule="majority"), True),
        (count({"a": 6, "b": 1}, rule="two_thirds"), False),
        (count({"a": 4, "b": 4}, rule="two_thirds"), True),
        (count({"a": 5, "b": 5}), True),
        (count({"a": 0, "b": 0}, weight=0), True),
    ],
)
def test_certainty(given: Count, is_certain: bool) -> None:
    """A lead is certain when all that is uncast cannot undo it; a vote with nothing uncast is over."""
    assert certain(given) is is_certain


def test_equal_sums_are_equal() -> None:
    """Weights like 0.1 add up exactly, however often they are added and taken back."""
    tally = {"a": 0.0, "b": 0.0}
    for _ in range(10):
        tally = added(tally, ["a"], 0.1)
    for weight in (0.3, 0.7):
        tally = added(tally, ["b"], weight)
    assert tally == {"a": 1.0, "b": 1.0}
    for _ in range(10):
        tally = added(tally, ["a"], -0.1)
    assert tally["a"] == 0.0


SCORES = st.dictionaries(st.sampled_from(OPTIONS), st.integers(0, 5), min_size=1)


@given(st.lists(st.sets(st.sampled_from(OPTIONS)), min_size=1, max_size=20), st.integers(1, 3))
def test_approvals_are_counted_as_by_a_library(cast: list[set[str]], seats: int) -> None:
    """The options that most approve of win, as votelib counts them; where it finds a tie, there is one."""
    tally: dict[str, Number] = dict.fromkeys(OPTIONS, 0)
    for names in cast:
        tally = added(tally, sorted(names), 1)
    voted = Count(options=OPTIONS, tally=tally, weight=len(cast), cast=len(cast), seats=seats)
    simple = votelib.convert.ApprovalToSimpleVotes().convert(Counter(map(frozenset, cast)))
    same_as_library(result(voted), Plurality().evaluate(simple, seats), simple)


@given(st.lists(SCORES, min_size=1, max_size=20), st.integers(1, 3))
def test_scores_are_counted_as_by_a_library(cast: list[dict[str, int]], seats: int) -> None:
    """The highest sums of scores win, as votelib counts them; where it finds a tie, there is one."""
    tally: dict[str, Number] = dict.fromkeys(OPTIONS, 0)
    for scores in cast:
        tally = ballots.add(tally, scores, 1)
    voted = Count(options=OPTIONS, tally=tally, weight=len(cast), cast=len(cast), seats=seats, most=5)
    simple = votelib.convert.ScoreToSimpleVotes("sum", unscored_value=0).convert(
        Counter(map(frozenset, map(dict.items, cast)))
    )
    same_as_library(result(voted), Plurality().evaluate(simple, seats), simple)


def same_as_library(ended: Outcome, library: list[object], simple: dict[str, int]) -> None:
    """The library has ties in the place of seats, and gives seats to options that have nothing."""
    named = [one for one in library if not isinstance(one, Tie) and simple[str(one)]]
    if ended.outcome == "decided":
        assert list(ended.winners) == sorted(named, key=lambda one: (-simple[str(one)], str(one)))
    else:
        ties = [one for one in library if isinstance(one, Tie)]
        assert not any(simple.values()) or set(ended.tied) == set(*ties[:1])


@given(st.lists(SCORES, min_size=1, max_size=5), st.integers(0, 5), st.integers(1, 2), st.booleans())
def test_early_closing_of_scores_never_changes_the_result(
    cast: list[dict[str, int]], voting: int, seats: int, first: bool
) -> None:
    """Once a result by scores is certain, no scores that are still to come give another."""
    early = end = Count(options=OPTIONS, tally=dict.fromkeys(OPTIONS, 0), weight=len(cast), cast=0, seats=seats, most=5)
    for number, scores in enumerate(cast, 1):
        end = replace(end, tally=ballots.add(end.tally, scores, 1), cast=number, listed_first=first)
        early = end if number <= voting else early
    if certain(early):
        assert result(early).outcome == result(end).outcome
        assert set(result(early).winners) == set(result(end).winners)
        assert result(early).winners[:1] == result(end).winners[:1]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("first", [True, False])
def test_certainty_holds_whoever_abstains(rule: str, first: bool) -> None:
    """For small votes every ending with ballots and abstentions is tried: a certain result is that of each of them."""
    found = 0
    for tally in product(range(4), repeat=3):
        named: dict[str, Number] = dict(zip(OPTIONS, tally, strict=False))
        for abstained in range(3):
            cast = sum(tally) + abstained
            early = Count(
                options=OPTIONS[:3], tally=named, weight=cast + 2, cast=cast, abstained=abstained,
                quorum=Decimal("0.6"), rule=rule, listed_first=first,  # type: ignore[arg-type]
            )  # fmt: skip
            if not certain(early):
                continue
            found += 1
            for ending in product(["a", "b", "c", "abstains", "nothing"], repeat=2):
                later = early
                for one in ending:
                    later = replace(
                        later,
                        tally=later.tally if one not in OPTIONS else added(later.tally, [one], 1),
                        cast=later.cast + (one != "nothing"),
                        abstained=later.abstained + (one == "abstains"),
                    )
                now, end = result(early), result(later)
                assert (now.outcome, set(now.winners)) == (end.outcome, set(end.winners)), (tally, ending)
    assert found
