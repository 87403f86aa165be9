"""Commands on a job as a whole: always entries, words, and items added to an each."""

from __future__ import annotations

from typing import Any

from flowengine.commands import access
from flowengine.commands.asked import in_words
from flowengine.commands.promising import as_previewed
from flowengine.commands.shell import Shell
from flowengine.commands.unstaffed import whom
from flowengine.core import commands as c
from flowengine.core.machines import Compiled
from flowengine.core.saying import answerable
from flowengine.core.seatings import waits_for
from flowengine.core.values import Actor, Json
from flowengine.errors import BadAnswer, NotAllowed
from flowengine.people.identities import By
from flowengine.store import StoredJob, Transaction, short, shown
from flowengine.views.replies import Receipt

KINDS_OF_WORDS = ("note", "wish", "concern", "expectation", "question", "answer")


def invoke(
    shell: Shell, job: str, name: str, answer: dict[str, Json], by: By, key: str | None, dry: bool, preview: str = ""
) -> Receipt:
    permit = access.permit_always(name, shell.clock.now)

    def make(actor: Actor) -> c.Invoke:
        return c.Invoke(by=actor, name=name, answer=answer, preview=preview)

    if dry:
        return shell.preview(job, make, by, permit)
    return shell.on_job(job, make, by, key, as_previewed(shell, permit, preview) if preview else permit)


def say(shell: Shell, job: str, text: str, kind: str, to: str, by: By, key: str | None) -> Receipt:
    if kind not in KINDS_OF_WORDS:
        raise BadAnswer({"kind": f"{kind!r} is no kind of words"}, possible=KINDS_OF_WORDS)
    words: Any = kind
    start, _, number = to.rpartition(".")
    if to and not (number.isascii() and number.isdigit() and 0 < len(number) <= 12 and int(number)):
        raise access.no_such("question", to)
    answered = int(number) if to else 0
    permit = _permit_saying(to, start.strip().lower())
    return shell.on_job(job, lambda actor: c.Say(by=actor, text=text, kind=words, to=answered), by, key, permit)


def _permit_saying(to: str, start: str) -> access.Permit:
    """The job must be the actor's to speak about, and what he answers must wait for him (L4); ``start`` is how the id
    of its job begins, where that is said. Where several things wait for him, he is told which."""

    def permit(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:
        access.permit_say(tx, compiled, job, command)
        if command.kind != "answer":
            return
        actor = command.by
        if not to:
            several = answerable(job.position, actor)
            if len(several) > 1:
                which = [f"{shown(job.id)}.{one.number} ({in_words(tx, job, one).title})" for one in several]
                raise BadAnswer({"to": f"is missing: {len(several)} things wait for your answer"}, possible=which)
            return
        if not (job.id.startswith(start) or short(job.id).startswith(start)):
            raise access.no_such("question", to)
        step = access.open_step(job, command.to)
        if step is None:
            closed = access.closed(tx, job, actor, command.to)
            raise access.no_such("question", to) if isinstance(closed, access.Hidden) else closed
        if not (step.is_asked and waits_for(actor, step, job.position.seat)):
            if actor.kind == "customer" or not step.is_asked:
                raise access.no_such("question", to)
            branch = job.position.branch(step.branch)
            assert branch is not None, "an open step is on a branch"
            what = f"this waits for an answer from {whom(tx, job.id, compiled.process, branch, step)}"
            raise NotAllowed(what, where=f"{shown(job.id)}.{step.number}", possible=("say a note", "assign it"))

    return permit


def take_back(shell: Shell, question: str, by: By, key: str | None) -> Receipt:
    permit = access.permit_taking_back
    return shell.on_step(question, lambda step, who: c.TakeBack(by=who, step=step), by, key, permit)


def add(shell: Shell, job: str, state: str, items: tuple[Json, ...], by: By, key: str | None) -> Receipt:
    return shell.on_job(job, lambda actor: c.Add(by=actor, state=state, items=items), by, key, access.permit_add)
