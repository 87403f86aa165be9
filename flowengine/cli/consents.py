"""``flow consent`` and ``flow people send``: which partner has what of a customer's record, and until when."""

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

    from flowengine.client import ConsentsView, ConsentView, SentView

_TO = click.option("--to", "partner", required=True, metavar="PARTNER", help="The partner, as the settings call him.")
_WHAT = click.option(
    "--what",
    "parts",
    multiple=True,
    type=click.Choice(["person", "facts", "jobs"]),
    help="What of the record, several times: name and contacts go always.",
)


@click.group("consent", cls=FlowGroup)
def consent() -> None:
    """To what a customer consents: give it, list it, withdraw it."""


@consent.command("give")
@click.argument("person", shell_complete=tab_words.people)
@_TO
@click.option("--until", required=True, metavar="DAY", callback=day_or_moment, help="A day, to its end; in two years.")
@_WHAT
@click.option("--paper", default="", metavar="TEXT", help="Where it is written; for staff, who note it.")
@common
@terminal
def give(terminal: Terminal, person: str, partner: str, until: date, parts: tuple[str, ...], paper: str) -> None:
    """PERSON consents that a partner has his record until a DAY; nothing is sent yet."""
    from flowengine.cli import acting, show
    from flowengine.cli.moments import midnight

    desk = terminal.desk()
    ends = until if isinstance(until, datetime) else midnight(until, over=True)
    given = desk.give_consent(acting.person(desk, person), partner, until=ends, parts=parts, paper=paper)

    def tell(console: Console) -> None:
        show.line(console, ("Consented. ", "bold green"), _said(given))
        show.line(console, "  It can be withdrawn at any time: ", terminal.line(_withdraw(given)))

    terminal.answer(given, tell)


def _withdraw(one: ConsentView) -> str:
    return f"consent withdraw {one.person} --to {one.partner}"


@consent.command("list")
@click.argument("person", shell_complete=tab_words.people)
@common
@terminal
def list_consents(terminal: Terminal, person: str) -> None:
    """What PERSON has consented to, and what was sent by it, when."""
    from flowengine.cli import acting

    desk = terminal.desk()
    found = desk.consents(acting.person(desk, person))
    terminal.answer(found, lambda console: _list(console, found))


@consent.command("withdraw")
@click.argument("person", shell_complete=tab_words.people)
@_TO
@common
@terminal
def withdraw(terminal: Terminal, person: str, partner: str) -> None:
    """A partner is to have nothing of PERSON any more: what he was sent, he erases."""
    from flowengine.cli import acting, show

    desk = terminal.desk()
    ended = desk.withdraw_consent(acting.person(desk, person), partner)

    def tell(console: Console) -> None:
        sent = any(one.sent for one in ended)
        show.line(console, ("Withdrawn. ", "bold green"), f"{partner} may have nothing of {ended[0].person} any more.")
        if sent:
            show.line(console, "  What was sent is erased there as soon as the partner is told.")

    terminal.answer(ended, tell)


@click.command("send")
@click.argument("person", shell_complete=tab_words.people)
@_TO
@_WHAT
@common
@terminal
def send_person(terminal: Terminal, person: str, partner: str, parts: tuple[str, ...]) -> None:
    """Send the record of PERSON to a partner: all that is consented to, or some of that."""
    from flowengine.cli import acting, show

    desk = terminal.desk()
    sent = desk.send_record(acting.person(desk, person), partner, parts=parts)

    def tell(console: Console) -> None:
        show.line(console, ("On its way", "bold green"), f" to {partner}: {_parts(sent.parts)}.")

    terminal.answer(sent, tell)


def _list(console: Console, found: ConsentsView) -> None:
    from flowengine.cli import show

    if not found.consents:
        show.line(console, f"{found.person} has consented to nothing.")
        return
    for one in found.consents:
        show.line(console, (_said(one), "" if one.holds else "dim"))
        for sent in one.sent:
            show.line(console, "  ", _sent(sent))
            for line in _contents(sent):
                show.line(console, "    ", line)


def _said(one: ConsentView) -> str:
    from flowengine.cli.moments import last_day, told

    until = last_day(one.until)
    noted = f" Noted by {one.by}: {one.paper}." if one.paper else ""
    ended = (
        f" {one.why.capitalize()} {told(one.ended)}." if one.ended else " The time is over." if not one.holds else ""
    )
    may = "may" if one.holds else "could"
    return f"{one.partner_name} {may} have {_parts(one.parts)} of {one.person} until {until}.{noted}{ended}"


def _parts(parts: tuple[str, ...]) -> str:
    from flowengine.client import parts_in_words

    return parts_in_words(parts)


def _sent(one: SentView) -> str:
    from flowengine.cli.moments import told

    what = f"{_parts(one.parts)}, by {one.by}"
    if one.taken is not None:
        return f"Sent {told(one.taken)}: {what}"
    return f"Asked for {told(one.asked)}: {what}; {'not taken: ' + one.problem if one.problem else 'not there yet'}"


def _contents(one: SentView) -> list[str]:
    """What was sent, line by line."""
    said = one.said
    ways, facts, jobs = (said.get(name) or [] for name in ("contacts", "facts", "jobs"))
    lines = [", ".join(filter(None, (str(said.get("name") or ""), *map(str, ways))))]
    lines += [f"{fact['kind']}: {fact['text']}" for fact in facts]
    lines += [f"{job['title']} ({job['status']})" for job in jobs]
    return list(filter(None, lines))
