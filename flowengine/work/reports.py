"""What external workers report of the calls they claimed: each report takes effect once, and late ones change nothing.

The same report under the same lease is answered alike (L3); one that is lost is told so (L10).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from flowengine.commands.receipts import body_hash
from flowengine.commands.shell import Shell
from flowengine.commands.tokens import TokenView
from flowengine.core import commands as c
from flowengine.core.values import Actor, Json
from flowengine.errors import BadAnswer, KeyConflict, NotFound
from flowengine.people import actor_key
from flowengine.runtime.handler_threads import LONGEST_ERROR, describe
from flowengine.store import ClaimedCall, Transaction
from flowengine.views.replies import View
from flowengine.work import leases
from flowengine.work.ending import (
    LONGEST_AWAITED,
    LONGEST_WAIT,
    Again,
    Done,
    Ended,
    Left,
    Over,
    Policy,
    Verdict,
    checked,
    end,
    policy_of,
)


class Settled(View, frozen=True, kw_only=True):
    """What a report came to. ``status`` is ``done``, ``again`` (it is tried again at ``next``), ``failed`` (the process
    goes on by its route for failures), ``incident`` (it waits for an operator) or ``left`` (somebody else completes it,
    or it is tried again at ``next``). ``error`` says why."""

    status: str
    error: str = ""
    next: datetime | None = None


_SETTLED = msgspec.json.Decoder(Settled)


def finish(shell: Shell, who: TokenView, id: str, lease: str, outcome: str = "done", result: Json = None) -> Settled:
    """The call has ended with an outcome and a result.

    A result that the process cannot take (it breaks the state's fields, it has more than 256 KiB) makes this a failed
    attempt. Raises NotFound, KeyConflict when something else was reported under this lease, and StaleCommand when it is
    lost: then nothing has changed.
    """
    mine = leases.read(shell, who, id, lease)
    asked = c.Finish(by=_subject(who), call=mine.number, outcome=outcome, result=result)

    def judge(policy: Policy, claimed: ClaimedCall) -> Verdict:
        try:
            return Done(outcome, checked(result))
        except BadAnswer as refused:
            return policy.after(claimed, describe(refused), shell.random)

    return _report(shell, who, mine, asked, "", judge)


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
    longest = LONGEST_WAIT.total_seconds()
    if retry_after is not None and not 0 <= retry_after <= longest:
        raise BadAnswer({"retry_after": f"{retry_after} is not between 0 and {longest:.0f} seconds"})
    mine = leases.read(shell, who, id, lease)
    words = error[:LONGEST_ERROR]
    asked = c.Fail(by=_subject(who), call=mine.number, error=error, stuck=give_up)
    more = None if retry_after is None else timedelta(seconds=retry_after)

    def judge(policy: Policy, claimed: ClaimedCall) -> Verdict:
        return Over(words) if give_up else policy.after(claimed, words, shell.random, more)

    return _report(shell, who, mine, asked, f"{retry_after}", judge)


def leave(shell: Shell, who: TokenView, id: str, lease: str, within: float) -> Settled:
    """Somebody else completes the call by its own token, ``within`` so many seconds; if nobody does, this attempt has
    failed. Raises as :func:`finish` does, and BadAnswer."""
    longest = LONGEST_AWAITED.total_seconds()
    if not 1 <= within <= longest:
        raise BadAnswer({"within": f"{within} is not between 1 and {longest:.0f} seconds"})
    mine = leases.read(shell, who, id, lease)
    asked = c.Finish(by=_subject(who), call=mine.number)

    left = Left(timedelta(seconds=within))
    return _report(shell, who, mine, asked, f"left {within}", lambda *_: left)


def _report(
    shell: Shell,
    who: TokenView,
    mine: leases.Lease,
    asked: c.Finish | c.Fail,
    more: str,
    judge: Callable[[Policy, ClaimedCall], Verdict],
) -> Settled:
    """Write down what ``judge`` says, once for this lease, under the job's lock, and keep what came of it (L3, L10)."""
    actor, key = actor_key(asked.by), f"lease:{mine.id}:{mine.epoch}"
    body = body_hash(f"{mine.id} {more}", asked)

    def whole(tx: Transaction) -> Settled:
        try:
            job = tx.jobs.lock(mine.job)
        except NotFound:
            raise leases.lost(mine) from None
        before = tx.receipts.find(actor, key)
        if before is not None:
            return _replayed(before, body, mine)
        claimed = leases.held(tx, who, mine)
        policy = policy_of(shell, tx, job, claimed.call)
        settled = _told(end(shell, tx, job, claimed, judge(policy, claimed), policy))
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


def _told(ended: Ended) -> Settled:
    match ended.verdict:
        case Done() | Over() if ended.incident:  # also after an outcome that leads nowhere
            return Settled(status="incident", error=ended.incident)
        case Done():
            return Settled(status="done")
        case Over():
            return Settled(status="failed")
        case Left():
            return Settled(status="left", next=ended.next)
        case Again(error):
            return Settled(status="again", error=error, next=ended.next)
    raise AssertionError(f"nobody reports {ended.verdict}")


def _subject(who: TokenView) -> Actor:
    """Whose reports are told apart: all tokens of one subject are one."""
    return Actor(kind="service", id=f"token {who.subject}")
