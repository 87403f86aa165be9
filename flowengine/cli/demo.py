"""``flow demo``: see a suit being made, and find a second job waiting to be acted on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli.flags import terminal
from flowengine.cli.group import common
from flowengine.cli.terminal import Terminal, program
from flowengine.samples import example

if TYPE_CHECKING:
    from rich.console import Console


@click.command()
@click.option("--web", is_flag=True, help="Go on in a browser: as the customer, the tailor, or who runs the shop.")
@common
@terminal
def demo(terminal: Terminal, web: bool) -> None:
    """See a suit being made, from need to fulfilment: the real engine, on a SQLite file, in simulated time.

    A second job is left waiting for you. Without --at, a file of its own is made in the current folder.
    """
    from flowengine.cli.terminal import screen

    at = terminal.at or f"sqlite:///{_free('flow-demo', '.db')}"
    began = perf_counter()
    console = _silent() if terminal.json else screen()
    console.print("One suit, one customer, one flow. Time is simulated; the engine, the database and the code are not.")
    ada, ben, ben_id = _shop("demo").tell(at, console, mill_file(at), till_file(mill_file(at)))
    seconds = perf_counter() - began
    flow, here = shlex.join(program()), Terminal(at=at)
    commands = [f"{flow} track {ada} --as ada", f"{flow} history {ada}", f"{flow} act {ben} --as {shlex.quote(ben_id)}"]
    worker = f"{flow} worker --once --handlers flowengine.cli.demo"
    answer = {"database": at, "fulfilled": ada, "waiting": ben, "seconds": round(seconds, 2), "commands": commands}
    answer |= {"environment": {"FLOW_AT": at}, "worker": worker}
    if web:
        _show(terminal, at, answer)
    else:
        terminal.answer(answer, lambda console: _ending(console, [here.once, *commands], worker, seconds))


def _show(terminal: Terminal, at: str, answer: dict[str, Any]) -> None:
    """Serve the pages on this machine alone, and open them, until Ctrl-C."""
    import webbrowser

    from flowengine.cli import show
    from flowengine.distribution import installing
    from flowengine.errors import Refused

    try:
        from flowengine.web.showing import serve_for_show
    except ModuleNotFoundError as missing:
        what = f"to show pages, {missing.name} must be installed"
        raise Refused(what, possible=(installing("web"),)) from missing

    def ready(url: str) -> None:
        def tell(console: Console) -> None:
            show.line(console, ("The pages: ", "dim"), url, (". Ctrl-C ends them.", "dim"))

        terminal.answer(answer | {"url": url}, tell)
        sys.stdout.flush()
        if not terminal.json:
            webbrowser.open(url)

    mill = mill_file(at)
    handlers = _shop("handlers").handlers(_shop("mill").Mill(mill), _shop("till").Till(till_file(mill)))
    serve_for_show(at, handlers, ready)


def _shop(name: str) -> Any:
    """A module of the tailor's shop."""
    return example(f"bespoke_suit.{name}")


def _ending(console: Console, commands: list[str], worker: str, seconds: float) -> None:
    from flowengine.cli import show, tables

    console.print()
    show.line(console, ("Fulfilled", "bold green"), f", in {seconds:.1f} s. Look at it, and act on what waits for Ben:")
    for command in commands:
        show.line(console, "  ", (command, tables.ID), pasted=True)
    show.line(console, ("The code in Ben's job then runs by: ", "dim"), worker, pasted=True)


def __getattr__(name: str) -> dict[str, Callable[..., Any]]:
    """``flow worker --handlers flowengine.cli.demo``: the shop's handlers, for the job that the demo leaves waiting."""
    if name != "HANDLERS":
        raise AttributeError(name)
    newest = max(Path().glob("flow-demo*.mill.db"), key=lambda path: path.stat().st_mtime, default=mill_file(""))
    till = _shop("till").Till(till_file(newest))
    handlers: dict[str, Callable[..., Any]] = _shop("handlers").handlers(_shop("mill").Mill(newest), till)
    return handlers


def mill_file(at: str) -> Path:
    """Where the pretend supplier keeps its orders: beside the SQLite file, or in the current folder."""
    scheme, _, path = at.partition(":///")
    return Path(path).with_suffix(".mill.db") if scheme == "sqlite" and path else Path("flow-demo.mill.db")


def till_file(mill: Path) -> Path:
    """Where the pretend till keeps its payments: beside the supplier's orders."""
    return mill.with_name(mill.name.replace(".mill.", ".till."))


def _free(name: str, suffix: str) -> str:
    """A file name that is not taken: nothing that somebody made is overwritten."""
    number = 1
    while Path(candidate := f"{name}{'' if number == 1 else f'-{number}'}{suffix}").exists():
        number += 1
    return candidate


def _silent() -> Console:
    from rich.console import Console

    return Console(quiet=True)
