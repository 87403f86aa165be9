"""Commands for customers, most of which staff use as well: start, inbox, act, track, say, change, withdraw, add."""

from __future__ import annotations

import click

from flowengine.cli import completing
from flowengine.cli.context import Desk, Stopped
from flowengine.cli.flags import answers, desk, request_key
from flowengine.cli.group import common

KINDS = ("note", "wish", "concern", "expectation", "question", "answer")


@click.command()
@click.argument("process", required=False, shell_complete=completing.processes)
@click.option(
    "--for",
    "customer",
    metavar="ID",
    shell_complete=completing.customers,
    help="For staff: the customer for whom the job is begun.",
)
@answers
@request_key
@common
@desk
def start(
    desk: Desk, process: str | None, customer: str | None, sets: tuple[str, ...], answer: str | None, key: str | None
) -> None:
    """Begin a job of PROCESS with a need.

    At a terminal you are asked for what is missing. Programs give it: flow start suit --as ada --set
    needed_by=2027-05-01
    """
    from flowengine.cli import acting

    acting.start(desk, process, customer, sets, answer, key)


@click.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@click.option("--all", "everything", is_flag=True, help="Also what is booked or answered, and may still be changed.")
@common
@desk
def inbox(desk: Desk, limit: int, everything: bool) -> None:
    """What waits for me, the most urgent first."""
    from flowengine.cli import show

    engine = desk.engine()
    items = engine.inbox(desk.me, limit, everything=everything)
    desk.answer(items, lambda console: show.inbox(console, items, engine.clock.now(), desk.line))


@click.command()
@click.argument("ref", metavar="[STEP|JOB]", required=False, shell_complete=completing.steps_and_jobs)
@click.option(
    "--outcome",
    default="",
    metavar="NAME",
    shell_complete=completing.outcomes,
    help="What to do: an outcome, or a move such as book.",
)
@answers
@request_key
@common
@desk
def act(desk: Desk, ref: str | None, outcome: str, sets: tuple[str, ...], answer: str | None, key: str | None) -> None:
    """Act on a step: answer, choose, book, approve, vote, finish.

    STEP is an id from the inbox; a JOB will do when exactly one of its steps waits for you. At a terminal you are asked
    for what is missing.
    """
    from flowengine.cli import acting

    acting.act(desk, ref, outcome, sets, answer, key)


@click.command()
@click.argument("job", shell_complete=completing.jobs)
@common
@desk
def track(desk: Desk, job: str) -> None:
    """Where a job is, in plain words, what waits for whom, and what was promised."""
    from flowengine.cli import show

    engine = desk.engine()
    seen = engine.track(job, desk.me_or_operator)
    desk.answer(seen, lambda console: show.track(console, seen, engine.clock.now(), desk.program, desk.once))


@click.command()
@click.argument("job", shell_complete=completing.jobs)
@click.argument("text", nargs=-1)
@click.option("--kind", type=click.Choice(KINDS), default="note", show_default=True)
@request_key
@common
@desk
def say(desk: Desk, job: str, text: tuple[str, ...], kind: str, key: str | None) -> None:
    """Say something about a job: a note, a wish, a concern, an expectation, a question or an answer."""
    from flowengine.cli import acting

    me, engine = desk.me, desk.engine()
    words = " ".join(text) or acting.words(desk, "What do you want to say?")
    receipt = engine.say(job, words, kind, by=me, key=key)
    acting.told(desk, engine, receipt)


@click.command()
@click.argument("job", shell_complete=completing.jobs)
@click.argument("name", required=False, shell_complete=completing.offers)
@answers
@request_key
@common
@desk
def change(desk: Desk, job: str, name: str | None, sets: tuple[str, ...], answer: str | None, key: str | None) -> None:
    """Use what a job offers at any time: a change of mind. Without NAME, what there is."""
    from flowengine.cli import acting

    acting.change(desk, job, name, sets, answer, key)


@click.command()
@click.argument("job", shell_complete=completing.jobs)
@click.option("--yes", is_flag=True, help="Do not ask whether you are sure.")
@request_key
@common
@desk
def withdraw(desk: Desk, job: str, yes: bool, key: str | None) -> None:
    """Withdraw from a job, where its process allows it."""
    from flowengine.cli import acting

    me, engine = desk.me, desk.engine()
    if desk.asks and not yes and not click.confirm("Withdraw from this job for good?"):
        raise Stopped
    acting.told(desk, engine, engine.withdraw(job, by=me, key=key))


@click.command()
@click.argument("job", shell_complete=completing.jobs)
@click.argument("state")
@click.argument("items", metavar="ITEM…", nargs=-1, required=True)
@request_key
@common
@desk
def add(desk: Desk, job: str, state: str, items: tuple[str, ...], key: str | None) -> None:
    """Add items to a state that takes more while it runs. An ITEM is JSON, or a plain text."""
    from flowengine.cli import acting
    from flowengine.cli.values import item

    me, engine = desk.me, desk.engine()
    acting.told(desk, engine, engine.add(job, state, [item(one) for one in items], by=me, key=key))
