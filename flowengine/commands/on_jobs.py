"""Commands on a job as a whole: always entries, words, and items added to an each."""

from __future__ import annotations

from typing import Any

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.values import Actor, Json
from flowengine.errors import BadAnswer
from flowengine.views.replies import Receipt

KINDS_OF_WORDS = ("note", "wish", "concern", "expectation", "question", "answer")


def invoke(
    shell: Shell, job: str, name: str, answer: dict[str, Json], by: str | Actor, key: str | None, dry: bool
) -> Receipt:
    permit = access.permit_always(name, shell.clock.now)

    def make(actor: Actor) -> c.Invoke:
        return c.Invoke(by=actor, name=name, answer=answer)

    return shell.preview(job, make, by, permit) if dry else shell.on_job(job, make, by, key, permit)


def say(shell: Shell, job: str, text: str, kind: str, by: str | Actor, key: str | None) -> Receipt:
    if kind not in KINDS_OF_WORDS:
        raise BadAnswer({"kind": f"{kind!r} is no kind of words"}, possible=KINDS_OF_WORDS)
    words: Any = kind
    return shell.on_job(job, lambda actor: c.Say(by=actor, text=text, kind=words), by, key, access.permit_say)


def add(shell: Shell, job: str, state: str, items: tuple[Json, ...], by: str | Actor, key: str | None) -> Receipt:
    return shell.on_job(job, lambda actor: c.Add(by=actor, state=state, items=items), by, key, access.permit_add)
