"""``flow people import`` of vCards: what they say is entered, what has no place here is told line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from flowengine.cli import imported
from flowengine.cli.terminal import Terminal
from flowengine.errors import BadAnswer, Refused

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import Card, Desk, DuplicateView, Imported, LeftOut

MOST_TOLD = 50
"""Lines that have no place here that a person is told, before it is said how many more there are."""

MOST_PROPOSED = 200


def enter(terminal: Terminal, path: str, data: bytes, dry: bool) -> None:
    """Enter the people of a file of vCards. Leaves with 1 where one cannot be taken."""
    from flowengine.client import FileRow, read_cards

    try:
        cards = list(read_cards(data))
    except ValueError as error:
        raise BadAnswer({"": str(error)}, where=path) from None
    desk = terminal.desk(create=not dry)
    rows = [FileRow(one.line, one.row, one.problem) for one in cards]
    done = imported.entered(terminal, desk, rows, dry)
    kept = [] if dry else _taken(cards, done)
    left = sorted([*(one for card in cards for one in card.left), *_contacts(desk, kept)])
    proposed = _proposed(desk, {card.row["id"] for card in kept})
    told = {
        **done.to_json(),
        "left": [one._asdict() for one in left],
        "proposed": [one.to_json() for one in proposed],
    }
    terminal.answer(told, lambda console: _tell(console, done, left, proposed))
    if done.refused:
        click.get_current_context().exit(1)


def _taken(cards: Sequence[Card], done: Imported) -> list[Card]:
    """The cards that were entered: of a thousand with one that cannot be, none was."""
    refused = {one.line for one in done.refused}
    batches = (cards[first : first + imported.TOGETHER] for first in range(0, len(cards), imported.TOGETHER))
    return [card for some in batches if not any(one.line in refused for one in some) for card in some]


def _contacts(desk: Desk, cards: Sequence[Card]) -> list[LeftOut]:
    """Add the contacts beyond the first; those that could not be."""
    from flowengine.client import LeftOut

    left = []
    for card in cards:
        for address in card.contacts:
            try:
                desk.add_contact(card.row["id"], address)
            except Refused as refused:
                left.append(LeftOut(card.line, f"{address}: {refused.what}"))
    return left


def _proposed(desk: Desk, ids: set[str]) -> list[DuplicateView]:
    """Those who may be somebody who is known already, or came twice."""
    found = desk.duplicates(limit=MOST_PROPOSED) if ids else []
    return [one for one in found if one.id in ids or one.into in ids]


def _tell(console: Console, done: Imported, left: Sequence[LeftOut], proposed: Sequence[DuplicateView]) -> None:
    from flowengine.cli.show import line

    imported.tell(console, done)
    if left:
        line(console, ("Left out:", "yellow"))
    for one in left[:MOST_TOLD]:
        line(console, (f"  line {one.line}: ", "bold"), one.what)
    if len(left) > MOST_TOLD:
        line(console, f"  and {len(left) - MOST_TOLD:,} more lines")
    for two in proposed:
        line(
            console,
            ("May be one: ", "yellow"),
            f"{two.id} ({two.name}), {two.into} ({two.into_name}): {', '.join(two.reasons)}",
        )
