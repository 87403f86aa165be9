"""A service call, a called job or an undo call has ended, given up, or is tried again."""

from __future__ import annotations

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core import undo
from flowengine.core.draft import replace
from flowengine.core.flow import MARGIN, Flow
from flowengine.core.kinds.call import Delegating
from flowengine.core.spot import Result
from flowengine.core.values import Branch, ServiceCall
from flowengine.errors import NotAllowed, StaleCommand, UnknownOutcome
from flowengine.language.parts import DONE
from flowengine.speech.phrases import moment_phrase, phrase

FAILED = "failed"


def finish(flow: Flow, command: c.Finish) -> None:
    """A call has ended. An outcome that leads nowhere, or a result that breaks the fields, becomes an incident."""
    if undo.late(flow, command.call, command.outcome, command.result):
        return
    branch, call = find(flow, command.call)
    _nobody_at_work(flow, command, call)
    if call.undo and command.outcome == DONE:
        undo.go_on(flow, branch.id, call.number)
        return
    ways = _ways(flow, branch, call, command.outcome)
    if not ways[0]:
        error = phrase(
            "its outcome %(outcome)s leads nowhere; %(state)s knows %(known)s",
            outcome=repr(command.outcome),
            state=call.state,
            known=", ".join(ways[1]) or phrase("none"),
        )
        if command.by.kind == "operator":
            raise UnknownOutcome(error, where=_where(flow, call.number), possible=ways[1])
        flow.draft.record(e.CallChanged(call=replace(call, incident=str(error))))
        return
    kind, spot = flow.at_work(branch.id, flow.state_of(branch), call.member)
    assert kind is not None, f"{call.state} makes no calls"
    closed = e.CallClosed(branch=branch.id, call=call.number, outcome=command.outcome, result=command.result)
    flow.draft.record(closed)
    result = kind.finish(spot, call, command)
    if result is not None:
        flow.over(branch, result, call.member)


def fail(flow: Flow, command: c.Fail) -> None:
    """A call gave up: the route ``failed`` where the process has one, else an incident for an operator."""
    if undo.late(flow, command.call, FAILED if command.certain else "", command.error):
        return
    branch, call = find(flow, command.call)
    _nobody_at_work(flow, command, call)
    if not command.stuck and _ways(flow, branch, call, FAILED, exact=True)[0]:
        flow.draft.record(e.CallClosed(branch=branch.id, call=call.number, outcome=FAILED, result=command.error))
        flow.over(branch, Result(FAILED), call.member)
    elif command.by.kind == "operator":
        ways = (phrase("skip it"), phrase("complete it"), phrase("move the job"), phrase("end the job"))
        raise NotAllowed(
            phrase("%(state)s has no route for %(outcome)s", state=call.state, outcome=repr(FAILED)),
            where=_where(flow, call.number),
            possible=ways,
        )
    else:
        flow.draft.record(e.CallChanged(call=replace(call, incident=command.error or "it failed")))


def skip(flow: Flow, command: c.Skip) -> None:
    """An operator has the job go on without the call. It may have had its effect: it is left as one that is cut off.
    One that undoes is not skipped while it is at work, for the next would run beside it.

    Raises StaleCommand, UnknownOutcome, NotAllowed.
    """
    branch, call = find(flow, command.call)
    if call.undo:
        _nobody_at_work(flow, command, call)
    leads, known = _ways(flow, branch, call, command.outcome)
    if not leads:
        what = phrase("the outcome %(outcome)s leads nowhere", outcome=repr(command.outcome))
        raise UnknownOutcome(what, where=_where(flow, call.number), possible=known)
    if call.undo:
        undo.go_on(flow, branch.id, call.number)
    else:
        flow.over(branch, Result(command.outcome), call.member)


def _nobody_at_work(flow: Flow, command: c.Finish | c.Fail | c.Skip, call: ServiceCall) -> None:
    """An operator says how a call has ended only when no worker has it: what the attempt does would be in no history,
    and could be undone before it happens (L14). Raises NotAllowed."""
    if command.by.kind != "operator":
        return
    attempt = flow.world.attempt(call.number)
    if attempt is not None and attempt.leased and attempt.until is not None and attempt.until + MARGIN > flow.now:
        ways = () if call.undo else (phrase("skip it: an undo waits for the attempt"),)
        what = phrase(
            "a worker is at work on it, until %(until)s unless it says so again",
            until=moment_phrase(attempt.until, flow.compiled.process.clock),
        )
        raise NotAllowed(
            what, where=_where(flow, call.number), possible=(phrase("wait until the attempt has ended"), *ways)
        )


def hear(flow: Flow, command: c.Hear) -> None:
    """A partner tells how the job stands that he runs for a call. Raises StaleCommand when the call is no longer
    open."""
    branch, call = find(flow, command.call)
    kind, spot = flow.at_work(branch.id, flow.state_of(branch), call.member)
    if not isinstance(kind, Delegating) or not call.at:
        raise NotAllowed(phrase("the call is no partner's"), where=_where(flow, call.number))
    kind.hear(spot, call, command)


def retry(flow: Flow, command: c.Retry) -> None:
    """An operator has a call tried again. Raises NotAllowed when it has no incident."""
    _, call = find(flow, command.call)
    if not call.incident:
        raise NotAllowed(phrase("the call has no incident"), where=_where(flow, call.number))
    flow.draft.record(e.CallChanged(call=replace(call, incident="")))


def find(flow: Flow, number: int) -> tuple[Branch, ServiceCall]:
    """The open call of that number and its branch. Raises StaleCommand (L10)."""
    branch_id = flow.draft.branch_of_call(number)
    branch = flow.draft.branch(branch_id) if branch_id is not None else None
    if branch is not None:
        for call in branch.calls:
            if call.number == number:
                flow.acted = call.state
                return branch, call
    raise StaleCommand(phrase("the call is no longer open"), where=_where(flow, number))


def _ways(
    flow: Flow, branch: Branch, call: ServiceCall, outcome: str, *, exact: bool = False
) -> tuple[bool, tuple[str, ...]]:
    """Whether an outcome of the call leads somewhere, and which would. In a race, the member's own name does, unless
    ``exact``: a failure wins no race that does not provide for it. What undoes can only be done."""
    if call.undo:
        return outcome == DONE, (DONE,)
    state = flow.state_of(branch)
    if call.member:
        known = tuple(name for name in state.on if name.split(".")[0] == call.member)
        return f"{call.member}.{outcome}" in known or (not exact and call.member in known), known
    return outcome in state.on, tuple(state.on)


def _where(flow: Flow, number: int) -> str:
    return f"call {flow.draft.head.job}.{number}"
