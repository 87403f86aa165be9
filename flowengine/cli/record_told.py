"""Customers at a terminal: the record on one screen, facts, the timeline, who may be one."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from flowengine.cli.listing import Listing
from flowengine.cli.moments import day, told
from flowengine.cli.show import line, table
from flowengine.cli.tables import ID

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import (
        CustomerRow,
        DuplicateView,
        FactView,
        MergedView,
        PanelView,
        RecordView,
        ReferralView,
        TimelineLine,
    )

Pasted = Callable[[str], str]

SHOWN = 10
"""Jobs that are shown on one screen."""


def who(console: Console, one: RecordView) -> None:
    """Who a customer is, in a line or two."""
    also = f"  also: {', '.join(one.ids[1:])}" if len(one.ids) > 1 else ""
    line(console, (one.name, "bold"), "  ", (one.customer, ID), (also, "dim"))
    known = [*one.contacts, *one.person.groups]
    if known:
        line(console, "  ", ", ".join(known))
    if one.person.created:
        line(console, ("  known since ", "dim"), day(one.person.created))


def record(console: Console, one: RecordView, pasted: Pasted, now: datetime) -> None:
    """A customer on one screen."""
    who(console, one)
    if one.person.erased:
        line(console, ("  erased", "bold yellow"), f" {told(one.person.erased)}")
    if one.person.zone:
        line(console, ("  Reads times as in: ", "dim"), one.person.zone)
    for key, value in one.person.record.items():
        line(console, (f"  {key}: ", "dim"), str(value))
    beside(console, one)
    if one.referrals:
        line(console, ("Has named", "bold"))
    for sent in one.referrals[:SHOWN]:
        person = ("  ", (sent.person, ID)) if sent.person else ("",)
        line(console, "  ", sent.name or "somebody", *person, f"  {day(sent.at)}: ", _standing(sent))
    line(console, ("Open jobs" if one.jobs else "No open job.", "bold"))
    for row in one.jobs[:SHOWN]:
        line(console, "  ", (row.short, ID), f"  {row.title or row.process}: ", ", ".join(row.where or row.states))
    if one.more_jobs or len(one.jobs) > SHOWN:
        line(console, ("  and more: ", "dim"), pasted(f"jobs --customer {shlex.quote(one.customer)}"), pasted=True)
    if now and one.lately:
        line(console, ("All of it: ", "dim"), pasted(f"customer facts {shlex.quote(one.customer)}"), pasted=True)


def _standing(sent: ReferralView) -> tuple[str, str]:
    """What became of whom a customer has named."""
    if sent.came is not None:
        return f"came on {day(sent.came)}", "green"
    noticed = {"own": "a contact of the sender's own", "ring": "had brought the sender"}
    if sent.standing in noticed:
        return noticed[sent.standing], "yellow"
    return "was a customer before" if sent.standing == "known" else "has not come yet", "dim"


def beside(console: Console, one: PanelView) -> None:
    """What is known of a customer that matters: what is open, what is promised, what was said last."""
    if one.brought_by:
        line(console, ("  came by ", "dim"), " ← ".join(who.name for who in one.brought_by))
    if one.facts:
        line(console, ("What is known", "bold"))
    for fact in one.facts:
        _fact(console, fact)
    if one.promises:
        line(console, ("What is promised", "bold"))
    for row in one.promises:
        line(console, "  ", (row.short, ID), f"  {row.title}: ", (row.words, "red" if row.late else ""))
    known = {fact.id for fact in one.facts}
    lately = [fact for fact in one.lately if fact.id not in known]
    if lately:
        line(console, ("Said last", "bold"))
    for fact in lately:
        _fact(console, fact)


def _fact(console: Console, fact: FactView) -> None:
    by = f" ({fact.author_name}, {day(fact.at)})" if fact.author_name else f" ({day(fact.at)})"
    waits = ("  waits for an answer", "yellow") if fact.open else ""
    line(console, "  ", (fact.short, ID), "  ", (f"{fact.kind}: ", "bold"), fact.text, (by, "dim"), waits)


def one_fact(console: Console, fact: FactView, done: str, pasted: Pasted) -> None:
    """What became of a fact, and what can be done next."""
    line(console, (f"{done}.", "bold green"))
    _fact(console, fact)
    if fact.answer:
        line(console, ("    answered: ", "dim"), fact.answer)
    if fact.open:
        line(console, ("Answer it: ", "dim"), pasted(f"customer answer {fact.short} TEXT"), pasted=True)


def own(console: Console, one: RecordView, lines: Sequence[TimelineLine], pasted: Pasted, now: datetime) -> None:
    """What is kept of who asks, in plain words."""
    record(console, one, lambda words: pasted(words.replace("customer facts", "my-data")), now)
    if lines:
        line(console, ("What happened", "bold"))
        timeline(console, lines, now)
    line(console, ("Every detail, as a file: ", "dim"), pasted("my-data -o my-data.json"), pasted=True)


def facts(console: Console, rows: Sequence[FactView], _now: datetime | None = None) -> None:
    table(
        console,
        ("Fact", "Kind", "What", "Who", "When", ""),
        [(r.short, r.kind, r.text, r.author_name, day(r.at), _became(r)) for r in rows],
        "Nothing is known.",
        drop="When",
    )


def _became(fact: FactView) -> str:
    if fact.answered is not None:
        return f"answered: {fact.answer}"
    return "waits for an answer" if fact.open else "shown" if fact.shown else ""


def timeline(console: Console, rows: Sequence[TimelineLine], _now: datetime | None = None) -> None:
    table(
        console,
        ("When", "What", "Who", "Job", "Process"),
        [(told(r.at), r.what, r.who, r.short, r.title) for r in rows],
        "Nothing has happened.",
        drop="Process, Who",
    )


def customers(console: Console, rows: Sequence[CustomerRow], _now: datetime | None = None) -> None:
    table(
        console,
        ("Id", "Name", "Contact", "Groups", "Also"),
        [(r.id, "erased" if r.erased else r.name, r.contact, ", ".join(r.groups), ", ".join(r.ids[1:])) for r in rows],
        "No customer fits.",
        drop="Groups",
    )


def counted(console: Console, count: int) -> None:
    """How many customers there are in all."""
    if count:
        line(console, (f"{count} customer{'' if count == 1 else 's'}", "bold"), ".")


def duplicates(console: Console, rows: Sequence[DuplicateView], _now: datetime | None = None) -> None:
    table(
        console,
        ("Id", "Name", "May be", "Name", "Why"),
        [(r.id, r.name, r.into, r.into_name, "; ".join(r.reasons)) for r in rows],
        "Nobody seems to be there twice.",
    )


def decide(console: Console, rows: Sequence[DuplicateView], pasted: Pasted) -> None:
    """How the first of them is decided, as an example."""
    for row in rows[:1]:
        pair = f"{shlex.quote(row.id)} {shlex.quote(row.into)}"
        line(console, ("One person: ", "dim"), pasted(f"customer merge {pair} --because WHY"), pasted=True)
        line(console, ("Two persons: ", "dim"), pasted(f"customer distinct {pair}"), pasted=True)


def merged(console: Console, one: MergedView) -> None:
    """What became of two ids."""
    if one.into:
        line(console, ("One person: ", "bold green"), (one.customer, ID), f", also {', '.join(one.ids[1:])}.")
    else:
        line(console, (one.id, ID), " is by itself again.")


FACTS = Listing(("FactView",), "id", facts)
TIMELINE = Listing(("TimelineLine",), "place", timeline)
CUSTOMERS = Listing(("CustomerRow",), "id", customers)
DUPLICATES = Listing(("DuplicateView",), "id", duplicates)
