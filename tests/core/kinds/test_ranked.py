"""Ranked ballots: instant run-off and the single transferable vote, against a library and from the definition."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import product
from time import process_time

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from votelib.component.transfer import Gregory
from votelib.evaluate.core import Plurality
from votelib.evaluate.sequential import TransferableVoteSelector

from flowengine.core import ranked
from flowengine.core.ballots import Count, Outcome
from flowengine.core.ranked import Ranking, Round
from flowengine.exact import Number

OPTIONS = ["a", "b", "c", "d", "e"]
RANKINGS = st.lists(st.sampled_from(OPTIONS), min_size=1, unique=True).map(tuple)


def counted(
    papers: Sequence[tuple[str | Ranking, Number]], seats: int = 1, options: Sequence[str] = OPTIONS, **more: object
) -> tuple[Outcome, tuple[Round, ...]]:
    """A vote in which everybody has voted, counted."""
    total = sum(weight for _, weight in papers)
    vote = Count(options=options, tally={}, weight=total, cast=total, seats=seats, **more)  # type: ignore[arg-type]
    return ranked.count(vote, [(tuple(ranking), weight) for ranking, weight in papers])


def winners(papers: Sequence[tuple[str | Ranking, Number]], seats: int = 1, **more: object) -> str:
    return "".join(counted(papers, seats, **more)[0].winners)  # type: ignore[arg-type]


class Rounded(Gregory):
    """The library's transfers, with the value of a ballot cut after five decimals."""

    def __init__(self, papers: Counter[Ranking]) -> None:
        self.papers = papers

    def _subtract(self, cand_alloc: dict[Ranking, Fraction], n_sub: int) -> None:
        total = sum(cand_alloc.values(), Fraction())
        for ranking, held in cand_alloc.items():
            value = Fraction(held) / self.papers[ranking] * (total - n_sub) / total
            cand_alloc[ranking] = Fraction(int(value * 10**5), 10**5) * self.papers[ranking]


@given(st.lists(RANKINGS, min_size=3, max_size=60), st.integers(1, 4))
def test_winners_are_those_of_a_library(cast: list[Ranking], seats: int) -> None:
    """Where no tie has to be decided, the winners are those that votelib finds (by WIGM, surpluses together)."""
    papers = Counter(cast)
    named = {option for ranking in papers for option in ranking}
    assume(len(named) > seats)
    library = TransferableVoteSelector(transferer=Rounded(papers), retainer=Plurality(), quota_function="droop")
    try:
        expected = library.evaluate(dict(papers), seats)
    except NotImplementedError:  # it decides no ties
        event("a tie")
        return
    event(f"{seats} seats")
    assert sorted(winners(list(papers.items()), seats)) == sorted(expected)


def run_off(cast: Iterable[Ranking]) -> str | None:
    """One seat, from the definition: again and again everything is counted anew, without who was last. None: a tie."""
    out: set[str] = set()
    ballots = list(cast)
    while True:
        firsts = Counter(next((o for o in ranking if o not in out), None) for ranking in ballots)
        left = {option: firsts[option] for ranking in ballots for option in ranking if option not in out}
        if len(left) == 1:
            return next(iter(left))
        least = min(left.values())
        last = [option for option, votes in left.items() if votes == least]
        if len(last) > 1 and least:
            return None
        out.update(last)


@given(st.lists(RANKINGS, min_size=1, max_size=40))
def test_run_off_equals_counting_anew_each_time(cast: list[Ranking]) -> None:
    """For one seat, the winner is who is left when all is counted anew without whoever was last."""
    expected = run_off(cast)
    assume(expected is not None)
    assert winners([(ranking, 1) for ranking in cast]) == expected


@given(st.lists(st.tuples(RANKINGS, st.integers(1, 9)), min_size=1, max_size=12), st.integers(1, 4), st.randoms())
def test_weight_is_as_many_ballots_and_order_is_nothing(
    cast: list[tuple[Ranking, int]], seats: int, chance: random.Random
) -> None:
    """A ballot of weight three is three ballots, and it does not matter who votes first."""
    single = [(ranking, 1) for ranking, weight in cast for _ in range(weight)]
    assert counted(cast, seats) == counted(chance.sample(single, len(single)), seats)


@given(
    st.lists(st.tuples(RANKINGS, st.decimals("0.1", "3", places=1)), min_size=1, max_size=15),
    st.integers(1, 4),
    st.booleans(),
)
def test_every_vote_is_somewhere_in_each_round(cast: list[tuple[Ranking, Decimal]], seats: int, first: bool) -> None:
    """In each round all votes are with those still in, with winners, or exhausted; winners keep the quota; nobody comes
    back; and with a tie-break, all seats are filled for which there is somebody."""
    outcome, rounds = counted(cast, seats, listed_first=first)
    total, gone, won = sum(weight for _, weight in cast), set[str](), dict[str, Number]()
    exhausted: Number = 0
    for one in rounds:
        assert sum(one.tally.values()) + one.exhausted == total
        assert one.exhausted >= exhausted
        assert not gone & set(one.tally)
        assert all(one.tally[option] == kept for option, kept in won.items())
        assert one.elected or one.eliminated or outcome.outcome == "tied"
        gone |= set(one.eliminated)
        won |= {option: min(one.tally[option], one.quota) for option in one.elected}
        exhausted = one.exhausted
    named = {option for ranking, _ in cast for option in ranking}
    if outcome.outcome == "decided":
        assert list(won) == list(outcome.winners)
        assert len(won) == min(seats, len(named))
    assert outcome.outcome == "decided" or not first


@given(st.lists(RANKINGS, min_size=4, max_size=40), st.integers(1, 3), st.sets(st.sampled_from(OPTIONS), min_size=1))
def test_a_group_with_quotas_gets_its_seats(cast: list[Ranking], seats: int, group: set[str]) -> None:
    """Voters who rank the same options before all others fill with them as many seats as they are quotas (Woodall)."""
    solid = [ranking for ranking in cast if set(ranking[: len(group)]) == group]
    outcome, _ = counted([(ranking, 1) for ranking in cast], seats, listed_first=True)
    quotas = len(solid) // (len(cast) // (seats + 1) + 1)
    # rounding down the value of a ballot can lose a seat only where the group has hardly more than the quotas
    assume(len(solid) > quotas * (len(cast) // (seats + 1) + 1) or quotas == 1)
    assert len(group & set(outcome.winners)) >= min(quotas, len(group))


def test_run_off_of_a_textbook() -> None:
    """Tennessee chooses its capital: Memphis has the most, Knoxville is chosen in the third round."""
    cities: list[tuple[str | Ranking, Number]] = [("mnck", 42), ("nckm", 26), ("cknm", 15), ("kcnm", 17)]
    outcome, rounds = counted(cities, options=["m", "n", "c", "k"])
    assert outcome.winners == ("k",)
    assert [dict(one.tally) for one in rounds] == [
        {"m": 42, "n": 26, "c": 15, "k": 17}, {"m": 42, "n": 26, "k": 32}, {"m": 42, "k": 58},
    ]  # fmt: skip
    assert [one.eliminated for one in rounds] == [("c",), ("n",), ()]
    assert [one.quota for one in rounds] == [51, 51, 51]


def test_surplus_is_handed_on_in_part() -> None:
    """Of three seats the quota is 6 of 20; what the first has beyond it goes on with all her ballots, cut after five
    decimals, and what is cut counts no more."""
    papers = [("ab", 7), ("ac", 2), ("b", 4), ("c", 3), ("d", 4)]
    outcome, rounds = counted(papers, seats=3)
    assert [one.quota for one in rounds] == [6, 6, 6, 6]
    assert rounds[1].tally == {"a": 6, "b": 4 + 7 * Decimal("0.33333"), "c": 3 + 2 * Decimal("0.33333"), "d": 4}
    assert rounds[1].exhausted == Decimal("0.00003")
    assert outcome.winners[:2] == ("a", "b")


def test_winners_of_one_round_hand_on_together() -> None:
    """Two who reach the quota in one round hand on to those who are left, neither to the other."""
    papers = [("abc", 10), ("bac", 8), ("c", 3), ("d", 2)]
    outcome, rounds = counted(papers, seats=3)
    assert rounds[0].elected == ("a", "b")
    assert rounds[1].tally["c"] == 3 + 10 * Decimal("0.4") + 8 * Decimal("0.25")
    assert outcome.winners == ("a", "b", "c")


def test_equal_votes_are_told_apart_by_earlier_rounds() -> None:
    """Of two with the same votes, who had fewer in the round before drops out."""
    papers = [("a", 5), ("b", 3), ("c", 2), ("dc", 1)]
    _, rounds = counted(papers)
    assert [one.eliminated for one in rounds] == [("d",), ("c",), ()]
    assert rounds[1].tally == {"a": 5, "b": 3, "c": 3}


def test_those_who_cannot_stay_in_drop_out_together() -> None:
    """Of several with the least, who have less than anybody else together, it does not matter who is first to go."""
    outcome, rounds = counted([("a", 5), ("b", 4), ("cb", 1), ("db", 1)])
    assert rounds[0].eliminated == ("c", "d")
    assert outcome.winners == ("b",)


@pytest.mark.parametrize(
    ("papers", "seats", "tied"),
    [
        ([("a", 2), ("b", 2)], 1, "ab"),
        ([("a", 3), ("b", 2), ("cb", 2)], 1, "bc"),
        ([("a", 5), ("b", 2), ("c", 2)], 2, "bc"),
    ],
)
def test_tie_ends_the_vote_or_goes_to_who_is_listed_first(
    papers: list[tuple[str | Ranking, Number]], seats: int, tied: str
) -> None:
    """A tie that nothing decides names the tied, and nobody wins; or, where the file says so, the last listed goes."""
    outcome, rounds = counted(papers, seats)
    assert (outcome.outcome, outcome.winners, "".join(outcome.tied)) == ("tied", (), tied)
    assert not rounds[-1].eliminated
    decided, rounds = counted(papers, seats, listed_first=True)
    assert decided.outcome == "decided"
    assert tied[-1] in {option for one in rounds for option in one.eliminated}


def test_tie_that_changes_nothing_is_none() -> None:
    """Where the same wins whichever of the tied drops out, it is decided: the last listed goes."""
    outcome, rounds = counted([("a", 4), ("b", 2), ("c", 2)])
    assert (outcome.winners, rounds[0].eliminated) == (("a",), ("c",))


def every_way(cast: list[Ranking], out: frozenset[str] = frozenset()) -> set[str]:
    """One seat, from the definition: who can win when each tie is decided in each way."""
    firsts = Counter(next((o for o in ranking if o not in out), None) for ranking in cast)
    left = {option: firsts[option] for ranking in cast for option in ranking if option not in out}
    if len(left) == 1:
        return set(left)
    least = min(left.values())
    return set().union(*(every_way(cast, out | {option}) for option in left if left[option] == least))


@given(st.lists(RANKINGS, min_size=1, max_size=12))
def test_run_off_of_few_is_decided_where_no_tie_matters(cast: list[Ranking]) -> None:
    """The winner can win by some way to decide the ties; and where but one can win by any, there is a winner."""
    possible, found = every_way(cast), winners([(ranking, 1) for ranking in cast])
    assert set(found) <= possible
    assert found or len(possible) > 1


def test_ties_among_many_are_found_out_in_time() -> None:
    """However many ties there are, it is found out within two seconds whether they matter, or they do (L12)."""
    options = [f"option_{n}" for n in range(100)]
    papers: list[tuple[str | Ranking, Number]] = [
        ((options[n], options[(7 * n + 1) % 100], options[(3 * n + 2) % 100]), 1) for n in range(100)
    ]
    papers = [(tuple(dict.fromkeys(ranking)), weight) for ranking, weight in papers]
    begun = process_time()
    assert counted(papers, 1, options)[0].outcome == "tied"
    assert process_time() - begun < 2


def test_nobody_wins_whom_nobody_names() -> None:
    """Seats stay empty when fewer options are named than there are seats."""
    assert winners([("ab", 3), ("b", 1)], seats=4) == "ab"


def test_without_a_quorum_nothing_is_counted() -> None:
    """Below the quorum there are no rounds; where all have abstained, nobody wins."""
    few = Count(options=OPTIONS, tally={}, weight=10, cast=2, quorum=Decimal("0.5"))
    assert ranked.count(few, [(("a",), 2)]) == (Outcome(outcome="no_quorum"), ())
    none = Count(options=OPTIONS, tally={}, weight=3, cast=3, abstained=3)
    assert ranked.count(none, []) == (Outcome(outcome="tied", tied=tuple(OPTIONS)), ())


@pytest.mark.parametrize(
    ("tally", "cast", "rules", "is_certain"),
    [
        ({"a": 6, "b": 0}, 6, {}, True),
        ({"a": 5, "b": 0}, 5, {}, False),
        ({"a": 6, "b": 0}, 6, {"quorum": Decimal("0.7")}, False),
        ({"a": 6, "b": 0}, 6, {"seats": 2}, False),
        ({"a": 5, "b": 5}, 10, {"seats": 2}, True),
    ],
)
def test_run_off_is_certain_with_half_of_all_first_preferences(
    tally: dict[str, Number], cast: int, rules: dict[str, object], is_certain: bool
) -> None:
    """It is certain once somebody is the first of more than half of all who may vote; with several seats at the end."""
    vote = Count(options=list(tally), tally=tally, weight=10, cast=cast, **rules)  # type: ignore[arg-type]
    assert ranked.certain(vote) is is_certain


def test_certainty_holds_against_every_ending_of_a_run_off() -> None:
    """For small votes every ending is tried: a certain winner wins in each."""
    rankings: list[Ranking] = [("a",), ("b",), ("c", "a"), ("b", "c", "a"), ("c", "b")]
    found = 0
    for begun in product(rankings, repeat=3):
        tally = Counter(ranking[0] for ranking in begun)
        if not ranked.certain(Count(options=["a", "b", "c"], tally=tally, weight=5, cast=3)):
            continue
        found += 1
        first = max(tally, key=lambda option: tally[option])
        for ending in product([None, *rankings], repeat=2):
            cast = [(ranking, 1) for ranking in (*begun, *ending) if ranking is not None]
            assert winners(cast, options=["a", "b", "c"]) == first
    assert found


def test_many_ballots_are_counted_in_time() -> None:
    """Thirteen thousand rankings of a hundred options for thirty seats are counted within two seconds (L12)."""
    chance = random.Random(3)
    options = [f"option_{n}" for n in range(100)]
    papers: list[tuple[str | Ranking, Number]] = [(tuple(chance.sample(options, 20)), 1) for _ in range(13_000)]
    begun = process_time()
    outcome, rounds = counted(papers, 30, options)
    assert process_time() - begun < 2
    assert len(outcome.winners) == 30
    assert len(rounds) < 200
