"""External workers: handlers in any language, run wherever they like, which claim their calls over HTTP.

They live by the same rules as handlers in Python: a claim counts the attempt and holds for a lease, which heartbeats
prolong for as long as the state's ``limit`` allows; whoever lost his lease changes nothing (L10); each report takes
effect once, and its repetition is answered alike (L3). A call that is not for a token is answered as one that is not
there (L4).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flowengine.commands.shell import Shell, not_joined
from flowengine.commands.tokens import TokenView, token_of
from flowengine.core.values import Json
from flowengine.errors import BadAnswer, BadToken, FlowError, StoreError
from flowengine.runtime.actors import customer_of
from flowengine.runtime.handler_threads import describe
from flowengine.runtime.lanes import SCOPE
from flowengine.store import ClaimedCall, Transaction
from flowengine.views.replies import View
from flowengine.work import completing, leases, services
from flowengine.work.ending import POSTPONED, Again, policy_of

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


class _Unusable(NamedTuple):
    """A call that was claimed and cannot be given to anybody: its attempts were used up before, or there is trouble."""

    claimed: ClaimedCall
    trouble: str = ""

    def settle(self, shell: Shell) -> None:
        if not self.trouble:
            services.spent(shell, self.claimed)
        else:
            services.conclude(shell, services.Held(self.claimed, None, self.trouble), Again(self.trouble, POSTPONED))


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

    def take(tx: Transaction) -> list[ExternalCall | _Unusable]:
        now = shell.clock.now()
        claimed: list[ClaimedCall] = []
        for lane in lanes:
            if len(claimed) < most:
                name = f"{who.subject}/{worker}"
                claimed += tx.calls.claim(name, most - len(claimed), now + lease, now, lane)
        return [_given(shell, tx, who, call, now, lease) for call in claimed]

    found = shell.keep(take)
    for one in found:  # under the job's lock, so in transactions of their own
        if isinstance(one, _Unusable):
            one.settle(shell)
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
    shell: Shell, tx: Transaction, who: TokenView, claimed: ClaimedCall, now: datetime, lease_for: timedelta
) -> ExternalCall | _Unusable:
    try:
        policy = policy_of(shell, tx, claimed, claimed.call)
    except StoreError:
        raise
    except (FlowError, KeyError, AssertionError) as error:
        return _Unusable(claimed, describe(error))  # one job that cannot be read must not stop the others
    if claimed.attempts > policy.retry.attempts:
        return _Unusable(claimed)
    deadline = now + timedelta(seconds=policy.limit.seconds)
    until = min(now + lease_for, deadline)
    if until == deadline:  # the claim did not know the state's limit
        tx.calls.prolong(claimed.job, claimed.number, claimed.epoch, until)
    id = f"{claimed.job}.{claimed.number}"
    lease = leases.Lease(id, claimed.job, claimed.number, claimed.epoch, now, who.subject)
    return ExternalCall(
        id=id,
        key=id,
        lease=leases.written(shell, lease),
        lease_until=until,
        deadline=deadline,
        job=claimed.job,
        process=claimed.process,
        state=claimed.call.state,
        handler=claimed.call.handler,
        attempt=claimed.attempts,
        undo=claimed.call.undo,
        token=completing.token(shell, claimed.job, claimed.number),
        traceparent=claimed.trace,
        input=claimed.call.input,
        customer=customer_of(claimed.customer, claimed.person),
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
