"""What an attempt came to, and how it is written down: once, and only by whoever holds the claim (L10, L11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.plain import LONGEST_ANSWER
from flowengine.core.values import Actor, Json
from flowengine.errors import BadAnswer, FlowError, NotFound, StoreError
from flowengine.runtime.handler_threads import LONGEST_ERROR, describe
from flowengine.runtime.handlers import Later, Outcome
from flowengine.store import ClaimedCall, StoredJob, Transaction

AWAITED = "waits to be completed from outside"
"""The progress of a call whose handler has left it to somebody else."""

LONGEST_AWAITED = timedelta(days=3660)
"""How long a handler may leave a call to somebody else."""

POSTPONED = timedelta(minutes=10)
"""When a call is looked at again that cannot even be given up: its process cannot be read."""


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
    """The call has failed for good. ``stuck``: an operator must see to it, whatever the process says about failures."""

    error: str
    stuck: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """Nobody here can do it: it goes to the lane of its handler where an external worker serves that, else an operator
    must see to it."""

    error: str


Verdict = Done | Left | Again | Over | Missing


class Lost(Exception):
    """The claim is no longer held: late work changes nothing (L10)."""


def checked(result: Any) -> Json:
    """A result as plain JSON of its own. Raises BadAnswer when it is none, or larger than 256 KiB."""
    try:
        written = msgspec.json.encode(result)
        if len(written) <= LONGEST_ANSWER:
            plain: Json = msgspec.json.decode(written)
            return plain
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise BadAnswer({"result": f"is not JSON: {str(error)[:200]}"}, possible=("plain JSON",)) from None
    size = f"has {len(written) / 1024:.0f} KiB; at most {LONGEST_ANSWER // 1024} KiB are kept"
    raise BadAnswer({"result": size}, possible=("store it elsewhere, and return where it is",))


def verdict_of(given: Any) -> Done | Left:
    """What a handler returned, as a verdict. Raises BadAnswer for what cannot be kept."""
    if isinstance(given, Later):
        if not isinstance(given.within, timedelta) or not timedelta() < given.within <= LONGEST_AWAITED:
            raise BadAnswer({"within": f"{given.within!r} is no time to wait"}, possible=("a second to ten years",))
        return Left(given.within)
    if isinstance(given, Outcome):
        if not isinstance(given.name, str):
            raise BadAnswer({"outcome": f"{given.name!r} is no text"}, possible=("an outcome that the process routes",))
        return Done(given.name, checked(given.result))
    return Done("done", checked(given))


def settle(shell: Shell, claimed: ClaimedCall, verdict: Verdict) -> bool:
    """Write a verdict down, in one transaction with the check that the claim holds (L10). Whether the call has gone on.

    Raises Lost, and FlowError when the job cannot take a result: then nothing was written.
    """
    match verdict:
        case Done(outcome, result):
            finish = finish_of(claimed, outcome, result)
            _owned(shell, claimed, lambda tx, job: shell.write(tx, shell.compute(tx, job, finish, access.permit_all)))
            return True
        case Left(within):
            return _later(shell, claimed, within, "", progress=AWAITED)
        case Again(error, wait, alone):
            _later(shell, claimed, wait, error, alone=alone)
        case Over(error, stuck):
            _over(shell, claimed, error, stuck)
        case Missing(error):
            _elsewhere(shell, claimed, error)
    return False


def give_back(shell: Shell, claimed: ClaimedCall) -> None:
    """The worker stops: another may begin at once, and the attempt does not count."""

    def work(tx: Transaction) -> None:
        tx.calls.reschedule(claimed, shell.clock.now(), claimed.last_error, attempted=False)
        tx.wakes = True

    shell.keep(work)


def finish_of(claimed: ClaimedCall, outcome: str, result: Json) -> c.Finish:
    """The command that ends a call, in the name of its handler, wherever that ran."""
    return c.Finish(by=handler_of(claimed), call=claimed.number, outcome=outcome, result=result)


def give_up(
    shell: Shell, tx: Transaction, job: StoredJob, claimed: ClaimedCall, error: str, *, stuck: bool = False
) -> None:
    """The route ``failed`` where the process has one, else an incident; an incident too where that route cannot be
    taken. The job is locked. Raises what refuses even that."""
    command = c.Fail(by=handler_of(claimed), call=claimed.number, error=error, stuck=stuck)
    try:
        computed = shell.compute(tx, job, command, access.permit_all)
    except StoreError:
        raise
    except FlowError as refused:
        if stuck:
            raise
        words = f"{error}; and then: {describe(refused)}"[:LONGEST_ERROR]
        give_up(shell, tx, job, claimed, words, stuck=True)
    else:
        shell.write(tx, computed)


def handler_of(claimed: ClaimedCall) -> Actor:
    """Who ended a call, in the history: its handler, wherever it ran."""
    return Actor(kind="service", id=claimed.call.handler or "http")


def _later(
    shell: Shell, claimed: ClaimedCall, wait: timedelta, error: str, *, alone: bool = False, progress: str = ""
) -> bool:
    def work(tx: Transaction) -> bool:
        at = shell.clock.now() + wait
        return tx.calls.reschedule(claimed, at, error[:LONGEST_ERROR], alone=alone, progress=progress)

    if not shell.keep(work):
        raise Lost
    return True


def _owned(shell: Shell, claimed: ClaimedCall, end: Callable[[Transaction, StoredJob], object]) -> None:
    """End a call if the claim still holds, which is looked at under the job's lock (L10)."""

    def work(tx: Transaction) -> None:
        tx.calls.expect_owned(claimed.job, claimed.number, claimed.epoch)
        try:
            job = tx.jobs.lock(claimed.job)
        except NotFound:
            raise Lost from None  # the job is gone
        if not tx.calls.owned(claimed.job, claimed.number, claimed.epoch):
            raise Lost
        tx.trace = claimed.trace or tx.trace  # what is called next stays in the trace of the act that led to it
        end(tx, job)

    shell.keep(work)


def _over(shell: Shell, claimed: ClaimedCall, error: str, stuck: bool) -> None:
    """It has failed for good; where not even an incident can be written, it is looked at again later."""
    try:
        _owned(shell, claimed, lambda tx, job: give_up(shell, tx, job, claimed, error, stuck=stuck))
    except StoreError:
        raise
    except FlowError as refused:
        _later(shell, claimed, POSTPONED, f"{error}; and then: {describe(refused)}")


def _elsewhere(shell: Shell, claimed: ClaimedCall, error: str) -> None:
    """To the handler's lane where an external worker serves it: the call was opened before its token was."""

    def moved(tx: Transaction) -> bool:
        now = shell.clock.now()
        if claimed.call.handler not in shell.calling(tx, now).external:
            return False
        if not tx.calls.reschedule(claimed, now, claimed.last_error, attempted=False, lane=claimed.call.handler):
            raise Lost
        return True

    if not shell.keep(moved):
        _over(shell, claimed, error, stuck=True)
