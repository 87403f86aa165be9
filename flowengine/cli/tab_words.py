"""What a shell offers on Tab: jobs, steps, processes, people, outcomes and offers, read from the database.

A shell that asks is never told of an error: with no database, or one that does not answer at once, nothing is offered.
Only what the person who asks may see is offered: his own steps; jobs of all for who names nobody, as an operator.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from flowengine.cli.safe_text import harmless
from flowengine.cli.terminal import Terminal
from flowengine.samples import process_names

if TYPE_CHECKING:
    from flowengine.client import Desk

MOST = 100
"""How many things are offered at once."""

PATIENCE = 2.0
"""Seconds for which a server is waited for: a shell that waits does nothing else."""

Find = Callable[["Desk", Terminal, click.Context], Iterable[tuple[str, str]]]
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completes(find: Find) -> Complete:
    """A completion from (word, what it is) pairs, those with the beginning that was typed."""

    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        terminal = ctx.ensure_object(Terminal)
        with contextlib.suppress(Exception):  # a shell that waits for words must get words, whatever is wrong
            with terminal.opened(patience=PATIENCE) as desk:
                found = [one for one in find(desk, terminal, ctx) if one[0].startswith(incomplete)]
            return [CompletionItem(word, help=harmless(about)) for word, about in found[:MOST]]
        return []

    return complete


def _jobs(desk: Desk, _terminal: Terminal, _ctx: click.Context) -> Iterable[tuple[str, str]]:
    return [(row.short, f"{row.process}, {row.customer_name}, {row.status}") for row in desk.jobs(limit=MOST)]


def _steps(desk: Desk, terminal: Terminal, _ctx: click.Context) -> Iterable[tuple[str, str]]:
    items = desk.inbox(limit=MOST, everything=True) if terminal.who_or_nobody or terminal.far else []
    return [(item.short, f"{item.title}, {item.customer_name}") for item in items]


def _steps_and_jobs(desk: Desk, terminal: Terminal, ctx: click.Context) -> Iterable[tuple[str, str]]:
    return [*_steps(desk, terminal, ctx), *_jobs(desk, terminal, ctx)]


def _outcomes(desk: Desk, _terminal: Terminal, ctx: click.Context) -> Iterable[tuple[str, str]]:
    """The ways of the step that is named, or of the only one that waits."""
    step = desk.find_step(ctx.params.get("ref") or "")
    return [] if isinstance(step, dict) else [(way.outcome, way.title) for way in step.form.ways]


def templates(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The processes that are shipped, which no database has to be asked for."""
    return [CompletionItem(name) for name in process_names() if name.startswith(incomplete)]


jobs = _completes(_jobs)
steps = _completes(_steps)
steps_and_jobs = _completes(_steps_and_jobs)
processes = _completes(lambda desk, *_: [(row.name, row.title) for row in desk.processes() if row.latest])
people = _completes(lambda desk, *_: [(one.id, one.name) for one in desk.people()])
customers = _completes(lambda desk, *_: [(one.id, one.name) for one in desk.people("customer")])
outcomes = _completes(_outcomes)
offers = _completes(
    lambda desk, _, ctx: [(offer.name, offer.title) for offer in desk.track(str(ctx.params.get("job"))).offers]
)
calls = _completes(lambda desk, *_: [(row.short, f"{row.handler}: {row.error[:60]}") for row in desk.incidents()])


def codes(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The codes of problems, which no database has."""
    from flowengine.language.explaining import CODES

    return [CompletionItem(code, help=means) for code, means in CODES.items() if code.startswith(incomplete)]
