"""Signing in at a server, and out again."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from flowengine.cli import show
from flowengine.cli.flags import terminal
from flowengine.cli.group import common
from flowengine.cli.moments import distance, told
from flowengine.cli.tables import ID
from flowengine.cli.terminal import Stopped, Terminal, screen, write_json

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import Code, Login

LONGEST_TOKEN = 4096
"""Characters of a token that are read."""


@click.command()
@click.argument("url", required=False)
@click.option("--token-stdin", is_flag=True, help="Read a token from standard input, instead of waiting for a code.")
@common
@terminal
def login(terminal: Terminal, url: str | None, token_stdin: bool) -> None:
    """Sign in at a server, https://HOST, to which commands go from then on that name no other place.

    You are shown a code, and type it where you are signed in already; then it goes on here by itself. A program uses
    --token-stdin, or FLOW_TOKEN: a token never stands on a command line, where others could read it.
    """
    from flowengine import client

    address = url or (terminal.at if terminal.far else "")
    if not address:
        raise click.UsageError("Say where: flow login https://HOST")
    if terminal.who:
        raise click.UsageError("Who signs in is who types the code; leave out --as.")
    try:
        if token_stdin:
            where, done = client.login_with(address, _token())
        else:
            where, done = client.log_in(address, lambda code: _told_code(terminal, code))
    except KeyboardInterrupt:
        raise Stopped from None

    def tell(console: Console) -> None:
        show.line(console, ("Signed in at ", ""), (where, "bold"), f" as {_whom(done)}", _until(done), ".")
        show.line(console, ("What waits for you: ", "dim"), (terminal.program, ID), pasted=True)

    terminal.answer({"at": where, "person": done.person, "name": done.name, "expires": done.expires}, tell)


def _token() -> str:
    """The one line that is piped, or pasted at a terminal, where it is not shown."""
    if sys.stdin.isatty():
        text: str = click.prompt("Token", hide_input=True, err=True)
    else:
        text = sys.stdin.readline(LONGEST_TOKEN + 1)
    if not text.strip() or len(text) > LONGEST_TOKEN:
        raise click.UsageError("No token came on standard input: it is one line, flow_…")
    return text.strip()


def _told_code(terminal: Terminal, code: Code) -> None:
    """Where to go, and what to type there; a program that asked for JSON reads it on standard error."""
    if terminal.json:
        click.echo(f"{code.verification_uri} {code.user_code}".encode("ascii", "backslashreplace").decode(), err=True)
        return
    console = screen()
    show.line(console, "Open ", (code.verification_uri, "bold"), pasted=True)
    show.line(console, "and type ", (code.user_code, "bold green"), pasted=True)
    show.line(console, ("Waiting for that. Ctrl-C stops; nothing is changed then.", "dim"))
    sys.stdout.flush()


@click.command()
@click.argument("url", required=False)
@common
@terminal
def logout(terminal: Terminal, url: str | None) -> None:
    """Sign out of a server: its token is forgotten here, and revoked there if flow login had it made. Without URL, of
    the one to which commands go."""
    from flowengine import client

    where, gone, valid = client.log_out(url or (terminal.at if terminal.far else ""))

    def tell(console: Console) -> None:
        show.line(console, ("Signed out of ", ""), (where, "bold"), f", where you were {_whom(gone)}.")
        if valid:
            show.line(console, (f"Its token is still valid there: {valid}.", "yellow"))

    terminal.answer({"at": where, "person": gone.person, "revoked": not valid}, tell)


@click.command()
@common
@terminal
def whoami(terminal: Terminal) -> None:
    """Where commands go now, and who acts there."""
    from flowengine import client

    desk = terminal.desk()
    me, at = desk.me, terminal.shown_address
    kept = None
    if terminal.far and not os.environ.get("FLOW_TOKEN"):
        kept = client.kept_logins().to(client.server_address(at, insecure=True))
    expires = kept.expires if kept is not None else None
    if terminal.json:
        write_json({"at": at, "person": me, "named": terminal.who_or_nobody, "zone": desk.zone, "expires": expires})
        return
    console = screen()
    show.line(console, ("At ", "dim"), (at, "bold"))
    if me is not None:
        known = ", ".join(filter(None, (me.kind, *me.roles)))
        show.line(console, ("You are ", "dim"), (me.name or me.id, "bold"), (f" ({me.id}; {known})", "dim"))
    elif terminal.who_or_nobody:
        show.line(
            console, ("You are ", "dim"), (terminal.who_or_nobody, "bold"), (", who is not known there yet", "dim")
        )
    else:
        show.line(console, "You are nobody in particular: ", ("an operator, who has no steps of his own", "dim"))
    if expires is not None:
        show.line(console, (f"Signed in until {told(expires)} ({distance(expires, desk.now())})", "dim"))


def _whom(login: Login) -> str:
    if login.name and login.name != login.person:
        return f"{login.name} ({login.person})"
    return login.person or "a program"


def _until(login: Login) -> str:
    return f" until {told(login.expires)}" if login.expires else ""
