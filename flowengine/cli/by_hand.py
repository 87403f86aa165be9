"""Commands for operators where a job needs a hand: end, call, set, move, deadline, timers, timer, handover. What
changes something takes a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli import listing, sure, tab_words
from flowengine.cli.flags import request_key, terminal, when
from flowengine.cli.group import FlowGroup, common
from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from flowengine.client import Duration, Receipt


def _reasoned(command: Callable[..., Any]) -> Callable[..., Any]:
    """What all of these take: a reason, ``--dry`` and a request key."""
    command = click.option("--dry", is_flag=True, help="Say what would happen, and do nothing.")(request_key(command))
    return click.option("--because", required=True, metavar="TEXT", help="Why: it stays in the history.")(command)


def _told(terminal: Terminal, receipt: Receipt, dry: bool) -> None:
    from flowengine.cli import show

    terminal.answer(receipt, lambda console: show.receipt(console, receipt, dry=dry))


@click.command()
@click.argument("job", shell_complete=tab_words.jobs)
@click.option("--undo", is_flag=True, help="Undo first what its services did.")
@sure.yes
@_reasoned
@common
@terminal
def end(terminal: Terminal, job: str, undo: bool, yes: bool, because: str, dry: bool, key: str | None) -> None:
    """End a job, wherever it stands."""
    from flowengine.cli import show

    desk = terminal.desk()

    def means(console: Console) -> None:
        show.receipt(console, desk.end(job, because, undo=undo, dry=True), dry=True)

    sure.be_sure(terminal, yes or dry, f"End the job {job} for good?", means)
    _told(terminal, desk.end(job, because, undo=undo, dry=dry, key=key), dry)


@click.group(cls=FlowGroup)
def call() -> None:
    """Complete, fail or skip an open service call."""


@call.command()
@click.argument("call", shell_complete=tab_words.calls)
@click.option("--outcome", default="done", show_default=True, metavar="NAME")
@click.option("--result", metavar="JSON|TEXT", help="What its handler would have given.")
@_reasoned
@common
@terminal
def complete(
    terminal: Terminal, call: str, outcome: str, result: str | None, because: str, dry: bool, key: str | None
) -> None:
    """End a call with an outcome and a result."""
    from flowengine.cli.typed_values import item

    value = item(result) if result is not None else None
    done = terminal.desk().complete_call(call, outcome, value, because=because, dry=dry, key=key)
    _told(terminal, done, dry)


@call.command()
@click.argument("call", shell_complete=tab_words.calls)
@_reasoned
@common
@terminal
def fail(terminal: Terminal, call: str, because: str, dry: bool, key: str | None) -> None:
    """Have a call take its route failed."""
    _told(terminal, terminal.desk().fail_call(call, because, dry=dry, key=key), dry)


@call.command()
@click.argument("call", shell_complete=tab_words.calls)
@click.option("--outcome", default="done", show_default=True, metavar="NAME", help="The route that is taken.")
@_reasoned
@common
@terminal
def skip(terminal: Terminal, call: str, outcome: str, because: str, dry: bool, key: str | None) -> None:
    """Go on without a call; nothing is saved."""
    _told(terminal, terminal.desk().skip_call(call, because, outcome=outcome, dry=dry, key=key), dry)


@click.command("set")
@click.argument("job", shell_complete=tab_words.jobs)
@click.argument("place")
@click.argument("value", metavar="JSON|TEXT")
@click.option("--branch", default="", metavar="ID", help="The item whose own data it is.")
@_reasoned
@common
@terminal
def set_data(
    terminal: Terminal, job: str, place: str, value: str, branch: str, because: str, dry: bool, key: str | None
) -> None:
    """Put a value at a place in a job's data, as need.day."""
    from flowengine.cli.typed_values import item

    desk = terminal.desk()
    _told(terminal, desk.set_data(job, place, item(value), because=because, branch=branch, dry=dry, key=key), dry)


@click.command()
@click.argument("job", shell_complete=tab_words.jobs)
@click.argument("state")
@click.option("--branch", default="", metavar="ID", help="The branch that is moved, where several could be.")
@_reasoned
@common
@terminal
def move(terminal: Terminal, job: str, state: str, branch: str, because: str, dry: bool, key: str | None) -> None:
    """Send a job, or a branch of it, to another state."""
    _told(terminal, terminal.desk().move(job, state, because=because, branch=branch, dry=dry, key=key), dry)


def _one_of(job: str | None, process: str | None) -> None:
    if bool(job) == bool(process):
        raise click.UsageError("Name one JOB, or a process with --process.")


@click.command()
@click.argument("job", required=False, shell_complete=tab_words.jobs)
@click.option("--process", metavar="NAME", shell_complete=tab_words.processes, help="No new job of it begins.")
@_reasoned
@common
@terminal
def suspend(terminal: Terminal, job: str | None, process: str | None, because: str, dry: bool, key: str | None) -> None:
    """Hold a job, so that nobody acts and no clock runs; or a process, so that no job of it begins."""
    from flowengine.cli import lists

    _one_of(job, process)
    if job:
        _told(terminal, terminal.desk().suspend(job, because=because, dry=dry, key=key), dry)
        return
    _not_for_processes(dry, key)
    row = terminal.desk().suspend_process(str(process), because=because)
    terminal.answer(row, lambda console: lists.processes(console, [row]))


@click.command()
@click.argument("job", required=False, shell_complete=tab_words.jobs)
@click.option("--process", metavar="NAME", shell_complete=tab_words.processes, help="Jobs of it begin again.")
@_reasoned
@common
@terminal
def resume(terminal: Terminal, job: str | None, process: str | None, because: str, dry: bool, key: str | None) -> None:
    """Let a job that is suspended go on, or jobs of a process begin again."""
    from flowengine.cli import lists

    _one_of(job, process)
    if job:
        _told(terminal, terminal.desk().resume(job, because=because, dry=dry, key=key), dry)
        return
    _not_for_processes(dry, key)
    row = terminal.desk().resume_process(str(process), because=because)
    terminal.answer(row, lambda console: lists.processes(console, [row]))


def _not_for_processes(dry: bool, key: str | None) -> None:
    if dry or key:
        raise click.UsageError("--dry and --key are for jobs.")


@click.command()
@click.argument("deadline", metavar="STEP|TIMER", shell_complete=tab_words.steps)
@click.option(
    "--to",
    callback=when("a span like P3D nor a moment like 2026-01-31T18:00+01:00"),
    required=True,
    metavar="P3D|MOMENT",
    help="Until when: this long from now, or a moment with its zone.",
)
@_reasoned
@common
@terminal
def deadline(
    terminal: Terminal, deadline: str, to: Duration | datetime, because: str, dry: bool, key: str | None
) -> None:
    """Move the deadline of a step, or of what flow timers names."""
    from datetime import datetime

    desk = terminal.desk()
    moment = to if isinstance(to, datetime) else to.after(desk.now())
    _told(terminal, desk.move_deadline(deadline, moment, because=because, dry=dry, key=key), dry)


@click.command()
@click.argument("job", shell_complete=tab_words.jobs)
@listing.options
@common
@terminal
def timers(terminal: Terminal, job: str, output: str | None, sort_by: str | None) -> None:
    """The timers that are set for a job, the earliest first."""
    from flowengine.cli import lists

    form = listing.Form.of(terminal, lists.TIMERS, output, sort_by)
    desk = terminal.desk()
    form.tell(desk.timers(job), desk.now())


@click.group(cls=FlowGroup)
def timer() -> None:
    """Fire a timer before its time, or drop a reminder."""


@timer.command()
@click.argument("timer")
@_reasoned
@common
@terminal
def fire(terminal: Terminal, timer: str, because: str, dry: bool, key: str | None) -> None:
    """Have what a timer is set for happen now."""
    _told(terminal, terminal.desk().fire_timer(timer, because=because, dry=dry, key=key), dry)


@timer.command()
@click.argument("timer")
@_reasoned
@common
@terminal
def drop(terminal: Terminal, timer: str, because: str, dry: bool, key: str | None) -> None:
    """Have a reminder or an escalation not come."""
    _told(terminal, terminal.desk().drop_timer(timer, because=because, dry=dry, key=key), dry)


@click.command()
@click.argument("person", shell_complete=tab_words.people)
@click.argument("to", shell_complete=tab_words.people)
@click.option("--because", required=True, metavar="TEXT", help="Why: it stays in the history.")
@click.option("--dry", is_flag=True, help="Say what would happen, and do nothing.")
@common
@terminal
def handover(terminal: Terminal, person: str, to: str, because: str, dry: bool) -> None:
    """Hand all that PERSON has claimed to TO."""
    from flowengine.cli import acting, show

    desk = terminal.desk()
    done = desk.hand_over(acting.person(desk, person), acting.person(desk, to), because=because, dry=dry)
    terminal.answer(done, lambda console: show.handed_over(console, done, dry=dry))
