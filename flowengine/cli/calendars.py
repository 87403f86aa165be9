"""Calendars: closed for a time, as files, and as feeds for calendar programs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowengine.cli import tab_words
from flowengine.cli.flags import day_or_moment, terminal
from flowengine.cli.group import common
from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import CalendarFile, ClosureView

NEW_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def calendar() -> None:
    """When calendars are closed, whatever their processes say; and the appointments of a job as a file."""


@calendar.command("close")
@click.argument("name")
@click.argument("start", metavar="FROM", callback=day_or_moment)
@click.argument("end", metavar="UNTIL", callback=day_or_moment)
@click.option("--because", "why", default="", metavar="TEXT", help="Why.")
@common
@terminal
def close(terminal: Terminal, name: str, start: date, end: date, why: str) -> None:
    """Close the calendar NAME for a time: no appointments are offered then.

    FROM and UNTIL are days (the last one counts too) or moments. What is booked already is listed: it stays booked
    until it is moved, or given back.
    """
    from flowengine.cli import show
    from flowengine.cli.moments import told
    from flowengine.cli.tables import ID

    done = terminal.desk().close_calendar(name, start, end, why)

    def tell(console: Console) -> None:
        _closed(console, done)
        if done.appointments:
            show.line(console, ("Booked for then; to be moved, or given back:", "bold yellow"))
        for booked in done.appointments:
            show.line(console, "  ", (booked.short, ID), f"  {told(booked.start)}")

    terminal.answer(done, tell)


@calendar.command("open")
@click.argument("name")
@click.argument("start", metavar="FROM", callback=day_or_moment)
@common
@terminal
def open_(terminal: Terminal, name: str, start: date) -> None:
    """Open the calendar NAME again that is closed from FROM on, a day or moment as it was given."""
    left = terminal.desk().open_calendar(name, start)
    terminal.answer(left, lambda console: _all_closed(console, left))


@calendar.command("list")
@click.argument("name", required=False, default="")
@common
@terminal
def list_(terminal: Terminal, name: str) -> None:
    """When the calendar NAME, or any, is closed from now on."""
    found = terminal.desk().closures(name)
    terminal.answer(found, lambda console: _all_closed(console, found))


@calendar.command("free")
@click.argument("name", required=False, default="")
@click.option("--day", callback=day_or_moment, metavar="DAY", help="[default: today]")
@common
@terminal
def free(terminal: Terminal, name: str, day: date | None) -> None:
    """The free hours of the calendar NAME, or of each: when it is open on a day, and has room."""
    from flowengine.cli import show
    from flowengine.cli.moments import told

    found = terminal.desk().free_hours(name, day)

    def tell(console: Console) -> None:
        for one in found:
            show.line(console, (one.calendar, "bold"), f" on {one.day:%d %b %Y}")
            if not one.rooms:
                why = "There is no room." if one.open else "It does not open on that day."
                show.line(console, (f"  {why}", "dim"))
            for room in one.rooms:
                seats = f", {room.free} of {one.seats}" if one.seats > 1 else ""
                show.line(console, f"  free from {told(room.start)} until {told(room.end)}{seats}")

    terminal.answer(found, tell)


@calendar.command("save")
@click.argument("job", shell_complete=tab_words.jobs)
@click.option("--to", "file", metavar="FILE", type=NEW_FILE, required=True, help="A new file; - prints it.")
@common
@terminal
def save(terminal: Terminal, job: str, file: Path) -> None:
    """Save the appointments of JOB as iCalendar, for a calendar program."""
    write(terminal, terminal.desk().appointment_file(job), file)


def write(terminal: Terminal, found: CalendarFile, file: Path) -> None:
    """Write a file for calendar programs: a new one, or to the output."""
    from flowengine.cli import show

    if str(file) == "-":
        terminal.answer(found, lambda _: click.echo(found.text, nl=False))
        return
    try:
        with file.open("x", encoding="utf-8", newline="") as written:
            written.write(found.text)
    except FileExistsError:
        raise click.UsageError(f"{file} is there already; name a new file.") from None
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}.") from None
    many = "1 appointment" if found.appointments == 1 else f"{found.appointments} appointments"
    answer = {"file": str(file), "appointments": found.appointments}
    terminal.answer(answer, lambda console: show.line(console, ("Saved: ", "bold"), f"{many} in {file}."))


@click.group()
def feed() -> None:
    """Addresses from which a calendar program reads your appointments."""


@feed.command("create")
@common
@terminal
def create(terminal: Terminal) -> None:
    """Make an address, and show it this once. Whoever knows it reads your appointments, and can do nothing else."""
    from flowengine.cli import show

    made = terminal.desk().make_feed()

    def tell(console: Console) -> None:
        show.line(console, ("Subscribe to this address in your calendar program; it is shown only now:", "bold"))
        show.line(console, "  ", made.url or f"https://YOUR-SERVER{made.path}", pasted=True)
        if not made.url:
            show.line(console, ("YOUR-SERVER is where flow serve is reached; FLOW_URL says it once for all.", "dim"))
        show.line(console, ("End it: ", "dim"), terminal.line(f"feed end {made.id}"), pasted=True)

    terminal.answer(made, tell)


@feed.command("list")
@common
@terminal
def list_feeds(terminal: Terminal) -> None:
    """Your feeds, without their addresses."""
    found = terminal.desk().feeds()
    terminal.answer(found, lambda console: _feeds(console, [(one.id, one.created) for one in found]))


@feed.command("end")
@click.argument("id")
@common
@terminal
def end(terminal: Terminal, id: str) -> None:
    """End one of your feeds: from now on nobody reads it."""
    left = terminal.desk().end_feed(id)
    terminal.answer(left, lambda console: _feeds(console, [(one.id, one.created) for one in left]))


def _feeds(console: Console, found: list[tuple[str, object]]) -> None:
    from flowengine.cli import show
    from flowengine.cli.tables import ID

    if not found:
        show.line(console, ("You have no feeds.", "dim"))
    for id, created in found:
        show.line(console, (id, ID), f"  made on {created:%d %b %Y}")


def _all_closed(console: Console, found: list[ClosureView]) -> None:
    from flowengine.cli import show

    if not found:
        show.line(console, ("Closed at no time ahead, but for what the processes say.", "dim"))
    for one in found:
        _closed(console, one)


def _closed(console: Console, one: ClosureView) -> None:
    from flowengine.cli import show
    from flowengine.cli.moments import told

    why = f": {one.why}" if one.why else ""
    show.line(console, (one.calendar, "bold"), f" is closed from {told(one.start)} until {told(one.end)}{why}")
