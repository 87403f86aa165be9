"""Service calls: taken, run outside any transaction, and settled (L10, L11).

The attempt is counted when the call is taken, before the handler runs: a handler that kills the process has had its
attempt, and a call whose attempts are used up is never run again. A lease is short. It is prolonged while the handler
runs, by a thread of the worker that no handler can block, so a lost worker's calls are soon taken up by another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flowengine.commands.shell import Shell
from flowengine.errors import AddressRefused, FlowError, HandlerMissing, NotConfigured, StoreError
from flowengine.language.durations import Duration
from flowengine.language.parts import DONE
from flowengine.runtime.actors import customer_of
from flowengine.runtime.handler_threads import Overran, describe
from flowengine.runtime.handlers import GiveUp, Handler, HandlerCall, Later, Outcome, TryLater
from flowengine.store import AWAITED, ClaimedCall, Transaction
from flowengine.work import completing
from flowengine.work.ending import (
    POSTPONED,
    Again,
    Lost,
    Missing,
    Over,
    Policy,
    Verdict,
    policy_of,
    settle,
    verdict_of,
)
from flowengine.work.http_services import over_http

LEASE = timedelta(seconds=10)
"""How long a claim holds unless it is prolonged: after this time a lost worker's call is taken up by another."""

BEAT = 2.5
"""Seconds between two prolongations."""

LONGEST_LEASE = timedelta(minutes=1)
"""The longest lease that a worker may be told to use, so that a lease which reaches further is known to be no lease."""

LONGEST_FOREIGN_LEASE = timedelta(minutes=10)
"""The same for workers that are not ours."""

LONGEST_PROGRESS = 200


class Held:
    """A call in the hands of a worker, and the line between its handler and the worker.

    ``lost`` is set when the claim is lost. ``trouble`` says why it cannot be run at all.
    """

    __slots__ = ("call", "claimed", "kept", "lost", "policy", "said", "trouble")

    def __init__(self, claimed: ClaimedCall, policy: Policy | None, trouble: str = "") -> None:
        self.claimed = claimed
        self.policy = policy
        self.trouble = trouble
        self.call: HandlerCall | None = None
        self.lost = False
        self.said = self.kept = ""

    def progress(self, words: str) -> None:
        """Said by the handler, at any rate: the last words are kept with the next beat."""
        self.said = str(words)[:LONGEST_PROGRESS]


Run = Callable[[Held, Handler, HandlerCall, Duration], Any]
"""Runs the handler of a call that is held: what it returns. Raises what it raises, Overran, TimeoutError."""


def take(shell: Shell, limit: int, lane: str = "", lease: timedelta = LEASE, worker: str = "") -> list[Held]:
    """Take up to ``limit`` calls that are ready, with all that their handlers are given, in one transaction."""
    shell.secret.made(shell)

    def work(tx: Transaction) -> list[Held]:
        now = shell.clock.now()
        claimed = tx.calls.claim(worker or shell.worker, limit, now + lease, now, lane)
        return [hold(shell, tx, one) for one in claimed]

    return shell.keep(work)


def hold(shell: Shell, tx: Transaction, claimed: ClaimedCall) -> Held:
    """A call that was just claimed, with all that whoever runs it is given."""
    try:
        policy = policy_of(shell, tx, claimed, claimed.call)
    except StoreError:
        raise
    except (FlowError, KeyError, AssertionError) as error:
        return Held(claimed, None, describe(error))  # one job that cannot be read must not stop the others
    held = Held(claimed, policy)
    held.call = HandlerCall(
        job=claimed.job,
        key=f"{claimed.job}.{claimed.number}",
        handler=claimed.call.handler,
        input=claimed.call.input,
        customer=customer_of(claimed.customer, claimed.person),
        process=claimed.process,
        state=claimed.call.state,
        attempt=claimed.attempts,
        undo=claimed.call.undo,
        token=completing.token(shell, claimed.job, claimed.number),
        trace=claimed.trace,
        line=held,
    )
    return held


def attempt(shell: Shell, held: Held, run: Run) -> bool:
    """Run a call that is held and write down what it came to. Whether the call went on. Raises StoreError when that
    cannot be written: :func:`conclude` may be asked again."""
    return conclude(shell, held, judge(shell, held, run))


def judge(shell: Shell, held: Held, run: Run) -> Verdict:
    """Run the handler, with no transaction open (L11), and say what it came to."""
    claimed, policy = held.claimed, held.policy
    if (verdict := not_run(held)) is not None:
        return verdict
    assert policy is not None, "a call without trouble has a policy"
    assert held.call is not None, "and what its handler is given"
    try:
        handler = _handler(shell, claimed, policy)
    except Exception as missing:  # a handler's module may fail in any way when it is imported
        return Missing(str(missing) if isinstance(missing, HandlerMissing) else describe(missing))
    try:
        return verdict_of(_observed(shell, held, held.call, handler, policy.limit, run))
    except (NotConfigured, AddressRefused) as missing:  # an operator has to change a setting first
        return Missing(str(missing))
    except Exception as error:
        return failed(shell, held, error)


def not_run(held: Held) -> Verdict | None:
    """What a call that is held comes to without being run: there is trouble, or its attempts were used up before."""
    if held.policy is None:
        return Again(held.trouble, POSTPONED)
    return Over(_used_up(held.claimed)) if held.claimed.attempts > held.policy.retry.attempts else None


def _observed(shell: Shell, held: Held, call: HandlerCall, handler: Handler, limit: Duration, run: Run) -> Any:
    """Run it, with observers around it, under whose trace it then is."""
    if not shell.observers:
        return run(held, handler, call, limit)
    with shell.observers.attempt(call) as seen:
        given = run(held, handler, replace(call, trace=seen.trace), limit)
        seen.outcome = given.name if isinstance(given, Outcome) else "later" if isinstance(given, Later) else DONE
        return given


def conclude(shell: Shell, held: Held, verdict: Verdict) -> bool:
    """Write a verdict down, once. Whether the call went on; not when the claim was lost (L10)."""
    try:
        return settle(shell, held.claimed, verdict, held.policy)
    except Lost:
        held.lost = True
        return False


def beat(shell: Shell, held: Sequence[Held], lease: timedelta = LEASE) -> None:
    """Prolong the leases of all calls that are held, and keep what their handlers have said, in one transaction.

    Those for which nobody waits are marked as lost: somebody else has them, or their jobs have gone on.
    """
    ordered = sorted(held, key=lambda one: (one.claimed.job, one.claimed.number))
    said = [one.said for one in ordered]

    def work(tx: Transaction) -> list[str]:
        until = shell.clock.now() + lease
        return [_prolonged(tx, one, words, until) for one, words in zip(ordered, said, strict=True)]

    for one, words, kept in zip(ordered, said, shell.keep(work), strict=True):
        one.kept, one.lost = words, one.lost or kept != "held"


def heal(shell: Shell) -> int:
    """Make ready what a clock that ran ahead, and was then set right, has put off: calls, schedules and timers. How
    many those were."""

    def work(tx: Transaction) -> int:
        now = shell.clock.now()
        calls = tx.calls.heal(now, now + LONGEST_LEASE, now + LONGEST_FOREIGN_LEASE)
        schedules = tx.schedules.heal(now, now + LONGEST_LEASE)
        return calls + schedules + tx.timers.heal(now, now + LONGEST_LEASE)

    return shell.keep(work)


def free(shell: Shell, worker: str) -> int:
    """A worker of ours is known to be lost: what it had is ready at once, and before all else, for it was so before.
    How many calls that were."""

    def work(tx: Transaction) -> int:
        now = shell.clock.now()
        first = tx.ahead(now).call
        at = now if first is None else min(now, first - timedelta(microseconds=1))
        freed = tx.calls.free(worker, at, now, now + LONGEST_LEASE)
        tx.wakes |= freed > 0
        return freed

    return shell.keep(work)


def _prolonged(tx: Transaction, held: Held, words: str, until: Any) -> str:
    claimed = held.claimed
    kept = tx.calls.prolong(claimed.job, claimed.number, claimed.epoch, until)
    if kept and words != held.kept:
        tx.calls.tell(claimed, words)
    return kept


def failed(shell: Shell, held: Held, error: Exception) -> Again | Over:
    """Whether and when it is tried again after an error of its handler."""
    assert held.policy is not None, "only a handler that was run can fail"
    words = describe(error)
    if isinstance(error, GiveUp):
        return Over(words, certain=True)
    more = error.after if isinstance(error, TryLater) and isinstance(error.after, timedelta) else None
    alone = isinstance(error, Overran) and not error.ended
    return held.policy.after(held.claimed, words, shell.random, more, alone=alone)


def _used_up(claimed: ClaimedCall) -> str:
    """Why a call is not run again though its last attempt ended without a word."""
    last = claimed.attempts - 1
    which = "at its only attempt" if last == 1 else f"at the last of {last} attempts"
    why = f"nobody completed it in time, {which}" if claimed.progress == AWAITED else f"its worker was lost {which}"
    return f"{why}; before that: {claimed.last_error}" if claimed.last_error else why


def _handler(shell: Shell, claimed: ClaimedCall, policy: Policy) -> Handler:
    if claimed.call.http:
        return over_http(shell, claimed.call.http, policy.limit)
    return shell.handlers.get(claimed.call.handler)
