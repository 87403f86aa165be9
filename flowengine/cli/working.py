"""``flow worker``: what is due is run, and told as it happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flowengine.cli import show
from flowengine.cli.context import Desk, screen
from flowengine.engine.views import Ran
from flowengine.worker import Worker, load_handlers


def work(desk: Desk, *, once: bool, handlers: Sequence[str], poll: float) -> None:
    """Run until stopped, or with ``once`` until nothing is due; then say what was done in all."""
    engine = desk.engine()
    for reference in handlers:
        engine.register(load_handlers(reference))
    console = screen()

    def told(ran: Ran) -> None:
        if not desk.json:
            show.line(console, (f"{datetime.now():%H:%M:%S}  ", "dim"), "ran ", _words(ran))  # noqa: DTZ005 - local time
            if ran.failed:
                show.line(console, ("          what gave up, and why: ", "dim"), desk.line("incidents"), pasted=True)

    if not once and not desk.json:
        show.line(console, (f"Working on {desk.shown_address}. Ctrl-C stops it.", "dim"))
        for remark in engine.database.remarks:  # a worker is a second process beside those that act
            show.line(console, ("Mind: ", "bold"), remark)
    total = Worker(engine, poll=poll, told=told).run(until_idle=once)
    desk.answer(total, lambda console: show.line(console, ("In all: ", "bold"), _words(total)))


def _words(ran: Ran) -> str:
    counts = (("timer", ran.timers), ("service call", ran.calls), ("message", ran.outbox), ("failure", ran.failed))
    parts = [f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts if count]
    return ", ".join(parts) or "nothing was due"
