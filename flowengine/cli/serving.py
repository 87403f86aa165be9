"""Commands for those who come in over HTTP: serve, token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flowengine.cli.context import Desk
from flowengine.cli.flags import desk, span_or_moment
from flowengine.cli.group import FlowGroup, common

if TYPE_CHECKING:
    from rich.console import Console


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: one that is free.")
@common
@desk
def serve(desk: Desk, host: str, port: int) -> None:
    """Serve over HTTP: external workers, completions, signed messages. SIGTERM and Ctrl-C end it gracefully.

    It speaks plain HTTP: put it behind a proxy with TLS before anybody reaches it from another machine.
    """
    from flowengine.cli import server

    server.serve(desk, host, port)


def _until(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    """A span of time from now, or a moment."""
    try:
        return span_or_moment(value) if value else None
    except ValueError:
        what = f"{value!r} is neither a span like P30D nor a moment like 2030-01-31T00:00:00Z."
        raise click.BadParameter(what, ctx, param) from None


@click.group(cls=FlowGroup)
def token() -> None:
    """Tokens of external workers and others who come in over HTTP."""


@token.command()
@click.argument("scope", metavar="worker|operator|metrics")
@click.argument("subject")
@click.option("--handler", "handlers", multiple=True, metavar="NAME", help="A handler it serves. May be repeated.")
@click.option("--expires", callback=_until, metavar="P30D|MOMENT", help="[default: when it is revoked]")
@common
@desk
def create(desk: Desk, scope: str, subject: str, handlers: tuple[str, ...], expires: Any) -> None:
    """Make a token for SUBJECT, and show it this once. A worker's token names the handlers that it serves."""
    from flowengine.cli import show
    from flowengine.language.durations import Duration

    engine = desk.engine()
    until = expires.after(engine.clock.now()) if isinstance(expires, Duration) else expires
    made = engine.issue_token(scope, subject, handlers=handlers, expires=until)

    def tell(console: Console) -> None:
        show.line(console, (made.token, "bold green"), pasted=True)
        show.line(console, ("It is not shown again. Take it back with: ", "dim"), desk.line(f"token revoke {made.id}"))

    desk.answer(made, tell)


@token.command("list")
@common
@desk
def list_(desk: Desk) -> None:
    """All tokens, without their secrets."""
    from flowengine.cli import show
    from flowengine.cli.moments import told

    engine = desk.engine()
    rows, now = engine.tokens(), engine.clock.now()

    def state(row: Any) -> str:
        if row.revoked:
            return f"revoked {told(row.revoked)}"
        if row.expires and row.expires <= now:
            return f"expired {told(row.expires)}"
        return f"until {told(row.expires)}" if row.expires else "valid"

    heads = ("Token", "Scope", "Holder", "Handlers", "State")
    cells = [(row.id, row.scope, row.subject, ", ".join(row.handlers), state(row)) for row in rows]
    desk.answer(rows, lambda console: show.table(console, heads, cells, "There are no tokens."))


@token.command()
@click.argument("id")
@click.option("--take-back", is_flag=True, help="What waits for external workers is for flow worker again.")
@common
@desk
def revoke(desk: Desk, id: str, take_back: bool) -> None:
    """Make a token invalid, now and for ever. Calls that wait for its holder go on waiting for an external worker, or
    with --take-back, where no other token serves their handlers, for flow worker."""
    from flowengine.cli import show

    gone = desk.engine().revoke_token(id, take_back=take_back)
    desk.answer(gone, lambda console: show.line(console, f"The token {gone.id} of {gone.subject} is revoked."))
