"""Completion for shells, by click."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from flowengine.cli.flags import terminal
from flowengine.cli.group import common
from flowengine.cli.terminal import Terminal


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common
@terminal
def completion(terminal: Terminal, shell: str) -> None:
    """Print the completion script: eval "$(flow completion bash)" in the shell's start file."""
    found = get_completion_class(shell)
    assert found is not None, "click knows the three shells"
    from flowengine.cli import flow

    script = found(flow, {}, "flow", "_FLOW_COMPLETE").source()
    if terminal.json:
        terminal.answer({"shell": shell, "script": script}, lambda _console: None)
    else:
        click.echo(script)
