"""``python -m examples.bespoke_suit``: the story of a suit, or a look behind the pretend mill's counter."""

from __future__ import annotations

import argparse
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from flowengine import Engine, SimulatedClock
from flowengine.cli.terminal import screen

from .mill import Mill
from .story import tell

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
    asked = parser.parse_args()
    if asked.command in (None, "tell"):
        _tell()
    elif asked.command == "orders":
        for order in _mill().orders():
            print(f"{order.number}  {order.item:18} {order.metres:5} m  arrives {order.arrives}  {order.status}")
    else:
        if asked.item and asked.metres is not None:
            _mill().set_stock(asked.item, asked.metres)
        for item, metres in _mill().stock().items():
            print(f"{item:18} {metres:7} m")


def _tell() -> None:
    clock = SimulatedClock(MONDAY)
    with tempfile.TemporaryDirectory() as folder, Engine("sqlite://", clock=clock, handlers={}) as engine:
        tell(engine, clock, Mill(Path(folder) / "mill.db", today=lambda: clock.now().date()), screen())


def _mill() -> Mill:
    return Mill(os.environ.get("SUIT_MILL", "mill.db"))


if __name__ == "__main__":
    main()
