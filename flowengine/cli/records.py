"""``flow customer``: what the organisation knows of a customer, for staff; and ``flow my-data``, for himself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowengine.cli import listing, sure, tab_words
from flowengine.cli.flags import request_key, terminal
from flowengine.cli.group import FlowGroup, common
from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import FactView

KINDS = ("need", "want", "concern", "expectation", "preference", "note")

_limit = click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
_after = click.option("--after", default="", metavar="PLACE", help="The next page, as the page before says.")
_person = click.argument("person", shell_complete=tab_words.customers)


@click.group(cls=FlowGroup)
def customer() -> None:
    """What is known of customers: show, note, answer, timeline, find, duplicates, merge."""


@customer.command("show")
@_person
@common
@terminal
def show_customer(terminal: Terminal, person: str) -> None:
    """One customer on one screen: who he is, what is open, what is promised, his open jobs, what was said last."""
    from flowengine.cli import acting, record_told

    desk = terminal.desk()
    found = desk.record(acting.person(desk, person))
    terminal.answer(found, lambda console: record_told.record(console, found, terminal.line, desk.now()))


@customer.command("find")
@click.argument("words", nargs=-1)
@_limit
@_after
@listing.options
@common
@terminal
def find_customers(
    terminal: Terminal, words: tuple[str, ...], limit: int, after: str, output: str | None, sort_by: str | None
) -> None:
    """Find customers by WORDS: of names, contacts, ids, and of what is known of them. Without words: all."""
    from flowengine.cli import lists, record_told

    form = listing.Form.of(terminal, record_told.CUSTOMERS, output, sort_by)
    desk, text = terminal.desk(), " ".join(words)
    found = desk.customers(text, after=after, limit=limit)

    def also(console: Console) -> None:
        record_told.counted(console, found.count)
        if len(found.customers) == limit:
            lists.more(console, terminal.line(_line("customer find", *words, after=found.customers[-1].place)))

    form.tell(found.customers, desk.now(), also)


@customer.command("facts")
@_person
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only facts of this kind.")
@click.option("--open", "open_", is_flag=True, default=None, help="Only what waits for an answer.")
@click.option("--of", metavar="FACT", default="", help="How this one was said each time, the last first.")
@_limit
@_after
@listing.options
@common
@terminal
def facts(
    terminal: Terminal,
    person: str,
    kind: str | None,
    open_: bool | None,
    of: str,
    limit: int,
    after: str,
    output: str | None,
    sort_by: str | None,
) -> None:
    """What is known of PERSON, the newest first."""
    from flowengine.cli import acting, lists, record_told

    form = listing.Form.of(terminal, record_told.FACTS, output, sort_by)
    desk = terminal.desk()
    rows = desk.facts(acting.person(desk, person), kind=kind or "", open=open_, of=of, after=after, limit=limit)

    def also(console: Console) -> None:
        if len(rows) == limit:
            lists.more(console, terminal.line(_line("customer facts", person, after=rows[-1].place)))

    form.tell(rows, desk.now(), also)


@customer.command("note")
@_person
@click.argument("text", nargs=-1)
@click.option("--kind", type=click.Choice(KINDS), default="note", show_default=True)
@click.option("--job", default="", metavar="JOB", shell_complete=tab_words.jobs, help="About which job of his.")
@click.option("--step", default="", metavar="STEP", shell_complete=tab_words.steps, help="On which step.")
@click.option("--show", is_flag=True, help="He sees it, too; else it stays inside.")
@request_key
@common
@terminal
def note(
    terminal: Terminal, person: str, text: tuple[str, ...], kind: str, job: str, step: str, show: bool, key: str | None
) -> None:
    """Note something of PERSON. A need, want, concern or expectation waits for an answer: flow customer answer."""
    from flowengine.cli import acting

    desk = terminal.desk()
    who = acting.person(desk, person)
    words = " ".join(text) or acting.words(terminal, "What is to be noted?", "flow customer note PERSON TEXT")
    _tell(terminal, desk.add_fact(who, kind, words, job=job, step=step, show=show, key=key), "Noted")


@customer.command("change")
@click.argument("fact")
@click.argument("text", nargs=-1)
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Another kind.")
@click.option("--show/--hide", "show", default=None, help="Whether he sees it.")
@common
@terminal
def change_fact(terminal: Terminal, fact: str, text: tuple[str, ...], kind: str | None, show: bool | None) -> None:
    """Say a FACT otherwise, by its id, which flow customer facts shows. The version before is kept."""
    _tell(terminal, terminal.desk().change_fact(fact, " ".join(text), kind=kind or "", show=show), "Changed")


@customer.command("answer")
@click.argument("fact")
@click.argument("text", nargs=-1)
@common
@terminal
def answer_fact(terminal: Terminal, fact: str, text: tuple[str, ...]) -> None:
    """Answer a FACT that waits for it, by its id. Who raised it is told."""
    from flowengine.cli import acting

    desk = terminal.desk()
    words = " ".join(text) or acting.words(terminal, "What is the answer?", "flow customer answer FACT TEXT")
    _tell(terminal, desk.answer_fact(fact, words), "Answered")


@customer.command("takeback")
@click.argument("fact")
@common
@terminal
def take_back_fact(terminal: Terminal, fact: str) -> None:
    """Take a FACT back, by its id: it counts no more."""
    _tell(terminal, terminal.desk().take_back_fact(fact), "Taken back")


@customer.command("timeline")
@_person
@_limit
@_after
@listing.options
@common
@terminal
def timeline(terminal: Terminal, person: str, limit: int, after: str, output: str | None, sort_by: str | None) -> None:
    """All that happened with PERSON, over all jobs, the newest first."""
    from flowengine.cli import acting, lists, record_told

    form = listing.Form.of(terminal, record_told.TIMELINE, output, sort_by)
    desk = terminal.desk()
    rows = desk.timeline(acting.person(desk, person), after=after, limit=limit)

    def also(console: Console) -> None:
        if len(rows) == limit:
            lists.more(console, terminal.line(_line("customer timeline", person, after=rows[-1].place)))

    form.tell(rows, desk.now(), also)


@customer.command("merge")
@click.argument("person", metavar="ID", shell_complete=tab_words.customers)
@click.argument("into", metavar="INTO", shell_complete=tab_words.customers)
@click.option("--because", required=True, metavar="TEXT", help="Why they are one person.")
@sure.yes
@common
@terminal
def merge(terminal: Terminal, person: str, into: str, because: str, yes: bool) -> None:
    """Say that ID and INTO, both whole ids, are one person, who is found under both. Nothing is moved, and it can be
    undone: flow customer unmerge."""
    from flowengine.cli import record_told

    desk = terminal.desk()

    def means(console: Console) -> None:
        for one in (desk.record(person), desk.record(into)):
            record_told.who(console, one)

    sure.be_sure(terminal, yes, f"Are {person} and {into} one person?", means)
    done = desk.merge(person, into, because=because)
    terminal.answer(done, lambda console: record_told.merged(console, done))


@customer.command("unmerge")
@click.argument("person", metavar="ID", shell_complete=tab_words.customers)
@common
@terminal
def unmerge(terminal: Terminal, person: str) -> None:
    """Undo that ID was merged: each is again what it was."""
    from flowengine.cli import record_told

    done = terminal.desk().unmerge(person)
    terminal.answer(done, lambda console: record_told.merged(console, done))


@customer.command("duplicates")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@listing.options
@common
@terminal
def duplicates(terminal: Terminal, limit: int, output: str | None, sort_by: str | None) -> None:
    """Customers who may be one person, with the reasons. Nothing is merged by itself."""
    from flowengine.cli import record_told

    form = listing.Form.of(terminal, record_told.DUPLICATES, output, sort_by)
    desk = terminal.desk()
    rows = desk.duplicates(limit=limit)
    form.tell(rows, desk.now(), lambda console: record_told.decide(console, rows, terminal.line))


@customer.command("distinct")
@click.argument("person", metavar="ID", shell_complete=tab_words.customers)
@click.argument("other", metavar="OTHER", shell_complete=tab_words.customers)
@common
@terminal
def distinct(terminal: Terminal, person: str, other: str) -> None:
    """Say that ID and OTHER are two persons, so that they are proposed no more."""
    from flowengine.cli import show

    terminal.desk().reject_duplicate(person, other)
    terminal.answer(
        {"person": person, "other": other},
        lambda console: show.line(console, ("Two persons: ", "bold green"), f"{person}, {other}."),
    )


@click.command("my-data")
@click.option("-o", "--output", "path", metavar="FILE", help="Write all of it as JSON to a new file.")
@common
@terminal
def my_data(terminal: Terminal, path: str | None) -> None:
    """All that is kept of you, as far as it is yours to know. With --json, or in a FILE, every detail."""
    from flowengine.cli import people_in_bulk, record_told

    desk = terminal.mine()
    me = desk.me
    who = me.id if me is not None else terminal.who_or_nobody
    if path or terminal.json:
        people_in_bulk.write_own(terminal, desk.export_person(who), path)
        return
    found, lines = desk.record(who), desk.timeline(who, limit=200)
    terminal.answer(found, lambda console: record_told.own(console, found, lines, terminal.line, desk.now()))


def _line(command: str, *words: str, after: str) -> str:
    """The command that shows the next page."""
    import shlex

    return shlex.join([*command.split(), *words, "--after", after])


def _tell(terminal: Terminal, fact: FactView, done: str) -> None:
    from flowengine.cli import record_told

    terminal.answer(fact, lambda console: record_told.one_fact(console, fact, done, terminal.line))
