"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from datetime import date, datetime

    from flowengine.client import Duration

terminal = click.make_pass_decorator(Terminal, ensure=True)
"""Hands a command its :class:`Terminal`."""


def is_file(text: str) -> bool:
    """Whether a text means a process file, and not a process in use or a version by its name."""
    from pathlib import Path

    return text.endswith((".yaml", ".yml")) or "/" in text or Path(text).is_file()


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


def shown_digest(ctx: click.Context, param: click.Parameter, text: str | None) -> str | None:
    """A callback that reads how a digest begins: as much of it as is shown, or more."""
    if text is not None and (len(text) < 16 or set(text) - set("0123456789abcdef")):
        raise click.BadParameter(f"{text[:80]!r} is no digest: it stands below what --preview shows.", ctx, param)
    return text


def when(wanted: str) -> Callable[[click.Context, click.Parameter, str | None], Duration | datetime | None]:
    """A callback that reads a span of time (``P30D``), or a date or moment in ISO 8601."""

    def read(ctx: click.Context, param: click.Parameter, text: str | None) -> Duration | datetime | None:
        from datetime import datetime

        from flowengine.client import Duration

        try:
            if text is None:
                return None
            return Duration.parse(text.upper()) if text.upper().startswith("P") else datetime.fromisoformat(text)
        except ValueError:
            raise click.BadParameter(f"{text!r} is neither {wanted}.", ctx, param) from None

    return read


def so_long_before(given: Duration | datetime, now: datetime) -> datetime:
    """The moment that :func:`when` has read: so long before now, or the date itself, whose day begins in UTC."""
    from datetime import UTC, datetime

    if isinstance(given, datetime):
        return given if given.tzinfo else given.replace(tzinfo=UTC)
    return (-given).after(now)


def day(ctx: click.Context, param: click.Parameter, text: str | None) -> date | None:
    """A callback that reads a day as people type it."""
    from datetime import date

    from flowengine.cli.typed_moments import typed_day

    try:
        return date.fromisoformat(typed_day(text)) if text is not None else None
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no day like 2026-12-24, 24 Dec 2026, today or tomorrow.", ctx, param
        ) from None


def day_or_moment(ctx: click.Context, param: click.Parameter, text: str | None) -> date | None:
    """A callback that reads a day, or a moment, as people write them; a moment is in local time where it says no
    offset. What is not given is None."""
    if text is None:
        return None
    from datetime import datetime

    from flowengine.cli.typed_moments import day_in, typed_moment

    try:
        found = day_in(text)
        moment = typed_moment(text) if found is None else ""
    except ValueError as error:
        raise click.BadParameter(f"{error}.", ctx, param) from None
    try:
        return found or datetime.fromisoformat(moment).astimezone()
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is neither a day like 24 Dec 2026 nor a moment like 24 Dec 2026, 14:00.", ctx, param
        ) from None
