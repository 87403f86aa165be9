"""Commands for staff: claim, release, assign; and people, the organisation's record of who is who."""

from __future__ import annotations

import shlex

import click

from flowengine.cli import completing
from flowengine.cli.context import Desk
from flowengine.cli.flags import desk, request_key
from flowengine.cli.group import FlowGroup, common


@click.command()
@click.argument("step", shell_complete=completing.steps)
@request_key
@common
@desk
def claim(desk: Desk, step: str, key: str | None) -> None:
    """Take a step, so that the others know that it is yours."""
    from flowengine.cli import show

    receipt = desk.engine().claim(step, by=desk.me, key=key)
    desk.answer(
        receipt,
        lambda console: show.line(
            console, ("Yours.", "bold green"), f" Go on: {desk.line(f'act {shlex.quote(step)}')}"
        ),
    )


@click.command()
@click.argument("step", shell_complete=completing.steps)
@request_key
@common
@desk
def release(desk: Desk, step: str, key: str | None) -> None:
    """Give a step back to all whom it waits for."""
    from flowengine.cli import show

    receipt = desk.engine().release(step, by=desk.me, key=key)
    desk.answer(receipt, lambda console: show.line(console, ("Given back.", "bold green")))


@click.command()
@click.argument("step", shell_complete=completing.steps)
@click.argument("person", shell_complete=completing.people)
@request_key
@common
@desk
def assign(desk: Desk, step: str, person: str, key: str | None) -> None:
    """Hand a step to PERSON, who must be one of those whom it waits for."""
    from flowengine.cli import show

    receipt = desk.engine().assign(step, desk.person(desk.engine(), person), by=desk.me_or_operator, key=key)
    desk.answer(receipt, lambda console: show.line(console, ("Handed over", "bold green"), f" to {person}."))


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
@click.option("--record", "sets", metavar="KEY=VALUE", multiple=True, help="For customers: what else is known.")
@common
@desk
def add_person(
    desk: Desk,
    id: str,
    name: str,
    contact: str,
    roles: tuple[str, ...],
    staff: bool,
    groups: tuple[str, ...],
    sets: tuple[str, ...],
) -> None:
    """Enter a customer, or with --role a member of staff; or change what is known of one."""
    from flowengine.cli import show
    from flowengine.cli.values import record_from

    if (roles or staff) and (groups or sets):
        raise click.UsageError("--role and --staff are for staff, --group and --record for customers.")
    record, engine = record_from(sets), desk.engine(create=True)
    if roles or staff:
        person = engine.add_staff(id, name, roles, contact)
    else:
        person = engine.add_customer(id, name, contact, groups, record)
    desk.answer(person, lambda console: show.person(console, person))


@people.command("list")
@click.option("--kind", type=click.Choice(["customer", "staff"]))
@common
@desk
def list_people(desk: Desk, kind: str | None) -> None:
    """List who is known."""
    from flowengine.cli import show

    rows = desk.engine().people(kind)
    desk.answer(rows, lambda console: show.people(console, rows))


@people.command("show")
@click.argument("person", shell_complete=completing.people)
@common
@desk
def show_person(desk: Desk, person: str) -> None:
    """Show one person, by id, contact or name, or how an id or name begins."""
    from flowengine.cli import show

    found = desk.engine().find_person(person)
    desk.answer(found, lambda console: show.person(console, found))
