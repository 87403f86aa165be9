"""Who wins under limits, against a search through all teams that there could be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations, product

from hypothesis import assume, given
from hypothesis import strategies as st

from flowengine.core.ballots import Count, Outcome, add, certain, result
from flowengine.language.limits import Limit, Limits

OPTIONS = ["a", "b", "c", "d", "e", "f"]
KINDS = st.dictionaries(st.sampled_from(OPTIONS), st.sampled_from(["keeper", "back"]))


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    """Some limits on keepers and backs."""
    of = {}
    for kind in ("keeper", "back"):
        if draw(st.booleans()):
            low = draw(st.integers(0, 2))
            of[kind] = Limit(min=low, max=draw(st.none() | st.integers(low, 3)))
    return Limits(by="position", of=of)


@st.composite
def counts(draw: st.DrawFn) -> Count:
    """A vote in which everybody has voted, under limits that ask for no more than there are seats."""
    tally = {option: draw(st.integers(0, 4)) for option in OPTIONS}
    found = draw(limits())
    seats = draw(st.integers(2, 5))
    assume(found.lacking({}) <= seats)
    cast = sum(tally.values())
    first = draw(st.booleans())
    kinds = draw(KINDS)
    return Count(
        options=OPTIONS, tally=tally, weight=cast, cast=cast, seats=seats, listed_first=first, kinds=kinds, limits=found
    )


def teams(count: Count, options: Sequence[str]) -> list[tuple[str, ...]]:
    """All teams of these options that keep the limits, as large as there are any."""
    for size in range(min(count.seats, len(options)), 0, -1):
        found = [
            team
            for team in combinations(options, size)
            if all(limit.has(_number(count, team, kind)) for kind, limit in count.limits.of.items())
        ]
        if found:
            return found
    return []


def _number(count: Count, team: Sequence[str], kind: str) -> int:
    return sum(count.kinds.get(one) == kind for one in team)


def searched(count: Count) -> Outcome:
    """The result by search: the team with the most votes, of those that are as good the one listed first."""
    if not count.cast:
        return Outcome(outcome="no_quorum")
    ranked = sorted((one for one in OPTIONS if count.tally[one]), key=lambda one: -count.tally[one])
    found = teams(count, ranked)
    if not found:
        lacking = [k for k, limit in count.limits.of.items() if limit.min > _number(count, ranked, k)]
        return Outcome(outcome="tied", tied=tuple(one for one in OPTIONS if count.kinds.get(one) in lacking))
    votes = {team: sum(count.tally[one] for one in team) for team in found}
    best = [team for team in found if votes[team] == max(votes.values())]
    if len(best) > 1 and not count.listed_first:
        everywhere = set(best[0]).intersection(*best)
        somewhere = set().union(*best)
        return Outcome(outcome="tied", tied=tuple(one for one in ranked if one in somewhere - everywhere))
    return Outcome(outcome="decided", winners=min(best, key=lambda team: [ranked.index(one) for one in team]))


@given(counts())
def test_the_team_that_wins_is_the_best_of_all_that_keep_the_limits(count: Count) -> None:
    """No other team that keeps the limits, and is as large, has more votes; where another has as many, it is tied."""
    assert result(count) == searched(count)


@given(counts())
def test_what_wins_keeps_the_limits(count: Count) -> None:
    """Of no kind more win, or fewer, than may."""
    found = result(count)
    if found.outcome == "decided":
        assert not count.limits.broken(Counter(count.kinds.get(one, "") for one in found.winners))


@given(limits(), KINDS, st.tuples(*[st.integers(0, 5)] * 4), st.booleans())
def test_a_certain_result_under_limits_is_that_of_every_ending(
    found: Limits, kinds: dict[str, str], votes: tuple[int, ...], first: bool
) -> None:
    """Whatever two ballots still come, a result that was certain stays."""
    assume(found.lacking({}) <= 2)
    options = OPTIONS[:4]
    kinds = {one: kind for one, kind in kinds.items() if one in options}

    def count(tally: dict[str, object], cast: int) -> Count:
        return Count(
            options=options, tally=tally, weight=sum(votes) + 2, cast=cast, seats=2, listed_first=first,  # type: ignore[arg-type]
            kinds=kinds, limits=found,
        )  # fmt: skip

    tally = dict(zip(options, votes, strict=True))
    early = count(tally, sum(votes))
    if not certain(early):
        return
    now = result(early)
    ballots = [[], *([one] for one in options), *(list(two) for two in combinations(options, 2))]
    for ending in product(ballots, repeat=2):
        later, cast = dict(tally), sum(votes)
        for ballot in ending:
            later, cast = add(later, dict.fromkeys(ballot, 1), 1), cast + bool(ballot)  # type: ignore[assignment]
        end = result(count(later, cast))
        assert (now.outcome, set(now.winners)) == (end.outcome, set(end.winners)), ending


def test_certain_under_limits_before_all_have_voted() -> None:
    """A keeper with few votes is as certain as anybody where no other keeper can overtake him."""
    kinds = {"a": "keeper", "b": "keeper"}
    given = Count(
        options=["a", "b", "c", "d"], tally={"a": 5, "b": 1, "c": 20, "d": 12}, weight=23, cast=20, seats=2,
        kinds=kinds, limits=Limits(by="position", of={"keeper": Limit(min=1, max=1)}),
    )  # fmt: skip
    assert certain(given)
    assert result(given).winners == ("c", "a")
