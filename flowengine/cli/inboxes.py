"""``flow inbox``: what waits for who asks, page by page, counted, or drawn anew as long as somebody looks on."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli import acting, lists, show, watching
from flowengine.cli.listing import Form
from flowengine.cli.terminal import Terminal
from flowengine.client import Desk, InboxItem

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which steps, and how they are told: the options of ``flow inbox``."""

    process: str | None
    role: str
    customer: str | None
    text: str
    limit: int
    after: str | None
    everything: bool
    count: bool
    watch: bool
    every: float | None
    output: str | None
    sort_by: str | None

    def narrowed(self, desk: Desk) -> dict[str, str]:
        """By what they are narrowed, as the desk takes it: processes and people by their exact names."""
        return {
            "process": desk.need(self.process).process if self.process else "",
            "role": self.role,
            "customer": acting.person(desk, self.customer, kind="customer") if self.customer else "",
            "text": self.text,
        }


def inbox(terminal: Terminal, wanted: Wanted) -> None:
    """What waits for who asks."""
    form = Form.of(terminal, lists.INBOX, wanted.output, wanted.sort_by)
    every = watching.interval(wanted.watch, wanted.every, "--watch")
    if wanted.watch and (wanted.count or wanted.after or not form.is_table):
        raise click.UsageError(
            "--watch draws the first page as the usual table: leave --count, --after, -o and --json out."
        )
    if wanted.count and (wanted.output or wanted.sort_by or wanted.after or wanted.everything):
        raise click.UsageError("--count counts what waits: leave -o, --sort-by, --after and --all out.")
    desk = terminal.mine()
    narrowed = wanted.narrowed(desk)
    if wanted.count:
        found = desk.inbox_counts(**narrowed)
        terminal.answer(found, lambda console: lists.counts(console, found, wanted.role))
    elif wanted.watch:
        watching.watch(terminal, every, lambda console: _drawn(desk, wanted, narrowed, form, console))
    else:
        items, more = _page(desk, wanted, narrowed, wanted.limit)
        form.tell(items, desk.now(), lambda console: _below(terminal, desk, wanted, narrowed, items, more, console))


def _page(desk: Desk, wanted: Wanted, narrowed: dict[str, str], limit: int) -> tuple[list[InboxItem], bool]:
    given: dict[str, Any] = {"everything": wanted.everything, "after": wanted.after, **narrowed}
    items = desk.inbox(limit=limit + 1, **given)
    return items[:limit], len(items) > limit


def _below(
    terminal: Terminal,
    desk: Desk,
    wanted: Wanted,
    narrowed: dict[str, str],
    items: list[InboxItem],
    more: bool,
    console: Console,
) -> None:
    """How much there is in all, how the next page is got, and how to act."""
    if not items:
        return
    if more or wanted.after or len(items) > MANY:
        show.line(console, (lists.waiting(desk.inbox_counts(**narrowed), wanted.role), "bold"), ".")
    if more:
        given = {
            "--process": wanted.process,
            "--role": wanted.role,
            "--customer": wanted.customer,
            "--text": wanted.text,
        }
        words = ["inbox", *(word for name, value in given.items() if value for word in (name, shlex.quote(value)))]
        words += ["--all"] if wanted.everything else []
        words += ["--limit", str(wanted.limit)] if wanted.limit != 100 else []
        lists.more(console, terminal.line(" ".join([*words, "--after", items[-1].place])))
    show.line(console, ("Act on one: ", "dim"), terminal.line(f"act {items[0].short}"), pasted=True)


MANY = 5
"""From more steps than these on it is said how many they are."""


def _drawn(desk: Desk, wanted: Wanted, narrowed: dict[str, str], form: Form, console: Console) -> None:
    items, _ = _page(desk, wanted, narrowed, watching.room(console, wanted.limit))
    lists.inbox(console, list(form.sorted(items)), desk.now())
    if items:
        show.line(console, (lists.waiting(desk.inbox_counts(**narrowed), wanted.role), "bold"), ".")
