"""``flow demo``: see a suit being made, and find a second job waiting to be acted on."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli.context import Desk
from flowengine.cli.group import common
from flowengine.cli.options import desk

if TYPE_CHECKING:
    from rich.console import Console


@click.command()
@common
@desk
def demo(desk: Desk) -> None:
    """See a suit being made, from need to fulfilment: the real engine, on a SQLite file, in simulated time.

    A second job is left waiting for you. Without --at, a file of its own is made in the current folder.
    """
    from flowengine.cli.context import opened, screen

    at = desk.at or f"sqlite:///{_free('flow-demo', '.db')}"
    began = perf_counter()
    console = _silent() if desk.json else screen()
    console.print("One suit, one customer, one flow. Time is simulated; the engine, the database and the code are not.")
    with opened(at) as plain:
        ada, ben, ben_id = _run(at, plain, console)
    seconds = perf_counter() - began
    flow = f"flow --at {shlex.quote(at)}"
    commands = [f"{flow} track {ada} --as ada", f"{flow} history {ada}", f"{flow} act {ben} --as {shlex.quote(ben_id)}"]
    answer = {"database": at, "fulfilled": ada, "waiting": ben, "seconds": round(seconds, 2), "commands": commands}
    desk.answer(answer, lambda console: _ending(console, commands, seconds))


def _run(at: str, plain: Any, console: Console) -> tuple[str, str, str]:
    """Tell the story on the database that is open: the ids of both jobs, short, and Ben's."""
    from flowengine.cli import story
    from flowengine.clock import SimulatedClock
    from flowengine.engine import Engine
    from flowengine.store import short

    now = datetime.now(UTC).replace(microsecond=0)
    clock = SimulatedClock((now - story.LENGTH).replace(hour=9, minute=0, second=0))
    engine = Engine(plain.database, clock=clock, handlers={})
    told = story.tell(engine, clock, console, mill_file(at))
    ben_id, ben_job = story.begin_the_next(told, now)
    return short(told.job)[:8], short(ben_job)[:8], ben_id


def _ending(console: Console, commands: list[str], seconds: float) -> None:
    from flowengine.cli import show

    show.line(console, ("Fulfilled", "bold green"), f", in {seconds:.1f} s. Look at it, and act on what waits for Ben:")
    for command in commands:
        show.line(console, "  ", (command, show.ID))


def mill_file(at: str) -> Path:
    """Where the pretend supplier keeps its orders: beside the SQLite file, or in the current folder."""
    scheme, _, path = at.partition(":///")
    return Path(path).with_suffix(".mill.db") if scheme == "sqlite" and path else Path("flow-demo.mill.db")


def _free(name: str, suffix: str) -> str:
    """A file name that is not taken: nothing that somebody made is overwritten."""
    number = 1
    while Path(candidate := f"{name}{'' if number == 1 else f'-{number}'}{suffix}").exists():
        number += 1
    return candidate


def _silent() -> Console:
    from rich.console import Console

    return Console(quiet=True)
