"""External workers: handlers in any language, run wherever they like, which claim their calls over HTTP.

They live by the same rules as handlers in Python: a claim counts the attempt and holds for a lease, which heartbeats
prolong for as long as the state's ``limit`` allows; whoever lost his lease changes nothing (L10); each report takes
effect once, and its repetition is answered alike (L3). A call that is not for a token is answered as one that is not
there (L4).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flowengine.commands.shell import Shell, not_joined
from flowengine.commands.tokens import TokenView, token_of
from flowengine.core.values import Json
from flowengine.errors import BadAnswer, BadToken
from flowengine.runtime.lanes import SCOPE
from flowengine.store import ClaimedCall, Transaction
from flowengine.views.replies import View
from flowengine.work import leases, services
from flowengine.work.ending import policy_of

LONGEST_LEASE = services.LONGEST_FOREIGN_LEASE
MOST_CALLS = 100
LONGEST_NAME = 100


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
    """Until when a lease holds now."""

    lease_until: datetime


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
        lease=leases.written(
            shell, leases.Lease(call.key, claimed.job, claimed.number, claimed.epoch, now, who.subject)
        ),
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
    mine = leases.read(shell, who, id, lease)

    def work(tx: Transaction) -> Prolonged:
        now = shell.clock.now()
        tx.calls.owned(mine.job, mine.number, mine.epoch)  # from here on the row stays as it is
        claimed = leases.held(tx, who, mine)
        policy = policy_of(shell, tx, tx.jobs.get(claimed.job), claimed.call)
        deadline = mine.began + timedelta(seconds=policy.limit.seconds)
        if deadline <= now:
            raise leases.lost(mine, "it took longer than its limit")
        until = min(now + timedelta(seconds=seconds), deadline)
        tx.calls.prolong(mine.job, mine.number, mine.epoch, until)
        if progress:
            tx.calls.tell(claimed, progress)
        return Prolonged(lease_until=until)

    return shell.keep(work)
