"""Commands on a job as a whole: always entries, words, messages, and items added to an each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowengine.commands import access
from flowengine.commands.receipts import body_hash, replayed
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.advance import advance
from flowengine.core.machines import Compiled, keeps
from flowengine.core.values import Actor, Json
from flowengine.errors import Ambiguous, BadAnswer, NotFound, Refused, StaleCommand
from flowengine.runtime.actors import StoreWorld, actor_of
from flowengine.store import Transaction, shown
from flowengine.views.replies import Receipt

KINDS_OF_WORDS = ("note", "wish", "concern", "expectation", "question", "answer")

OUTSIDE = Actor(kind="service", id="outside")
"""Who sends a message when nobody is named."""

ANY_JOB = "the job that waits"
"""What the request key of a message is about that names no job."""

_PAGE = 500


def invoke(shell: Shell, job: str, name: str, answer: dict[str, Json], by: str | Actor, key: str | None) -> Receipt:
    permit = access.permit_always(name, shell.clock.now)
    return shell.on_job(job, lambda actor: c.Invoke(by=actor, name=name, answer=answer), by, key, permit)


def say(shell: Shell, job: str, text: str, kind: str, by: str | Actor, key: str | None) -> Receipt:
    if kind not in KINDS_OF_WORDS:
        raise BadAnswer({"kind": f"{kind!r} is no kind of words"}, possible=KINDS_OF_WORDS)
    words: Any = kind
    return shell.on_job(job, lambda actor: c.Say(by=actor, text=text, kind=words), by, key, access.permit_say)


def add(shell: Shell, job: str, state: str, items: tuple[Json, ...], by: str | Actor, key: str | None) -> Receipt:
    return shell.on_job(job, lambda actor: c.Add(by=actor, state=state, items=items), by, key, access.permit_add)


def send(
    shell: Shell, name: str, key: str, body: Json, job: str | None, by: str | Actor | None, request_key: str | None
) -> Receipt:
    if job is not None:
        return _send_to(shell, job, name, key, body, by, request_key)
    found = _addressee(shell, name, key, body, by, request_key)
    if isinstance(found, Receipt):
        return found

    def work(tx: Transaction) -> Receipt:
        command = _message(tx, name, key, body, by)
        try:
            return shell.run(tx, found, command, request_key, access.permit_send, ANY_JOB)
        except (access.Hidden, StaleCommand):
            raise _nobody_waits(command) from None

    return shell.keep(work)


def _send_to(
    shell: Shell, job: str, name: str, key: str, body: Json, by: str | Actor | None, request_key: str | None
) -> Receipt:
    def work(tx: Transaction) -> Receipt:
        command = _message(tx, name, key, body, by)
        ref = access.job_ref(tx, job, command.by)
        return shell.told(tx, ref, command, request_key, access.permit_send, ("job", job))

    return shell.keep(work)


def _message(tx: Transaction, name: str, key: str, body: Json, by: str | Actor | None) -> c.Deliver:
    return c.Deliver(by=OUTSIDE if by is None else actor_of(tx, by), name=name, key=key, body=body)


def _addressee(
    shell: Shell, name: str, key: str, body: Json, by: str | Actor | None, request_key: str | None
) -> Receipt | str:
    """The receipt of an equal request, or the job that waits: found before anything is locked, for it may take time."""
    with shell.reading() as tx:
        command = _message(tx, name, key, body, by)
        if request_key is not None:
            before = replayed(tx, command.by, request_key, body_hash(ANY_JOB, command))
            if before is not None:
                return before
        try:
            return _waiting_job(shell, tx, command)
        except NotFound:
            before = replayed(tx, command.by, request_key, body_hash(ANY_JOB, command)) if request_key else None
            if before is None:
                raise
            return before  # an equal request was a moment earlier


def _waiting_job(shell: Shell, tx: Transaction, command: c.Deliver) -> str:
    """The one open job that would take the message, found by trying those that may be waiting for it.

    No table says which jobs wait for which message, so the heads of all open jobs of the processes that know it are
    looked through; only those that stand where it is awaited are read whole. Name the job where jobs are many.
    """
    found: list[str] = []
    for id in _candidates(shell, tx, command.name):
        stored = tx.jobs.get(id)
        compiled = shell.catalogue.compiled(tx, stored.process, stored.version)
        world = StoreWorld(tx, stored.customer)
        try:
            largest = shell.settings.largest_data
            advance(compiled, stored.position, command, shell.clock.now(), world, largest_data=largest)
        except Refused:
            continue
        found.append(id)
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


def _candidates(shell: Shell, tx: Transaction, message: str) -> Iterator[str]:
    """The open jobs that may take the message now: they stand where it is awaited, or may take it anywhere."""
    known: dict[tuple[str, str], frozenset[str] | None] = {}
    for row in tx.processes.all():
        compiled = shell.catalogue.compiled(tx, row.name, row.version)
        if message in compiled.listeners:
            known[row.name, row.version] = _places(compiled, message)
    for process in sorted({name for name, _ in known}):
        after: str | None = None
        while rows := tx.jobs.list(status="open", process=process, limit=_PAGE, after=after):
            after = rows[-1].id
            for job in rows:
                if (process, job.version) in known:
                    places = known[process, job.version]
                    if places is None or not places.isdisjoint(job.head.standing):
                        yield job.id


def _places(compiled: Compiled, message: str) -> frozenset[str] | None:
    """The states in which a job takes the message; None where it may anywhere: by an always entry, or to keep it."""
    listeners = compiled.listeners[message]
    if keeps(compiled, message) or any(one.always for one in listeners):
        return None
    return frozenset(one.state.name for one in listeners if one.state)
