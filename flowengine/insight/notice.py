"""How long before it is used something is chosen, and whether it is used at all.

Learnt by age: of the choices that waited so many days, how many were used the next day, how many withdrawn. Those that
still wait count as long as they have waited (right-censoring); of two ways out the one shuts out the other (competing
risks: Aalen and Johansen, Scandinavian Journal of Statistics 5, 1978). All that is kept are whole numbers, which are
added.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

LONGEST = 1_000
"""Days that are told apart; what waits longer counts as this long."""

NOBODY = 1e-9
"""A share that still waits which is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A choice of an option on the day ``made``, and when it was used or withdrawn, if it was.

    Raises ValueError for one that is both, or is over before it is made, or has no pieces."""

    option: str
    made: date
    used: date | None = None
    withdrawn: date | None = None
    pieces: int = 1

    def __post_init__(self) -> None:
        if self.used is not None and self.withdrawn is not None:
            raise ValueError(f"{self.option} of {self.made} cannot be used and withdrawn")
        if self.over is not None and self.over < self.made:
            raise ValueError(f"{self.option} of {self.made} is over on {self.over}, before it is made")
        if self.pieces < 1:
            raise ValueError(f"{self.option} of {self.made} has {self.pieces} pieces; it has 1 at least")

    @property
    def over(self) -> date | None:
        """When it was used or withdrawn."""
        return self.used or self.withdrawn

    def is_waiting(self, today: date) -> bool:
        """Whether it is neither used nor withdrawn at the end of a day."""
        return self.made <= today and (self.over is None or self.over > today)


class Notice:
    """What the choices of an assortment have taught; without any, that nothing is used by itself."""

    def __init__(self) -> None:
        self._used: dict[int, int] = {}
        self._withdrawn: dict[int, int] = {}
        self._waiting: dict[int, int] = {}
        self._table: tuple[list[float], list[float]] | None = None
        self._usual_use = self._usual_withdrawal = 0.0

    def learn(self, choice: Choice, today: date) -> None:
        """Take in a choice as it stands at the end of a day."""
        if choice.is_waiting(today):
            self.add((today - choice.made).days, waiting=1)
        elif choice.used is not None:
            self.add((choice.used - choice.made).days, used=1)
        elif choice.withdrawn is not None:
            self.add((choice.withdrawn - choice.made).days, withdrawn=1)

    def add(self, days: int, *, used: int = 0, withdrawn: int = 0, waiting: int = 0) -> None:
        """Count choices that were used, withdrawn, or last seen waiting after so many days; negative ones take away."""
        days = min(days, LONGEST)
        for counts, number in ((self._used, used), (self._withdrawn, withdrawn), (self._waiting, waiting)):
            if number:
                counts[days] = counts.get(days, 0) + number
        self._table = None

    @property
    def used_share(self) -> float:
        """The share of choices that is used in the end."""
        return self._tables()[0][-1]

    def at_once(self, days: int) -> float:
        """The probability that a choice of today is used on the same day or within so many more."""
        used, _ = self._tables()
        return used[min(days, LONGEST)]

    def within(self, age: int, days: int) -> float:
        """The probability that a choice that has waited ``age`` days is used within so many more."""
        used, waiting = self._tables()
        age = min(age, LONGEST)
        if age == LONGEST or waiting[age] < NOBODY:
            over = self._usual_use + self._usual_withdrawal
            return self._usual_use / over * (1 - (1 - over) ** days) if over else 0.0
        return min((used[min(age + days, LONGEST)] - used[age]) / waiting[age], 1.0)

    def _tables(self) -> tuple[list[float], list[float]]:
        """By age the share that is used by then, and the share that still waits. Beyond the ages that were seen it goes
        on as it was on average."""
        if self._table is None:
            seen = [(age, n) for counts in (self._used, self._withdrawn, self._waiting) for age, n in counts.items()]
            days = sum((age + 1) * n for age, n in seen) or 1
            self._usual_use = sum(self._used.values()) / days
            self._usual_withdrawal = sum(self._withdrawn.values()) / days
            usual = self._usual_use, self._usual_withdrawal
            risk, used, left, by_age, still = sum(n for _, n in seen), 0.0, 1.0, list[float](), list[float]()
            for age in range(LONGEST + 1):
                gone, withdrawn = self._used.get(age, 0), self._withdrawn.get(age, 0)
                use, withdraw = (gone / risk, withdrawn / risk) if risk > 0 else usual
                used += left * use
                left *= max(1 - use - withdraw, 0.0)
                by_age.append(used)
                still.append(left)
                risk -= gone + withdrawn + self._waiting.get(age, 0)
            self._table = by_age, still
        return self._table
