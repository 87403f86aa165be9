"""Service calls: one attempt of a handler, outside any transaction, and what comes of it (L10, L11).

The attempt is counted when the call is claimed, before the handler runs: a handler that kills the process has had its
attempt. A handler runs in a thread of its own, so that ``limit`` can end the wait for it. Python cannot kill a thread:
a handler that overstays runs on, its call has another epoch by then, and its late result changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any

import msgspec

from flowengine.core import commands as c
from flowengine.core.machines import Compiled, member_state
from flowengine.core.values import Actor, Json
from flowengine.engine import access
from flowengine.engine.actors import StoreWorld
from flowengine.engine.handlers import Handler, HandlerCall, Outcome
from flowengine.engine.http_services import over_http
from flowengine.errors import AddressRefused, FlowError, HandlerMissing, NotConfigured, Refused
from flowengine.language.durations import Duration
from flowengine.language.model import Retry, Service
from flowengine.store import ClaimedCall, Transaction

if TYPE_CHECKING:
    from flowengine.engine.shell import Shell

LEASE = timedelta(minutes=10)
"""How long a claim holds before the call's own limit is known; it is prolonged to the limit before the handler runs."""

MARGIN = timedelta(seconds=30)
"""What a lease outlasts the handler's limit by."""

LONGEST_ERROR = 2_000
"""Characters of an error that are kept."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a call is tried: the process's ``retry`` and ``limit``."""

    retry: Retry
    limit: Duration

    def next(self, attempts: int) -> timedelta | None:
        """How long to wait after that many attempts, or None to give up: ``first`` times ``factor`` each, at most
        ``longest``."""
        if attempts >= self.retry.attempts:
            return None
        longest = self.retry.longest.seconds
        try:
            seconds = min(self.retry.first.seconds * self.retry.factor ** (attempts - 1), longest)
        except OverflowError:
            seconds = longest
        return timedelta(seconds=seconds)


def policy_of(compiled: Compiled, name: str, member: str = "") -> Policy:
    """The policy of a service state, or of a service that is a member of a race."""
    state = member_state(compiled.state(name), member)
    assert isinstance(state, Service), f"{name} is not a service"
    return Policy(state.retry, state.limit)


def attempt(shell: Shell, claimed: ClaimedCall) -> bool:
    """Run one claimed call and commit what it came to. Whether the attempt went well."""
    with shell.writing() as tx:
        job = tx.jobs.get(claimed.job)
        compiled = shell.catalogue.compiled(tx, job.process, job.version)
        policy = policy_of(compiled, claimed.call.state, claimed.call.member)
        customer = StoreWorld(tx, job.customer).customer
        until = shell.clock.now() + timedelta(seconds=policy.limit.seconds) + MARGIN
        if not tx.calls.prolong(claimed.job, claimed.number, claimed.epoch, until):
            return False
    try:
        handler = _handler(shell, claimed, policy)
        given = run_limited(handler, _given(claimed, job.process, customer), policy.limit)
    except (HandlerMissing, NotConfigured, AddressRefused) as missing:  # an operator has to do something first
        _stuck(shell, claimed, str(missing))
        return False
    except Exception as error:
        _failed(shell, claimed, policy, describe(error))
        return False
    return _finish(shell, claimed, policy, given)


def run_limited(handler: Handler, call: HandlerCall, limit: Duration) -> Any:
    """What the handler returns. Raises what it raises, or TimeoutError when it takes longer than the limit."""
    box: list[tuple[bool, Any]] = []

    def work() -> None:
        try:
            box.append((True, handler(call)))
        except BaseException as error:  # also SystemExit: a handler may not end the worker
            box.append((False, error))

    thread = Thread(target=work, name=f"flow {call.handler} {call.key}", daemon=True)
    thread.start()
    thread.join(limit.seconds)
    if not box:
        raise TimeoutError(f"took longer than {limit}")
    well, given = box[0]
    if well:
        return given
    if isinstance(given, Exception):
        raise given
    raise RuntimeError(describe(given))


def describe(error: BaseException) -> str:
    """An error for operators: its type and its words, of bounded length."""
    return f"{type(error).__name__}: {error}"[:LONGEST_ERROR]


def _handler(shell: Shell, claimed: ClaimedCall, policy: Policy) -> Handler:
    if claimed.call.http:
        return over_http(shell, claimed.call.http, policy.limit)
    return shell.handlers.get(claimed.call.handler)


def _given(claimed: ClaimedCall, process: str, customer: Mapping[str, Any]) -> HandlerCall:
    return HandlerCall(
        job=claimed.job,
        key=f"{claimed.job}.{claimed.number}",
        handler=claimed.call.handler,
        input=claimed.call.input,
        customer=customer,
        process=process,
        state=claimed.call.state,
        attempt=claimed.attempts,
        undo=claimed.call.undo,
    )


def _finish(shell: Shell, claimed: ClaimedCall, policy: Policy, given: Any) -> bool:
    """Commit a result, once (L11): only the owner of the claim may, and a late one finds nothing to do (L10)."""
    outcome, result = (given.name, given.result) if isinstance(given, Outcome) else ("done", given)
    by = Actor(kind="service", id=claimed.call.handler)
    try:
        command = c.Finish(by=by, call=claimed.number, outcome=outcome, result=_plain(result))
        return _owned(shell, claimed, command)
    except FlowError as error:
        _failed(shell, claimed, policy, describe(error))
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        _failed(shell, claimed, policy, f"the handler's result is not JSON: {error}"[:LONGEST_ERROR])
    return False


def _plain(result: Any) -> Json:
    """The result as plain JSON. Raises when it is none."""
    return msgspec.json.decode(msgspec.json.encode(result))


def _failed(shell: Shell, claimed: ClaimedCall, policy: Policy, error: str) -> None:
    """Try again later, or give up: ``failed`` where the process routes it, else an incident."""
    wait = policy.next(claimed.attempts)
    if wait is None:
        command = c.Fail(by=Actor(kind="service", id=claimed.call.handler), call=claimed.number, error=error)
        try:
            _owned(shell, claimed, command)
            return
        except Refused as refused:
            wait, error = timedelta(seconds=policy.retry.longest.seconds), f"{error}; and then: {describe(refused)}"
    with shell.writing() as tx:
        tx.calls.reschedule(claimed, shell.clock.now() + wait, error)


def _owned(shell: Shell, claimed: ClaimedCall, command: c.Finish | c.Fail) -> bool:
    """Carry out a command if the claim still holds, in one transaction with the check (L10)."""
    with shell.writing() as tx:
        if not tx.calls.owned(claimed.job, claimed.number, claimed.epoch):
            return False
        shell.run(tx, claimed.job, command, None, access.permit_all)
        return True


def _stuck(shell: Shell, claimed: ClaimedCall, error: str) -> None:
    """Nobody here can do it: an operator sees why it waits, and has it tried again when that is mended."""
    by = Actor(kind="service", id=claimed.call.handler)
    _owned(shell, claimed, c.Fail(by=by, call=claimed.number, error=error, stuck=True))


def claim(tx: Transaction, shell: Shell, limit: int) -> list[ClaimedCall]:
    """Take calls that are ready; each is this worker's until its lease is over."""
    now = shell.clock.now()
    return tx.calls.claim(shell.worker, limit, now + LEASE, now)
