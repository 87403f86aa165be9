"""``flow demo``: see a flow from need to fulfilment, and find a second job waiting to be acted on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli.flags import terminal
from flowengine.cli.group import common
from flowengine.cli.terminal import Terminal, program
from flowengine.errors import Refused
from flowengine.samples import example

if TYPE_CHECKING:
    from rich.console import Console


MEMBERS = 13_000
"""Of the club that is shown."""


@dataclass(frozen=True)
class Told:
    """What was told: the ids of the job that is fulfilled and of one that waits for whoever looks on; who he is, and
    what he can type, without the program. ``house`` is what its pages are called, ``handlers`` the code that its jobs
    call."""

    fulfilled: str
    waiting: str
    who: str
    commands: tuple[str, ...]
    house: str
    handlers: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


@click.command()
@click.option("--club", "what", flag_value="club", help="See thousands of members shape a matchday of their club.")
@click.option("--contribution", "what", flag_value="contribution", help="See members build what one of them needs.")
@click.option(
    "--co-creation", "what", flag_value="co-creation", help="See customers' ideas talked over, tried and answered."
)
@click.option("--partners", "what", flag_value="partners", help="See a tailor's shop order from a mill, over HTTP.")
@click.option(
    "--forecast", "what", flag_value="forecast", help="See a shop order its cloth by what is chosen, 300 days."
)
@click.option("--web", is_flag=True, help="Go on in a browser, as one of those who took part.")
@common
@terminal
def demo(terminal: Terminal, what: str | None, web: bool) -> None:
    """See a suit being made, from need to fulfilment: the real engine, on a SQLite file, in simulated time.

    A second job is left waiting for you. Without --at, a file of its own is made in the current folder.
    """
    from flowengine.cli.terminal import screen

    at = terminal.at or f"sqlite:///{_free(f'flow-demo-{what}' if what else 'flow-demo', '.db')}"
    began = perf_counter()
    console = _silent() if terminal.json else screen()
    console.print("Time is simulated; the engine, the database and the code are not.")
    told = {
        None: _suit,
        "club": _club,
        "contribution": _contribution,
        "co-creation": _co_creation,
        "partners": _partners,
        "forecast": _forecast,
    }[what](at, console)
    seconds = perf_counter() - began
    flow = shlex.join(program())
    answer: dict[str, Any] = {"database": at, "fulfilled": told.fulfilled, "waiting": told.waiting}
    answer |= {"seconds": round(seconds, 2), "commands": [f"{flow} {one}" for one in told.commands]}
    answer |= {"environment": {"FLOW_AT": at}}
    if told.handlers:
        answer["worker"] = f"{flow} worker --once --handlers flowengine.cli.demo"
    if web:
        _show(terminal, at, told, answer)
    else:
        terminal.answer(answer, lambda console: _ending(console, Terminal(at=at).once, told, answer))


def _suit(at: str, console: Console) -> Told:
    console.print("One suit, one customer, one flow.")
    ada, ben, ben_id = _shop("demo").tell(at, console, mill_file(at), till_file(mill_file(at)))
    commands = (f"track {ada} --as ada", f"history {ada}", f"act {ben} --as {shlex.quote(ben_id)}")
    mill = mill_file(at)
    handlers = _shop("handlers").handlers(_shop("mill").Mill(mill), _shop("till").Till(till_file(mill)))
    return Told(ada, ben, "Ben", commands, "Hart & Thread", handlers)


def _club(at: str, console: Console) -> Told:
    console.print("One club, thousands of members, who decide.")
    played, kim, open_, who = example("club.demo").tell(at, console, MEMBERS)
    commands = (f"track {played} --as {kim}", f"history {played}", f"act {open_} --as {who}")
    return Told(played, open_, who, commands, "Members' United")


def _contribution(at: str, console: Console) -> Told:
    console.print("Members alone, and nobody who assigns.")
    released, raised = example("contribution.demo").tell(at, console)
    commands = (f"track {released} --as ada", f"history {released}", f"act {raised} --as finn")
    return Told(released, raised, "Finn", commands, "The commons")


def _co_creation(at: str, console: Console) -> Told:
    console.print("Ideas of customers, made real with customers, or answered.")
    adopted, raised = example("co_creation.demo").tell(at, console)
    commands = (f"track {adopted} --as ada", f"history {adopted}", f"act {raised} --as finn")
    return Told(adopted, raised, "Finn", commands, "Hart & Thread")


def _partners(at: str, console: Console) -> Told:
    console.print("Two organisations, two databases, one flow.")
    try:
        story = example("partners.demo")
    except ModuleNotFoundError as missing:
        raise _lacking("for two organisations that speak over HTTP", missing) from missing
    theirs = f"sqlite:///{_beside(at, 'supplier')}"
    sewn, waiting, order = story.tell(at, theirs, console)
    there = f"history {order} --at {shlex.quote(theirs)}"
    commands = (f"track {sewn} --as ada", f"history {sewn}", there, f"act {waiting} --as bea")
    return Told(sewn, waiting, "Bea", commands, "Hart & Thread")


def _forecast(at: str, console: Console) -> Told:
    console.print("One shop, 300 days, and each evening the question what to order.")
    stock = _beside(at, "stock").with_suffix(".csv")
    done, waiting = example("stockroom.demo").tell(at, stock, console)
    commands = (
        f"forecast coat --stock {shlex.quote(str(stock))} --as bea",
        f"history {done}",
        f"act {waiting} --as tom",
    )
    return Told(done, waiting, "Tom", commands, "Hart & Thread")


def _show(terminal: Terminal, at: str, told: Told, answer: dict[str, Any]) -> None:
    """Serve the pages on this machine alone, and open them, until Ctrl-C."""
    import webbrowser

    from flowengine.cli import show

    try:
        from flowengine.web.showing import serve_for_show
    except ModuleNotFoundError as missing:
        raise _lacking("to show pages", missing) from missing

    def ready(url: str) -> None:
        def tell(console: Console) -> None:
            show.line(console, ("The pages: ", "dim"), url, (". Ctrl-C ends them.", "dim"))

        terminal.answer(answer | {"url": url}, tell)
        sys.stdout.flush()
        if not terminal.json:
            webbrowser.open(url)

    serve_for_show(at, told.handlers, ready, told.house)


def _lacking(why: str, missing: ModuleNotFoundError) -> Refused:
    from flowengine.distribution import installing

    return Refused(f"{why}, {missing.name} must be installed", possible=(installing("web"),))


def _shop(name: str) -> Any:
    """A module of the tailor's shop."""
    return example(f"bespoke_suit.{name}")


def _ending(console: Console, once: str, told: Told, answer: Mapping[str, Any]) -> None:
    from flowengine.cli import show, tables

    console.print()
    words = f", in {answer['seconds']:.1f} s. Look at it, and act on what waits for {told.who}:"
    show.line(console, ("Fulfilled", "bold green"), words)
    for command in (once, *answer["commands"]):
        show.line(console, "  ", (command, tables.ID), pasted=True)
    if worker := answer.get("worker"):
        show.line(console, (f"The code in {told.who}'s job then runs by: ", "dim"), worker, pasted=True)


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
    return _beside(at, "mill")


def _beside(at: str, name: str) -> Path:
    """Another file beside the SQLite file, or in the current folder."""
    scheme, _, path = at.partition(":///")
    return Path(path).with_suffix(f".{name}.db") if scheme == "sqlite" and path else Path(f"flow-demo.{name}.db")


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
