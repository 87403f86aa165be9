"""What an assortment costs to keep: orders from the choices that customers have made, against three that do not look at
them, and one that does. ``--quick`` for a look.

Options that are chosen daily and seldom, cheap and dear, with short and long lead times. Choices come by chance
(Poisson), are used some days later (by chance, too), some are withdrawn. Each rule that we are compared with is tuned
for each option on the very histories on which it is then measured (by hindsight, in its favour): to the least stock
with which 95 % of the pieces are there on the day on which they are needed. Ours is not tuned; it learns as days pass.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from random import Random
from statistics import fmean, stdev
from time import process_time
from typing import NamedTuple

from flowengine.insight.notice import Choice, Notice
from flowengine.insight.ordering import SERVICE, Stock, to_order

DAYS, WARM = 420, 120
"""Days that are played, and those before it is measured."""

WITHDRAWN = 0.05
FIRST = date(2027, 1, 4)
T95 = {3: 4.30, 5: 2.78, 20: 2.09}
"""Student's t for 95 % on both sides, by the number of seeds."""


class Kept(NamedTuple):
    """An option: pieces chosen a day, days from an order to its arrival, the price of a piece, days of notice."""

    name: str
    a_day: float
    lead: int
    price: float
    notice: float = 12.0


ASSORTMENT = (
    Kept("fast, 12 days", 2.0, 12, 40),
    Kept("fast, 4 days", 2.0, 4, 25),
    Kept("middling, 8 days", 0.5, 8, 60),
    Kept("middling, 20 days", 0.5, 20, 60),
    Kept("slow, 4 days", 0.1, 4, 90),
    Kept("slow, 30 days", 0.1, 30, 90),
    Kept("slowest, 6 days", 0.03, 6, 150),
    Kept("slowest, 30 days", 0.03, 30, 150),
)


@dataclass(slots=True)
class History:
    """What customers do: choices of one option, and by day what is chosen and what is needed."""

    choices: list[Choice]
    made: list[int]
    needed: list[int]


def history(kept: Kept, seed: int) -> History:
    """Choices by chance; each is used after a notice that spreads about its mean (gamma, a third of it)."""
    chance = Random(f"{kept.name} {seed}")
    found = History([], [0] * DAYS, [0] * DAYS)
    at = chance.expovariate(kept.a_day)
    while at < DAYS:
        day = int(at)
        after = round(chance.gammavariate(9, kept.notice / 9))
        over = FIRST + timedelta(days=day + after)
        gone = chance.random() < WITHDRAWN
        found.choices.append(
            Choice(
                option=kept.name,
                made=FIRST + timedelta(days=day),
                used=None if gone else over,
                withdrawn=over if gone else None,
            )
        )
        found.made[day] += 1
        if not gone and day + after < DAYS:
            found.needed[day + after] += 1
        at += chance.expovariate(kept.a_day)
    return found


class Played(NamedTuple):
    """Pieces in stock on average, pieces needed, and those of them that were there in time."""

    stock: float
    needed: int
    in_time: int


Rule = Callable[[int, int, int, int], int]
"""What to order at the end of a day: of the day, pieces on hand, on order, owed."""


def play(kept: Kept, needed: Sequence[int], rule: Rule) -> Played:
    """A shop from day to day: what was ordered comes, what is needed is taken or owed, then something is ordered."""
    on_hand, owed, coming = 3, 0, deque([0] * kept.lead)
    stock, asked, in_time = 0, 0, 0
    for day in range(DAYS):
        on_hand += coming.popleft()
        given = min(on_hand, owed)
        on_hand, owed = on_hand - given, owed - given
        given = min(on_hand, needed[day])
        on_hand, owed = on_hand - given, owed + needed[day] - given
        if day >= WARM:
            stock, asked, in_time = stock + on_hand, asked + needed[day], in_time + given
        coming.append(0)
        coming[-1] = rule(day, on_hand, sum(coming), owed)
    return Played(stock / (DAYS - WARM), asked, in_time)


def ours(kept: Kept, past: History, notices: Sequence[Notice]) -> Rule:
    """What flowengine orders, from what is known at the end of each day."""

    def rule(day: int, on_hand: int, on_order: int, owed: int) -> int:
        today = FIRST + timedelta(days=day)
        while open_choices and open_choices[0].made <= today:
            waiting.append(open_choices.popleft())
        waiting[:] = [one for one in waiting if one.is_waiting(today)]
        ages = [((today - one.made).days, one.pieces) for one in waiting]
        stock = Stock(option=kept.name, lead_time=kept.lead, on_hand=on_hand, on_order=on_order, owed=owed)
        return to_order(stock, past.made[: day + 1], ages, notices[day // 7], today).pieces

    open_choices, waiting = deque(past.choices), list[Choice]()
    return rule


def notices_of(histories: Sequence[History]) -> list[Notice]:
    """What is known of the notice at the end of the day before each week."""
    found = []
    for day in range(0, DAYS, 7):
        notice, today = Notice(), FIRST + timedelta(days=day - 1)
        for past in histories:
            for one in past.choices:
                if one.made <= today:
                    notice.learn(one, today)
        found.append(notice)
    return found


def base_stock(level: int, _: History, __: int, on_hand: int, on_order: int, owed: int) -> int:
    """Order each day up to a level."""
    return max(level + owed - on_hand - on_order, 0)


def counting_choices(level: int, past: History, day: int, on_hand: int, on_order: int, owed: int) -> int:
    """Order each day up to a level, each choice counting as needed on the day on which it is made."""
    return max(level + waiting_on(past)[day] + owed - on_hand - on_order, 0)


def fixed(point: int, lot: int, _: History, __: int, on_hand: int, on_order: int, owed: int) -> int:
    """Order a lot when what is there and on the way falls to a point."""
    position, ordered = on_hand + on_order - owed, 0
    while position + ordered <= point:
        ordered += lot
    return ordered


def s_and_s(point: int, most: int, _: History, __: int, on_hand: int, on_order: int, owed: int) -> int:
    """Order up to the most when what is there and on the way falls to a point."""
    position = on_hand + on_order - owed
    return most - position if position <= point else 0


_WAITING: dict[int, list[int]] = {}


def waiting_on(past: History) -> list[int]:
    """By day, how many choices are neither used nor withdrawn at its end."""
    if id(past) not in _WAITING:
        found = [0] * (DAYS + 1)
        for one in past.choices:
            over = DAYS if one.over is None else min((one.over - FIRST).days, DAYS)
            for day in range((one.made - FIRST).days, over):
                found[day] += 1
        _WAITING[id(past)] = found
    return _WAITING[id(past)]


def rules(kept: Kept) -> dict[str, Iterator[Sequence[Callable[..., int]]]]:
    """Each rule with all that it is tried with: of each tuple the first that is good enough is its best."""
    top = int(kept.a_day * (kept.lead + 1) * 2 + 12)
    levels = range(top)
    lots = sorted({1, 2, 3, max(round(kept.a_day * 3), 1), max(round(kept.a_day * 7), 1)})
    return {
        "fixed reorder point": iter(
            [[partial(fixed, point, lot) for point in range(-1, top)] for lot in lots if lot > 1]
        ),
        "base stock": iter([[partial(base_stock, level) for level in levels]]),
        "(s, S)": iter(
            [[partial(s_and_s, level, level + more) for level in range(-1, top)] for more in lots if more > 1]
        ),
        "base stock, choices counted": iter([[partial(counting_choices, level) for level in range(-top, top)]]),
    }


def tuned(kept: Kept, pasts: Sequence[History], tries: Iterator[Sequence[Callable[..., int]]]) -> list[Played]:
    """The least stock with which enough is in time, over all histories."""
    best: list[Played] = []
    for row in tries:
        low, high = 0, len(row) - 1
        while low < high:  # more is never later
            middle = (low + high) // 2
            if share(play_all(kept, pasts, row[middle])) >= SERVICE:
                high = middle
            else:
                low = middle + 1
        found = play_all(kept, pasts, row[low])
        if share(found) >= SERVICE and (not best or fmean(p.stock for p in found) < fmean(p.stock for p in best)):
            best = found
    assert best, f"nothing is enough for {kept.name}"
    return best


def play_all(kept: Kept, pasts: Sequence[History], rule: Callable[..., int]) -> list[Played]:
    return [play(kept, past.needed, partial(rule, past)) for past in pasts]


def share(played: Sequence[Played]) -> float:
    """The share of all pieces that were there in time."""
    return sum(one.in_time for one in played) / max(sum(one.needed for one in played), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three seeds")
    seeds = range(3 if parser.parse_args().quick else 20)
    began = process_time()
    pasts = {kept: [history(kept, seed) for seed in seeds] for kept in ASSORTMENT}
    notices = [notices_of([pasts[kept][seed] for kept in ASSORTMENT]) for seed in seeds]
    found: dict[str, dict[Kept, list[Played]]] = {}
    for kept in ASSORTMENT:
        for name, tries in rules(kept).items():
            found.setdefault(name, {})[kept] = tuned(kept, pasts[kept], tries)
        found.setdefault("ours", {})[kept] = [
            play(kept, past.needed, ours(kept, past, notices[seed]))
            for seed, past in zip(seeds, pasts[kept], strict=True)
        ]
    names = ["ours", *(name for name in found if name != "ours")]
    print("| option | " + " | ".join(names) + " |\n|-|" + "-|" * len(names))
    for kept in ASSORTMENT:
        cells = (
            f"{fmean(p.stock for p in found[name][kept]):.2f} ({100 * share(found[name][kept]):.1f} %)"
            for name in names
        )
        print(f"| {kept.name} | " + " | ".join(cells) + " |")
    values = {
        name: [sum(found[name][kept][seed].stock * kept.price for kept in ASSORTMENT) for seed in seeds]
        for name in names
    }
    cells = (
        f"{fmean(values[name]):.0f} ± {half(values[name]):.0f} "
        f"({100 * share([one for kept in ASSORTMENT for one in found[name][kept]]):.1f} %)"
        for name in names
    )
    print("| value of all | " + " | ".join(cells) + " |")
    saved = {name: [1 - a / b for a, b in zip(values["ours"], values[name], strict=True)] for name in names[1:]}
    for name, each in saved.items():
        print(f"less value than {name}: {100 * fmean(each):.0f} % ± {100 * half(each):.0f}")
    print(f"{process_time() - began:.0f} s of processor")


def half(values: Sequence[float]) -> float:
    """Half of the interval in which the mean lies, of 95 %."""
    return T95[len(values)] * stdev(values) / len(values) ** 0.5


if __name__ == "__main__":
    main()
