"""What to order today, of each option: enough that nobody waits for it, and no more.

Customers say what they want before it is needed: a choice is made, and used some days later. These choices are demand
that is known in advance (Gallego and Özer, Management Science 47, 2001), and where the gain comes from: only what will
be chosen *and* used before an order of today arrives has to be guessed. So of each option, to the day on which an order
of today has to be enough for the last time:

- of what is chosen and not used, each piece by the probability that it is used by then
  (:mod:`~flowengine.insight.notice`);
- of what will be chosen and used by then, the rate (:mod:`~flowengine.insight.intermittent`) and how it spreads;
- from both the distribution of what is needed, and the level at which no more pieces are expected to become late on
  that day than the service allows of a usual day;
- what is short of that level in stock and on order is ordered.

Time is counted in whole days. The day of an order is over: what is chosen and used on it is known. What is ordered is
there ``lead_time`` days later, before that day's uses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from math import erf, exp, sqrt

from flowengine.insight.intermittent import Rate, rate
from flowengine.insight.notice import Choice, Notice
from flowengine.speech.phrases import phrase
from flowengine.speech.words import ENGLISH, Words

SERVICE = 0.95
"""The share of pieces that are there on the day on which they are needed."""

MANY = 300
"""Where more choices wait, or will be made, the distribution of what is needed is taken as normal, as that of a sum of
many is."""

SQRT_2 = sqrt(2)
NEGLIGIBLE = 1e-7
"""Probabilities below it are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """An option as it is kept. ``lead_time`` in days, 1 at least; ``on_hand`` pieces free to be used; ``on_order``
    pieces that will come; ``owed`` pieces that are needed already and not there.

    Raises ValueError for what is negative, and a lead time of no day."""

    option: str
    lead_time: int
    on_hand: int
    on_order: int = 0
    owed: int = 0

    def __post_init__(self) -> None:
        if self.lead_time < 1:
            raise ValueError(f"{self.option}: a lead time of {self.lead_time} days is not possible; it is 1 at least")
        for name in ("on_hand", "on_order", "owed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{self.option}: {name} is {getattr(self, name)}, and cannot be below 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to order of an option: ``pieces`` (0: nothing), so that ``level`` are there and on the way. ``chosen``
    pieces wait to be used, of which ``known`` are expected to be by the day ``until``; ``to_come`` more are expected to
    be chosen and used by then."""

    option: str
    pieces: int
    level: int
    until: date
    chosen: int
    known: float
    to_come: float
    rate: Rate
    stock: Stock
    service: float

    @property
    def reason(self) -> str:
        """All of it in words, in English."""
        return self.told(ENGLISH)

    def told(self, words: Words, *, counted: bool = True) -> str:
        """All of it in the words of a reader; where the stock is not ``counted``, what to hold."""
        if not counted:
            what = words.say("hold %(level)s", level=self.level)
        elif self.pieces:
            what = words.say("order %(pieces)s", pieces=self.pieces)
        else:
            what = words.say("order nothing")
        parts = [self._chosen(words), self._coming(words)]
        share = Decimal(f"{100 * self.service:.4g}")
        parts.append(words.say("holding %(level)s keeps %(share)s %% on time", level=self.level, share=share))
        if counted:
            stock = self.stock
            text = phrase("%(on_hand)s in stock, %(on_order)s on order")
            parts.append(words.say(text, on_hand=stock.on_hand, on_order=stock.on_order))
            if stock.owed:
                parts.append(words.say("%(owed)s owed already", owed=stock.owed))
        return f"{what}: {'; '.join(parts)}"

    def _chosen(self, words: Words) -> str:
        if not self.chosen:
            return words.say("nobody who has chosen it waits for it")
        return words.say_many(
            "1 is chosen and not used yet, of which %(known)s is expected to be needed by %(day)s",
            "%(num)s are chosen and not used yet, of which %(known)s are expected to be needed by %(day)s",
            self.chosen, known=Decimal(f"{self.known:.1f}"), day=words.day(self.until),
        )  # fmt: skip

    def _coming(self, words: Words) -> str:
        if not self.rate.a_day:
            return words.say("nobody is expected to choose it")
        a_day = Decimal(f"{self.rate.a_day:.2g}")
        if self.to_come < 0.05:
            text = phrase("what will be chosen is needed after %(day)s (%(a_day)s are chosen a day)")
            return words.say(text, day=words.day(self.until), a_day=a_day)
        text = phrase("%(more)s more are expected to be chosen and needed by %(day)s (%(a_day)s are chosen a day)")
        return words.say(text, more=Decimal(f"{self.to_come:.1f}"), day=words.day(self.until), a_day=a_day)


def orders(
    stocks: Iterable[Stock], choices: Sequence[Choice], today: date, *, since: date, service: float = SERVICE
) -> tuple[Order, ...]:
    """What to order at the end of ``today``, of each stock, with its reason. ``choices`` are all that were made from
    ``since`` on (the first day that counts), of any option: how long before its use a choice is made is learnt of all
    of them together. Choices made after ``today``, and what happens to others after it, are left out.

    Raises ValueError for a service that is not between 0 and 1, and where ``since`` is after ``today``."""
    if not 0 < service < 1:
        raise ValueError(f"a service of {service} is not possible: it is a share, between 0 and 1")
    if since > today:
        raise ValueError(f"nothing is known from {since} on at the end of {today}")
    notice = Notice()
    made: dict[str, list[int]] = {}
    waiting: dict[str, list[tuple[int, int]]] = {}
    for one in choices:
        if not since <= one.made <= today:
            continue
        notice.learn(one, today)
        days = made.setdefault(one.option, [0] * ((today - since).days + 1))
        days[(one.made - since).days] += one.pieces
        if one.is_waiting(today):
            waiting.setdefault(one.option, []).append(((today - one.made).days, one.pieces))
    return tuple(
        to_order(stock, made.get(stock.option, ()), waiting.get(stock.option, ()), notice, today, service=service)
        for stock in stocks
    )


def to_order(
    stock: Stock,
    made: Sequence[float],
    waiting: Sequence[tuple[int, int]],
    notice: Notice,
    today: date,
    *,
    service: float = SERVICE,
) -> Order:
    """What to order of one option: ``made`` are the pieces chosen on each day so far, ``waiting`` of each choice that
    is neither used nor withdrawn its age in days and its pieces. Where fewer days are known than its lead time, those
    before them count as days on which nothing was chosen: no more is expected to come than ever came."""
    lead = stock.lead_time
    usual = rate([0.0] * (lead - len(made)) + [*made])
    day_before, day = (_needed(usual, waiting, notice, days) for days in (lead - 1, lead))
    allowed = (1 - service) * usual.a_day * notice.used_share
    level = _level(day.chances, day_before.chances, allowed)
    pieces = max(level + stock.owed - stock.on_hand - stock.on_order, 0)
    until, chosen = today + timedelta(days=lead), sum(size for _, size in waiting)
    return Order(
        option=stock.option, pieces=pieces, level=level, until=until, chosen=chosen, known=day.known,
        to_come=day.to_come, rate=usual, stock=stock, service=service,
    )  # fmt: skip


def ahead(
    a_day: float, waiting: Sequence[tuple[int, int]], notice: Notice, days: Sequence[int]
) -> list[tuple[float, float]]:
    """Within each of so many days, how many pieces are expected to be used: of those that wait (as of
    :func:`to_order`), and of those that are chosen by then, ``a_day``."""
    ages = Counter[int]()
    for age, pieces in waiting:
        ages[age] += pieces
    used = [0.0, *accumulate(notice.at_once(left) for left in range(max(days, default=0)))] if a_day else []
    return [
        (
            sum((notice.within(age, one) * pieces for age, pieces in ages.items()), 0.0),
            a_day * used[one] if a_day else 0.0,
        )
        for one in days
    ]


@dataclass(frozen=True, slots=True)
class _Needed:
    """What is needed within some days: ``chances[n]`` is the probability of ``n`` pieces."""

    chances: list[float]
    known: float
    to_come: float


def _needed(usual: Rate, waiting: Sequence[tuple[int, int]], notice: Notice, days: int) -> _Needed:
    known = [(notice.within(age, days) * choices, age, pieces) for (age, pieces), choices in Counter(waiting).items()]
    expected = sum((share * pieces for share, _, pieces in known), 0.0)
    to_come = usual.a_day * sum(notice.at_once(left) for left in range(days))
    variance = to_come * usual.spread + to_come * to_come * usual.doubt
    if len(waiting) + to_come > MANY:
        for age, pieces in waiting:
            probability = notice.within(age, days)
            variance += probability * (1 - probability) * pieces * pieces
        return _Needed(_normal(expected + to_come, variance), expected, to_come)
    chances = [1.0]
    for age, pieces in waiting:
        chances = _with(chances, notice.within(age, days), pieces)
    return _Needed(_sum(chances, _counts(to_come, variance)), expected, to_come)


def _normal(mean: float, variance: float) -> list[float]:
    """The distribution of a count that is the sum of many."""
    spread = sqrt(max(variance, NEGLIGIBLE))
    first, last = max(int(mean - 6 * spread), 0), int(mean + 6 * spread) + 1
    below = [0.5 * (1 + erf((number - 0.5 - mean) / (spread * SQRT_2))) for number in range(first, last + 2)]
    below[0] = 0.0  # what would be less than nothing is none
    return [0.0] * first + [after - before for before, after in pairwise(below)]


def _with(chances: list[float], probability: float, pieces: int) -> list[float]:
    """The distribution with so many pieces more, by a probability."""
    if probability < NEGLIGIBLE:
        return chances
    found = [one * (1 - probability) for one in chances] + [0.0] * pieces
    for number, one in enumerate(chances):
        found[number + pieces] += one * probability
    return found


def _counts(mean: float, variance: float) -> list[float]:
    """The distribution of a count: negative binomial, or Poisson where it does not spread more."""
    if mean < NEGLIGIBLE:
        return [1.0]
    if variance > mean * (1 + 1e-6):
        size = mean * mean / (variance - mean)
        ratio = mean / (size + mean)
        one = (1 - ratio) ** size
    else:
        size, ratio, one = 0.0, mean, exp(-mean)
    found, total = [one], one
    while (total < 1 - NEGLIGIBLE or len(found) <= mean) and len(found) < 100_000:
        number = len(found)
        one *= ratio * (size + number - 1) / number if size else ratio / number
        found.append(one)
        total += one
    return found


def _sum(left: list[float], right: list[float]) -> list[float]:
    """The distribution of the sum of two counts."""
    found = [0.0] * (len(left) + len(right) - 1)
    for number, one in enumerate(left):
        if one > NEGLIGIBLE:
            for more, other in enumerate(right, number):
                found[more] += one * other
    return found


def _level(chances: Sequence[float], before: Sequence[float], allowed: float) -> int:
    """The least level at which no more pieces than ``allowed`` are expected to become late on the last day (those short
    on it, less those that are short on the day before already), and at which it is as likely as not that all is there
    on it."""
    late = _mean(chances) - _mean(before)
    above, above_before, level = sum(chances), sum(before), 0
    while (late > allowed or above - chances[level] > 0.5) and level < len(chances) - 1:
        above -= chances[level]
        above_before -= before[level] if level < len(before) else 0.0
        late -= above - above_before
        level += 1
    return level


def _mean(chances: Sequence[float]) -> float:
    return sum(number * one for number, one in enumerate(chances))
