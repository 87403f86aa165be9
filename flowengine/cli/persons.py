"""A person at a terminal: what is known of him, what he holds, and when he is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine.cli import lists
from flowengine.cli.moments import told
from flowengine.cli.show import line
from flowengine.cli.tables import ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from flowengine.client import AbsenceView, Away, Holdings, PersonView


def person(console: Console, one: PersonView) -> None:
    lists.people(console, [one])
    if one.organisation:
        line(console, "  ", ("An organisation, for which persons act.", "dim"))
    if one.zone:
        line(console, "  ", ("Reads times as in: ", "dim"), one.zone)
    if one.language:
        line(console, "  ", ("Is spoken to in: ", "dim"), one.language)
    for key, value in one.record.items():
        line(console, "  ", (f"{key}: ", "dim"), str(value))
    for days, spans in one.hours.items():
        line(console, "  ", (f"works {days}: ", "dim"), f"{spans}{f' ({one.hours_zone})' if one.hours_zone else ''}")
    for absence in one.absences:
        _absence(console, absence)


def holdings(console: Console, one: Holdings | None, pasted: Callable[[str], str]) -> None:
    """What somebody has in hand."""
    if one is None:
        return
    for what, rows in (("Has claimed", one.claimed), ("Waits for him by name", one.named)):
        if rows:
            line(console, (what, "bold"))
        for step in rows:
            until = f", until {told(step.due)}" if step.due else ""
            whose = f"  ({step.process}, {step.customer_name}{until})"
            line(console, "  ", (step.short, ID), f"  {step.title}", (whose, "dim"))
    if one.appointments:
        line(console, ("Appointments", "bold"))
    for booked in one.appointments:
        line(console, "  ", (booked.short, ID), f"  {told(booked.start)}")
    if one.tokens:
        line(console, ("Tokens: ", "bold"), ", ".join(one.tokens))
    if one.more:
        line(console, ("and more", "dim"))
    if one.claimed:
        line(
            console, ("Hand all of it on: ", "dim"), pasted(f"handover {one.person} PERSON --because WHY"), pasted=True
        )


def away(console: Console, one: Away) -> None:
    _absence(console, one)
    if one.appointments:
        line(console, ("Booked for then; to be moved, or assigned to somebody else:", "bold yellow"))
    for booked in one.appointments:
        line(console, "  ", (booked.short, ID), f"  {told(booked.start)}")


def _absence(console: Console, one: AbsenceView | Away) -> None:
    why = f": {one.why}" if one.why else ""
    line(console, "  ", ("away: ", "dim"), f"{told(one.start)} until {told(one.end)}{why}")
