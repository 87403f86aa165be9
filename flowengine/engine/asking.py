"""Commands on a job as a whole: always entries, words, messages, and items added to an each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flowengine.core import commands as c
from flowengine.core.advance import advance
from flowengine.core.machines import Compiled
from flowengine.core.values import Actor, Json
from flowengine.engine import access
from flowengine.engine.offers import is_for, offers
from flowengine.engine.people import StoreWorld, actor_of
from flowengine.engine.receipts import body_hash, replayed
from flowengine.engine.views import Receipt
from flowengine.errors import Ambiguous, BadAnswer, NotAllowed, NotFound, Refused
from flowengine.people import may_see
from flowengine.store import StoredJob, Transaction, shown

if TYPE_CHECKING:
    from flowengine.engine.shell import Shell

KINDS_OF_WORDS = ("note", "wish", "concern", "expectation", "question", "answer")

OUTSIDE = Actor(kind="service", id="outside")
"""Who sends a message when nobody is named."""

ANY_JOB = "the job that waits"
"""What the request key of a message is about that names no job."""

MOST_JOBS = 10_000
"""Open jobs that are looked through for the one that waits for a message."""


def invoke(shell: Shell, job: str, name: str, answer: dict[str, Json], by: str | Actor, key: str | None) -> Receipt:
    def permit(tx: Transaction, compiled: Compiled, stored: StoredJob, command: Any) -> None:
        if not access.sees(tx, stored, command.by):
            raise access.Hidden
        now, world = shell.clock.now(), StoreWorld(tx, stored.customer)
        if not is_for(compiled, stored.position, command.by, name, now, world):
            open_now = offers(compiled, stored.position, command.by, now, world)
            raise NotAllowed(
                f"{name!r} cannot be asked of this job by {command.by.id or command.by.kind}",
                where=f"job {shown(stored.id)}",
                possible=sorted({entry.name for entry in open_now}),
            )

    return shell.on_job(job, lambda actor: c.Invoke(by=actor, name=name, answer=answer), by, key, permit)


def say(shell: Shell, job: str, text: str, kind: str, by: str | Actor, key: str | None) -> Receipt:
    if kind not in KINDS_OF_WORDS:
        raise BadAnswer({"kind": f"{kind!r} is no kind of words"}, possible=KINDS_OF_WORDS)
    words: Any = kind
    return shell.on_job(job, lambda actor: c.Say(by=actor, text=text, kind=words), by, key, access.permit_seen)


def add(shell: Shell, job: str, state: str, items: tuple[Json, ...], by: str | Actor, key: str | None) -> Receipt:
    return shell.on_job(job, lambda actor: c.Add(by=actor, state=state, items=items), by, key, access.permit_parties)


def send(
    shell: Shell, name: str, key: str, body: Json, job: str | None, by: str | Actor | None, request_key: str | None
) -> Receipt:
    with shell.writing() as tx:
        actor = OUTSIDE if by is None else actor_of(tx, by)
        command = c.Deliver(by=actor, name=name, key=key, body=body)
        if job is not None:
            ref = access.job_ref(tx, job, actor)
            return shell.told(tx, ref, command, request_key, _permit_sender, ("job", job))
        if request_key is not None:
            before = replayed(tx, actor, request_key, body_hash(ANY_JOB, command))
            if before is not None:
                return before
        try:
            return shell.run(tx, _waiting_job(shell, tx, command), command, request_key, _permit_sender, ANY_JOB)
        except access.Hidden:
            raise _nobody_waits(command) from None
        except NotFound:
            before = replayed(tx, actor, request_key, body_hash(ANY_JOB, command)) if request_key is not None else None
            if before is None:
                raise
            return before  # an equal request was a moment earlier


def _permit_sender(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:  # noqa: ARG001
    """Messages come from outside, from staff and operators: a customer could pretend that one had come."""
    if command.by.kind == "customer":
        if not may_see(command.by, job.customer):
            raise access.Hidden
        raise NotAllowed(
            "a customer cannot deliver a message of the outside",
            where=command.by.id,
            possible=("say something about the job", "act on a step that waits for you"),
        )


def _waiting_job(shell: Shell, tx: Transaction, command: c.Deliver) -> str:
    """The one open job that would take the message, found by trying; it costs as much as there are open jobs of the
    processes that know the message, so name the job where they are many."""
    found: list[str] = []
    for row in _open_jobs(shell, tx, command.name):
        stored = tx.jobs.get(row)
        compiled = shell.catalogue.compiled(tx, stored.process, stored.version)
        world = StoreWorld(tx, stored.customer)
        try:
            advance(compiled, stored.position, command, shell.clock.now(), world)
        except Refused:
            continue
        found.append(row)
    if len(found) == 1:
        return found[0]
    if not found:
        raise _nobody_waits(command)
    raise Ambiguous(
        f"several jobs wait for {_which(command)}", where=command.name, possible=[shown(one) for one in found]
    )


def _which(command: c.Deliver) -> str:
    return f"the message {command.name!r}" + (f" with the key {command.key!r}" if command.key else "")


def _nobody_waits(command: c.Deliver) -> NotFound:
    return NotFound(f"no open job waits for {_which(command)}", where=command.name, possible=("name the job",))


def _open_jobs(shell: Shell, tx: Transaction, message: str) -> Iterator[str]:
    """The open jobs of the processes that know the message."""
    catalogue = shell.catalogue
    knowing = {
        row.name for row in tx.processes.all() if message in catalogue.compiled(tx, row.name, row.version).listeners
    }
    for process in sorted(knowing):
        after: str | None = None
        seen = 0
        while seen < MOST_JOBS:
            rows = list(tx.jobs.list(status="open", process=process, limit=500, after=after))
            yield from (row.id for row in rows)
            if len(rows) < 500:
                break
            seen, after = seen + len(rows), rows[-1].id
