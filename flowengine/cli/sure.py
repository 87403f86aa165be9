"""Whether somebody is sure: what means much is shown first, and asked; a program says ``--yes``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli.terminal import Stopped, Terminal, screen

if TYPE_CHECKING:
    from rich.console import Console


def yes(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--yes``, for a command that asks."""
    return click.option("--yes", is_flag=True, help="Do not ask; required where nobody can be asked.")(command)


def unasked(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--yes``, for a command that shows what was answered before it sends it."""
    return click.option("--yes", is_flag=True, help="Send what is answered without asking once more.")(command)


def be_sure(terminal: Terminal, given: bool, question: str, means: Callable[[Console], None]) -> None:
    """Go on where ``--yes`` was given, or where a person says so who was shown what it means. Raises Stopped, and wrong
    use where nobody can be asked."""
    if given:
        return
    if not terminal.asks:
        raise click.UsageError("You would be asked first whether you mean it, and nobody can be asked here: say --yes.")
    from flowengine.cli import prompt

    means(screen())
    if not prompt.sure(screen(), question):
        raise Stopped
