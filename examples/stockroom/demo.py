"""What ``flow demo --forecast`` plays: a shop of 300 days that orders its cloth each evening as the forecast says.

Customers come by chance, choose a cloth, are measured some days later, and it is cut where it is there. The engine, its
counting and its forecasts are real; the days are simulated, and the people are made up. In the end it is told what the
shop would have needed had it ordered by its shelf alone, up to a level that is chosen by hindsight.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from rich.console import Console

from flowengine import Engine, InvariantBroken, Settings, SimulatedClock
from flowengine.views.forecast import Forecast

PROCESS = Path(__file__).parent / "coat.yaml"
DAYS, WARM = 300, 60
"""Days that are played, and how many of them the shop learns before it is measured."""

A_DAY = {"navy": 0.6, "grey": 0.4, "tweed": 0.2, "barathea": 0.1}
"""Coats that are chosen a day of each cloth, on average."""

LEAD = {"navy": 12, "grey": 4, "tweed": 20, "barathea": 8}
WITHDRAWN = 0.05
CUSTOMERS = 40


@dataclass(slots=True)
class Shelf:
    """The pieces of one cloth: free, ordered (by how soon they come), and what was in stock and in time so far."""

    on_hand: int
    coming: deque[int]
    late: deque[str] = field(default_factory=deque)
    stock: int = 0
    asked: int = 0
    in_time: int = 0


@dataclass(slots=True)
class Coats:
    """The shop on its way through the days. ``due``: the jobs that are measured on a day; ``needed``: how many pieces
    of each cloth on each day."""

    engine: Engine
    clock: SimulatedClock
    chance: Random
    shelves: dict[str, Shelf]
    due: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    needed: dict[str, list[int]] = field(default_factory=dict)
    cloth_of: dict[str, str] = field(default_factory=dict)
    fulfilled: str = ""

    def day(self, number: int) -> Forecast:
        """Customers come and choose, others are measured, cloth is cut; in the evening cloth is ordered."""
        for shelf in self.shelves.values():
            shelf.on_hand += shelf.coming.popleft()
            shelf.coming.append(0)
        for cloth, a_day in A_DAY.items():
            for _ in range(_by_chance(self.chance, a_day)):
                self._begin(number, cloth)
        for job, cloth in self.due.pop(number, []):
            self._measure(number, job, cloth)
        for shelf in self.shelves.values():
            while shelf.late and shelf.on_hand:
                self._cut(shelf.late.popleft(), shelf)
            shelf.stock += shelf.on_hand if number >= WARM else 0
        found = self.engine.forecast("coat", stocks=self.rows(), by="bea")
        for row in found.rows:
            self.shelves[row.option].coming[-1] = row.pieces or 0
        self.clock.advance(timedelta(days=1))
        return found

    def rows(self) -> list[dict[str, object]]:
        """What is there, as the forecast is asked."""
        return [
            {"option": cloth, "on_hand": one.on_hand, "on_order": sum(one.coming), "owed": len(one.late)}
            for cloth, one in self.shelves.items()
        ]

    def _begin(self, number: int, cloth: str) -> None:
        who = f"guest-{self.chance.randrange(CUSTOMERS)}"
        job = self.engine.start("coat", by=who, need={"occasion": "A walk in the rain"}).job
        self._act(job, who, "chosen", {"cloth": cloth})
        self.cloth_of[job] = cloth
        after = max(round(self.chance.gammavariate(9, 12 / 9)), 1)
        self.due.setdefault(number + after, []).append((job, cloth))

    def _measure(self, number: int, job: str, cloth: str) -> None:
        shelf = self.shelves[cloth]
        if self.chance.random() < WITHDRAWN:
            self.engine.invoke(job, "withdraw", by=self.engine.track(job, by="tom").customer)
            return
        self._act(job, "tom", "done")
        self.needed[cloth][number] += 1
        counted = number >= WARM
        shelf.asked += counted
        if shelf.on_hand:
            shelf.in_time += counted
            self._cut(job, shelf)
        else:
            shelf.late.append(job)

    def _cut(self, job: str, shelf: Shelf) -> None:
        self._act(job, "tom", "done")
        shelf.on_hand -= 1
        self.fulfilled = job

    def _act(self, job: str, who: str, outcome: str, answer: dict[str, object] | None = None) -> None:
        (step,) = (step.id for step in self.engine.track(job, by=who).waiting)
        self.engine.act(step, outcome, answer or {}, by=who)


def tell(address: str, stock_file: Path, console: Console) -> tuple[str, str]:
    """Play it on the database at an address: the short ids of a coat that is done, and of one that waits for the
    tailor. What is on the shelf in the end goes into a file. Raises InvariantBroken where it goes otherwise."""
    now = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    clock = SimulatedClock(now - timedelta(days=DAYS))
    with Engine(address, clock=clock, handlers={}, settings=Settings.from_environment(os.environ)) as engine:
        coats = _open(engine, clock)
        for number in range(DAYS):
            found = coats.day(number)
            if number % 30 == 29:
                chosen, ordered = len(coats.cloth_of), sum(row.pieces or 0 for row in found.rows)
                console.print(f"day {number + 1}: {chosen} coats chosen so far; ordered this evening: {ordered}")
        _add_up(coats, console)
        _write(coats, stock_file)
        waiting = next(iter(engine.inbox("tom")), None)
        if waiting is None or not coats.fulfilled:
            raise InvariantBroken("nothing is done, or nothing waits", where="coat")
        return engine.track(coats.fulfilled, by="tom").short, waiting.short


def _open(engine: Engine, clock: SimulatedClock) -> Coats:
    engine.deploy(PROCESS)
    engine.add_staff("tom", "Tom", roles=["tailor"])
    engine.add_staff("bea", "Bea", roles=["buyer"])
    for number in range(CUSTOMERS):
        engine.add_customer(f"guest-{number}", f"Guest {number}")
    shelves = {cloth: Shelf(3, deque([0] * LEAD[cloth])) for cloth in A_DAY}
    return Coats(engine, clock, Random(1), shelves, needed={cloth: [0] * DAYS for cloth in A_DAY})


def _add_up(coats: Coats, console: Console) -> None:
    """What the shop kept, and what it would have had to keep had it looked at its shelf alone."""
    asked, in_time = (sum(getattr(one, name) for one in coats.shelves.values()) for name in ("asked", "in_time"))
    kept = sum(one.stock for one in coats.shelves.values()) / (DAYS - WARM)
    share = in_time / asked
    console.print(f"of {asked} pieces {100 * share:.0f} % were there on the day on which they were needed,")
    console.print(f"with {kept:.1f} pieces in stock on average;")
    alone = sum(_by_the_shelf(needed, LEAD[cloth], share) for cloth, needed in coats.needed.items())
    console.print(f"by the shelf alone it would have taken {alone:.1f}, with levels chosen by hindsight.")


def _by_the_shelf(needed: list[int], lead: int, share: float) -> float:
    """The stock on average with which as large a share is in time, where each evening is ordered up to a level."""
    for level in range(sum(needed) + 1):
        on_hand, owed, coming = 3, 0, deque([0] * lead)
        stock, asked, in_time = 0, 0, 0
        for day, pieces in enumerate(needed):
            on_hand += coming.popleft()
            paid = min(on_hand, owed)
            on_hand, owed = on_hand - paid, owed - paid
            given = min(on_hand, pieces)
            on_hand, owed = on_hand - given, owed + pieces - given
            if day >= WARM:
                stock, asked, in_time = stock + on_hand, asked + pieces, in_time + given
            coming.append(max(level + owed - on_hand - sum(coming), 0))
        if in_time >= share * asked:
            return stock / (len(needed) - WARM)
    raise InvariantBroken("no level is enough", where="coat")


def _write(coats: Coats, stock_file: Path) -> None:
    lines = ["option,on_hand,on_order,owed"]
    lines += [f"{one['option']},{one['on_hand']},{one['on_order']},{one['owed']}" for one in coats.rows()]
    stock_file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _by_chance(chance: Random, a_day: float) -> int:
    """How many come on a day (Poisson)."""
    found, at = Counter[str](), chance.expovariate(a_day)
    while at < 1:
        found["came"] += 1
        at += chance.expovariate(a_day)
    return found["came"]
