"""Commands for operators: jobs, history, audit, send, incidents, retry, worker, db."""

from __future__ import annotations

from typing import Any

import click

from flowengine.cli import completing
from flowengine.cli.context import Desk
from flowengine.cli.flags import desk
from flowengine.cli.group import REFUSED, FlowGroup, common


@click.command()
@click.option("--status", type=click.Choice(["open", "fulfilled", "ended"]))
@click.option("--process", metavar="NAME", shell_complete=completing.processes)
@click.option("--customer", metavar="ID", shell_complete=completing.customers)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--after", metavar="JOB", help="The last job of the page before.")
@click.option("--stuck", is_flag=True, help="Of the open jobs: what waits for what, the oldest first.")
@common
@desk
def jobs(
    desk: Desk,
    status: str | None,
    process: str | None,
    customer: str | None,
    limit: int,
    after: str | None,
    stuck: bool,
) -> None:
    """List jobs, the newest first; with --stuck what the open ones wait for, and since when."""
    from flowengine.cli import show
    from flowengine.core.values import Actor

    if stuck:
        if status or customer or after:
            raise click.UsageError("--stuck takes --process and --limit, not --status, --customer or --after.")
        _stuck(desk, process, limit)
        return
    engine = desk.engine()
    rows = engine.jobs(
        status=status,
        process=engine.process(process).name if process else None,
        customer=engine.find_person(customer, kind="customer").id if customer else None,
        limit=limit,
        after=engine.track(after, Actor(kind="operator", id="operator")).job if after else None,
    )
    desk.answer(rows, lambda console: show.jobs(console, rows))


def _stuck(desk: Desk, process: str | None, limit: int) -> None:
    from flowengine.cli import waits

    engine = desk.engine()
    rows = engine.stuck(process=engine.process(process).name if process else None, limit=limit)
    desk.answer(rows, lambda console: waits.stuck(console, rows, engine.clock.now()))


@click.command()
@click.argument("job", shell_complete=completing.jobs)
@click.option("--raw", is_flag=True, help="The stored facts, one JSON object a line.")
@common
@desk
def history(desk: Desk, job: str, raw: bool) -> None:
    """All that happened to a job, the oldest first."""
    import json

    from flowengine.cli import show

    lines = desk.engine().history(job)
    if raw and not desk.json:
        for one in lines:
            click.echo(json.dumps(one.to_json(), ensure_ascii=True))
        return
    desk.answer(lines, lambda console: show.history(console, lines))


@click.command()
@click.argument("job", required=False, shell_complete=completing.jobs)
@click.option("--archive", metavar="FILE", help="Check the histories in an archive instead.")
@common
@desk
def audit(desk: Desk, job: str | None, archive: str | None) -> None:
    """Check one job or all: is the history whole, and does what is stored follow from it?"""
    from flowengine.cli import show
    from flowengine.engine import Engine

    if archive and job:
        raise click.UsageError("An archive is checked as a whole: leave JOB out.")
    result = Engine.verify_archive(archive) if archive else desk.engine().audit(job)
    desk.answer(result.to_json() | {"fine": result.fine}, lambda console: show.audit(console, result))
    if not result.fine:
        click.get_current_context().exit(REFUSED)


@click.command()
@click.argument("name")
@click.option("--key", default="", metavar="TEXT", help="The message's key, where the process asks for one.")
@click.option("--body", metavar="JSON|TEXT", help="What the message says.")
@click.option("--job", shell_complete=completing.jobs, help="The job it is for.  [default: the one that waits for it]")
@click.option("--request-key", metavar="TEXT", help="The same request key delivers the message only once.")
@common
@desk
def send(desk: Desk, name: str, key: str, body: str | None, job: str | None, request_key: str | None) -> None:
    """Deliver the message NAME to a job."""
    from flowengine.cli import show
    from flowengine.cli.values import item

    content = item(body) if body is not None else None
    receipt = desk.engine().send(name, key, content, job=job, by=desk.me_or_operator, request_key=request_key)
    desk.answer(receipt, lambda console: show.receipt(console, receipt))


@click.command()
@common
@desk
def incidents(desk: Desk) -> None:
    """Service calls that gave up and timers that cannot be fired, and why."""
    from flowengine.cli import show

    engine = desk.engine()
    rows = engine.incidents()
    desk.answer(rows, lambda console: show.incidents(console, rows, engine.clock.now()))


@click.command()
@click.argument("call", required=False, shell_complete=completing.calls)
@click.option("--all", "everything", is_flag=True, help="All incidents, or all that the following say.")
@click.option("--kind", type=click.Choice(["call", "timer", "message"]), help="All of this kind.")
@click.option("--process", metavar="NAME", shell_complete=completing.processes, help="All of this process.")
@click.option("--handler", metavar="NAME", help="All that gave up in this handler, as flow incidents shows it.")
@common
@desk
def retry(
    desk: Desk, call: str | None, everything: bool, kind: str | None, process: str | None, handler: str | None
) -> None:
    """Try again what gave up: a worker runs a service call, a timer is fired at once, a message is sent."""
    from flowengine.cli import show

    if bool(call) == (everything or bool(kind or process or handler)):
        raise click.UsageError("Name one incident, or say --all, --kind, --process or --handler.")
    if not call:
        done = desk.engine().retry_all(desk.me_or_operator, kind=kind, process=process, handler=handler)
        desk.answer(done, lambda console: show.retried(console, done))
        return
    receipt = desk.engine().retry(call, desk.me_or_operator)
    desk.answer(receipt, lambda console: show.receipt(console, receipt))


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
@desk
def worker(desk: Desk, /, **given: Any) -> None:
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
    supervising.work(desk, Work(**given), os.environ)


@click.group(cls=FlowGroup)
def db() -> None:
    """Create, upgrade or copy the database."""


@db.command()
@common
@desk
def create(desk: Desk) -> None:
    """Create the database's tables, or see that they are there."""
    from flowengine.cli import databases

    databases.create(desk)


@db.command()
@click.argument("file")
@common
@desk
def backup(desk: Desk, file: str) -> None:
    """Copy a SQLite database to the new file FILE while it is in use."""
    from flowengine.cli import databases

    databases.copy(desk, file)


@db.command()
@common
@desk
def upgrade(desk: Desk) -> None:
    """Bring an older database up to this flowengine."""
    from flowengine.cli import databases

    databases.upgrade(desk)
