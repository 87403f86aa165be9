"""Commands for parties: the ways to somebody, and who acts for whom."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from flowengine.cli import tab_words
from flowengine.cli.flags import day_or_moment, terminal
from flowengine.cli.group import FlowGroup, common
from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import ActingView, ContactView

KINDS = ("mail", "phone", "url")
MAY = ("see", "act", "sign")


@click.command("contacts")
@click.argument("person", shell_complete=tab_words.people)
@common
@terminal
def contacts(terminal: Terminal, person: str) -> None:
    """The ways to PERSON: mail addresses, telephone numbers and URLs; verified or not."""
    from flowengine.cli import acting

    desk = terminal.desk()
    rows = desk.contacts(acting.person(desk, person))
    terminal.answer(rows, lambda console: _contacts(console, rows))


@click.group("contact", cls=FlowGroup)
def contact() -> None:
    """Add a way to somebody, or take one away."""


_KIND = click.option("--kind", type=click.Choice(KINDS), help="What it is; seen by its look, unless given.")


@contact.command("add")
@click.argument("person", shell_complete=tab_words.people)
@click.argument("address")
@_KIND
@common
@terminal
def add_contact(terminal: Terminal, person: str, address: str, kind: str | None) -> None:
    """Add ADDRESS to the ways to PERSON."""
    from flowengine.cli import acting

    desk = terminal.desk()
    made = desk.add_contact(acting.person(desk, person), address, kind or "")  # type: ignore[arg-type]  # click has looked
    terminal.answer(made, lambda console: _contacts(console, [made]))


@contact.command("remove")
@click.argument("person", shell_complete=tab_words.people)
@click.argument("address")
@_KIND
@common
@terminal
def remove_contact(terminal: Terminal, person: str, address: str, kind: str | None) -> None:
    """Take ADDRESS away from the ways to PERSON."""
    from flowengine.cli import acting, show

    desk = terminal.desk()
    gone = desk.remove_contact(acting.person(desk, person), address, kind or "")  # type: ignore[arg-type]  # click has looked
    terminal.answer(gone, lambda console: show.line(console, ("Taken away: ", "bold green"), gone.address))


@click.group("acting", cls=FlowGroup)
def acting_for() -> None:
    """Who acts for whom: let somebody, end it, show it."""


@acting_for.command("show")
@click.argument("person", shell_complete=tab_words.people)
@common
@terminal
def show_acting(terminal: Terminal, person: str) -> None:
    """For whom PERSON acts, and who acts for PERSON."""
    from flowengine.cli import acting

    desk = terminal.desk()
    rows = desk.acting(acting.person(desk, person))
    terminal.answer(rows, lambda console: _acting(console, rows))


@acting_for.command("let")
@click.argument("person", shell_complete=tab_words.people)
@click.argument("party", shell_complete=tab_words.people)
@click.option("--may", type=click.Choice(MAY), default="act", show_default=True, help="Only look, act, or approve too.")
@click.option("--from", "since", metavar="DAY", callback=day_or_moment, help="From when; else at once.")
@click.option("--until", metavar="DAY", callback=day_or_moment, help="Until when, a day to its end; else until ended.")
@click.option("--because", default="", metavar="TEXT", help="Why.")
@common
@terminal
def let_act(
    terminal: Terminal, person: str, party: str, may: str, since: date | None, until: date | None, because: str
) -> None:
    """Let PERSON act for PARTY: for a company, or for somebody else."""
    from flowengine.cli import acting

    desk = terminal.desk()
    who, whom = acting.person(desk, person), acting.person(desk, party)
    begins, ends = _moment(since), _moment(until, over=True)
    said = desk.let_act(who, whom, may, since=begins, until=ends, because=because)
    terminal.answer(said, lambda console: _acting(console, [said]))


@acting_for.command("end")
@click.argument("person", shell_complete=tab_words.people)
@click.argument("party", shell_complete=tab_words.people)
@common
@terminal
def end_acting(terminal: Terminal, person: str, party: str) -> None:
    """PERSON acts for PARTY no more; what PERSON has claimed for it is given back."""
    from flowengine.cli import acting, show

    desk = terminal.desk()
    ended = desk.end_acting(acting.person(desk, person), acting.person(desk, party))

    def tell(console: Console) -> None:
        show.line(console, ("Ended.", "bold green"), f" {ended.person} acts for {ended.party} no more.")
        if ended.released:
            show.line(console, f"Given back: {len(ended.released)} of the steps that {ended.person} had claimed.")
        if not ended.others:
            show.line(console, (f"Nobody else may act for {ended.party} now.", "yellow"))

    terminal.answer(ended, tell)


def _moment(given: date | None, *, over: bool = False) -> datetime | None:
    from flowengine.cli.moments import midnight

    if given is None or isinstance(given, datetime):
        return given
    return midnight(given, over=over)


def _contacts(console: Console, rows: list[ContactView]) -> None:
    from flowengine.cli import show, tables
    from flowengine.cli.moments import told

    if not rows:
        show.line(console, "No contacts.")
        return
    lines = [(one.address, one.kind, f"verified {told(one.verified)}" if one.verified else "") for one in rows]
    tables.draw(console, ("Contact", "Kind", ""), lines)


def _acting(console: Console, rows: list[ActingView]) -> None:
    from flowengine.cli import show, tables
    from flowengine.cli.moments import told

    if not rows:
        show.line(console, "Nobody acts for anybody here.")
        return
    lines = []
    for one in rows:
        times = [f"from {told(one.since)}" if one.since else "", f"until {told(one.until)}" if one.until else ""]
        when = " ".join(filter(None, times)) + ("" if one.now else " (not now)")
        lines.append((f"{one.person}, for {one.party}", one.may, when.strip(), one.because))
    tables.draw(console, ("Who, for whom", "May", "When", "Why"), lines, dropped=(3, 2))
