"""Commands for customers, most of which staff use as well: start, inbox, act, track, say, change, withdraw, add."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from flowengine.cli import listing, sure, tab_words, watching
from flowengine.cli.flags import answers, day, request_key, shown_digest, terminal
from flowengine.cli.group import common
from flowengine.cli.terminal import Terminal

KINDS = ("note", "wish", "concern", "expectation", "question", "answer")


@click.command()
@click.argument("process", required=False, shell_complete=tab_words.processes)
@click.option(
    "--for",
    "customer",
    metavar="ID",
    shell_complete=tab_words.customers,
    help="The customer for whom it is begun: for staff, and for who acts for him.",
)
@click.option("--new", is_flag=True, help="You are not known yet: enter you as a new customer.")
@answers
@sure.unasked
@request_key
@common
@terminal
def start(terminal: Terminal, /, **given: Any) -> None:
    """Begin a job of PROCESS with a need.

    At a terminal you are asked for what is missing. Programs give it: flow start suit --as ada --set
    needed_by=2027-05-01. Who is not known yet says --new.
    """
    from flowengine.cli import acting

    acting.start(terminal, **given)


@click.command()
@click.option("--process", metavar="NAME", shell_complete=tab_words.processes, help="Only of this process.")
@click.option("--role", metavar="NAME", default="", help="For staff: only what waits for this role of yours.")
@click.option("--customer", metavar="ID", shell_complete=tab_words.customers, help="For staff: only of this customer.")
@click.option("--text", metavar="WORDS", default="", help="Only what has all these words in its title.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@click.option("--after", metavar="PLACE", help="The next page, as the page before says.")
@click.option("--all", "everything", is_flag=True, help="Also what is booked or answered, and may still be changed.")
@click.option("--count", is_flag=True, help="Only how much waits, by process and role.")
@watching.options("--watch", "Draw it anew, until Ctrl-C.")
@listing.options
@common
@terminal
def inbox(terminal: Terminal, /, **given: Any) -> None:
    """What waits for me: what I hold first, then the most urgent."""
    from flowengine.cli import inboxes

    inboxes.inbox(terminal, inboxes.Wanted(**given))


@click.command()
@click.option("--day", metavar="DAY", callback=day, help="The day, as 2026-12-24, 24 Dec 2026 or tomorrow; else today.")
@click.option("--from", "first", metavar="DAY", callback=day, help="The first of several days.")
@click.option("--to", "last", metavar="DAY", callback=day, help="The last of them.")
@click.option(
    "--person", metavar="PERSON", shell_complete=tab_words.people, help="What a person has; else what I have."
)
@click.option("--role", default="", metavar="NAME", help="What those have who have a role.")
@click.option("--calendar", default="", metavar="NAME", help="What is booked in a calendar.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@click.option(
    "--ics", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Save it for a calendar program."
)
@common
@terminal
def agenda(
    terminal: Terminal,
    day: date | None,
    first: date | None,
    last: date | None,
    person: str | None,
    role: str,
    calendar: str,
    limit: int,
    ics: Path | None,
) -> None:
    """What is booked for a day, by time: when, for whom, with whom, and the step on which to say how it went.

    Customers see their own. Staff see their own and those of their roles, operators all, unless a person, a role or a
    calendar is named.
    """
    from flowengine.cli import acting, show
    from flowengine.cli.moments import midnight, now

    if day is not None and (first or last):
        raise click.UsageError("--day names one day, --from and --to several.")
    if last is not None and first is None:
        raise click.UsageError("--to needs --from.")
    desk = terminal.desk()
    begins = day or first or now().date()
    ends = last or begins
    whom = acting.person(desk, person) if person else ""
    span = midnight(begins), midnight(ends, over=True)
    if ics is not None:
        from flowengine.cli import calendars

        calendars.write(terminal, desk.agenda_file(*span, person=whom, role=role, calendar=calendar), ics)
        return
    rows = desk.agenda(*span, person=whom, role=role, calendar=calendar, limit=limit)
    terminal.answer(rows, lambda console: show.agenda(console, rows, begins, ends, desk.now(), limit))


@click.command()
@click.argument("ref", metavar="[STEP|JOB]", required=False, shell_complete=tab_words.steps_and_jobs)
@click.option(
    "--outcome",
    default="",
    metavar="NAME",
    shell_complete=tab_words.outcomes,
    help="What to do: an outcome, or a move such as book.",
)
@click.option(
    "--for", "whose", metavar="PERSON", shell_complete=tab_words.people, help="For operators: in whose stead."
)
@click.option("--because", metavar="TEXT", help="With --for: why; it stays in the history.")
@answers
@sure.unasked
@request_key
@common
@terminal
def act(terminal: Terminal, /, **given: Any) -> None:
    """Act on a step: answer, choose, book, approve, vote, finish.

    STEP is an id from the inbox; a JOB will do when exactly one of its steps waits for you. At a terminal you are asked
    for what is missing; ? explains a question, < goes back to the one before.
    """
    from flowengine.cli import acting

    acting.act(terminal, **given)


@click.command()
@click.argument("job", shell_complete=tab_words.jobs)
@click.option("--archive", metavar="FILE", help="A job in an archive.")
@watching.options("--follow", "Tell what is new, too, until the job is over or Ctrl-C.")
@common
@terminal
def track(terminal: Terminal, job: str, archive: str | None, follow: bool, every: float | None) -> None:
    """Where a job is, in plain words, what waits for whom, and what was promised."""
    from flowengine.cli import tracking

    seconds = watching.interval(follow, every, "--follow")
    if archive and follow:
        raise click.UsageError("What is in an archive is over: leave --follow out.")
    if archive:
        tracking.archived(terminal, archive, job)
    elif follow:
        tracking.follow(terminal, job, seconds)
    else:
        tracking.once(terminal, job)


@click.command()
@click.argument("job", shell_complete=tab_words.jobs)
@click.argument("text", nargs=-1)
@click.option("--kind", type=click.Choice(KINDS), default="note", show_default=True)
@click.option("--to", default="", metavar="QUESTION", help="With --kind answer: what it answers, by its step.")
@request_key
@common
@terminal
def say(terminal: Terminal, job: str, text: tuple[str, ...], kind: str, to: str, key: str | None) -> None:
    """Say something about a job: a note, a wish, a concern, an expectation, a question or an answer.

    A question or a concern waits in the inbox of those who answer, until they have. An answer is to what waits for
    you; where several things do, name one with --to.
    """
    from flowengine.cli import acting

    if to and kind != "answer":
        raise click.UsageError("--to goes with --kind answer.")
    desk = terminal.mine()
    words = " ".join(text) or acting.words(terminal, "What do you want to say?")
    receipt = desk.say(job, words, kind, to=to, key=key)
    acting.spoken(terminal, desk, receipt, kind, words)


@click.command()
@click.argument("vote", shell_complete=tab_words.steps_and_jobs)
@common
@terminal
def ballot(terminal: Terminal, vote: str) -> None:
    """Your own ballot, and whether it was counted. VOTE is a job's id, or a step's."""
    from flowengine.cli import show

    seen = terminal.desk().ballot(vote)
    terminal.answer(seen, lambda console: show.ballot(console, seen))


@click.command("takeback")
@click.argument("question", shell_complete=tab_words.steps_and_jobs)
@request_key
@common
@terminal
def take_back(terminal: Terminal, question: str, key: str | None) -> None:
    """Take back what you have asked: it waits for an answer no more. QUESTION is its step, which flow track shows."""
    from flowengine.cli import acting

    desk = terminal.mine()
    acting.told(terminal, desk, desk.take_back(question, key=key))


@click.command()
@click.argument("job", shell_complete=tab_words.jobs)
@click.argument("name", required=False, shell_complete=tab_words.offers)
@click.option("--preview", "only_looks", is_flag=True, help="Only show what it would come to.")
@click.option(
    "--seen",
    metavar="DIGEST",
    callback=shown_digest,
    help="Do what --preview has shown under DIGEST, unasked, or nothing.",
)
@sure.yes
@answers
@request_key
@common
@terminal
def change(terminal: Terminal, /, **given: Any) -> None:
    """Use what a job offers at any time, as a change of mind. Without NAME, what there is.

    What it comes to is shown first: what is asked again, undone and given back, and what was promised. What was shown
    is what is done: where it has changed meanwhile, nothing is.
    """
    from flowengine.cli import promises

    promises.change(terminal, **given)


@click.command()
@click.argument("job", shell_complete=tab_words.jobs)
@sure.yes
@request_key
@common
@terminal
def withdraw(terminal: Terminal, job: str, yes: bool, key: str | None) -> None:
    """Withdraw from a job, where its process allows it. What it comes to is shown first, and is what is done."""
    from flowengine.cli import promises

    promises.change(terminal, job, "withdraw", (), None, key, yes)


@click.command()
@click.argument("job", shell_complete=tab_words.jobs)
@click.argument("state")
@click.argument("items", metavar="ITEM…", nargs=-1, required=True)
@request_key
@common
@terminal
def add(terminal: Terminal, job: str, state: str, items: tuple[str, ...], key: str | None) -> None:
    """Add items to a state that takes more while it runs. An ITEM is JSON, or a plain text."""
    from flowengine.cli import acting
    from flowengine.cli.typed_values import item

    desk = terminal.mine()
    acting.told(terminal, desk, desk.add(job, state, [item(one) for one in items], key=key))
