"""Commands for operators: jobs, history, audit, send, incidents, retry, schedules, worker, db."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flowengine.cli import listing, tab_words, watching
from flowengine.cli.flags import terminal, when
from flowengine.cli.group import REFUSED, FlowGroup, common
from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console


@click.command()
@click.option("--status", type=click.Choice(["open", "fulfilled", "ended"]))
@click.option("--process", metavar="NAME", shell_complete=tab_words.processes)
@click.option("--customer", metavar="ID", shell_complete=tab_words.customers)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--after", metavar="JOB", help="The last job of the page before.")
@click.option("--took-part", is_flag=True, help="For customers: the jobs of others in which you took part.")
@click.option("--mine", is_flag=True, help="My own: as a customer my jobs, as staff those that I began.")
@click.option("--late", is_flag=True, help="Open jobs whose promise is over, those that are late the longest first.")
@click.option(
    "--begun-before",
    callback=when("a span like P90D nor a date like 2026-01-31"),
    metavar="P90D|DATE",
    help="Jobs that began longer ago than this, or before this day (UTC), the oldest first.",
)
@click.option("--stuck", is_flag=True, help="Of the open jobs: what waits for what, the oldest first.")
@click.option("--archive", metavar="FILE", help="The jobs in an archive instead.")
@watching.options("--watch", "Draw it anew, until Ctrl-C.")
@listing.options
@common
@terminal
def jobs(terminal: Terminal, /, **given: Any) -> None:
    """List jobs, the newest first; with --stuck what the open ones wait for, and since when."""
    from flowengine.cli import job_lists

    job_lists.jobs(terminal, job_lists.Wanted(**given))


@click.command()
@click.argument("job", shell_complete=tab_words.jobs)
@click.option("--raw", is_flag=True, help="The stored facts, one JSON object a line.")
@click.option("--archive", metavar="FILE", help="Of a job in an archive.")
@watching.options("--follow", "Tell what comes, too, until the job is over or Ctrl-C.")
@listing.options
@common
@terminal
def history(terminal: Terminal, /, **given: Any) -> None:
    """All that happened to a job, the oldest first."""
    from flowengine.cli import job_lists

    job_lists.history(terminal, **given)


@click.command()
@click.argument("job", required=False, shell_complete=tab_words.jobs)
@click.option("--archive", metavar="FILE", help="Check the histories in an archive instead.")
@common
@terminal
def audit(terminal: Terminal, job: str | None, archive: str | None) -> None:
    """Check one job or all: is the history whole, and does what is stored follow from it?"""
    from flowengine.cli import show
    from flowengine.client import verify_archive

    if archive and job:
        raise click.UsageError("An archive is checked as a whole: leave JOB out.")
    result = verify_archive(archive) if archive else terminal.desk().audit(job)
    terminal.answer(result.to_json() | {"fine": result.fine}, lambda console: show.audit(console, result))
    if not result.fine:
        click.get_current_context().exit(REFUSED)


@click.command()
@click.argument("name")
@click.option("--key", default="", metavar="TEXT", help="The message's key, where the process asks for one.")
@click.option("--body", metavar="JSON|TEXT", help="What the message says.")
@click.option("--job", shell_complete=tab_words.jobs, help="The job it is for.  [default: the one that waits for it]")
@click.option("--all", "everyone", is_flag=True, help="It is for all jobs that wait for it now.")
@click.option("--request-key", metavar="TEXT", help="The same request key delivers the message only once.")
@common
@terminal
def send(
    terminal: Terminal, name: str, key: str, body: str | None, job: str | None, everyone: bool, request_key: str | None
) -> None:
    """Deliver the message NAME to a job, or start one by it."""
    from flowengine.cli import show
    from flowengine.cli.typed_values import item

    content = item(body) if body is not None else None
    receipt = terminal.desk().send(name, key, content, job=job, all=everyone, request_key=request_key)
    terminal.answer(receipt, lambda console: show.receipt(console, receipt))


@click.command()
@listing.options
@common
@terminal
def incidents(terminal: Terminal, output: str | None, sort_by: str | None) -> None:
    """What gave up or cannot be done, and why: service calls, messages, timers, jobs to start, steps nobody can do."""
    from flowengine.cli import lists

    form = listing.Form.of(terminal, lists.INCIDENTS, output, sort_by)
    desk = terminal.desk()
    rows = desk.incidents()
    form.tell(rows, desk.now(), lambda console: lists.remedies(console, rows, terminal.line))


@click.command()
@listing.options
@common
@terminal
def schedules(terminal: Terminal, output: str | None, sort_by: str | None) -> None:
    """When processes start their next jobs by the clock, and what was in the way of the last."""
    from flowengine.cli import lists

    form = listing.Form.of(terminal, lists.SCHEDULES, output, sort_by)
    desk = terminal.desk()
    form.tell(desk.schedules(), desk.now())


@click.command()
@click.argument("call", required=False, shell_complete=tab_words.calls)
@click.option("--all", "everything", is_flag=True, help="All incidents, or all that the following say.")
@click.option("--kind", type=click.Choice(["call", "timer", "message", "schedule"]), help="All of this kind.")
@click.option("--process", metavar="NAME", shell_complete=tab_words.processes, help="All of this process.")
@click.option("--handler", metavar="NAME", help="All that gave up in this handler, as flow incidents shows it.")
@common
@terminal
def retry(
    terminal: Terminal, call: str | None, everything: bool, kind: str | None, process: str | None, handler: str | None
) -> None:
    """Try again what gave up: a worker runs a service call, a timer is fired and a schedule's job started at once, a
    message is sent. CALL may also be one that waits for its next attempt."""
    from flowengine.cli import show

    if bool(call) == (everything or bool(kind or process or handler)):
        raise click.UsageError("Name one incident, or say --all, --kind, --process or --handler.")
    if not call:
        desk = terminal.desk()
        of = desk.need(process).process if process else None
        done = desk.retry_all(kind=kind, process=of, handler=handler)
        terminal.answer(done, lambda console: show.retried(console, done))
        return
    receipt = terminal.desk().retry(call)
    terminal.answer(receipt, lambda console: show.receipt(console, receipt))


def _place(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, int] | None:
    """Where to listen: a host, this machine's own unless one is named, and a port."""
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"{value!r} is no port like 9100, and no 0.0.0.0:9100", ctx, param)
    return host.strip("[]") or "127.0.0.1", int(port)


@click.command()
@click.option("--handlers", multiple=True, metavar="MODULE[:NAME]", help="Where service handlers are. May be repeated.")
@click.option("--concurrency", type=click.IntRange(1, 1000), default=8, show_default=True, help="Calls at a time.")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that work.")
@click.option(
    "--grace",
    type=click.FloatRange(0, 86_400),
    default=30.0,
    show_default=True,
    help="Seconds that running handlers have when it stops.",
)
@click.option(
    "--poll", type=click.FloatRange(0.01, 3600), default=0.1, show_default=True, help="Seconds between looks."
)
@click.option("--metrics", callback=_place, metavar="[HOST:]PORT", help="Answer GET /metrics there, for Prometheus.")
@click.option("--once", is_flag=True, help="Run what is due now in this process, and stop.")
@click.option("--dev", is_flag=True, help="Start anew when the code of the handlers changes.")
@common
@terminal
def worker(terminal: Terminal, /, **given: Any) -> None:
    """Run what is due: timers, service calls, outgoing messages.

    Ctrl-C and SIGTERM let running handlers finish; the second time they are given back, for another worker. Processes
    that die are replaced. Everything may be killed at any moment: nothing is lost.
    """
    import os

    from flowengine.cli import supervising
    from flowengine.cli.work_options import Work

    if given["once"] and (given["dev"] or given["processes"] > 1):
        raise click.UsageError("--once works in this process: leave --dev and --processes out.")
    if given["metrics"] and given["processes"] > 1:
        raise click.UsageError("Each process has figures of its own: start several workers, each with its --metrics.")
    supervising.work(terminal, Work(**given), os.environ)


@click.group(cls=FlowGroup)
def db() -> None:
    """Create, upgrade or copy the database."""


@db.command()
@common
@terminal
def create(terminal: Terminal) -> None:
    """Create the database's tables, or see that they are there."""
    from flowengine import client

    _ready(terminal, client.create(terminal.address), "is ready")


@db.command()
@common
@terminal
def upgrade(terminal: Terminal) -> None:
    """Bring an older database up to this flowengine."""
    from flowengine import client

    before, after = client.upgrade(terminal.address)
    _ready(terminal, after, "was up to date" if before == after else f"was upgraded from {before or 'nothing'}")


def _ready(terminal: Terminal, revision: str | None, what: str) -> None:
    from flowengine.cli import show

    address, shown = terminal.shown_address, (str(revision), "bold")
    terminal.answer(
        {"database": address, "revision": revision},
        lambda console: show.line(console, address, f" {what}; its schema is ", shown),
    )


@db.command()
@click.argument("file")
@common
@terminal
def backup(terminal: Terminal, file: str) -> None:
    """Copy a SQLite database to the new file FILE while it is in use."""
    from pathlib import Path

    from flowengine import client
    from flowengine.cli import show

    size = client.backup(terminal.address, Path(file))

    def tell(console: Console) -> None:
        show.line(console, ("Copied: ", "bold"), f"{terminal.shown_address} to {file} ({size:,} bytes).")
        show.line(console, ("  check it: ", "dim"), f"{terminal.program} audit --at sqlite:///{file}", pasted=True)

    terminal.answer({"file": file, "size": size}, tell)
