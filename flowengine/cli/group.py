"""A click group that imports its commands when they are used, and commands that share their common options."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import Any, NoReturn

import click

from flowengine.cli.terminal import Stopped, Terminal
from flowengine.errors import FlowError

FINE, REFUSED, WRONG_USE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A command by name: ``target`` is ``module:attribute`` below ``flowengine.cli``."""

    name: str
    target: str
    help: str
    section: str


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--at``, ``--as`` and ``--json``; they may stand before the command's name too. The first two are
    read before other options, of which some ask what day it is there."""
    for option in reversed(_common()):
        command = option(command)
    return command


def _common() -> list[Callable[[Any], Any]]:
    at = "The database, or the server. [default: FLOW_AT, the server of flow login, or sqlite:///flow.db]"
    return [
        click.option("--at", metavar="URL", expose_value=False, is_eager=True, callback=_keep("at"), help=at),
        click.option(
            "--as", "who", metavar="ID", expose_value=False, is_eager=True, callback=_keep("who"), help="Who you are."
        ),
        click.option("--json", is_flag=True, expose_value=False, callback=_keep("json"), help="One JSON document."),
    ]


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """A callback that puts an option's value on the terminal, where the command finds it."""

    def callback(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
        if value:
            setattr(ctx.ensure_object(Terminal), name, value)

    return callback


class FlowGroup(click.Group):
    """``entries`` are the commands that are imported when they are used."""

    def __init__(self, *args: Any, entries: Iterable[Entry] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = {entry.name: entry for entry in entries}
        for option in _common():
            option(self)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.entries, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = entry.target.partition(":")
        command: click.Command = getattr(import_module(f"flowengine.cli.{module}"), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.list_commands(ctx):
            from difflib import get_close_matches

            near = get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"There is no command {name[:60]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not self.entries:
            return super().format_commands(ctx, formatter)
        for section in dict.fromkeys(entry.section for entry in self.entries.values()):
            with formatter.section(section):
                formatter.write_dl([(e.name, e.help) for e in self.entries.values() if e.section == section])
        return None

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run, show what went wrong in one way, and leave with the exit code."""
        given = list(sys.argv[1:] if args is None else args)
        options = given[: given.index("--")] if "--" in given else given
        json = _in_json(options)
        extra.pop("standalone_mode", None)
        try:
            try:
                code = super().main(given, prog_name, standalone_mode=False, **extra)
            except Exception as error:
                code = _failed(error, json)
            sys.stdout.flush()
        except BrokenPipeError:  # nobody reads any more: what is left to be said goes nowhere, also at the very end
            code = REFUSED
            for stream in (sys.stdout, sys.stderr):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        except OSError as error:  # what was to be told cannot be written, as on a full disk
            code = _unwritable(error)
        sys.exit(code if isinstance(code, int) else FINE)


def _unwritable(error: OSError) -> int:
    """Say on standard error, if that can be written, that standard output cannot; its rest goes nowhere."""
    from flowengine.cli import failures

    with suppress(OSError):
        failures.unreadable(error, json=False)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return REFUSED


def _in_json(options: Sequence[str]) -> bool:
    """Whether the one document that is written is JSON, an error too; of ``flow draw`` and ``new``, -o is a file."""
    pairs = set(pairwise(options))
    wanted = {("-o", "json"), ("--output", "json")} & pairs or {"-ojson", "--output=json"} & {*options}
    return "--json" in options or (bool(wanted) and not {"draw", "new"} & {*options})


def _failed(error: Exception, json: bool) -> int:
    """Show an error and give its exit code. What is not ours to explain is raised again."""
    from flowengine.cli import failures

    if isinstance(error, FlowError):
        failures.show(error, json=json)
        return REFUSED
    if isinstance(error, click.Abort):
        failures.stopped(json=json, unchanged=isinstance(error, Stopped))
        return REFUSED
    if isinstance(error, click.ClickException):
        failures.wrong_use(error, json=json)
        return WRONG_USE
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        failures.unreadable(error, json=json)
        return REFUSED
    raise error
