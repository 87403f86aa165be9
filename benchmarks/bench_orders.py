"""How soon it is told what to order, of a million pieces that were counted.

    python benchmarks/bench_orders.py [--pieces 1000000] [--options 50] [--database sqlite|postgresql]

What is counted is made up (three years, gamma notices of twenty days, one of twenty withdrawn) and written through the
store; the jobs behind it are not there, and are not asked for.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import UTC, datetime
from random import Random
from time import perf_counter, process_time
from typing import Any

from bench_machine import folder, machine, postgres

from flowengine import Engine, SimulatedClock

DAYS = 1_000
NAMES = ("process", "fate", "options", "option", "made", "over", "size", "gone")
SHOP = """
process: shop
need: A coat
roles: {{cutter: Cutter}}
options: {{cloth: [{options}]}}
states:
  need: {{type: need, next: choose}}
  choose: {{type: choice, choose: {{cloth: {{from: cloth}}}}, within: P90D, on: {{chosen: cut, expired: gone}}}}
  cut: {{type: task, for: cutter, uses: choose.cloth, next: fulfilled}}
  fulfilled: {{type: fulfilled}}
  gone: {{type: ended, because: Nothing was chosen}}
"""


def rows(pieces: int, options: int, today: int) -> list[dict[str, Any]]:
    """What is counted, as the store takes it."""
    chance, cells = Random(1), Counter[tuple[Any, ...]]()
    for number in range(pieces):
        made = today - chance.randrange(DAYS)
        over = made + round(chance.gammavariate(9, 20 / 9))
        fate = "waiting" if over > today else "withdrawn" if chance.random() < 0.05 else "used"
        cells["shop", fate, "cloth", f"cloth_{number % options}", made, 0 if fate == "waiting" else over, 1, 0] += 1
    return [dict(zip(NAMES, where, strict=True)) | {"choices": number} for where, number in cells.items()]


def ask(address: str, pieces: int, options: int) -> None:
    """Write them, and ask five times."""
    listed = ", ".join(f"{{id: cloth_{one}, lead_time: P{3 + one % 20}D}}" for one in range(options))
    with Engine(address, clock=SimulatedClock(datetime(2027, 1, 4, 9, tzinfo=UTC)), handlers={}) as engine:
        engine.deploy(SHOP.format(options=listed))
        made = rows(pieces, options, engine.clock.now().date().toordinal())
        for first in range(0, len(made), 5_000):
            some = made[first : first + 5_000]
            engine.shell.keep(lambda tx, some=some: tx.pieces.add(some))  # type: ignore[misc]
        stocks = [{"option": f"cloth_{one}", "on_hand": 3} for one in range(options)]
        print(f"  {pieces:,} pieces of {options} options, {len(made):,} rows")
        for _ in range(5):
            clock, processor = perf_counter(), process_time()
            found = engine.forecast("shop", stocks=stocks)
            assert len(found.rows) == options
            print(
                f"  {perf_counter() - clock:.2f} s, of this process on a processor {process_time() - processor:.2f} s"
            )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--pieces", type=int, default=1_000_000)
    asked.add_argument("--options", type=int, default=50)
    asked.add_argument("--database", choices=["sqlite", "postgresql"])
    given = asked.parse_args()
    print(machine())
    with folder() as where:
        if given.database != "postgresql":
            print("SQLite")
            ask(f"sqlite:///{where}/orders.db", given.pieces, given.options)
        if given.database != "sqlite":
            print("PostgreSQL")
            with postgres(where) as fresh:
                ask(fresh("orders"), given.pieces, given.options)


if __name__ == "__main__":
    sys.exit(main())
