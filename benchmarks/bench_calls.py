"""The calls of Python functions that one warm act makes, and its files. Run it: ``python benchmarks/bench_calls.py``.

Counts are no times: they are the same on a busy machine. ``--list`` names every call, in its order.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from bench_flows import ADA, MIKA
from bench_machine import folder, postgres
from rich.console import Console
from rich.table import Table

import flowengine
from flowengine import Actor, Engine

TO_AND_FRO = """
process: to_and_fro
title: A piece of work, shown until it is well
need: Something done
roles: {helper: {title: Helper}}
states:
  need: {type: need, fields: {what: {type: string}}, next: work}
  work: {type: task, for: helper, on: {done: accept}}
  accept:
    type: approval
    ask: Is it well?
    within: P7D
    on: {approved: work, changes: work, expired: gone}
  stop: {type: decision, rules: [{when: 'count("work") > 1000000', to: fulfilled}], else: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Silence}
always:
  enough: {by: customer, to: stop}
"""

ACTS: tuple[tuple[str, Actor], ...] = (("done", MIKA), ("approved", ADA))
"""A task is done, what came of it is approved, and it begins anew."""

PACKAGE = Path(flowengine.__file__).parent


class Call(NamedTuple):
    """One call: of what, in which file, and how deep."""

    name: str
    file: Path
    depth: int

    @property
    def room(self) -> str:
        """The room of flowengine that it is in, or the library."""
        if not self.file.is_relative_to(PACKAGE):
            parts = self.file.parts
            return parts[parts.index("site-packages") + 1] if "site-packages" in parts else "Python itself"
        inside = self.file.relative_to(PACKAGE)
        return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def calls(what: Callable[[], Any]) -> list[Call]:
    """The Python functions that are called while something is done, in their order."""
    seen: list[tuple[CodeType, int]] = []
    depth = 0

    def note(frame: FrameType, event: str, _: Any) -> None:
        nonlocal depth
        if event == "call":
            seen.append((frame.f_code, depth))
            depth += 1
        elif event == "return":
            depth -= 1

    sys.setprofile(note)
    try:
        what()
    finally:
        sys.setprofile(None)
    return [Call(code.co_qualname, Path(code.co_filename), depth) for code, depth in seen]


def files(of: list[Call]) -> set[Path]:
    """The files of flowengine that calls pass through."""
    return {one.file for one in of if one.file.is_relative_to(PACKAGE)}


def warm_acts(engine: Engine, warm: int = 20) -> dict[str, list[Call]]:
    """The calls of one act of each kind, by its outcome, after so many acts of each."""
    engine.deploy(TO_AND_FRO)
    engine.add_customer("ada", "Ada")
    job = engine.start("to_and_fro", by=ADA, need={"what": "a chair"}).job
    found: dict[str, list[Call]] = {}
    for number in range(warm + 1):
        for outcome, who in ACTS:
            step = next(one.id for one in engine.inbox(who) if one.job == job)
            act = partial(engine.act, step, outcome, by=who, key=f"{outcome}-{number}")
            found[outcome] = calls(act)
    return found


def table(database: str, found: dict[str, list[Call]], *, each: bool) -> Table:
    """Calls and files of each act, by room."""
    shown = Table(database, *(f"{outcome}: calls" for outcome in found), title=f"One act on {database}")
    counts = {outcome: Counter(one.room for one in of) for outcome, of in found.items()}
    for room in sorted(set().union(*counts.values()), key=lambda room: -sum(of[room] for of in counts.values())):
        shown.add_row(room, *(str(of[room]) for of in counts.values()))
    shown.add_section()
    shown.add_row("all calls", *(str(len(of)) for of in found.values()))
    shown.add_row("files of flowengine", *(str(len(files(of))) for of in found.values()))
    if each:
        for outcome, of in found.items():
            print(f"\n{outcome} on {database}")
            for one in of:
                print("  " * one.depth + one.name, f"({one.file.name})")
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="name every call")
    given = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 118)
    with folder() as disk:
        with Engine(f"sqlite:///{disk}/calls.db") as engine:
            console.print(table("SQLite", warm_acts(engine), each=given.list))
        with postgres(disk) as address, Engine(address("calls")) as engine:
            console.print(table("PostgreSQL", warm_acts(engine), each=given.list))


if __name__ == "__main__":
    main()
