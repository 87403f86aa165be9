"""The ``flow`` command.

Only click is imported here; a command's own module is imported when the command is used, so that help and completion
are instant. Exit codes: 0 fine, 1 refused or failed, 2 wrong use. With ``--json`` exactly one JSON document is written
to standard output, an error too (``{"error": …, "what": …, "where": …, "possible": […]}``), and nobody is asked.
"""

from __future__ import annotations

import gc
import io
import os
import sys

import click

from flowengine.cli.mixed import stop_if_mixed

stop_if_mixed()  # before anything else of flowengine's is imported, for that may be another's

from flowengine.cli.group import Entry, FlowGroup  # noqa: E402
from flowengine.cli.terminal import Terminal  # noqa: E402
from flowengine.distribution import NAME, __version__  # noqa: E402

_ENTRIES = (
    Entry("demo", "demo:demo", "See a suit being made, from need to fulfilment.", "First steps"),
    Entry("completion", "completion:completion", "Print the completion script of a shell.", "First steps"),
    Entry("login", "login:login", "Sign in at a server.", "First steps"),
    Entry("logout", "login:logout", "Sign out of a server.", "First steps"),
    Entry("whoami", "login:whoami", "Where I am, and as whom.", "First steps"),
    Entry("new", "designers:new", "Write a small process file to begin with.", "Designers"),
    Entry("check", "designers:check", "Find the problems of process files.", "Designers"),
    Entry("draw", "drawing:draw", "Draw a process: a picture, Mermaid, or an outline.", "Designers"),
    Entry("texts", "designers:texts", "What is still to be translated of a process.", "Designers"),
    Entry("diff", "designers:diff", "What a file changes, and who would notice.", "Designers"),
    Entry("agreement", "agreements:agreement", "What a partner who calls a process is promised of it.", "Designers"),
    Entry("try", "rehearsing:try_", "Play a process at the terminal, without deploying it.", "Designers"),
    Entry("paths", "rehearsing:paths", "The ways to each end of a process.", "Designers"),
    Entry("accepts", "rehearsing:accepts", "Which cases of an event log a process allows.", "Designers"),
    Entry("deploy", "designers:deploy", "Put process files in use.", "Designers"),
    Entry("processes", "designers:processes", "List the processes in use.", "Designers"),
    Entry("migrate", "designers:migrate", "Move jobs to another version of their process.", "Designers"),
    Entry("start", "customers:start", "Begin a job with a need.", "Customers"),
    Entry("inbox", "customers:inbox", "What waits for me.", "Customers and staff"),
    Entry("agenda", "customers:agenda", "What is booked for a day.", "Customers and staff"),
    Entry("calendar", "calendars:calendar", "When calendars are closed; a job's appointments.", "Customers and staff"),
    Entry("feed", "calendars:feed", "Your appointments in your calendar program.", "Customers and staff"),
    Entry("act", "customers:act", "Answer, choose, approve, book, finish: act on a step.", "Customers and staff"),
    Entry("track", "customers:track", "Where a job is, in plain words.", "Customers and staff"),
    Entry("say", "customers:say", "Say something about a job.", "Customers and staff"),
    Entry("ballot", "customers:ballot", "Your own ballot, and whether it was counted.", "Customers"),
    Entry("message", "conversing:message", "Write about a job.", "Customers and staff"),
    Entry("note", "conversing:note", "Note something about a job for those inside.", "Customers and staff"),
    Entry("write", "conversing:write", "Write about no job in particular.", "Customers and staff"),
    Entry("conversation", "conversing:conversation", "What was said.", "Customers and staff"),
    Entry("file", "conversing:file", "Files of messages and answers.", "Customers and staff"),
    Entry("takeback", "customers:take_back", "Take back what you have asked.", "Customers and staff"),
    Entry("change", "customers:change", "Use what a job offers at any time: a change of mind.", "Customers"),
    Entry("receipt", "proofs:receipt", "Receipts: list, save, check them without the database.", "Customers and staff"),
    Entry("withdraw", "customers:withdraw", "Withdraw from a job.", "Customers"),
    Entry("add", "customers:add", "Add items to a state that takes more while it runs.", "Customers and staff"),
    Entry("sessions", "ways_in:sessions", "Where you are signed in; sign out.", "Customers and staff"),
    Entry("keys", "ways_in:keys", "What you sign in with.", "Customers and staff"),
    Entry("devices", "ways_in:devices", "Let a command line in that shows a code.", "Customers and staff"),
    Entry("link", "ways_in:link", "Links by which a customer comes to one job.", "Customers and staff"),
    Entry("claim", "staff:claim", "Take a step.", "Customers and staff"),
    Entry("release", "staff:release", "Give a step back.", "Customers and staff"),
    Entry("assign", "staff:assign", "Hand a step to somebody.", "Customers and staff"),
    Entry("promise", "promises:promise", "Ask a customer for another date.", "Customers and staff"),
    Entry("promises", "promises:promises", "What was promised, and what became of it.", "Customers and staff"),
    Entry("insight", "insight:insight", "What all jobs of a process have taught.", "Staff"),
    Entry("forecast", "forecast:forecast", "What to order today of each option, and why.", "Staff"),
    Entry("customer", "records:customer", "What is known of a customer: show, note, answer, merge.", "Staff"),
    Entry("consent", "consents:consent", "Which partner has your record: give, list, withdraw.", "Customers and staff"),
    Entry("my-data", "records:my_data", "All that is kept of you.", "Customers"),
    Entry("people", "staff:people", "Customers and staff: add, leave, list, show, import, export, send.", "Operators"),
    Entry("jobs", "operators:jobs", "List jobs, or what they wait for.", "Operators"),
    Entry("history", "operators:history", "All that happened to a job.", "Operators"),
    Entry("audit", "operators:audit", "Check that histories and what is stored agree.", "Operators"),
    Entry("administration", "administration:administration", "What was changed of the installation.", "Operators"),
    Entry("status", "administration:status", "How the installation fares: what is wrong, due and set.", "Operators"),
    Entry("send", "operators:send", "Deliver a message to a job.", "Operators"),
    Entry("incidents", "operators:incidents", "Service calls and timers that gave up.", "Operators"),
    Entry("retry", "operators:retry", "Try again what gave up.", "Operators"),
    Entry("schedules", "operators:schedules", "When processes start jobs by the clock.", "Operators"),
    Entry("end", "by_hand:end", "End a job, wherever it stands.", "Operators"),
    Entry("move", "by_hand:move", "Send a job to another state.", "Operators"),
    Entry("set", "by_hand:set_data", "Put a value into a job's data.", "Operators"),
    Entry("call", "by_hand:call", "Complete, fail or skip a service call.", "Operators"),
    Entry("suspend", "by_hand:suspend", "Hold a job, or a process.", "Operators"),
    Entry("resume", "by_hand:resume", "Let a job or a process go on.", "Operators"),
    Entry("deadline", "by_hand:deadline", "Move the deadline of a step.", "Operators"),
    Entry("timers", "by_hand:timers", "The timers that are set for a job.", "Operators"),
    Entry("timer", "by_hand:timer", "Fire a timer before its time, or drop a reminder.", "Operators"),
    Entry("handover", "by_hand:handover", "Hand all that somebody holds to another.", "Operators"),
    Entry("worker", "operators:worker", "Run what is due: timers, service calls, messages.", "Operators"),
    Entry("archive", "retaining:archive", "Put finished jobs into a file, and delete them.", "Operators"),
    Entry("serve", "serving:serve", "Serve over HTTP: external workers, completions, signed messages.", "Operators"),
    Entry("token", "serving:token", "Tokens of external workers and others who come in over HTTP.", "Operators"),
    Entry("db", "operators:db", "Create, upgrade or copy the database.", "Operators"),
)


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"flowengine {__version__} (distribution {NAME})")
        ctx.exit()


@click.group(
    cls=FlowGroup,
    entries=_ENTRIES,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    epilog="The database is sqlite:///flow.db unless --at or FLOW_AT names another, or a server, or flow login did. "
    "--as or FLOW_AS says who you are; at a server that is who has signed in.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def flow(ctx: click.Context) -> None:
    """Flows from a customer's need to its fulfilment, with the customer in them.

    Begin with: flow demo. Without a command: what waits for you, and where your jobs are.
    """
    terminal = ctx.ensure_object(Terminal)
    if ctx.invoked_subcommand is None:
        _alone(ctx, terminal)


def _alone(ctx: click.Context, terminal: Terminal) -> None:
    """A person sees what is his; nobody sees the help, and how to begin."""
    from flowengine.cli import home

    if terminal.who_or_nobody or terminal.json or terminal.far:
        home.home(terminal)
    else:
        click.echo(ctx.get_help())
        home.first_steps(terminal)


def main() -> None:
    """Run ``flow`` and leave with its exit code."""
    gc.set_threshold(50_000, 20, 20)  # what is imported stays: looking through it for garbage is a tenth of a start
    if sys.stderr is None:  # closed: what goes wrong is told by the exit code alone
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - as long as the process lives
    if sys.stdout is None:  # closed: what a command has to tell would go nowhere, so nothing is done
        print("Failed: standard output is closed, and nothing can be told", file=sys.stderr)
        sys.exit(1)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal has no sign for is shown by its number
    flow.main()
