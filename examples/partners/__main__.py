"""``python -m examples.partners``: a tailor's shop and a mill, two servers, two workers, two databases."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from random import Random
from time import monotonic, sleep

from examples.whole_story.person import NotAsTold
from flowengine.signing import new_secret

from .orders import Orders, Tell
from .organisation import ROLES, Organisation
from .people import open_mill, open_shop

AT_ONCE = 6
"""Orders that are open at once while processes are killed."""

PAUSE = 0.1
PATIENCE = 420.0
"""Seconds in which, once nothing is killed any more, something has to move: a message that has met six servers that
were down is tried again after five minutes."""


def play(folder: Path, orders: int, kills: int = 0, *, every: float = 2.0, seed: int = 0, tell: Tell = print) -> Orders:
    """At least so many orders, one after the other unless something is killed: then new ones are begun until that has
    been done. Raises NotAsTold."""
    chance, secret = Random(seed), new_secret()
    shop, mill = Organisation("tailor", folder), Organisation("mill", folder)
    shop.knows(mill, secret)
    mill.knows(shop, secret)
    open_shop(shop.engine)
    open_mill(mill.engine)
    with shop, mill:
        placed = Orders(shop.engine, mill.engine, tell)
        left, next_kill, moved = kills, monotonic() + every, monotonic()
        while True:
            busy = placed.open
            if (left or len(placed.begun) < orders) and busy < (AT_ONCE if kills else 1):
                placed.begin()
            elif not busy and not left and not placed.records.pending:
                break
            if placed.act() or left:
                moved = monotonic()
            if left and monotonic() >= next_kill:
                side, role = chance.choice((shop, mill)), chance.choice(ROLES)
                side.kill(role)
                left, next_kill = left - 1, monotonic() + every * chance.uniform(0.3, 1.7)
            if monotonic() - moved > PATIENCE:
                raise NotAsTold(f"{busy} orders have not moved for {PATIENCE:.0f} s")
            sleep(PAUSE)
        placed.check()
    tell(f"{kills} processes were killed: {_counted(shop)}; {_counted(mill)}." if kills else "")
    return placed


def _counted(side: Organisation) -> str:
    return f"{side.name}: " + ", ".join(f"{role} {number}" for role, number in side.killed.items())


def main() -> None:
    """Play it, and say how long it took; the exit code is 1 at the first thing that is not as told."""
    parser = argparse.ArgumentParser(prog="python -m examples.partners", description=__doc__)
    parser.add_argument("--orders", type=int, default=2, help="one is changed once, one withdrawn, … (2)")
    parser.add_argument("--kills", type=int, default=0, help="so often a server or a worker is killed meanwhile")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two of them, on average")
    parser.add_argument("--seed", type=int, default=0, help="by which it is drawn what is killed, and when")
    asked = parser.parse_args()
    began = monotonic()
    with tempfile.TemporaryDirectory(prefix="partners") as name:
        try:
            placed = play(Path(name), asked.orders, asked.kills, every=asked.every, seed=asked.seed)
        except NotAsTold as error:
            sys.exit(f"\nNot as it is told: {error}")
    words = f"{len(placed.begun)} orders came to their ends, each once on both sides"
    print(f"{words}; it took {monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
