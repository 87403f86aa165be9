"""Commands on a job as a whole: always entries, words, and items added to an each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
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
from flowengine.speech.phrases import phrase
from flowengine.store import StoredJob, Transaction, short, shown
from flowengine.views.replies import Receipt

KINDS_OF_WORDS = ("note", "wish", "concern", "expectation", "question", "answer")
"""What :func:`say` takes; messages have a verb of their own."""


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
        raise BadAnswer({"kind": phrase("%(kind)s is no kind of words", kind=repr(kind))}, possible=KINDS_OF_WORDS)
    return speak(shell, job, text, kind, (), to, by, key, access.permit_say)


def speak(
    shell: Shell,
    job: str,
    text: str,
    kind: str,
    files: Sequence[str],
    to: str,
    by: By,
    key: str | None,
    permit_speaking: access.Permit,
) -> Receipt:
    """Say words of any kind, with files, where ``permit_speaking`` lets him speak about the job."""
    words: Any = kind
    start, _, number = to.rpartition(".")
    if to and not (number.isascii() and number.isdigit() and 0 < len(number) <= 12 and int(number)):
        raise access.no_such("question", to)
    answered = int(number) if to else 0
    permit = _permit_saying(to, start.strip().lower(), permit_speaking)
    named = tuple(files)
    make = partial(c.Say, text=text, kind=words, to=answered, files=named)
    return shell.on_job(job, lambda actor: make(by=actor), by, key, permit)


def _permit_saying(to: str, start: str, permit_speaking: access.Permit) -> access.Permit:
    """The job must be the actor's to speak about, and what he answers must wait for him (L4); ``start`` is how the id
    of its job begins, where that is said. Where several things wait for him, he is told which."""

    def permit(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:
        permit_speaking(tx, compiled, job, command)
        if command.kind != "answer":
            return
        actor = command.by
        if not to:
            several = answerable(job.position, actor)
            if len(several) > 1:
                which = [f"{shown(job.id)}.{one.number} ({in_words(tx, job, one).title})" for one in several]
                raise BadAnswer(
                    {"to": phrase("is missing: %(count)s things wait for your answer", count=len(several))},
                    possible=which,
                )
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
            what = phrase(
                "this waits for an answer from %(whom)s", whom=whom(tx, job.id, compiled.process, branch, step)
            )
            raise NotAllowed(
                what, where=f"{shown(job.id)}.{step.number}", possible=(phrase("say a note"), phrase("assign it"))
            )

    return permit


def take_back(shell: Shell, question: str, by: By, key: str | None) -> Receipt:
    permit = access.permit_taking_back
    return shell.on_step(question, lambda step, who: c.TakeBack(by=who, step=step), by, key, permit)


def add(shell: Shell, job: str, state: str, items: tuple[Json, ...], by: By, key: str | None) -> Receipt:
    return shell.on_job(job, lambda actor: c.Add(by=actor, state=state, items=items), by, key, access.permit_add)
