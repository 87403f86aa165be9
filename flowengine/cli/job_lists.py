"""``flow jobs`` and ``flow history``: from the database, or from an archive; once, or as long as somebody looks on."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from flowengine import exact
from flowengine.cli import acting, lists, watching
from flowengine.cli.flags import so_long_before
from flowengine.cli.listing import Form
from flowengine.cli.terminal import Terminal, screen
from flowengine.client import Duration, HistoryLine, JobRow, archived_history, archived_jobs

if TYPE_CHECKING:
    from rich.console import Console


CHOOSING = (
    "status", "process", "customer", "after", "took_part", "mine", "late", "begun_before", "stuck", "archive", "watch",
)  # fmt: skip
"""The options that choose jobs."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which jobs, and how they are told: the options of ``flow jobs``."""

    status: str | None
    process: str | None
    customer: str | None
    limit: int
    after: str | None
    took_part: bool
    mine: bool
    late: bool
    begun_before: Duration | datetime | None
    stuck: bool
    archive: str | None
    watch: bool
    every: float | None
    output: str | None
    sort_by: str | None

    def alone(self, *with_it: str) -> bool:
        """Whether nothing else is wanted of the options that choose jobs."""
        others = {*CHOOSING} - {*with_it}
        return not any(getattr(self, name) for name in others)


def jobs(terminal: Terminal, wanted: Wanted) -> None:
    """The jobs that are wanted, once or again and again."""
    form = Form.of(terminal, lists.STUCK if wanted.stuck else lists.JOBS, wanted.output, wanted.sort_by)
    every = watching.interval(wanted.watch, wanted.every, "--watch")
    if wanted.late and not wanted.stuck and (wanted.took_part or wanted.status not in (None, "open")):
        raise click.UsageError("--late lists open jobs: leave --took-part away, and any other --status.")
    if wanted.archive:
        _archived(form, wanted)
    elif wanted.watch:
        if not form.is_table:
            raise click.UsageError("--watch draws the usual table: leave -o and --json out.")
        watching.watch(terminal, every, lambda console: _drawn(terminal, wanted, form, console))
    elif wanted.stuck:
        _stuck(terminal, wanted, form)
    else:
        rows, after = _page(terminal, wanted, wanted.limit)
        form.tell(rows, terminal.desk().now(), lambda console: _more(terminal, wanted, after, console))


def _stuck(terminal: Terminal, wanted: Wanted, form: Form) -> None:
    if not wanted.alone("stuck", "process"):
        raise click.UsageError("--stuck takes --process and --limit, and no other option of the list.")
    desk = terminal.desk()
    rows = desk.stuck(process=desk.need(wanted.process).process if wanted.process else None, limit=wanted.limit)
    form.tell(rows, desk.now())


def _page(terminal: Terminal, wanted: Wanted, limit: int) -> tuple[list[JobRow], str]:
    """A page, and where the next one begins, if there is more."""
    desk = terminal.mine() if wanted.mine else terminal.desk()
    older = wanted.begun_before
    rows = desk.jobs(
        status=wanted.status,
        process=desk.need(wanted.process).process if wanted.process else None,
        customer=acting.person(desk, wanted.customer, kind="customer") if wanted.customer else None,
        limit=limit + 1,
        after=desk.track(wanted.after).job if wanted.after else None,
        took_part=wanted.took_part,
        mine=wanted.mine,
        late=wanted.late,
        begun_before=so_long_before(older, desk.now()) if older is not None else None,
    )
    return rows[:limit], rows[limit - 1].short if len(rows) > limit else ""


def _more(terminal: Terminal, wanted: Wanted, after: str, console: Console) -> None:
    if after:
        given = {"--status": wanted.status, "--process": wanted.process, "--customer": wanted.customer}
        words = ["jobs", *(word for name, value in given.items() if value for word in (name, shlex.quote(value)))]
        words += ["--took-part"] if wanted.took_part else []
        words += ["--mine"] if wanted.mine else []
        words += ["--late"] if wanted.late else []
        older = wanted.begun_before
        words += ["--begun-before", str(older).replace(" ", "T")] if older is not None else []
        words += ["--limit", str(wanted.limit)] if wanted.limit != 50 else []
        lists.more(console, terminal.line(" ".join([*words, "--after", after])))


def _drawn(terminal: Terminal, wanted: Wanted, form: Form, console: Console) -> None:
    desk, limit = terminal.desk(), watching.room(console, wanted.limit)
    if wanted.stuck:
        if not wanted.alone("stuck", "process", "watch"):
            raise click.UsageError("--stuck takes --process and --limit, and no other option of the list.")
        lists.stuck(console, desk.stuck(process=wanted.process, limit=limit), desk.now())
        return
    rows, after = _page(terminal, wanted, limit)
    lists.jobs(console, list(form.sorted(rows)))
    if after:
        console.print("and more", style="dim")


def _archived(form: Form, wanted: Wanted) -> None:
    if not wanted.alone("archive", "status", "process", "customer"):
        raise click.UsageError("An archive is listed with --status, --process, --customer, and no other option.")
    chosen = {"status": wanted.status, "process": wanted.process, "customer": wanted.customer}
    rows = archived_jobs(str(wanted.archive), **chosen)
    form.tell(rows[: wanted.limit], datetime.now(UTC), lambda console: _left_out(console, len(rows), wanted.limit))


def _left_out(console: Console, count: int, limit: int) -> None:
    if count > limit:
        lists.more(console, f"{count} jobs in all; --limit {count} lists them")


def history(
    terminal: Terminal,
    job: str,
    raw: bool,
    archive: str | None,
    follow: bool,
    every: float | None,
    output: str | None,
    sort_by: str | None,
) -> None:
    """A job's history, whole; with ``follow`` also what comes."""
    form = Form.of(terminal, lists.HISTORY, output, sort_by)
    seconds = watching.interval(follow, every, "--follow")
    if archive and follow:
        raise click.UsageError("What is in an archive is over: leave --follow out.")
    if not follow:
        lines = archived_history(archive, job) if archive else terminal.desk().history(job)
        if raw and not terminal.json:
            _raw(lines)
        else:
            form.tell(lines, datetime.now(UTC))
        return
    if terminal.json or sort_by or (output and output != "jsonl"):
        raise click.UsageError("--follow tells one line after the other: as they are, with -o jsonl, or --raw.")
    watching.history(terminal.desk(), job, seconds, _raw if raw or output == "jsonl" else _followed)


def _raw(lines: list[HistoryLine]) -> None:
    for one in lines:
        click.echo(exact.ascii_text(one.as_written()))


def _followed(found: list[HistoryLine]) -> None:
    """Line by line, as they come: no table, whose columns would have to be known before."""
    from flowengine.cli import show
    from flowengine.cli.moments import told

    console = screen()
    for one in found:
        show.line(
            console, (f"{one.seq}  ", "bold cyan"), (f"{told(one.at, one.zone)}  ", "dim"), one.who, "  ", one.what
        )
