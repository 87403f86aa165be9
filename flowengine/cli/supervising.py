"""``flow worker``: a supervisor, and below it the processes that work (:mod:`flowengine.cli.working`).

Nothing heavy is imported here: this process lives as long as the work does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowengine.cli.terminal import PROGRAM, Terminal
from flowengine.cli.work_options import KINDS, NOT_THERE, Work, words
from flowengine.worker.supervised import Supervised

if TYPE_CHECKING:
    from collections.abc import MutableMapping


def work(terminal: Terminal, given: Work, environment: MutableMapping[str, str]) -> None:
    """Work in this process where that was asked for, or where it is a supervisor's; else be the supervisor."""
    line = Supervised.of(environment)
    if line is None and not given.once and terminal.clock is None:
        supervise(terminal, given, environment)
        return
    from flowengine.cli import working

    if line is None:
        working.here(terminal, given)
    else:
        working.below(terminal, given, line)


def supervise(terminal: Terminal, given: Work, environment: Mapping[str, str]) -> None:
    """Keep the worker processes running until told to stop; then say what was done in all."""
    from flowengine.client import must_exist
    from flowengine.worker.supervisor import Supervisor

    must_exist(terminal.address, *NOT_THERE)
    total: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
    say = teller(terminal)
    below = {**environment, "FLOW_AT": terminal.address, PROGRAM: terminal.program}
    watch = None
    if given.dev:
        from flowengine.worker.reloading import Watch

        watch = Watch(Path.cwd(), say)
        below["PYTHONDONTWRITEBYTECODE"] = "1"  # compiled files are told apart by whole seconds, which is too coarse
    code = Supervisor(
        given.command(terminal), processes=given.processes, grace=given.grace, say=say, ran=total.update, watch=watch,
        environment=below,
    ).run()  # fmt: skip
    if code:
        click.get_current_context().exit(code)
    if terminal.json:
        terminal.answer(dict(total), lambda _: None)
    else:
        click.echo(f"In all: {words(total)}")


def teller(terminal: Terminal) -> Callable[[str], None]:
    """Says sentences for people with the time in front: on standard error where a program reads the other."""

    def say(text: str) -> None:
        from flowengine.cli.safe_text import harmless

        with suppress(OSError):  # nobody reads it any more; the work goes on
            click.echo(f"{datetime.now():%H:%M:%S}  {harmless(text)}", err=terminal.json)  # noqa: DTZ005 - local time

    return say
