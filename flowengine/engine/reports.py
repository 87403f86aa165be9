"""What external workers report of the calls they claimed: each report takes effect once, and late ones change nothing.

The same report under the same lease is answered alike (L3); one that is lost is told so (L10).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from flowengine.core import commands as c
from flowengine.core.values import Actor, Json
from flowengine.engine import access, leases, services
from flowengine.engine.receipts import body_hash
from flowengine.engine.running import LONGEST_ERROR, describe
from flowengine.engine.settling import AWAITED, LONGEST_AWAITED, checked
from flowengine.engine.tokens import TokenView
from flowengine.engine.views import View
from flowengine.errors import BadAnswer, FlowError, KeyConflict, NotFound, StoreError
from flowengine.people import actor_key
from flowengine.store import ClaimedCall, Transaction

if TYPE_CHECKING:
    from flowengine.engine.shell import Shell


class Settled(View, frozen=True, kw_only=True):
    """What a report came to. ``status`` is ``done``, ``again`` (it is tried again at ``next``), ``failed`` (the process
    goes on by its route for failures), ``incident`` (it waits for an operator) or ``left`` (somebody else completes it,
    or it is tried again at ``next``). ``error`` says why."""

    status: str
    error: str = ""
    next: datetime | None = None


_SETTLED = msgspec.json.Decoder(Settled)


class _Unfit(Exception):
    """A result that the process cannot take."""


def finish(shell: Shell, who: TokenView, id: str, lease: str, outcome: str = "done", result: Json = None) -> Settled:
    """The call has ended with an outcome and a result.

    A result that the process cannot take (it breaks the state's fields, it has more than 256 KiB) makes this a failed
    attempt. Raises NotFound, KeyConflict when something else was reported under this lease, and StaleCommand when it is
    lost: then nothing has changed.
    """
    mine = leases.read(shell, who, id, lease)
    asked = c.Finish(by=_subject(who), call=mine.number, outcome=outcome, result=result)

    def work(tx: Transaction, claimed: ClaimedCall) -> Settled:
        try:
            command = c.Finish(by=_handler(claimed), call=mine.number, outcome=outcome, result=checked(result))
            shell.run(tx, mine.job, command, None, access.permit_all)
        except StoreError:
            raise
        except FlowError as error:
            raise _Unfit(describe(error)) from error
        return _come_of(tx, mine.job, mine.number, "done")

    try:
        return _report(shell, who, mine, asked, "", work)
    except _Unfit as unfit:
        error = str(unfit)
    return _report(shell, who, mine, asked, "", lambda tx, claimed: _failed(shell, tx, claimed, error))


def fail(
    shell: Shell,
    who: TokenView,
    id: str,
    lease: str,
    error: str,
    *,
    give_up: bool = False,
    retry_after: float | None = None,
) -> Settled:
    """The attempt has failed: it is tried again as the process says, not before ``retry_after`` seconds; with
    ``give_up`` the call has failed for good. Raises as :func:`finish` does, and BadAnswer."""
    if not error.strip():
        raise BadAnswer({"error": "must say what went wrong"})
    longest = services.LONGEST_WAIT.total_seconds()
    if retry_after is not None and not 0 <= retry_after <= longest:
        raise BadAnswer({"retry_after": f"{retry_after} is not between 0 and {longest:.0f} seconds"})
    mine = leases.read(shell, who, id, lease)
    words = error[:LONGEST_ERROR]
    asked = c.Fail(by=_subject(who), call=mine.number, error=error, stuck=give_up)
    after = None if retry_after is None else timedelta(seconds=retry_after)
    return _report(
        shell,
        who,
        mine,
        asked,
        f"{retry_after}",
        lambda tx, claimed: _failed(shell, tx, claimed, words, after, give_up=give_up),
    )


def leave(shell: Shell, who: TokenView, id: str, lease: str, within: float) -> Settled:
    """Somebody else completes the call by its own token, ``within`` so many seconds; if nobody does, this attempt has
    failed. Raises as :func:`finish` does, and BadAnswer."""
    longest = LONGEST_AWAITED.total_seconds()
    if not 1 <= within <= longest:
        raise BadAnswer({"within": f"{within} is not between 1 and {longest:.0f} seconds"})
    mine = leases.read(shell, who, id, lease)
    asked = c.Finish(by=_subject(who), call=mine.number)

    def work(tx: Transaction, claimed: ClaimedCall) -> Settled:
        at = shell.clock.now() + timedelta(seconds=within)
        tx.calls.reschedule(claimed, at, progress=AWAITED)
        return Settled(status="left", next=at)

    return _report(shell, who, mine, asked, f"left {within}", work)


def _report(
    shell: Shell,
    who: TokenView,
    mine: leases.Lease,
    asked: c.Finish | c.Fail,
    more: str,
    work: Callable[[Transaction, ClaimedCall], Settled],
) -> Settled:
    """Do ``work`` once for this lease, under the job's lock, and keep what came of it (L3, L10)."""
    actor, key = actor_key(asked.by), f"lease:{mine.id}:{mine.epoch}"
    body = body_hash(f"{mine.id} {more}", asked)

    def whole(tx: Transaction) -> Settled:
        try:
            tx.jobs.lock(mine.job)
        except NotFound:
            raise leases.lost(mine) from None
        before = tx.receipts.find(actor, key)
        if before is not None:
            return _replayed(before, body, mine)
        settled = work(tx, leases.held(tx, who, mine))
        tx.receipts.add(actor, key, mine.job, body, msgspec.json.encode(settled), shell.clock.now())
        return settled

    return shell.keep(whole)


def _replayed(before: tuple[str, bytes], body: str, mine: leases.Lease) -> Settled:
    if before[0] != body:
        raise KeyConflict(
            "something else was reported under this lease before, and that counts",
            where=mine.id,
            possible=("report once what each claim came to", "repeat exactly the same report"),
        )
    return _SETTLED.decode(before[1])


def _failed(
    shell: Shell,
    tx: Transaction,
    claimed: ClaimedCall,
    error: str,
    after: timedelta | None = None,
    *,
    give_up: bool = False,
) -> Settled:
    """Try again later, or give up: ``failed`` where the process routes it, else an incident."""
    policy = leases.policy_for(shell, tx, claimed)
    wait = None if give_up else policy.next(claimed.attempts, shell.random.random())
    if wait is None:
        return _over(shell, tx, claimed, error)
    at = shell.clock.now() + max(wait, after or timedelta())
    tx.calls.reschedule(claimed, at, error)
    return Settled(status="again", error=error, next=at)


def _over(shell: Shell, tx: Transaction, claimed: ClaimedCall, error: str) -> Settled:
    """The route ``failed`` where the process has one, else an incident; one too where that route cannot be taken."""
    by, number = _handler(claimed), claimed.number
    try:
        shell.run(tx, claimed.job, c.Fail(by=by, call=number, error=error), None, access.permit_all)
    except StoreError:
        raise
    except FlowError as refused:  # it comes from the core, which has written nothing
        error = f"{error}; and then: {describe(refused)}"[:LONGEST_ERROR]
        shell.run(tx, claimed.job, c.Fail(by=by, call=number, error=error, stuck=True), None, access.permit_all)
    return _come_of(tx, claimed.job, number, "failed")


def _come_of(tx: Transaction, job: str, number: int, status: str) -> Settled:
    """What the job made of it: an outcome that leads nowhere leaves the call open, as an incident."""
    left = tx.calls.get(job, number)
    if left is not None and left.call.incident:
        return Settled(status="incident", error=left.call.incident)
    return Settled(status=status)


def _subject(who: TokenView) -> Actor:
    """Whose reports are told apart: all tokens of one subject are one."""
    return Actor(kind="service", id=f"token {who.subject}")


def _handler(claimed: ClaimedCall) -> Actor:
    """Who ended the call, in the history: the handler, wherever it ran."""
    return Actor(kind="service", id=claimed.call.handler)
