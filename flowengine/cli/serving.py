"""Commands for those who come in over HTTP: serve, token."""

from __future__ import annotations

import sys
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from flowengine.cli import listing
from flowengine.cli.flags import terminal, when
from flowengine.cli.group import FlowGroup, common
from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import Duration, IssuedToken, NewOwnToken


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: one that is free.")
@click.option(
    "--name", "names", multiple=True, metavar="HOST",
    help="A name under which it is reached, as shop.example.org. May be repeated.  [default: any]",
)  # fmt: skip
@click.option(
    "--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="How many serve, on PostgreSQL."
)
@click.option(
    "--look", default="", metavar="FOLDER", help="A folder with look.toml (name, logo, colours), pictures, templates."
)
@common
@terminal
def serve(terminal: Terminal, host: str, port: int, names: tuple[str, ...], processes: int, look: str) -> None:
    """Serve over HTTP: pages for people, the interface for programs, external workers, signed messages. SIGTERM and
    Ctrl-C end it gracefully.

    It speaks plain HTTP: put it behind a proxy with TLS before anybody reaches it from another machine.
    """
    import gc

    gc.disable()  # what is loaded until it serves is no garbage: to look through it meanwhile is a fifth of the start
    try:
        _serve(terminal, host, port, names, processes, look)
    finally:
        gc.enable()


def _serve(terminal: Terminal, host: str, port: int, names: tuple[str, ...], processes: int, look: str) -> None:
    import os

    from flowengine.cli import logs
    from flowengine.client import must_exist
    from flowengine.distribution import installing
    from flowengine.errors import Refused

    logs.configure(os.environ)
    must_exist(terminal.address, "it is served where the database is")
    try:
        from flowengine.web.serving import serve as serve_until_told
    except ModuleNotFoundError as missing:
        raise Refused(
            f"to serve over HTTP, {missing.name} must be installed", possible=(installing("web"),)
        ) from missing
    ready = partial(_ready, terminal)
    if processes == 1:
        serve_until_told(terminal.address, os.environ, host, port, ready, terminal.clock, names, look)
        return
    from flowengine.web.together import Part, serve_together

    prepare = partial(logs.configure, dict(os.environ))
    part = Part(terminal.address, os.environ, (host, port), names, look, prepare, terminal.clock)
    serve_together(processes, part, ready)


def _ready(terminal: Terminal, url: str) -> None:
    """Say where the server listens: whoever started it may wait for it."""
    from flowengine.cli import show

    def tell(console: Console) -> None:
        show.line(console, (f"Serving {terminal.shown_address} at ", "dim"), url, (". Ctrl-C stops it.", "dim"))
        show.line(console, ("The interface for programs: ", "dim"), api, (". What it can be asked: ", "dim"), about)

    api, about = f"{url}/api/v1", f"{url}/openapi.json"
    terminal.answer({"url": url, "database": terminal.shown_address, "api": api, "description": about}, tell)
    sys.stdout.flush()


@click.group(cls=FlowGroup)
def token() -> None:
    """Tokens of external workers and others who come in over HTTP."""


@token.command()
@click.argument("scope", metavar="worker|operator|metrics", default="")
@click.argument("subject", default="")
@click.option("--own", is_flag=True, help="A token for yourself: leave the rest out, and say --scope.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["read", "act", "operate"]),
    help="With --own: what may be done with it. May be repeated.",
)
@click.option("--name", default="", help="With --own: what you call it.")
@click.option("--handler", "handlers", multiple=True, metavar="NAME", help="A handler it serves. May be repeated.")
@click.option(
    "--expires",
    callback=when("a span like P30D nor a moment like 2030-01-31T00:00:00Z"),
    metavar="P30D|MOMENT",
    help="[default: when it is revoked; your own: 90 days]",
)
@common
@terminal
def create(
    terminal: Terminal,
    scope: str,
    subject: str,
    own: bool,
    scopes: tuple[str, ...],
    name: str,
    handlers: tuple[str, ...],
    expires: Duration | datetime | None,
) -> None:
    """Make a token for SUBJECT, and show it this once. A worker's token names the handlers that it serves.

    With --own it is yours: whoever shows it asks in your name, no further than its scopes.
    """
    from flowengine.cli import show

    wanting = not own and not (scope and subject)
    if wanting or (own and (scope or subject or handlers)) or own != bool(scopes) or (name and not own):
        raise click.UsageError("Say a scope and a holder; or --own, and with --scope what may be done with it.")
    desk = terminal.mine() if own else terminal.desk()
    until = expires if expires is None or isinstance(expires, datetime) else expires.after(desk.now())
    made: IssuedToken | NewOwnToken
    if own:
        made = desk.issue_own_token(scopes, name=name, expires=until)
    else:
        made = desk.issue_token(scope, subject, handlers=handlers, expires=until)
    again = terminal.line(f"token revoke {made.id}{' --own' if own else ''}")

    def tell(console: Console) -> None:
        show.line(console, (made.token, "bold green"), pasted=True)
        show.line(console, ("It is not shown again. Take it back with: ", "dim"), again)

    terminal.answer(made, tell)


@token.command("list")
@click.option("--own", is_flag=True, help="Your own.")
@listing.options
@common
@terminal
def list_(terminal: Terminal, own: bool, output: str | None, sort_by: str | None) -> None:
    """All tokens, without their secrets."""
    from flowengine.cli import lists, ways_in_lists

    if own:
        form = listing.Form.of(terminal, ways_in_lists.OWN_TOKENS, output, sort_by)
        mine = terminal.mine()
        form.tell(mine.own_tokens(), mine.now())
        return
    form = listing.Form.of(terminal, lists.TOKENS, output, sort_by)
    desk = terminal.desk()
    form.tell(desk.tokens(), desk.now())


@token.command()
@click.argument("id")
@click.option("--take-back", is_flag=True, help="What waits for external workers is for flow worker again.")
@click.option("--own", is_flag=True, help="One of your own.")
@common
@terminal
def revoke(terminal: Terminal, id: str, take_back: bool, own: bool) -> None:
    """Make a token invalid, now and for ever. Calls that wait for its holder go on waiting for an external worker, or
    with --take-back, where no other token serves their handlers, for flow worker."""
    from flowengine.cli import show

    if own:
        mine = terminal.mine().revoke_own_token(id)
        terminal.answer(mine, lambda console: show.line(console, f"Your token {mine.id} is revoked."))
        return
    gone = terminal.desk().revoke_token(id, take_back=take_back)
    terminal.answer(gone, lambda console: show.line(console, f"The token {gone.id} of {gone.subject} is revoked."))
