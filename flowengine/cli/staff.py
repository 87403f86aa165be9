"""Commands for staff: claim, release, assign; and people, the organisation's record of who is who."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli import listing, parties, sure, tab_words
from flowengine.cli.consents import send_person
from flowengine.cli.flags import day_or_moment, request_key, terminal
from flowengine.cli.group import FlowGroup, common
from flowengine.cli.people_in_bulk import export_people, import_people
from flowengine.cli.safe_text import harmless
from flowengine.cli.terminal import Stopped, Terminal
from flowengine.client import Desk
from flowengine.errors import Ambiguous, NotAllowed, NotFound

if TYPE_CHECKING:
    from rich.console import Console


@click.command()
@click.argument("step", metavar="STEP|JOB", shell_complete=tab_words.steps)
@request_key
@common
@terminal
def claim(terminal: Terminal, step: str, key: str | None) -> None:
    """Take a step, so that the others know that it is yours."""
    from flowengine.cli import acting, show

    desk = terminal.mine()
    step = acting.meant(terminal, desk, step, key)
    receipt = desk.claim(step, key=key)
    terminal.answer(
        receipt,
        lambda console: show.line(
            console, ("Yours.", "bold green"), f" Go on: {terminal.line(f'act {shlex.quote(step)}')}"
        ),
    )


@click.command()
@click.argument("step", metavar="STEP|JOB", shell_complete=tab_words.steps)
@request_key
@common
@terminal
def release(terminal: Terminal, step: str, key: str | None) -> None:
    """Give a step back to all whom it waits for; operators may do it for whoever has it."""
    from flowengine.cli import acting, show

    desk = terminal.desk()
    receipt = desk.release(acting.meant(terminal, desk, step, key), key=key)
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
    """Customers and staff: add, change, leave, erase, list, show, import, export; contacts; who acts for whom; when
    staff can be met."""


for _of_parties in (parties.contacts, parties.contact, parties.acting_for):
    people.add_command(_of_parties)

_KNOWN = (
    click.option("--name", default="", help="What the person is called."),
    click.option("--contact", default="", help="An e-mail address, or another way to reach the person."),
    click.option("--role", "roles", multiple=True, help="For staff: a role; operator makes an operator. Repeatable."),
    click.option("--group", "groups", multiple=True, help="For customers: a group. Repeatable."),
    click.option("--zone", default="", help="The time zone in which the person reads moments, as Europe/London."),
    click.option("--language", default="", help="The language in which the person is spoken to, as de."),
    click.option("--record", "sets", metavar="KEY=VALUE", multiple=True, help="For customers: what else is known."),
)
"""What may be said of a person."""


def _known(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_KNOWN):
        command = option(command)
    return command


@people.command("add")
@click.argument("id", required=False, default="")
@click.option("--staff", is_flag=True, help="A member of staff, perhaps without a role.")
@click.option("--organisation", is_flag=True, help="A customer that is an organisation, for which persons act.")
@_known
@click.option("--yes", is_flag=True, help="Also a role that no process in use has, or a contact that is shared.")
@common
@terminal
def add_person(terminal: Terminal, /, id: str, staff: bool, organisation: bool, yes: bool, **said: Any) -> None:
    """Enter a customer, or with --role or --staff a member of staff. A customer without an ID is given one."""
    desk = terminal.desk(create=True)
    works_here = staff or bool(said["roles"])
    if works_here and (organisation or not id):
        raise click.UsageError("A member of staff has an ID, and is no organisation.")
    if id and _is_known(desk, id):
        raise NotAllowed(f"{id} is known already", where=id, possible=(f"flow people change {id}", "another id"))
    _roles_are_known(terminal, desk, said["roles"], yes)
    _contact_is_free(terminal, desk, id, said["contact"], yes)
    _enter(terminal, desk, id, works_here, organisation=organisation or None, **said)


@people.command("change")
@click.argument("person", shell_complete=tab_words.people)
@click.option("--no-roles", is_flag=True, help="For staff: no role any more.")
@click.option("--no-groups", is_flag=True, help="For customers: in no group any more.")
@_known
@click.option("--yes", is_flag=True, help="Also a role that no process in use has, or a contact that is shared.")
@common
@terminal
def change_person(terminal: Terminal, /, person: str, no_roles: bool, no_groups: bool, yes: bool, **said: Any) -> None:
    """Change what is known of PERSON: only what is said. Roles and groups that are said are all from then on."""
    desk = terminal.desk()
    there = desk.find_person(person)
    said["roles"] = said["roles"] or (() if no_roles else None)
    said["groups"] = said["groups"] or (() if no_groups else None)
    _roles_are_known(terminal, desk, [one for one in said["roles"] or () if one not in there.roles], yes)
    _contact_is_free(terminal, desk, there.id, said["contact"], yes)
    _enter(terminal, desk, there.id, there.kind == "staff", **said)


def _roles_are_known(terminal: Terminal, desk: Desk, roles: Sequence[str], yes: bool) -> None:
    """That some process in use has each role. A role that none has yet is entered with ``--yes``, or where a person
    says so; before any process is in use, nobody can know."""
    if yes or not roles:
        return
    try:
        known = desk.roles()
    except NotAllowed:
        return  # he may not enter anybody, which the verb itself tells
    unknown = [role for role in roles if role not in known]
    if not unknown or len(known) == 1:
        return
    near = get_close_matches(unknown[0], known, n=1)
    what = f"no process in use has the role {unknown[0]!r}" + (f": did you mean {near[0]!r}?" if near else "")
    if not terminal.asks:
        raise NotFound(what, where=unknown[0], possible=(*known, "--yes enters it all the same"))
    _all_the_same(what)


def _contact_is_free(terminal: Terminal, desk: Desk, id: str, contact: str, yes: bool) -> None:
    """That a contact is not somebody else's: a household may share one, with ``--yes``, but then it finds none of them
    (L15). Whose it is, is told to those who may look for people."""
    if yes or not contact.strip():
        return
    try:
        found = desk.find_person(contact)
        known = {one.address.casefold() for one in desk.contacts(found.id)} | {found.contact.casefold()}
        others = contact.strip().casefold() in known and found.id != id
        whose = found.id
    except Ambiguous as error:
        others, whose = True, " and ".join(error.possible)
    except (NotAllowed, NotFound):
        return  # it is free; or he may not enter anybody, which the verb itself tells
    if not others:
        return
    what = f"the contact {contact} is that of {whose} already"
    if not terminal.asks:
        raise NotAllowed(what, where=id, possible=("another contact", "--yes: they share it"))
    _all_the_same(f"{what}.")


def _all_the_same(what: str) -> None:
    if not click.confirm(f"{harmless(what[0].upper())}{harmless(what[1:])} Go on all the same?"):
        raise Stopped


def _is_known(desk: Desk, id: str) -> bool:
    try:
        return desk.find_person(id).id == id
    except (Ambiguous, NotAllowed, NotFound):  # who may not look is told by the verb itself
        return False


def _enter(
    terminal: Terminal, desk: Desk, id: str, staff: bool, *, name: str, contact: str, zone: str, language: str,
    roles: tuple[str, ...] | None, groups: tuple[str, ...] | None, sets: tuple[str, ...],
    organisation: bool | None = None,
) -> None:  # fmt: skip
    from flowengine.cli import persons
    from flowengine.cli.typed_values import record_from

    if (groups or sets) if staff else roles:
        raise click.UsageError("--role and --staff are for staff, --group and --record for customers.")
    if staff:
        person = desk.add_staff(id, name, roles, contact, zone=zone, language=language)
    else:
        record = record_from(sets)
        person = desk.add_customer(
            id, name, contact, groups, record, zone=zone, language=language, organisation=organisation
        )
    terminal.answer(person, lambda console: persons.person(console, person))


@people.command("leave")
@click.argument("person", shell_complete=tab_words.people)
@click.option("--to", default="", metavar="ID", shell_complete=tab_words.people, help="Who gets what was claimed.")
@click.option("--because", required=True, metavar="TEXT", help="Why: it stays in the histories.")
@click.option("--dry", is_flag=True, help="Say what would happen, and do nothing.")
@sure.yes
@common
@terminal
def leave(terminal: Terminal, person: str, to: str, because: str, dry: bool, yes: bool) -> None:
    """Have a member of staff leave: no more acts, roles or tokens; claims are handed over, or given back."""
    from flowengine.cli import acting, show

    desk = terminal.desk()
    who, heir = acting.person(desk, person), acting.person(desk, to) if to else ""

    def means(console: Console) -> None:
        show.left(console, desk.leave(who, because=because, to=heir, dry=True), dry=True)

    sure.be_sure(terminal, yes or dry, f"Does {who} leave?", means)
    done = desk.leave(who, because=because, to=heir, dry=dry)
    terminal.answer(done, lambda console: show.left(console, done, dry=dry))


@people.command("erase")
@click.argument("person", metavar="ID", shell_complete=tab_words.people)
@click.option("--because", required=True, metavar="TEXT", help="Why: it stays in the histories.")
@click.option("--dry", is_flag=True, help="Say what would be erased, and do nothing.")
@sure.yes
@common
@terminal
def erase(terminal: Terminal, person: str, because: str, dry: bool, yes: bool) -> None:
    """Erase a customer on request: what was written in his jobs, and by him in those of others.

    ID is the whole id, which stays, in histories that say what was done and when. His jobs must have ended.
    """
    from flowengine.cli import show

    desk = terminal.desk()

    def means(console: Console) -> None:
        show.erased(console, desk.erase(person, because=because, dry=True), dry=True)

    sure.be_sure(terminal, yes or dry, f"Erase {person} for good?", means)
    done = desk.erase(person, because=because, dry=dry)
    terminal.answer(done, lambda console: show.erased(console, done, dry=dry))


@people.command("hours")
@click.argument("person", shell_complete=tab_words.people)
@click.argument("hours", metavar="[DAYS=HOURS…]", nargs=-1)
@click.option(
    "--zone", default="", metavar="ZONE", help="Their time zone, as Europe/London; else his own, else each calendar's."
)
@common
@terminal
def working_hours(terminal: Terminal, person: str, hours: tuple[str, ...], zone: str) -> None:
    """Set when PERSON works: mon-thu=09:00-12:00,13:00-17:00 fri=09:00-13:00.

    Without hours: whenever a calendar is open. What is booked stays booked.
    """
    from flowengine.cli import acting, persons

    wrong = next((one for one in hours if "=" not in one), None)
    if wrong is not None:
        raise click.UsageError(f"Hours are given as mon-fri=09:00-17:00; not {wrong!r}.")
    given = {days: spans for days, _, spans in (one.partition("=") for one in hours)}
    desk = terminal.desk()
    found = desk.set_hours(acting.person(desk, person), given, zone=zone)
    terminal.answer(found, lambda console: persons.person(console, found))


@people.command("away")
@click.argument("person", shell_complete=tab_words.people)
@click.argument("start", metavar="FROM", callback=day_or_moment)
@click.argument("end", metavar="UNTIL", callback=day_or_moment)
@click.option("--because", "why", default="", metavar="TEXT", help="Why.")
@common
@terminal
def away(terminal: Terminal, person: str, start: date, end: date, why: str) -> None:
    """Say that PERSON is away: no appointments are offered with him then.

    FROM and UNTIL are days (the last one counts too) or moments. What is booked already is listed: it stays booked
    until it is moved, or assigned to somebody else.
    """
    from flowengine.cli import acting, persons

    desk = terminal.desk()
    found = desk.add_absence(acting.person(desk, person), start, end, why)
    terminal.answer(found, lambda console: persons.away(console, found))


@people.command("back")
@click.argument("person", shell_complete=tab_words.people)
@click.argument("start", metavar="FROM", callback=day_or_moment)
@common
@terminal
def back(terminal: Terminal, person: str, start: date) -> None:
    """Take back that PERSON is away from FROM."""
    from flowengine.cli import acting, persons

    desk = terminal.desk()
    found = desk.remove_absence(acting.person(desk, person), start)
    terminal.answer(found, lambda console: persons.person(console, found))


@people.command("list")
@click.option("--kind", type=click.Choice(["customer", "staff"]))
@click.option("--limit", type=click.IntRange(1, 100_000), help="How many at most; else all.")
@click.option("--after", default="", metavar="ID", help="The next page: those behind this id.")
@listing.options
@common
@terminal
def list_people(
    terminal: Terminal, kind: str | None, limit: int | None, after: str, output: str | None, sort_by: str | None
) -> None:
    """List who is known, by id."""
    from flowengine.cli import lists

    form = listing.Form.of(terminal, lists.PEOPLE, output, sort_by)
    desk = terminal.desk()
    rows = desk.people(kind, after=after, limit=limit)
    of = f" --kind {kind}" if kind else ""

    def also(console: Console) -> None:
        if limit is not None and len(rows) == limit:
            lists.more(console, terminal.line(f"people list{of} --limit {limit} --after {shlex.quote(rows[-1].id)}"))

    form.tell(rows, desk.now(), also)


@people.command("show")
@click.argument("person", shell_complete=tab_words.people)
@common
@terminal
def show_person(terminal: Terminal, person: str) -> None:
    """Show one person, by id, contact or unique name; to operators and to himself also what he has in hand."""
    from flowengine.cli import persons

    desk = terminal.desk()
    found = desk.find_person(person)
    try:
        held = desk.holdings(found.id)
    except NotAllowed:
        held = None

    def tell(console: Console) -> None:
        persons.person(console, found)
        persons.holdings(console, held, terminal.line)

    terminal.answer(found.to_json() | {"holds": held.to_json() if held else None}, tell)


people.add_command(import_people)
people.add_command(export_people)
people.add_command(send_person)
