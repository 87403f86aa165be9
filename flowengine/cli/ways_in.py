"""Commands about being known: sessions, links, keys, devices."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from flowengine.cli import listing, tab_words
from flowengine.cli.flags import terminal, when
from flowengine.cli.group import FlowGroup, common
from flowengine.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.client import Duration, NewLink

_EXPIRES = when("a span like P30D nor a moment like 2030-01-31T00:00:00Z")


@click.group(cls=FlowGroup)
def sessions() -> None:
    """Where you are signed in."""


@sessions.command("list")
@click.option("--person", default="", metavar="ID", help="Somebody else's, for operators.")
@listing.options
@common
@terminal
def list_sessions(terminal: Terminal, person: str, output: str | None, sort_by: str | None) -> None:
    """Your sessions, the newest first."""
    from flowengine.cli import ways_in_lists

    form = listing.Form.of(terminal, ways_in_lists.SESSIONS, output, sort_by)
    desk = terminal.desk()
    form.tell(desk.sessions(person), desk.now())


@sessions.command()
@click.argument("session", required=False)
@click.option("--all", "everywhere", is_flag=True, help="All of them: sign out everywhere.")
@click.option("--person", default="", metavar="ID", help="With --all: somebody else's, for operators.")
@common
@terminal
def end(terminal: Terminal, session: str | None, everywhere: bool, person: str) -> None:
    """End SESSION, at once."""
    from flowengine.cli import show

    if bool(session) == everywhere:
        raise click.UsageError("Name one session, or say --all.")
    if session:
        gone = terminal.desk().end_session(session)
        terminal.answer(gone, lambda console: show.line(console, f"The session {gone.id} of {gone.person} is over."))
        return
    many = terminal.desk().sign_out_everywhere(person)
    terminal.answer({"ended": many}, lambda console: show.line(console, f"Sessions that were ended: {many}."))


@click.group(cls=FlowGroup)
def link() -> None:
    """Links by which a customer comes to one job."""


@link.command()
@click.argument("job", metavar="JOB|STEP", shell_complete=tab_words.jobs)
@click.option("--person", default="", metavar="ID", help="For whom.  [default: the job's customer]")
@click.option("--expires", callback=_EXPIRES, metavar="P7D|MOMENT", help="[default: 30 days, or the step's deadline]")
@common
@terminal
def create(terminal: Terminal, job: str, person: str, expires: Duration | datetime | None) -> None:
    """Make a link to a job or a step, and show it this once."""
    desk = terminal.desk()
    until = expires if expires is None or isinstance(expires, datetime) else expires.after(desk.now())
    made = desk.make_link(job, person, expires=until)
    _tell(terminal, made, f"It opens the job for {made.person} alone, {made.most} times at most.")


@link.command()
@click.argument("person")
@common
@terminal
def enrol(terminal: Terminal, person: str) -> None:
    """Make a link by which PERSON registers a passkey or an authenticator: once, within a day.

    Whoever opens it first is that person: give it to him by hand.
    """
    made = terminal.desk().make_enrolment(person)
    _tell(terminal, made, f"Whoever opens it first registers what {made.person} signs in with: give it by hand.")


def _tell(terminal: Terminal, made: NewLink, about: str) -> None:
    from flowengine.cli import show

    again = terminal.line(f"link revoke {made.id}")

    def tell(console: Console) -> None:
        show.line(console, (made.url or made.secret, "bold green"), pasted=True)
        show.line(console, (f"{about} Take it back with: ", "dim"), again)

    terminal.answer(made, tell)


@link.command("list")
@click.argument("job", shell_complete=tab_words.jobs)
@listing.options
@common
@terminal
def list_links(terminal: Terminal, job: str, output: str | None, sort_by: str | None) -> None:
    """The links of a job, and how often each was used."""
    from flowengine.cli import ways_in_lists

    form = listing.Form.of(terminal, ways_in_lists.LINKS, output, sort_by)
    desk = terminal.desk()
    form.tell(desk.links(job), desk.now())


@link.command()
@click.argument("id")
@common
@terminal
def revoke(terminal: Terminal, id: str) -> None:
    """Make a link invalid, at once, with the sessions that came of it."""
    from flowengine.cli import show

    gone = terminal.desk().revoke_link(id)
    terminal.answer(gone, lambda console: show.line(console, f"The link {gone.id} of {gone.person} is revoked."))


@click.group(cls=FlowGroup)
def keys() -> None:
    """What you sign in with: passkeys, an authenticator, accounts at providers."""


@keys.command("list")
@click.option("--person", default="", metavar="ID", help="Somebody else's, for operators.")
@listing.options
@common
@terminal
def list_keys(terminal: Terminal, person: str, output: str | None, sort_by: str | None) -> None:
    """What you sign in with."""
    from flowengine.cli import ways_in_lists

    form = listing.Form.of(terminal, ways_in_lists.KEYS, output, sort_by)
    desk = terminal.desk()
    form.tell(desk.credentials(person), desk.now())


@keys.command()
@click.argument("id")
@click.option("--person", default="", metavar="ID", help="Somebody else's, for operators.")
@common
@terminal
def remove(terminal: Terminal, id: str, person: str) -> None:
    """Take away something that was signed in with: a telephone that is lost."""
    from flowengine.cli import show

    gone = terminal.desk().remove_credential(id, person)
    terminal.answer(gone, lambda console: show.line(console, f"{gone.name} signs nobody in any more."))


@keys.command()
@click.argument("person")
@click.argument("provider")
@click.argument("subject")
@common
@terminal
def bind(terminal: Terminal, person: str, provider: str, subject: str) -> None:
    """Say that the account SUBJECT at PROVIDER is PERSON's."""
    from flowengine.cli import show

    made = terminal.desk().bind_subject(person, provider, subject)
    terminal.answer(made, lambda console: show.line(console, f"{person} signs in at {made.name} from now on."))


@click.group(cls=FlowGroup)
def devices() -> None:
    """Devices that want in: a command line that shows a code."""


@devices.command()
@click.argument("code")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["read", "act", "operate"]),
    help="What it may.  [default: read and act]",
)
@common
@terminal
def approve(terminal: Terminal, code: str, scopes: tuple[str, ...]) -> None:
    """Let the device that shows CODE in, in your name."""
    from flowengine.cli import show

    let_in = terminal.mine().approve_device(code, scopes=scopes or ("read", "act"))
    terminal.answer(let_in, lambda console: show.line(console, f"{let_in.client} is let in."))


@devices.command()
@click.argument("code")
@common
@terminal
def deny(terminal: Terminal, code: str) -> None:
    """Do not let the device that shows CODE in."""
    from flowengine.cli import show

    denied = terminal.mine().deny_device(code)
    terminal.answer(denied, lambda console: show.line(console, f"{denied.client} is not let in."))
