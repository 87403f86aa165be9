"""External workers: handlers in any language, run wherever they like, which claim their calls over HTTP.

They live by the same rules as handlers in Python: a claim counts the attempt and holds for a lease, which heartbeats
prolong for as long as the state's ``limit`` allows; whoever lost his lease changes nothing (L10); each report takes
effect once, and its repetition is answered alike (L3). A call that is not for a token is answered as one that is not
there (L4).
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flowengine import exact
from flowengine.commands import access
from flowengine.commands.receipts import body_hash
from flowengine.commands.shell import Shell, not_joined
from flowengine.commands.tokens import token_of
from flowengine.core import commands as c
from flowengine.core.fields import as_plain
from flowengine.core.values import Actor, Json
from flowengine.errors import BadAnswer, BadToken, KeyConflict, NotFound, StaleCommand
from flowengine.people.identities import actor_key
from flowengine.runtime.handler_threads import LONGEST_ERROR, describe
from flowengine.runtime.lanes import SCOPE
from flowengine.store import ClaimedCall, Transaction
from flowengine.store.codec import micros, moment
from flowengine.store.receipts import FORGOTTEN
from flowengine.views.replies import View
from flowengine.views.tokens import TokenView
from flowengine.work import services
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
    end,
    policy_of,
)

LONGEST_LEASE = services.LONGEST_FOREIGN_LEASE
MOST_CALLS = 100
LONGEST_NAME = 100
_LEASE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})-([A-Za-z0-9_-]{22})", re.ASCII)
_CALL = re.compile(rf"({access.JOB_ID})\.([0-9]{{1,12}})", re.ASCII)
_SHOWN = 100


class ExternalCall(View, frozen=True, kw_only=True):
    """One attempt of one call, for an external worker: what a handler in Python is given, and its lease.

    ``key`` is the same at each attempt. The lease holds until ``lease_until``, and cannot be prolonged beyond
    ``deadline``. ``token`` completes the call from outside; ``traceparent`` is the W3C trace, or empty.
    """

    id: str
    key: str
    lease: str
    lease_until: datetime
    deadline: datetime
    job: str
    process: str
    state: str
    handler: str
    attempt: int
    undo: bool
    token: str
    traceparent: str
    input: Json = None
    customer: dict[str, Any]

    def __repr__(self) -> str:
        return f"ExternalCall(id={self.id!r}, attempt={self.attempt})"


class Prolonged(View, frozen=True, kw_only=True):
    """Until when a lease holds now. ``cut_off``: the job has gone on without the call, and waits only to undo it. Stop
    if you can, and report how far it came all the same."""

    lease_until: datetime
    cut_off: bool = False


class Settled(View, frozen=True, kw_only=True):
    """What a report came to. ``status`` is ``done``, ``again`` (it is tried again at ``next``), ``failed`` (the process
    goes on by its route for failures), ``incident`` (it waits for an operator) or ``left`` (somebody else completes it,
    or it is tried again at ``next``). ``error`` says why."""

    status: str
    error: str = ""
    next: datetime | None = None


_SETTLED = exact.decoder(Settled, trusted=True)


# leases


class Lease(NamedTuple):
    """The right to report on one attempt of one call: which one, of which epoch, since when, and by whom.

    It is handed out as a text that only the claim gives out, sealed with the database's secret: so whoever shows one
    did claim the call, and can be told that it is lost. It is good for every token of the same subject, so that tokens
    can be replaced while work goes on.
    """

    id: str
    job: str
    number: int
    epoch: int
    began: datetime
    subject: str


def _written(shell: Shell, lease: Lease) -> str:
    """The lease as its holder shows it."""
    return f"{lease.epoch}-{micros(lease.began)}-{_seal(shell, lease)}"


def _seal(shell: Shell, lease: Lease) -> str:
    """128 bits, which only who knows the database's secret can make."""
    words = f"lease {lease.id} {lease.epoch} {micros(lease.began)} {lease.subject}"
    mac = hmac.digest(shell.secret.made(shell), words.encode(), "sha256")
    return urlsafe_b64encode(mac[:16]).decode().rstrip("=")


def _read(shell: Shell, who: TokenView, id: str, text: str) -> Lease:
    """The lease of a call that was given to the token's subject. Raises NotFound for any other (L4)."""
    call, parts = _CALL.fullmatch(id), _LEASE.fullmatch(text)
    if call is None or parts is None:
        raise access.no_such("call", id[:_SHOWN])
    lease = Lease(id, call[1], int(call[2]), int(parts[1]), _moment(int(parts[2])), who.subject)
    if not hmac.compare_digest(_seal(shell, lease), parts[3]):
        raise access.no_such("call", id)
    return lease


def _moment(microseconds: int) -> datetime:
    try:
        return moment(microseconds)
    except OverflowError:
        return moment(0)  # such a lease was never written: its seal is wrong


def _held(tx: Transaction, who: TokenView, mine: Lease) -> ClaimedCall:
    """The call, while the lease is the last that was given out and nothing was reported under it (L10)."""
    claimed = tx.calls.get(mine.job, mine.number)
    if claimed is None or claimed.epoch != mine.epoch or not claimed.worker or claimed.call.incident:
        raise _lost(mine)
    if claimed.call.handler not in who.handlers:
        raise access.no_such("call", mine.id)
    return claimed


def _lost(mine: Lease, why: str = "the call is over, or another has it by now") -> StaleCommand:
    """What late work is answered: it changes nothing (L10)."""
    return StaleCommand(
        f"the lease is lost: {why}", where=mine.id, possible=("drop the work: whatever comes of it changes nothing",)
    )


def lane_of(shell: Shell, handler: str) -> str | None:
    """The lane of a handler that external workers serve, else None."""
    with shell.reading() as tx:
        return handler if handler in shell.external.of(tx, shell.clock.now()) else None


# claiming


def claim(shell: Shell, who: TokenView, worker: str, most: int, seconds: float) -> list[ExternalCall]:
    """Take up to ``most`` calls of the handlers that the token serves, earliest first, for so many seconds.

    Raises BadAnswer, and BadToken once the token is no longer valid. An idle look writes nothing.
    """
    not_joined(shell)
    _check_claim(worker, most, seconds)
    lanes = _ready(shell, who)
    if not lanes:
        return []
    shell.secret.made(shell)
    lease = timedelta(seconds=seconds)

    def take(tx: Transaction) -> list[ExternalCall | services.Held]:
        now = shell.clock.now()
        claimed: list[ClaimedCall] = []
        for lane in lanes:
            if len(claimed) < most:
                name = f"{who.subject}/{worker}"
                claimed += tx.calls.claim(name, most - len(claimed), now + lease, now, lane)
        return [_given(shell, tx, who, services.hold(shell, tx, call), now, lease) for call in claimed]

    found = shell.keep(take)
    for one in found:  # under the job's lock, so in transactions of their own
        if isinstance(one, services.Held) and (verdict := services.not_run(one)) is not None:
            services.conclude(shell, one, verdict)
    return [one for one in found if isinstance(one, ExternalCall)]


def _check_claim(worker: str, most: int, seconds: float) -> None:
    _check_seconds(seconds)
    if not 0 < len(worker) <= LONGEST_NAME or not worker.isprintable():
        raise BadAnswer({"worker": f"must be 1 to {LONGEST_NAME} printable characters"}, possible=("saw-1",))
    if not 1 <= most <= MOST_CALLS:
        raise BadAnswer({"max": f"{most} is not between 1 and {MOST_CALLS}"}, possible=(f"1 to {MOST_CALLS}",))


def _check_seconds(seconds: float) -> None:
    longest = LONGEST_LEASE.total_seconds()
    if not 1 <= seconds <= longest:
        raise BadAnswer({"seconds": f"{seconds} is not between 1 and {longest:.0f}"}, possible=(f"1 to {longest:.0f}",))


def _ready(shell: Shell, who: TokenView) -> list[str]:
    """The lanes of the token in which there is something to do, the one that has waited longest first."""
    now = shell.clock.now()
    with shell.reading() as tx:
        current = token_of(tx, who.id, now)
        if current is None or current.scope != SCOPE:
            raise BadToken("the token is not valid any more", possible=("a new token: flow token create",))
        first = {lane: tx.calls.ready(now, 1, lane) for lane in current.handlers}
    due = {lane: calls[0].next_at or now for lane, calls in first.items() if calls}
    return sorted(due, key=due.__getitem__)


def _given(
    shell: Shell, tx: Transaction, who: TokenView, held: services.Held, now: datetime, lease_for: timedelta
) -> ExternalCall | services.Held:
    """What is handed out of a call that was claimed; the call itself where it cannot be run."""
    claimed, call, policy = held.claimed, held.call, held.policy
    if call is None or policy is None or services.not_run(held) is not None:
        return held
    deadline = now + timedelta(seconds=policy.limit.seconds)
    until = min(now + lease_for, deadline)
    if until == deadline:  # the claim did not know the state's limit
        tx.calls.prolong(claimed.job, claimed.number, claimed.epoch, until)
    return ExternalCall(
        id=call.key,
        key=call.key,
        lease=_written(shell, Lease(call.key, claimed.job, claimed.number, claimed.epoch, now, who.subject)),
        lease_until=until,
        deadline=deadline,
        job=call.job,
        process=call.process,
        state=call.state,
        handler=call.handler,
        attempt=call.attempt,
        undo=call.undo,
        token=call.token,
        traceparent=call.trace,
        input=call.input,
        customer=dict(call.customer),
    )


# while it runs


def heartbeat(
    shell: Shell, who: TokenView, id: str, lease: str, seconds: float = 30.0, progress: str = ""
) -> Prolonged:
    """Prolong a lease to so many seconds from now, at most to the call's deadline; ``progress`` is for operators.

    Raises NotFound, BadAnswer, and StaleCommand when the lease is lost or the deadline is over.
    """
    _check_seconds(seconds)
    if len(progress) > services.LONGEST_PROGRESS:
        raise BadAnswer({"progress": f"has {len(progress)} characters; at most {services.LONGEST_PROGRESS} are kept"})
    mine = _read(shell, who, id, lease)

    def work(tx: Transaction) -> Prolonged:
        now = shell.clock.now()
        tx.calls.owned(mine.job, mine.number, mine.epoch)  # from here on the row stays as it is
        claimed = _held(tx, who, mine)
        policy = policy_of(shell, tx, tx.jobs.get(claimed.job), claimed.call)
        deadline = mine.began + timedelta(seconds=policy.limit.seconds)
        if deadline <= now:
            raise _lost(mine, "it took longer than its limit")
        until = min(now + timedelta(seconds=seconds), deadline)
        kept = tx.calls.prolong(mine.job, mine.number, mine.epoch, until)
        if progress:
            tx.calls.tell(claimed, progress)
        return Prolonged(lease_until=until, cut_off=kept == "cut off")

    return shell.keep(work)


# what came of it


def finish(shell: Shell, who: TokenView, id: str, lease: str, outcome: str = "done", result: Json = None) -> Settled:
    """The call has ended with an outcome and a result.

    A result that the process cannot take (it breaks the state's fields, it has more than 256 KiB) makes this a failed
    attempt. Raises NotFound, KeyConflict when something else was reported under this lease, and StaleCommand when it is
    lost: then nothing has changed.
    """
    mine = _read(shell, who, id, lease)
    asked = c.Finish(by=_subject(who), call=mine.number, outcome=outcome, result=result)

    def judge(policy: Policy, claimed: ClaimedCall) -> Verdict:
        try:
            return Done(outcome, as_plain(result, name="result"))
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
    mine = _read(shell, who, id, lease)
    words = error[:LONGEST_ERROR]
    asked = c.Fail(by=_subject(who), call=mine.number, error=error, stuck=give_up)
    more = None if retry_after is None else timedelta(seconds=retry_after)

    def judge(policy: Policy, claimed: ClaimedCall) -> Verdict:
        return Over(words, certain=True) if give_up else policy.after(claimed, words, shell.random, more)

    return _report(shell, who, mine, asked, f"{retry_after}", judge)


def leave(shell: Shell, who: TokenView, id: str, lease: str, within: float) -> Settled:
    """Somebody else completes the call by its own token, ``within`` so many seconds; if nobody does, this attempt has
    failed. Raises as :func:`finish` does, and BadAnswer."""
    longest = LONGEST_AWAITED.total_seconds()
    if not 1 <= within <= longest:
        raise BadAnswer({"within": f"{within} is not between 1 and {longest:.0f} seconds"})
    mine = _read(shell, who, id, lease)
    asked = c.Finish(by=_subject(who), call=mine.number)

    left = Left(timedelta(seconds=within))
    return _report(shell, who, mine, asked, f"left {within}", lambda *_: left)


def _report(
    shell: Shell,
    who: TokenView,
    mine: Lease,
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
            raise _lost(mine) from None
        before = tx.receipts.find(actor, key)
        if before is not None:
            return _replayed(before, body, mine)
        claimed = _held(tx, who, mine)
        policy = policy_of(shell, tx, job, claimed.call)
        settled = _told(end(shell, tx, job, claimed, judge(policy, claimed), policy))
        tx.receipts.add(actor, key, mine.job, body, exact.encode(settled), shell.clock.now())
        return settled

    return shell.keep(whole)


def _replayed(before: tuple[str, bytes], body: str, mine: Lease) -> Settled:
    if before[0] not in (body, FORGOTTEN):
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
