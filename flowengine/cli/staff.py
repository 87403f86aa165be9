"""Commands for staff: claim, release, assign; and people, the organisation's record of who is who."""

from __future__ import annotations

import shlex

import click

from flowengine.cli import tab_words
from flowengine.cli.flags import request_key, terminal
from flowengine.cli.group import FlowGroup, common
from flowengine.cli.terminal import Terminal


@click.command()
@click.argument("step", shell_complete=tab_words.steps)
@request_key
@common
@terminal
def claim(terminal: Terminal, step: str, key: str | None) -> None:
    """Take a step, so that the others know that it is yours."""
    from flowengine.cli import show

    receipt = terminal.mine().claim(step, key=key)
    terminal.answer(
        receipt,
        lambda console: show.line(
            console, ("Yours.", "bold green"), f" Go on: {terminal.line(f'act {shlex.quote(step)}')}"
        ),
    )


@click.command()
@click.argument("step", shell_complete=tab_words.steps)
@request_key
@common
@terminal
def release(terminal: Terminal, step: str, key: str | None) -> None:
    """Give a step back to all whom it waits for."""
    from flowengine.cli import show

    receipt = terminal.mine().release(step, key=key)
    terminal.answer(receipt, lambda console: show.line(console, ("Given back.", "bold green")))


@click.command()
@click.argument("step", shell_complete=tab_words.steps)
@click.argument("person", shell_complete=tab_words.people)
@request_key
@common
@terminal
def assign(terminal: Terminal, step: str, person: str, key: str | None) -> None:
    """Hand a step to PERSON, who must be one of those whom it waits for."""
    from flowengine.cli import acting, show

    desk = terminal.desk()
    receipt = desk.assign(step, acting.person(desk, person), key=key)
    terminal.answer(receipt, lambda console: show.line(console, ("Handed over", "bold green"), f" to {person}."))


@click.group(cls=FlowGroup)
def people() -> None:
    """Customers and staff: add, list, show."""


@people.command("add")
@click.argument("id")
@click.option("--name", default="")
@click.option("--contact", default="", help="An e-mail address, or another way to reach the person.")
@click.option("--role", "roles", multiple=True, help="For staff: a role; operator makes an operator. May be repeated.")
@click.option("--staff", is_flag=True, help="A member of staff without a role.")
@click.option("--group", "groups", multiple=True, help="For customers: a group. May be repeated.")
@click.option("--zone", default="", help="The time zone in which the person reads moments, as Europe/London.")
@click.option("--record", "sets", metavar="KEY=VALUE", multiple=True, help="For customers: what else is known.")
@common
@terminal
def add_person(
    terminal: Terminal,
    id: str,
    name: str,
    contact: str,
    roles: tuple[str, ...],
    staff: bool,
    groups: tuple[str, ...],
    zone: str,
    sets: tuple[str, ...],
) -> None:
    """Enter a customer, or with --role a member of staff; or change what is known of one."""
    from flowengine.cli import show
    from flowengine.cli.typed_values import record_from

    if (roles or staff) and (groups or sets):
        raise click.UsageError("--role and --staff are for staff, --group and --record for customers.")
    record, desk = record_from(sets), terminal.desk(create=True)
    if roles or staff:
        person = desk.add_staff(id, name, roles, contact, zone=zone)
    else:
        person = desk.add_customer(id, name, contact, groups, record, zone=zone)
    terminal.answer(person, lambda console: show.person(console, person))


@people.command("list")
@click.option("--kind", type=click.Choice(["customer", "staff"]))
@common
@terminal
def list_people(terminal: Terminal, kind: str | None) -> None:
    """List who is known."""
    from flowengine.cli import show

    rows = terminal.desk().people(kind)
    terminal.answer(rows, lambda console: show.people(console, rows))


@people.command("show")
@click.argument("person", shell_complete=tab_words.people)
@common
@terminal
def show_person(terminal: Terminal, person: str) -> None:
    """Show one person, by id, contact or unique name."""
    from flowengine.cli import show

    found = terminal.desk().find_person(person)
    terminal.answer(found, lambda console: show.person(console, found))
