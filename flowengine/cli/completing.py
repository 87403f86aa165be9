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

from flowengine.cli.context import Desk, opened
from flowengine.cli.safe_text import harmless

if TYPE_CHECKING:
    from flowengine.engine import Engine

MOST = 100
"""How many things are offered at once."""

Find = Callable[["Engine", "Desk", click.Context], Iterable[tuple[str, str]]]
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completes(find: Find) -> Complete:
    """A completion from (word, what it is) pairs, those with the beginning that was typed."""

    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        desk = ctx.ensure_object(Desk)
        with contextlib.suppress(Exception):  # a shell that waits for words must get words, whatever is wrong
            desk.must_exist()
            with opened(desk.address, desk.clock) as engine:
                found = [one for one in find(engine, desk, ctx) if one[0].startswith(incomplete)]
            return [CompletionItem(word, help=harmless(about)) for word, about in found[:MOST]]
        return []

    return complete


def _jobs(engine: Engine, desk: Desk, _ctx: click.Context) -> Iterable[tuple[str, str]]:
    who = desk.who_or_nobody
    mine = engine.find_person(who) if who else None
    customer = mine.id if mine is not None and mine.kind == "customer" else None
    rows = engine.jobs(customer=customer, limit=MOST)
    return [(row.short, f"{row.process}, {row.customer_name}, {row.status}") for row in rows]


def _steps(engine: Engine, desk: Desk, _ctx: click.Context) -> Iterable[tuple[str, str]]:
    who = desk.person(engine, desk.who_or_nobody)
    items = engine.inbox(who, MOST, everything=True) if who else []
    return [(item.short, f"{item.title}, {item.customer_name}") for item in items]


def _steps_and_jobs(engine: Engine, desk: Desk, ctx: click.Context) -> Iterable[tuple[str, str]]:
    return [*_steps(engine, desk, ctx), *_jobs(engine, desk, ctx)]


def _processes(engine: Engine, _desk: Desk, _ctx: click.Context) -> Iterable[tuple[str, str]]:
    return [(row.name, row.title) for row in engine.processes() if row.latest]


def _people(engine: Engine, _desk: Desk, _ctx: click.Context) -> Iterable[tuple[str, str]]:
    return [(person.id, person.name) for person in engine.people()]


def _customers(engine: Engine, _desk: Desk, _ctx: click.Context) -> Iterable[tuple[str, str]]:
    return [(person.id, person.name) for person in engine.people("customer")]


def _outcomes(engine: Engine, desk: Desk, ctx: click.Context) -> Iterable[tuple[str, str]]:
    """The ways of the step that is named, or of the only one that waits."""
    from flowengine.cli.acting import step_id

    who = desk.person(engine, desk.who_or_nobody)
    step = engine.step(step_id(desk, engine, who, ctx.params.get("ref")), who)
    return [(way.outcome, way.title) for way in step.form.ways]


def _offers(engine: Engine, desk: Desk, ctx: click.Context) -> Iterable[tuple[str, str]]:
    seen = engine.track(str(ctx.params.get("job")), desk.person(engine, desk.who_or_nobody))
    return [(offer.name, offer.title) for offer in seen.offers]


def _calls(engine: Engine, _desk: Desk, _ctx: click.Context) -> Iterable[tuple[str, str]]:
    return [(row.short, f"{row.handler}: {row.error[:60]}") for row in engine.incidents()]


jobs = _completes(_jobs)
steps = _completes(_steps)
steps_and_jobs = _completes(_steps_and_jobs)
processes = _completes(_processes)
people = _completes(_people)
customers = _completes(_customers)
outcomes = _completes(_outcomes)
offers = _completes(_offers)
calls = _completes(_calls)
