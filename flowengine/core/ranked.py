"""The counting of ranked ballots: instant run-off for one seat, the single transferable vote for several.

A ballot counts for the first of those it names who is still in the count. Round by round:

1. Where no more are left than there are seats to fill, they win.
2. Who reaches the quota wins. It is the Droop quota: the least number of votes that so many options can reach at most
   as there are seats (H. R. Droop, *On methods of electing representatives*, 1881). With one seat it is more than half
   of what still counts.
3. What a winner has beyond the quota is handed on to the next who is named on each of his ballots, of all of them the
   same share: the weighted inclusive Gregory method, as in the Scottish Local Government Elections Order 2007, whose
   five decimals of a ballot's value are counted here, too. Winners of one round hand on together, so that it does not
   matter who of them comes first.
4. Where nobody reaches it, whoever has the least drops out, and his ballots go on as they are.

Of those with equal votes, whoever was ahead in the last earlier round in which they differed is ahead. Where there was
none, all who have the least drop out together if together they have less than anybody else, for none of them could stay
in any longer. Where the same win whichever of them drops out, it is who is listed last; else it is a tie. Nobody wins
whom no ballot names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal

from flowengine.core.ballots import UNIT, Count, Outcome, has_quorum, parts
from flowengine.exact import Number

SHARE = 100_000
"""Parts of a ballot's value that are told apart."""

MOST_TRIED = 1_000_000
"""Steps of counting, about, that are made to find out whether a tie matters. What would take more is a tie."""

_VOTE = UNIT * SHARE
"""One vote, as it is counted here: in parts of its weight and of its value."""

Ranking = tuple[str, ...]
"""The ids that a ballot names, the best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: what each had who was not out before it, what was needed, and who won and who dropped out in it.
    ``exhausted`` is what did not count any more: ballots whose options were all out or had won, and what rounding left.
    """

    quota: Number
    tally: Mapping[str, Number]
    exhausted: Number
    elected: tuple[str, ...] = ()
    eliminated: tuple[str, ...] = ()


def count(vote: Count, papers: Iterable[tuple[Ranking, Number]]) -> tuple[Outcome, tuple[Round, ...]]:
    """How a vote of ranked ballots (each with its weight) ends if it closes now, and its rounds.

    ``winners`` are in the order in which they won, those of one round by their votes. Without a quorum nothing is
    counted; where nobody is named, nobody wins and the vote is tied.
    """
    if not has_quorum(vote):
        return Outcome(outcome="no_quorum"), ()
    counting = _Counting(vote, papers)
    tied = counting.run()
    if tied:
        return Outcome(outcome="tied", tied=tied), tuple(counting.rounds)
    return Outcome(outcome="decided", winners=tuple(counting.winners)), tuple(counting.rounds)


def certain(vote: Count) -> bool:
    """Whether no ballot that is still to come can change the winner, where the tally has the first preferences.

    It errs to the side of waiting: with one seat, until somebody has the first preferences of more than half of the
    whole electorate; with several, until all have voted.
    """
    if parts(vote.weight) <= parts(vote.cast):
        return True
    most = max((parts(one) for one in vote.tally.values()), default=0)
    return vote.seats == 1 and has_quorum(vote) and 2 * most > parts(vote.weight)


@dataclass(slots=True)
class _Pile:
    """The ballots that count for one option: ranking, the place of the option in it, weight, and value (in parts)."""

    papers: list[tuple[Ranking, int, int, int]] = field(default_factory=list)
    total: int = 0


class _Counting:
    """One count under way. Who neither has won nor is out is ``standing``, in the order listed."""

    def __init__(self, vote: Count, papers: Iterable[tuple[Ranking, Number]]) -> None:
        self.vote = vote
        self.winners: list[str] = []
        self.rounds: list[Round] = []
        self._kept: dict[str, int] = {}
        self._before: list[dict[str, int]] = []
        self._unit = _VOTE
        alike: dict[Ranking, int] = {}
        for ranking, number in papers:
            weight = parts(number)
            alike[ranking] = alike.get(ranking, 0) + weight
            if weight % UNIT:
                self._unit = SHARE  # with weights in fractions, a quota in whole votes could be more than there are
        named = {option for ranking in alike for option in ranking}
        self.standing = {option: _Pile() for option in vote.options if option in named}
        for ranking, weight in alike.items():
            self._give(ranking, 0, weight, SHARE)
        self._total = sum(alike.values()) * SHARE
        self._tries = [MOST_TRIED]

    def run(self) -> tuple[str, ...]:
        """Count until all seats are filled that can be; gives those among whom a tie could not be decided."""
        if not self.standing:
            return tuple(self.vote.options)
        while self.standing and len(self.winners) < self.vote.seats:
            free, quota = self.vote.seats - len(self.winners), self._quota()
            elected = sorted(self.standing, key=self._course, reverse=True)
            if len(elected) > free:
                elected = [option for option in elected if self.standing[option].total >= quota]
            least = [] if elected else self._least(free)
            tied = len(least) > 1 and not self._drop_out_together(least, free)
            if tied and (self.vote.listed_first or self._same_win(least, quota)):
                least, tied = least[-1:], False
            self._take(quota, elected, [] if tied else least)
            if tied:
                return tuple(least)
        return ()

    def _take(self, quota: int, elected: Sequence[str], eliminated: Sequence[str]) -> None:
        """Write down a round, and let what comes of it be the next."""
        self._note(quota, elected, eliminated)
        self.winners += elected
        self._hand_on(elected, quota)
        self._hand_on(eliminated, 0)

    def _quota(self) -> int:
        alone = self.vote.seats == 1
        counted = sum(pile.total for pile in self.standing.values()) if alone else self._total
        return (counted // (self._unit * (self.vote.seats + 1)) + 1) * self._unit

    def _course(self, option: str) -> list[int]:
        """What an option has, and what it had in each round before, the last one first."""
        return [self.standing[option].total, *(had[option] for had in reversed(self._before))]

    def _least(self, free: int) -> list[str]:
        """Who drops out: one, all who have the least, or several of whom only one should."""
        last = min(map(self._course, self.standing))
        level = [option for option in self.standing if self._course(option) == last]
        least = [option for option, pile in self.standing.items() if pile.total == last[0]]
        return least if len(level) > 1 and self._drop_out_together(least, free) else level

    def _drop_out_together(self, least: Sequence[str], free: int) -> bool:
        rest = [pile.total for option, pile in self.standing.items() if option not in least]
        return len(rest) >= free and sum(self.standing[option].total for option in least) < min(rest)

    def _same_win(self, level: Sequence[str], quota: int) -> bool:
        """Whether the same win whichever of them drops out."""
        found: set[tuple[str, ...]] = set()
        for option in level:
            left = len(self.standing)
            self._tries[0] -= left * (left**2 + sum(len(pile.papers) for pile in self.standing.values()))
            if self._tries[0] < 0:
                return False
            other = self._copy()
            other._take(quota, (), (option,))
            if other.run():
                return False
            found.add(tuple(other.winners))
        return len(found) == 1

    def _copy(self) -> _Counting:
        other = copy(self)
        other.winners, other.rounds, other._before = list(self.winners), list(self.rounds), list(self._before)
        other._kept = dict(self._kept)
        other.standing = {name: _Pile(list(pile.papers), pile.total) for name, pile in self.standing.items()}
        return other

    def _note(self, quota: int, elected: Sequence[str], eliminated: Sequence[str]) -> None:
        have = self._kept | {option: pile.total for option, pile in self.standing.items()}
        self._before.append(have)
        self.rounds.append(
            Round(
                quota=_votes(quota),
                tally={option: _votes(have[option]) for option in self.vote.options if option in have},
                exhausted=_votes(self._total - sum(have.values())),
                elected=tuple(elected),
                eliminated=tuple(eliminated),
            )
        )

    def _hand_on(self, options: Sequence[str], keeping: int) -> None:
        """What they have beyond what they keep goes on, in one go for all of them."""
        piles = {option: self.standing.pop(option) for option in options}
        for option, pile in piles.items():
            if keeping:
                self._kept[option] = min(keeping, pile.total)
            for ranking, place, weight, value in pile.papers if pile.total > keeping else ():
                self._give(ranking, place + 1, weight, value * (pile.total - keeping) // pile.total)

    def _give(self, ranking: Ranking, place: int, weight: int, value: int) -> None:
        for at in range(place, len(ranking) if value else 0):
            pile = self.standing.get(ranking[at])
            if pile is not None:
                pile.papers.append((ranking, at, weight, value))
                pile.total += weight * value
                return


def _votes(counted: int) -> Number:
    """A number of votes, exact."""
    return counted // _VOTE if counted % _VOTE == 0 else Decimal(counted).scaleb(-11).normalize()
