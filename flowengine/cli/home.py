"""What ``flow`` alone tells: of whoever says who he is, what waits for him, and where his jobs are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from flowengine.cli import show
from flowengine.cli.moments import distance, local, midnight, now, told
from flowengine.cli.tables import ID
from flowengine.cli.terminal import Terminal, screen
from flowengine.client import AgendaItem, Desk, InboxItem, JobRow, PersonView, StaffItem
from flowengine.errors import NotFound
from flowengine.language.texts import spoken

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 8
"""Steps, appointments and jobs that are shown, of each."""

MOST_OF_OTHERS = 5
"""Jobs of others in which somebody took part that are shown: each is looked at for what he was told."""

AHEAD = timedelta(days=90)
"""How far ahead appointments are looked for: an agenda has at most 92 days."""


def home(terminal: Terminal) -> None:
    """What ``flow`` alone answers to a person."""
    desk = terminal.mine()
    me = desk.me
    if me is None and terminal.far:
        raise NotFound(
            "here a program has signed in, for which no step waits",
            where=terminal.shown_address,
            possible=(terminal.line("jobs"), terminal.line("incidents"), "flow login URL as yourself"),
        )
    if me is None:
        raise NotFound(
            f"nobody with the id {terminal.who_or_nobody[:60]!r} is known here yet",
            possible=(terminal.line("start PROCESS"), terminal.line("processes", who=False)),
        )
    items, jobs = desk.inbox(), desk.jobs(status="open", mine=True, limit=SHOWN + 1)
    waiting = [one for one in items if not _comes_later(desk, one)]
    today = now().date()
    booked = desk.agenda(midnight(today), midnight(today + AHEAD))
    booked = [row for row in booked if me.kind == "staff" or (row.end > desk.now() and not row.outcome)]
    parts = desk.jobs(took_part=True, limit=MOST_OF_OTHERS) if me.kind == "customer" else []
    found = {"me": me, "waiting": waiting, "booked": booked, "jobs": jobs, "took_part": parts}
    terminal.answer(found, lambda console: _tell(console, terminal, desk, me, waiting, booked, jobs, parts))


def first_steps(terminal: Terminal) -> None:
    """How to begin, below the help, where nobody says who he is."""
    console = screen()
    show.line(console, ("First steps", "bold"))
    for words, command in (
        ("See a suit being made, from need to fulfilment", "demo"),
        ("Write a process of your own, to be tried", "new my_shop"),
        ("See what waits for you, once you have a name here", "--as ID"),
    ):
        show.line(console, f"  {words}: ", (f"{terminal.program} {command}", ID), pasted=True)


def _tell(
    console: Console,
    terminal: Terminal,
    desk: Desk,
    me: PersonView,
    waiting: Sequence[InboxItem],
    booked: Sequence[AgendaItem],
    jobs: Sequence[JobRow],
    parts: Sequence[JobRow],
) -> None:
    at = f"  at {terminal.shown_address}" if terminal.far else ""
    show.line(console, (me.name or me.id, "bold"), (f"  {told(desk.now())}{at}", "dim"))
    _waiting(console, terminal, desk, waiting, staff=me.kind == "staff")
    if me.kind == "staff":
        today = [row for row in booked if local(row.start).date() == now().date()]
        show.line(console, (f"Appointments today: {len(today) or 'none'}", "bold"))
        booked = today or [row for row in booked if row.start > desk.now()][:1]
    elif booked:
        show.line(console, ("What you have booked", "bold"))
    for row in booked[:SHOWN]:
        _booked(console, terminal, desk, row, me)
    if len(booked) > SHOWN:
        show.line(console, (f"  and {len(booked) - SHOWN} more: ", "dim"), terminal.line("agenda"), pasted=True)
    if me.kind == "customer":
        _jobs(console, terminal, jobs)
        _took_part(console, terminal, desk, parts)
    show.line(console, ("All your jobs: ", "dim"), (terminal.line("jobs --mine"), ID), pasted=True)


def _waiting(console: Console, terminal: Terminal, desk: Desk, items: Sequence[InboxItem], *, staff: bool) -> None:
    if not items:
        show.line(console, "Nothing waits for you.")
        return
    show.line(console, ("Waits for you", "bold yellow"))
    for one in items[:SHOWN]:
        until = f", until {told(one.due)} ({distance(one.due, desk.now())})" if one.due else ""
        whose = f", for {one.customer_name}" if staff else ""
        show.line(console, "  ", one.title, (f"  {_spoken(one.process)}{whose}{until}", "dim"))
        show.line(console, ("    → ", "dim"), (terminal.line(f"act {one.short}"), ID), pasted=True)
    if len(items) > SHOWN:
        show.line(console, (f"  and {len(items) - SHOWN} more: ", "dim"), terminal.line("inbox"), pasted=True)


def _booked(console: Console, terminal: Terminal, desk: Desk, row: AgendaItem, me: PersonView) -> None:
    staff = me.kind == "staff"
    later = local(row.start).date() != now().date()
    when = f"The next: {told(row.start)}" if staff and later else told(row.start)
    whom = f", for {row.customer_name}" if staff else ""
    met = f", with {row.staff_name}" if row.staff_name and row.staff != me.id else ""
    how = f", {spoken(row.outcome)}" if row.outcome else ""
    show.line(console, "  ", (when, "bold"), (f"{whom}{met}{how}  {row.title}", "dim"))
    if not staff and row.step_short and row.start > desk.now():
        command = (terminal.line(f"act {row.step_short}"), ID)
        show.line(console, ("    → to move it or cancel it: ", "dim"), command, pasted=True)


def _jobs(console: Console, terminal: Terminal, jobs: Sequence[JobRow]) -> None:
    if not jobs:
        show.line(console, ("You have no open job. ", ""), ("Begin one: ", "dim"), terminal.line("start"), pasted=True)
        return
    show.line(console, ("Your open jobs", "bold"))
    for row in jobs[:SHOWN]:
        by = (f"  {row.promise.words}", "red" if row.promise.late else "dim") if row.promise else ""
        show.line(console, "  ", f"{_spoken(row.process)}: ", ", ".join(row.states), by)
        show.line(console, ("    → ", "dim"), (terminal.line(f"track {row.short}"), ID), pasted=True)
    if len(jobs) > SHOWN:
        show.line(console, ("  and more: ", "dim"), terminal.line("jobs"), pasted=True)


def _took_part(console: Console, terminal: Terminal, desk: Desk, parts: Sequence[JobRow]) -> None:
    """Jobs of others in which he took part, by what he was told last."""
    if parts:
        show.line(console, ("You took part in", "bold"))
    for row in parts:
        told_last = desk.track(row.id).told[-1:]
        words = told_last[0][1] if told_last else ", ".join(row.where) or row.because
        show.line(console, "  ", f"{_spoken(row.process)}: ", words)
        show.line(console, ("    → ", "dim"), (terminal.line(f"track {row.short}"), ID), pasted=True)


def _spoken(process: str) -> str:
    """The name of a process in words: ``Bespoke suit``."""
    return spoken(process).capitalize()


def _comes_later(desk: Desk, one: InboxItem) -> bool:
    """Whether it is an appointment that has not begun: nothing has to be done on it yet."""
    at = one.appointment if isinstance(one, StaffItem) else None
    return at is not None and at > desk.now()
