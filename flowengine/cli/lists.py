"""The lists of the command line, a noun each: what its table shows a person, and what helps him below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flowengine.cli import show, waits
from flowengine.cli.listing import Listing
from flowengine.cli.moments import day, distance, length, promised, told
from flowengine.cli.tables import cell

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from flowengine.client import (
        DeedView,
        ExpectedView,
        HistoryLine,
        InboxCounts,
        InboxItem,
        IncidentView,
        JobRow,
        PersonView,
        ProcessRow,
        PromiseRow,
        ScheduleView,
        StuckView,
        TimerView,
        TokenView,
    )

Pasted = Callable[[str], str]


def processes(console: Console, rows: Sequence[ProcessRow], _now: datetime | None = None) -> None:
    show.table(
        console,
        ("Process", "Title", "Version", "Deployed", ""),
        [(r.name, r.title, r.version, day(r.deployed), _in_use(r)) for r in rows],
        "No process is in use. Deploy one: flow deploy FILE",
        drop="Deployed",
    )


def _in_use(row: ProcessRow) -> str:
    if not row.latest:
        return ""
    held = row.suspended
    return f"suspended since {day(held.since)}: {held.because}" if held else "latest"


def _gone(one: PersonView) -> str:
    return "erased" if one.erased else "has left" if one.left else ""


def people(console: Console, rows: Sequence[PersonView], _now: datetime | None = None) -> None:
    show.table(
        console,
        ("Id", "Name", "Kind", "Contact", "Roles and groups"),
        [(r.id, r.name, r.kind, r.contact, _gone(r) or ", ".join((*r.roles, *r.groups))) for r in rows],
        "Nobody is known yet.",
        drop="Kind",
    )


def inbox(console: Console, items: Sequence[InboxItem], now: datetime) -> None:
    show.table(
        console,
        ("Step", "What", "Process", "For", "When", ""),
        [(i.short, i.title, i.process, i.customer_name, _when(i, now), _beside(i, now)) for i in items],
        "Nothing waits for you.",
        drop="Process",
    )


SOON = timedelta(days=2)
"""So long before a promised moment it is told in an inbox."""


def _beside(item: InboxItem, now: datetime) -> Text:
    """That it wants an answer, whose it is, that the job is late, or soon will be, and how long it usually takes."""
    if item.promise is None or item.answered or item.promise - now > SOON:
        return cell(", ".join(filter(None, (item.asked, _holder(item, now), _usually(item, now), _expected(item)))))
    by = promised(item.promise, item.zone)
    words = f"late since {by}" if item.late else f"promised for {by}"
    rest = (item.asked, words, _holder(item, now), _usually(item, now), _expected(item))
    return cell(", ".join(filter(None, rest)), "red" if item.late else "yellow")


def _usually(item: InboxItem, now: datetime) -> str:
    """``usually 2 days, here for 5 days``."""
    seconds = getattr(item, "usual", None)  # a customer is told of no state
    if not seconds:
        return ""
    return f"usually {length(timedelta(seconds=seconds))}, here for {length(now - item.opened)}"


def _expected(item: InboxItem) -> str:
    """``job expected Fri 12 Mar 2027 to Fri 19 Mar 2027``."""
    found = getattr(item, "expected", None)  # a customer sees it where the job is
    return f"job expected {between(found)}" if found is not None else ""


def between(found: ExpectedView, zone: str = "") -> str:
    """The days between which it is expected."""
    soonest, latest = (day(one, zone) for one in (found.soonest, found.latest))
    return soonest if soonest == latest else f"{soonest} to {latest}"


def _holder(item: InboxItem, now: datetime) -> str:
    if item.mine or (item.preferred and show.appointment(item) is not None):
        return "yours"
    if item.claimed:
        return f"claimed by {item.claimed}"
    if item.booked is not None:
        return f"booked: {told(item.booked)}{f', with {item.booked_with}' if item.booked_with else ''}"
    if item.held is not None:
        return show.kept(item.held, item.held_until, now)
    return "kept for you" if item.preferred else "answered" if item.answered else ""


def _when(item: InboxItem, now: datetime) -> Text:
    """The appointment first, where there is one; else until when it has time."""
    meets = show.appointment(item)
    ends = getattr(item, "appointment_end", None) or item.due
    late = ends is not None and ends < now
    if meets is not None:
        return cell(f"at {told(meets)} ({distance(meets, now)})", "red" if late else "bold")
    return cell(f"{told(item.due)} ({distance(item.due, now)})" if item.due else "", "red" if late else "")


def waiting(found: InboxCounts, role: str) -> str:
    """``12 wait for you: 3 late, 5 today``."""
    whom = f"for {role}" if role else "for you"
    parts = [f"{count} {when}" for count, when in ((found.late, "late"), (found.today, "today")) if count]
    return f"{found.count} {'waits' if found.count == 1 else 'wait'} {whom}{': ' if parts else ''}{', '.join(parts)}"


def counts(console: Console, found: InboxCounts, role: str = "") -> None:
    """How much waits, by process and role."""
    show.table(
        console,
        ("Process", "Role", "Waiting", "Late", "Today"),
        [(one.process, one.role, one.count, one.late or "", one.today or "") for one in found.groups],
        "Nothing waits for you.",
    )
    if found.count:
        show.line(console, (waiting(found, role), "bold"), ".")


def jobs(console: Console, rows: Sequence[JobRow], _now: datetime | None = None) -> None:
    """The columns of promises and of expected days are there where one of them has any."""
    some, coming = (any(getattr(row, name) is not None for row in rows) for name in ("promise", "expected"))

    def told_of(r: JobRow) -> tuple[object, ...]:
        promise = (_promised(r),) if some else ()
        expected = (between(r.expected, r.zone) if r.expected is not None else "",) if coming else ()
        return (r.short, r.title or r.process, r.customer_name, _standing(r), *promise, *expected, day(r.started))

    show.table(
        console,
        (
            "Job",
            "What",
            "Customer",
            "Now",
            *(("Promised",) if some else ()),
            *(("Expected",) if coming else ()),
            "Begun",
        ),
        map(told_of, rows),
        "There are no such jobs.",
        drop="Begun",
    )


def _promised(row: JobRow) -> Text:
    """For when it was promised, and what became of it."""
    if row.promise is None:
        return cell("")
    became = "" if row.promise.status == "open" else f", {row.promise.status}"
    return cell(f"{promised(row.promise.by, row.zone)}{became}", "red" if row.promise.late else "")


def _standing(row: JobRow) -> str:
    """Where a job stands in words, or how it ended; and how much of it is to be answered."""
    marks = [f"{row.unanswered} to answer"] if row.unanswered else []
    if row.status != "open":
        ended = "fulfilled" if row.status == "fulfilled" else "ended"
        words = f"{ended}: {row.because}" if row.because else ended
    else:
        words = ", ".join(row.where or row.states)
        marks += ["suspended"] if row.suspended is not None else []
    return f"{words} ({', '.join(marks)})" if marks else words


def history(console: Console, lines: Sequence[HistoryLine], _now: datetime | None = None) -> None:
    show.table(
        console,
        ("#", "When", "Who", "What"),
        [(one.seq, told(one.at, one.zone), one.who, one.what) for one in lines],
        "Nothing has happened.",
    )


def administration(console: Console, rows: Sequence[DeedView], _now: datetime | None = None) -> None:
    show.table(
        console,
        ("#", "When", "Who", "What"),
        [(one.seq, told(one.at), one.who, one.what) for one in rows],
        "Nothing was changed of the installation.",
    )


def incidents(console: Console, rows: Sequence[IncidentView], now: datetime) -> None:
    show.table(
        console,
        ("Id", "Kind", "What", "Process", "State", "Tried", "Next", "Error"),
        [(r.short, r.kind, r.handler, r.process, r.state, r.attempts, _next(r, now), _error(r, now)) for r in rows],
        "Nothing has given up.",
        drop="State, Tried, Process, Kind",
    )


def _next(row: IncidentView, now: datetime) -> str:
    """When it is tried again by itself; a call waits for an operator, a step for somebody who can do it."""
    if row.kind in ("step", "attention", "promise"):
        return "assign it" if row.kind == "step" else "see to it"
    return (distance(row.next, now) if row.next > now else "now") if row.next else "retry it"


def _error(row: IncidentView, now: datetime) -> str:
    """What is wrong; of what takes long, since when; of a promise, which names its day, for how long."""
    if row.kind == "promise":
        return f"{row.error} ({distance(row.since, now)})"
    return f"{row.error}, since {told(row.since)} ({distance(row.since, now)})" if row.since else row.error


def remedy(row: IncidentView) -> str:
    """The words of the command that helps."""
    if row.kind in ("call", "timer", "message", "schedule"):
        return f"retry {row.short}"
    return f"assign {row.short} PERSON" if row.kind == "step" else f"track {row.short.partition('.')[0]}"


def remedies(console: Console, rows: Sequence[IncidentView], pasted: Pasted) -> None:
    """What helps each kind, with the first of it as an example."""
    for row in {row.kind: row for row in reversed(rows)}.values():
        show.line(console, (f"What helps a {row.kind}: ", "dim"), pasted(remedy(row)), pasted=True)


def schedules(console: Console, rows: Sequence[ScheduleView], now: datetime) -> None:
    show.table(
        console,
        ("Id", "Every", "Zone", "Due", "Customer", "Tried", "Next", "Error"),
        [
            (r.id, r.every, r.zone, told(r.due), r.customer, r.attempts, distance(r.next, now) or "now", r.error)
            for r in rows
        ],
        "No process in use starts jobs by the clock.",
        drop="Tried, Customer, Zone",
    )


def timers(console: Console, rows: Sequence[TimerView], now: datetime) -> None:
    show.table(
        console,
        ("Id", "For", "What", "State", "Due", "Error"),
        [(r.short, r.purpose, r.what, r.state, distance(r.due, now), r.error) for r in rows],
        "No timer is set.",
        drop="State",
    )


def stuck(console: Console, rows: Sequence[StuckView], now: datetime) -> None:
    """One line for each thing that a job waits for; a job is named on its first line alone."""
    show.table(
        console,
        ("Job", "Customer", "Waits for", "Since"),
        [cells for row in rows for cells in _stuck_lines(row, now)],
        "No open job waits for anything.",
    )


def _stuck_lines(row: StuckView, now: datetime) -> Iterator[Sequence[str]]:
    whose = f"{row.customer_name} ({row.process})"
    for index, wait in enumerate(row.waits):
        since = f"{told(wait.since)} ({distance(wait.since, now)})"
        yield ("", "", waits.words(wait, now), since) if index else (row.short, whose, waits.words(wait, now), since)
    if row.more:
        yield "", "", "and more", ""
    if not row.waits:
        yield row.short, whose, "nothing that is listed", f"{told(row.since)} ({distance(row.since, now)})"


def tokens(console: Console, rows: Sequence[TokenView], now: datetime) -> None:
    show.table(
        console,
        ("Token", "Scope", "Holder", "Handlers", "State"),
        [(row.id, row.scope, row.subject, ", ".join(row.handlers), _validity(row, now)) for row in rows],
        "There are no tokens.",
    )


def _validity(row: TokenView, now: datetime) -> str:
    if row.revoked:
        return f"revoked {told(row.revoked)}"
    if row.expires and row.expires <= now:
        return f"expired {told(row.expires)}"
    return f"until {told(row.expires)}" if row.expires else "valid"


def more(console: Console, command: str) -> None:
    """That a page is not all, and what shows the next."""
    show.line(console, ("More follow: ", "dim"), command, pasted=True)


def promises(console: Console, rows: Sequence[PromiseRow], _now: datetime | None = None) -> None:
    show.table(
        console,
        ("Job", "Process", "Customer", "Promised", "State", "Expected or asked"),
        [(r.short, r.title, r.customer_name, promised(r.promise.by, r.zone), _became(r), _instead(r)) for r in rows],
        "Nothing was promised.",
        drop="Process",
    )


def _became(row: PromiseRow) -> Text:
    return cell(row.promise.status.replace("_", " "), "red" if row.promise.late else "")


def _instead(row: PromiseRow) -> str:
    """The date that the customer is asked for, else when it is expected."""
    if row.promise.asked is not None:
        return f"asked: {promised(row.promise.asked, row.zone)}"
    return between(row.expected, row.zone) if row.expected is not None else ""


PROCESSES = Listing(("ProcessRow",), "name", processes)
PEOPLE = Listing(("PersonView",), "id", people)
INBOX = Listing(("CustomerItem", "StaffItem"), "id", inbox)
JOBS = Listing(("JobRow",), "id", jobs)
ADMINISTRATION = Listing(("DeedView",), "seq", administration)
HISTORY = Listing(("HistoryLine",), "seq", history)
INCIDENTS = Listing(("IncidentView",), "id", incidents)
SCHEDULES = Listing(("ScheduleView",), "id", schedules)
STUCK = Listing(("StuckView",), "job", stuck)
PROMISES = Listing(("PromiseRow",), "job", promises)
TIMERS = Listing(("TimerView",), "id", timers)
TOKENS = Listing(("TokenView",), "id", tokens)
