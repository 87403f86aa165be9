"""A job that an operator holds: what may still be asked of it, and how it is held and let go.

Nobody acts, and no clock runs: timers and calls wait. What comes from outside has happened and is taken (the end of an
attempt, a message, the end of a called job): what it leads to is opened, and waits as well. People may say something,
ask for another date, and answer what was asked, and operators lend a hand, but for moving a deadline: resuming moves it
by a length that nobody knows yet.
"""

from __future__ import annotations

from datetime import UTC

from flowengine.core import commands as c
from flowengine.core import conversation
from flowengine.core import events as e
from flowengine.core.flow import Flow
from flowengine.core.position import Position
from flowengine.core.values import Suspension
from flowengine.errors import NotAllowed, StaleCommand
from flowengine.speech.phrases import moment_phrase, phrase

_TAKEN = (c.Say, c.AskPromise, c.Finish, c.Fail, c.Deliver, c.Retry, c.Skip, c.SetData, c.Move, c.End, c.Resume)

_ANSWERING = (c.Act, c.ActFor, c.Claim, c.Release, c.Assign, c.TakeBack)
"""What is taken as well where it is about what was asked."""


def check(position: Position, command: c.AnyCommand) -> None:
    """Raises NotAllowed for what is not asked of a suspended job, StaleCommand for the clock, whose turn it is not."""
    head = position.head
    held = head.suspended
    if held is None or isinstance(command, _TAKEN):
        return
    if isinstance(command, _ANSWERING) and conversation.about(position, command):
        return
    if isinstance(command, c.Assign | c.Release) and (command.because or command.by.kind == "operator"):
        return
    if isinstance(command, c.DropTimer) and command.by.kind == "operator":
        return
    what = phrase(
        "the job is suspended since %(since)s: %(because)s",
        since=moment_phrase(held.since, UTC),
        because=held.because,
    )
    if command.by.kind == "clock":
        raise StaleCommand(what, where=head.job)
    ways = (
        (phrase("resume it"), phrase("end it"))
        if command.by.kind == "operator"
        else (phrase("say something"), phrase("wait until it is resumed"))
    )
    raise NotAllowed(what, where=head.job, possible=ways)


def suspend(flow: Flow, command: c.Suspend) -> None:
    """Hold the job."""
    suspension = Suspension(since=flow.now, because=command.because, by=command.by.id)
    flow.draft.record(e.Suspended(suspension=suspension))


def resume(flow: Flow, command: c.Resume) -> None:  # noqa: ARG001 - the signature of commands
    """Let the job go on. Raises NotAllowed for one that is not suspended."""
    if flow.draft.head.suspended is None:
        raise NotAllowed(
            phrase("the job is not suspended"), where=flow.draft.head.job, possible=(phrase("suspend it"),)
        )
    flow.draft.record(e.Resumed(at=flow.now))
