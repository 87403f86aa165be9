"""How a call ends: whichever way its attempt went and whoever says so, it is written down here, once, under the job's
lock, and only for whoever holds the claim (L10, L11).

| who ends it | shows | what the job refuses |
|-|-|-|
| a worker of ours (:func:`settle`, :func:`settle_together`) | the epoch of its claim | is a failed attempt |
| an external worker (:mod:`~flowengine.work.external`) | its lease | is a failed attempt |
| whoever was left the call (:mod:`~flowengine.work.completing`) | the call's token | is raised |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from flowengine.backoff import Backoff
from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.fields import as_plain
from flowengine.core.values import Actor, Json, ServiceCall
from flowengine.errors import BadAnswer, FlowError, NotFound, StoreError
from flowengine.language.durations import Duration
from flowengine.language.parts import Retry
from flowengine.language.types import Service
from flowengine.runtime.handler_threads import LONGEST_ERROR, describe
from flowengine.runtime.handlers import Later, Outcome
from flowengine.store import AWAITED, ClaimedCall, StoredJob, Transaction
from flowengine.views.replies import Receipt
from flowengine.work.together import Wanted, keep_together

LONGEST_AWAITED = timedelta(days=3660)
"""How long a handler may leave a call to somebody else."""

LONGEST_WAIT = timedelta(days=1)
"""The longest that a handler may ask to be left alone (TryLater)."""

POSTPONED = timedelta(minutes=10)
"""When a call is looked at again that cannot even be given up: its process cannot be read."""

CHANCE = 0.25
"""The part of a wait between attempts that is left to chance."""


@dataclass(frozen=True, slots=True)
class Done:
    """The handler has ended the service with an outcome."""

    outcome: str
    result: Json


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody else will complete the call; if not ``within`` that time, the attempt has failed."""

    within: timedelta


@dataclass(frozen=True, slots=True)
class Again:
    """The attempt failed. It is tried again after ``wait``; ``alone`` in a process of its own from now on."""

    error: str
    wait: timedelta
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Over:
    """The call has failed for good. ``stuck``: an operator must see to it, whatever the process says about failures.
    ``certain``: whoever had it says so himself, so it has had no effect."""

    error: str
    stuck: bool = False
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """Nobody here can do it: it goes to the lane of its handler where an external worker serves that, else an operator
    must see to it."""

    error: str


@dataclass(frozen=True, slots=True)
class Back:
    """The handler was not run: another may begin at once, and the attempt does not count. ``lane``: among those who
    serve it."""

    lane: str | None = None


Verdict = Done | Left | Again | Over | Missing | Back


class Ended(NamedTuple):
    """What was written down: the verdict, or what came in the place of one that the job refused. ``next`` is when the
    call is looked at again, ``incident`` why it waits for an operator."""

    verdict: Verdict
    next: datetime | None = None
    receipt: Receipt | None = None
    incident: str = ""


class Lost(Exception):
    """The claim is no longer held: late work changes nothing (L10)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a call is tried: the process's ``retry`` and ``limit``."""

    retry: Retry
    limit: Duration

    def next(self, attempts: int, random: Random | None = None, more: timedelta | None = None) -> timedelta | None:
        """How long to wait after that many attempts, or None to give up. Who asked for ``more`` time is left alone for
        it, but for a day at most."""
        if attempts >= self.retry.attempts:
            return None
        first, longest = (timedelta(seconds=one.seconds) for one in (self.retry.first, self.retry.longest))
        wait = Backoff(first, longest, self.retry.factor, CHANCE).wait(attempts, random)
        return wait if more is None else max(wait, min(more, LONGEST_WAIT))

    def after(
        self, claimed: ClaimedCall, error: str, random: Random, more: timedelta | None = None, *, alone: bool = False
    ) -> Again | Over:
        """What a failed attempt comes to."""
        wait = self.next(claimed.attempts, random, more)
        return Over(error) if wait is None else Again(error, wait, alone)


def policy_of(shell: Shell, tx: Transaction, whose: StoredJob | ClaimedCall, call: ServiceCall) -> Policy:
    """How a call is tried: by a service state, or by a service that is a member of a race. A job says of which process
    it is, and so does a call that was just claimed."""
    compiled = shell.catalogue.compiled(tx, whose.process, whose.version)
    state = compiled.states[call.state].member(call.member)
    assert isinstance(state, Service), f"{call.state} is not a service"
    return Policy(state.retry, state.limit)


def verdict_of(given: Any) -> Done | Left:
    """What a handler returned, as a verdict. Raises BadAnswer for what cannot be kept."""
    if isinstance(given, Later):
        if not isinstance(given.within, timedelta) or not timedelta() < given.within <= LONGEST_AWAITED:
            raise BadAnswer({"within": f"{given.within!r} is no time to wait"}, possible=("a second to ten years",))
        return Left(given.within)
    if isinstance(given, Outcome):
        if not isinstance(given.name, str):
            raise BadAnswer({"outcome": f"{given.name!r} is no text"}, possible=("an outcome that the process routes",))
        return Done(given.name, as_plain(given.result, name="result"))
    return Done("done", as_plain(given, name="result"))


def end(
    shell: Shell,
    tx: Transaction,
    job: StoredJob,
    claimed: ClaimedCall,
    verdict: Verdict,
    policy: Policy | None = None,
    *,
    strict: bool = False,
) -> Ended:
    """Write a verdict down. The job is locked, and whoever calls has looked whether the claim holds (L10).

    A call that failed for good takes the route ``failed`` where the process has one, else it is an incident; that too
    where this route cannot be taken; and where not even an incident can be written, it is looked at again later. A
    result that the job refuses is a failed attempt by its ``policy``. With ``strict`` what is refused is raised, and
    nothing is written. Raises Lost for a call that was given up meanwhile.

    A call that was cut off is not tried again: however its attempt ends, that is its end (L14).
    """
    now = shell.clock.now()
    if job.position.head.is_cut_off(claimed.number):
        match verdict:
            case Back():
                return Ended(verdict)  # it may have begun all the same: its time decides
            case Left(within):
                tx.calls.prolong(claimed.job, claimed.number, claimed.epoch, now + within)
                return Ended(verdict, now + within)
            case Again(error) | Missing(error):
                verdict = Over(error)
        if claimed.alone and isinstance(verdict, Over) and not verdict.certain:
            return Ended(verdict)  # an attempt before it was lost, and may be at work still: its time decides
    if isinstance(verdict, Missing):  # an external worker may serve it by now: the call was opened before its token was
        served = claimed.call.handler in shell.calling(tx, now).external
        verdict = Back(lane=claimed.call.handler) if served else Over(verdict.error, stuck=True)
    match verdict:
        case Done() | Over():
            try:
                computed = shell.compute(tx, job, _in_its_name(claimed, verdict), access.permit_all)
            except StoreError:
                raise
            except FlowError as refused:
                if strict:
                    raise
                return end(shell, tx, job, claimed, _instead(shell, claimed, verdict, policy, refused), policy)
            receipt = shell.write(tx, computed)
            left = computed.done.effects.calls.get(claimed.number)
            return Ended(verdict, receipt=receipt, incident=left.incident if left else "")
        case Left(within):
            at = now + within
            kept = tx.calls.reschedule(claimed, at, progress=AWAITED)
        case Again(error, wait, alone):
            at = now + wait
            kept = tx.calls.reschedule(claimed, at, error[:LONGEST_ERROR], alone=alone)
        case Back(lane):
            at = now
            kept = tx.calls.reschedule(claimed, at, claimed.last_error, attempted=False, lane=lane)
            tx.wakes = True
    if not kept:
        raise Lost
    return Ended(verdict, at)


def _instead(
    shell: Shell, claimed: ClaimedCall, verdict: Verdict, policy: Policy | None, refused: FlowError
) -> Verdict:
    """What is written down in the place of a verdict that the job refused. Raises what cannot be helped."""
    match verdict:
        case Done() if policy is not None:
            return policy.after(claimed, describe(refused), shell.random)
        case Over(error, stuck):
            words = f"{error}; and then: {describe(refused)}"[:LONGEST_ERROR]
            return Again(words, POSTPONED) if stuck else Over(words, stuck=True)
    raise refused


def command_of(call: int, verdict: Done | Over, by: Actor) -> c.Finish | c.Fail:
    """The command that ends a call of a job."""
    if isinstance(verdict, Done):
        return c.Finish(by=by, call=call, outcome=verdict.outcome, result=verdict.result)
    return c.Fail(by=by, call=call, error=verdict.error, stuck=verdict.stuck, certain=verdict.certain)


def _in_its_name(claimed: ClaimedCall, verdict: Done | Over) -> c.Finish | c.Fail:
    """That command as it stands in the history: in the name of the handler, wherever that ran."""
    return command_of(claimed.number, verdict, Actor(kind="service", id=claimed.call.handler or "http"))


def settle(shell: Shell, claimed: ClaimedCall, verdict: Verdict, policy: Policy | None = None) -> bool:
    """Write a verdict down for a worker of ours, in one transaction with the check that its claim holds (L10). Whether
    the call has gone on. Raises Lost, and StoreError when it could not be kept."""

    def work(tx: Transaction) -> Ended:
        tx.calls.expect_owned(claimed.job, claimed.number, claimed.epoch)
        try:
            job = tx.jobs.lock(claimed.job)
        except NotFound:
            raise Lost from None  # the job is gone
        if not tx.calls.owned(claimed.job, claimed.number, claimed.epoch):
            raise Lost
        tx.trace = claimed.trace or tx.trace  # what is called next stays in the trace of the act that led to it
        return end(shell, tx, job, claimed, verdict, policy)

    while True:
        try:
            return isinstance(shell.keep(work).verdict, Done | Left)
        except StoreError:
            raise
        except FlowError as refused:  # as it was to be written, which has taken all of it back
            verdict = _instead(shell, claimed, verdict, policy, refused)


def settle_together(shell: Shell, ended: Sequence[tuple[ClaimedCall, Done]]) -> list[bool]:
    """Write down how these calls have ended, all that can be in one transaction; which of them were kept. The others
    are settled one by one (:func:`settle`). Raises StoreError when the database kept none."""

    def held(tx: Transaction) -> Iterator[Wanted]:
        jobs = tx.jobs.lock_held([(claimed.job, claimed.number, claimed.epoch) for claimed, _ in ended])
        for (claimed, done), job in zip(ended, jobs, strict=True):
            yield Wanted(job, _in_its_name(claimed, done), claimed.trace)

    return keep_together(shell, held)
