"""``flow demo``: see a suit being made, and find a second job waiting to be acted on."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from flowengine.cli.context import Desk, program
from flowengine.cli.flags import desk
from flowengine.cli.group import common

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.runtime.handlers import Handler
    from flowengine.store import Database


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
    with opened(at) as engine:
        ada, ben, ben_id = _run(at, engine.database, console)
    seconds = perf_counter() - began
    flow, here = shlex.join(program()), Desk(at=at)
    commands = [f"{flow} track {ada} --as ada", f"{flow} history {ada}", f"{flow} act {ben} --as {shlex.quote(ben_id)}"]
    worker = f"{flow} worker --once --handlers flowengine.cli.demo"
    answer = {"database": at, "fulfilled": ada, "waiting": ben, "seconds": round(seconds, 2), "commands": commands}
    answer |= {"environment": {"FLOW_AT": at}, "worker": worker}
    desk.answer(answer, lambda console: _ending(console, [here.once, *commands], worker, seconds))


def _run(at: str, database: Database, console: Console) -> tuple[str, str, str]:
    """Tell the story on an open database: the short ids of both jobs, and Ben's id."""
    from flowengine.cli import story
    from flowengine.clock import SimulatedClock
    from flowengine.engine import Engine
    from flowengine.store import short

    now = datetime.now(UTC).replace(microsecond=0)
    clock = SimulatedClock((now - story.LENGTH).replace(hour=9, minute=0, second=0))
    engine = Engine(database, clock=clock, handlers={})
    told = story.tell(engine, clock, console, mill_file(at))
    ben_id, ben_job = story.begin_the_next(told, now)
    return short(told.job)[:8], short(ben_job)[:8], ben_id


def _ending(console: Console, commands: list[str], worker: str, seconds: float) -> None:
    from flowengine.cli import show

    console.print()
    show.line(console, ("Fulfilled", "bold green"), f", in {seconds:.1f} s. Look at it, and act on what waits for Ben:")
    for command in commands:
        show.line(console, "  ", (command, show.ID), pasted=True)
    show.line(console, ("The code in Ben's job then runs by: ", "dim"), worker, pasted=True)


def __getattr__(name: str) -> dict[str, Handler]:
    """``flow worker --handlers flowengine.cli.demo``: the shop's handlers, for the job that the demo leaves waiting."""
    if name != "HANDLERS":
        raise AttributeError(name)
    from flowengine.cli.story import shop_module

    newest = max(Path().glob("flow-demo*.mill.db"), key=lambda path: path.stat().st_mtime, default=mill_file(""))
    handlers: dict[str, Handler] = shop_module("handlers").handlers(shop_module("mill").Mill(newest))
    return handlers


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
