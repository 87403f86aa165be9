"""Where the time of an act goes, by room."""

from __future__ import annotations

import cProfile
import pstats

from bench_flows import Talker, ready
from bench_machine import folder
from rich.table import Table

from flowengine import Engine

ROOMS = {
    "flowengine/core": "core: compute",
    "flowengine/language": "language: expressions",
    "flowengine/store": "store: rows, statements",
    "flowengine/commands": "commands: shell, receipts",
    "flowengine/people": "people: permissions",
    "transitions": "transitions",
}


def profile(acts: int) -> Table:
    """The time of each room. The profiler itself slows Python down, and the driver not."""
    with folder() as where, Engine(f"sqlite:///{where}/profile.db") as engine:
        talker = Talker(ready(engine), "p")
        talker.acts(50)
        profiler = cProfile.Profile()
        profiler.enable()
        talker.acts(acts)
        profiler.disable()
    own: dict[str, float] = {}
    for (file, _, name), (_, _, seconds, _, _) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        own[_room(file, name)] = own.get(_room(file, name), 0.0) + seconds
    total = sum(own.values())
    table = Table("room", "µs an act", "share", title="Where the time goes (SQLite, profiled)")
    for room, seconds in sorted(own.items(), key=lambda pair: -pair[1]):
        table.add_row(room, f"{seconds / acts * 1e6:,.0f}", f"{seconds / total:.0%}")
    return table


def _room(file: str, name: str) -> str:
    if file == "~" and "sqlite3" in name:
        return "sqlite3: statements and commit"
    if file == "~" and ("msgspec" in name or "Encoder" in name or "Decoder" in name):
        return "msgspec: JSON"
    found = next((room for part, room in ROOMS.items() if part in file), "")
    return found or ("SQLAlchemy: pool" if "sqlalchemy" in file else "Python itself")
