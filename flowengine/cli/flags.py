"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli.context import Desk

if TYPE_CHECKING:
    from datetime import datetime

    from flowengine.language.durations import Duration

desk = click.make_pass_decorator(Desk, ensure=True)
"""Hands a command its :class:`Desk`."""


def answers(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--set`` and ``--answer``: what is answered, for programs and for persons in a hurry."""
    sets = "A field's answer: key=value, typed by the field, or key:=JSON. May be repeated."
    command = click.option("--answer", metavar="JSON|@FILE", help="The whole answer; @- reads standard input.")(command)
    return click.option("--set", "sets", metavar="KEY=VALUE", multiple=True, help=sets)(command)


def request_key(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--key``: asked again with the same key, a command answers the same and does nothing (L3)."""
    return click.option("--key", metavar="TEXT", help="A request key: the same key does the same thing only once.")(
        command
    )


def span_or_moment(text: str) -> Duration | datetime:
    """A span of time (``P30D``), or a date or moment in ISO 8601. Raises ValueError."""
    from datetime import datetime

    from flowengine.language.durations import Duration

    return Duration.parse(text.upper()) if text.upper().startswith("P") else datetime.fromisoformat(text)
