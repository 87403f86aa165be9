"""A change of mind, once what it comes to was shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowengine.cli import acting, ask, show
from flowengine.cli.moments import day
from flowengine.cli.sure import be_sure
from flowengine.cli.terminal import Terminal, screen
from flowengine.client import Desk, Json, Preview, Receipt
from flowengine.errors import Ambiguous, NotFound, Refused
from flowengine.language.currencies import money
from flowengine.language.texts import plain

if TYPE_CHECKING:
    from rich.console import Console


def change(
    terminal: Terminal,
    job: str,
    name: str | None,
    sets: Sequence[str],
    answer: str | None,
    key: str | None,
    yes: bool,
    only_looks: bool = False,
) -> None:
    """``flow change`` and ``flow withdraw``: one of the job's offers. What was shown is what is done, or nothing."""
    desk = terminal.mine()
    offer = desk.offer(job, name or _picked(terminal, desk, job))
    given = acting.given_by(terminal, offer.questions, sets, answer)
    if only_looks:
        seen = desk.preview(job, offer.name, given)
        terminal.answer(seen, lambda console: shown(console, seen))
        return

    def use(full: dict[str, Json]) -> Receipt:
        seen = _looked_at(desk, job, offer.name, full, key)

        def means(console: Console) -> None:
            if seen is not None:
                shown(console, seen)

        be_sure(terminal, yes, f"{offer.title}?", means)
        return desk.invoke(job, offer.name, full, preview=seen.digest if seen else "", key=key)

    acting.told(terminal, desk, acting.carry_out(terminal, offer.questions, given, use, where=job, asks_last=False))


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
