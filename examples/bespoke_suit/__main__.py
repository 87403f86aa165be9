"""``python -m examples.bespoke_suit``: the story of a suit, or a look at the pretend mill and till."""

from __future__ import annotations

import argparse
import os
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from flowengine import Engine, SimulatedClock
from flowengine.cli.terminal import screen

from .mill import Mill
from .story import tell
from .till import Till

MONDAY = datetime(2027, 1, 4, 10, tzinfo=UTC)


def main() -> None:
    """Tell the story in a folder of its own, or show and set what the mill of this folder has."""
    parser = argparse.ArgumentParser(prog="python -m examples.bespoke_suit", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("tell", help="run one suit through the engine in simulated time (what happens unless asked)")
    commands.add_parser("orders", help="what the mill was asked for")
    stock = commands.add_parser("stock", help="what the mill has; with an item and metres, put that on its shelf")
    stock.add_argument("item", nargs="?")
    stock.add_argument("metres", nargs="?", type=float)
    commands.add_parser("payments", help="what the till has taken and given back")
    bank = commands.add_parser("bank", help="have a customer's bank pay no more than an amount, or any again")
    bank.add_argument("customer")
    bank.add_argument("most", nargs="?", type=Decimal)
    asked = parser.parse_args()
    if asked.command in (None, "tell"):
        _tell()
    elif asked.command == "orders":
        for order in _mill().orders():
            print(f"{order.number}  {order.item:18} {order.metres:5} m  arrives {order.arrives}  {order.status}")
    elif asked.command == "payments":
        for one in _till().payments():
            print(f"{one.receipt}  {one.payer:10} {one.amount:>9} for {one.what:12} {one.how:14} {one.status}")
    elif asked.command == "bank":
        _till().set_limit(asked.customer, asked.most)
    else:
        if asked.item and asked.metres is not None:
            _mill().set_stock(asked.item, asked.metres)
        for item, metres in _mill().stock().items():
            print(f"{item:18} {metres:7} m")


def _tell() -> None:
    clock = SimulatedClock(MONDAY)
    with tempfile.TemporaryDirectory() as folder, Engine("sqlite://", clock=clock, handlers={}) as engine:
        mill = Mill(Path(folder) / "mill.db", today=lambda: clock.now().date())
        tell(engine, clock, mill, Till(Path(folder) / "till.db"), screen())


def _mill() -> Mill:
    return Mill(os.environ.get("SUIT_MILL", "mill.db"))


def _till() -> Till:
    return Till(os.environ.get("SUIT_TILL", "till.db"))


if __name__ == "__main__":
    main()
