"""A change of mind, once what it comes to was shown; and promises: asked anew, listed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import click

from flowengine.cli import acting, ask, listing, lists, show, tab_words
from flowengine.cli.flags import day_or_moment, request_key, terminal
from flowengine.cli.group import FlowGroup, common
from flowengine.cli.moments import day, told
from flowengine.cli.sure import be_sure
from flowengine.cli.terminal import Terminal, screen
from flowengine.client import Desk, Json, Preview, PromiseCount, Receipt
from flowengine.errors import Ambiguous, NotFound, Refused
from flowengine.language.texts import plain
from flowengine.speech.money import money

if TYPE_CHECKING:
    from rich.console import Console

DIGITS = 16
"""How much of a digest is enough to tell it from others."""

STATES = ("open", "at_risk", "asked", "late", "kept", "broken", "released")


def change(
    terminal: Terminal,
    job: str,
    name: str | None,
    sets: Sequence[str],
    answer: str | None,
    key: str | None,
    yes: bool,
    only_looks: bool = False,
    seen: str | None = None,
) -> None:
    """``flow change`` and ``flow withdraw``: one of the job's offers. What was shown is what is done, or nothing;
    ``seen`` is how the digest of a preview begins."""
    if seen and only_looks:
        raise click.UsageError("--preview looks, --seen does what was looked at.")
    desk = terminal.mine()
    offer = desk.offer(job, name or _picked(terminal, desk, job))
    given = acting.given_by(terminal, offer.questions, sets, answer)
    if only_looks:
        looked = desk.preview(job, offer.name, given)

        def tell(console: Console) -> None:
            shown(console, looked)
            just_that = _again(terminal, job, looked, sets, answer)
            show.line(console, ("  Just that, or nothing: ", "dim"), just_that, pasted=True)

        terminal.answer(looked, tell)
        return

    def use(full: dict[str, Json]) -> Receipt:
        now = _looked_at(desk, job, offer.name, full, key)

        def means(console: Console) -> None:
            if now is not None:
                shown(console, now)

        digest = now.digest if now else ""
        if seen is None:
            be_sure(terminal, yes, f"{offer.title}?", means)
        elif not digest.startswith(seen):
            digest = seen  # which is not what it comes to now: the desk says so
        return desk.invoke(job, offer.name, full, preview=digest, key=key)

    acting.told(terminal, desk, acting.carry_out(terminal, offer.questions, given, use, where=job, asks_last=False))


def _again(terminal: Terminal, job: str, looked: Preview, sets: Sequence[str], answer: str | None) -> str:
    """The command that does what a preview has shown."""
    given = [word for one in sets for word in ("--set", one)] + (["--answer", answer] if answer else [])
    return terminal.line(shlex.join(["change", job, looked.name, *given, "--seen", looked.digest[:DIGITS]]))


def _picked(terminal: Terminal, desk: Desk, job: str) -> str:
    """What a person picks of all that the job offers him."""
    seen = desk.track(job)
    if terminal.asks:
        show.closed(screen(), seen.closed_offers)
    if not seen.offers:
        raise NotFound("this job offers you nothing at this time", where=seen.short)
    if not terminal.asks:
        raise Ambiguous("name what to use", where=seen.short, possible=[offer.name for offer in seen.offers])
    choices = [(offer.name, offer.title) for offer in seen.offers]
    return seen.offers[ask.pick(screen(), "What do you want to do?", choices)].name


def _looked_at(desk: Desk, job: str, name: str, full: dict[str, Json], key: str | None) -> Preview | None:
    """What it comes to. Under a request key that may have been done already, so that nothing is left to look at: then
    the desk says so, or why it cannot be done."""
    try:
        return desk.preview(job, name, full)
    except Refused:
        if key is None:
            raise
        return None


def shown(console: Console, seen: Preview) -> None:
    """What it would come to, in words."""
    show.line(console, (seen.title, "bold"), (f"  {seen.short}", "dim"))
    _lines(console, "You are asked again", seen.redone)
    for one in seen.undone:
        costs = f" (this costs you {_amount(one.costs, seen.currency)})" if one.costs else ""
        unsure = "" if one.certain else " (if it has been done)"
        show.line(console, ("  Undone: ", "dim"), f"{one.words}{costs}{unsure}")
    if seen.costs is not None and len(seen.undone) > 1:
        show.line(console, ("  In all it costs you: ", "dim"), _amount(seen.costs, seen.currency))
    _lines(console, "Given back", seen.given_back)
    _lines(console, "Not asked any more", seen.cancelled)
    _promise(console, seen)
    if seen.over:
        show.line(console, ("  It is over then: ", "dim"), seen.over)
    else:
        _lines(console, "It goes on with", seen.where)
        _lines(console, "Asked next", seen.next)


def _promise(console: Console, seen: Preview) -> None:
    before, after = seen.promise, seen.promise_after
    if before is not None and after is not None and before.by == after.by and not seen.over:
        show.line(console, ("  The promise stands: ", "dim"), after.words)
    elif before is not None or after is not None:
        then = after.words if after is not None else "nothing is promised"
        show.line(console, ("  The promise: ", "dim"), f"{before.words if before else 'none so far'}; then: {then}")
    if seen.expected is not None:
        soonest, latest = map(day, seen.expected)
        between = soonest if soonest == latest else f"between {soonest} and {latest}"
        show.line(console, ("  Ready as it is expected: ", "dim"), between)


def _lines(console: Console, what: str, words: Sequence[str]) -> None:
    if words:
        show.line(console, (f"  {what}: ", "dim"), "; ".join(words))


def _amount(value: Json, currency: str) -> str:
    return money(value, currency) if currency else plain(value)


# promises


@click.group(cls=FlowGroup)
def promise() -> None:
    """What was promised to a customer: ask for another date."""


@promise.command("ask")
@click.argument("job", shell_complete=tab_words.jobs)
@click.option("--to", required=True, metavar="DATE", callback=day_or_moment, help="The new date, as 24 Dec 2026.")
@click.option("--because", required=True, metavar="TEXT", help="Why: the customer is told.")
@request_key
@common
@terminal
def ask_(terminal: Terminal, job: str, to: date, because: str, key: str | None) -> None:
    """Ask the customer of JOB for another date than the one that is promised: he accepts or refuses it."""
    desk = terminal.desk()
    receipt = desk.ask_new_promise(job, to, because=because, key=key)

    def said(console: Console) -> None:
        seen = desk.track(receipt.job)
        waiting = next((one for one in seen.waiting if one.id == receipt.question), None)
        show.line(console, ("Asked", "bold green"), ": ", seen.promise.words if seen.promise else "")
        if waiting is not None:
            until = f", until {told(waiting.due)}" if waiting.due else ""
            show.line(console, f"  It waits for {waiting.whom}{until}; without an answer the promise stands.")
            show.line(console, ("  Take it back: ", "dim"), terminal.line(f"takeback {waiting.short}"), pasted=True)

    terminal.answer(receipt, said)


@click.command()
@click.option("--state", type=click.Choice(STATES), help="Only those of which that became.")
@click.option("--process", metavar="NAME", shell_complete=tab_words.processes, help="Only of this process.")
@click.option("--limit", type=click.IntRange(1, 200), default=100, show_default=True)
@click.option("--after", metavar="PLACE", help="The next page, as the page before says.")
@click.option("--count", is_flag=True, help="Only how many there are, by process and state.")
@listing.options
@common
@terminal
def promises(
    terminal: Terminal,
    state: str | None,
    process: str | None,
    limit: int,
    after: str | None,
    count: bool,
    output: str | None,
    sort_by: str | None,
) -> None:
    """What was promised to customers and what became of it, the earliest first."""
    desk = terminal.desk()
    if count:
        if state or after or output or sort_by:
            raise click.UsageError("--count goes with --process alone.")
        counts = desk.promise_counts(process=process)
        terminal.answer(counts, lambda console: _counted(console, counts))
        return
    form = listing.Form.of(terminal, lists.PROMISES, output, sort_by)
    rows = desk.promises(state=state, process=process, limit=limit, after=after)

    def also(console: Console) -> None:
        if len(rows) == limit:
            given = {"--state": state, "--process": process, "--limit": str(limit), "--after": rows[-1].place}
            words = [word for name, value in given.items() if value for word in (name, shlex.quote(value))]
            lists.more(console, terminal.line(" ".join(["promises", *words])))

    form.tell(rows, desk.now(), also)


def _counted(console: Console, counts: Sequence[PromiseCount]) -> None:
    rows = [(one.process, one.state.replace("_", " "), one.count) for one in counts]
    show.table(console, ("Process", "State", "Promises"), rows, "Nothing was promised.")
