"""What operators do to a job by hand: each with a reason, in its history, or only tried (``dry``)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flowengine.commands import access, claims, voting
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.deadlines import movers
from flowengine.core.machines import Compiled
from flowengine.core.seatings import seatings, waits_for
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed, Refused, StaleCommand
from flowengine.people.identities import By
from flowengine.people.permissions import OPEN, needs
from flowengine.runtime.actors import StoreWorld, actor_of, nobody
from flowengine.speech.phrases import phrase
from flowengine.store import StoredJob, Transaction, shown
from flowengine.views.replies import HandedOver, Receipt

LONGEST_REASON = 1_000
"""Characters of a reason."""

Make = Callable[[Transaction, Actor, int], c.AnyCommand]


def intervene(
    shell: Shell, verb: str, text: str, because: str, make: Make, by: By, key: str | None, dry: bool
) -> Receipt:
    """Carry out what an operator asks of a job, or of a step or call, as he typed its id; ``dry``: say what would come
    of it, and write nothing. ``make`` gives the command, from who asks and the step's or call's number."""
    kind = "step" if verb == "act_for" else "call" if verb.endswith("_call") else "job"
    kind = {"move_deadline": "deadline", "fire_timer": "timer", "drop_timer": "timer"}.get(verb, kind)
    permit = partial(_permit, shell)

    def work(tx: Transaction) -> Receipt:
        actor = access.asker(tx, verb, by)
        check_reason(because)
        numbered = (access.job_ref(tx, text, actor), 0) if kind == "job" else None
        job_id, number = numbered or access.numbered_ref(tx, text, actor, kind)
        command = make(tx, actor, number)
        try:
            if isinstance(command, c.ActFor) and not dry and tx.ballots.find(job_id, number) is not None:
                return voting.act_for(shell, tx, job_id, command, key, permit)
            if not dry:
                return shell.told(tx, job_id, command, key, permit, (kind, text))
            job = access.read(tx, job_id, kind, text)
            return shell.would(tx, job, command, permit)
        except ExpressionFailed as error:
            missing = (phrase("set the data that is missing first"),)
            raise NotAllowed(
                phrase("the process cannot go on from there: %(error)s", error=str(error)),
                where=text,
                possible=missing,
            ) from error

    if dry:
        with shell.reading() as tx:
            return work(tx)
    return shell.keep(work)


def hand_over(shell: Shell, person: str, to: str, because: str, by: By, dry: bool) -> HandedOver:
    """Hand all that a person has claimed to another: each step in a transaction of its own, so that one which the other
    may not have does not keep the rest; those are told."""
    with shell.reading() as tx:
        actor = access.asker(tx, "hand_over", by)
        check_reason(because)
        heir = actor_of(tx, to, asks=False)
        if tx.people.get(person) is None:
            raise nobody(person)
        held = tx.steps.held(person)
    handed: list[str] = []
    refused: dict[str, str] = {}
    permit = claims.still_held_by(person)
    for job_id, number in held:
        id = f"{job_id}.{number}"
        try:
            if dry:
                with shell.reading() as tx:
                    job = access.read(tx, job_id, "job", job_id)
                    shell.rehearse(tx, job, _assign(heir.id, because, number, actor), permit)
            else:
                shell.on_step(id, partial(_assign, heir.id, because), actor, None, permit)
            handed.append(id)
        except StaleCommand:
            continue  # somebody else has just seen to it
        except Refused as error:
            refused[id] = str(error)
    return HandedOver(handed=tuple(handed), refused=refused)


def moment_of(to: datetime) -> datetime:
    """The moment to which a deadline is moved, in UTC. Raises BadAnswer for one without a zone."""
    if not isinstance(to, datetime) or to.tzinfo is None:
        raise BadAnswer(
            {"to": phrase("%(to)s is no moment: it needs its zone", to=to)}, possible=("2026-05-01T09:00:00+02:00",)
        )
    return to.astimezone(UTC)


def _assign(heir: str, because: str, number: int, by: Actor) -> c.Assign:
    return c.Assign(by=by, step=number, person=heir, because=because)


def _permit_moving(tx: Transaction, compiled: Compiled, job: StoredJob, command: c.MoveDeadline, now: datetime) -> None:
    allowed = movers(compiled, job.position, command, now, StoreWorld(tx, job.customer, job.id))
    if seatings(command.by).isdisjoint(allowed):
        raise NotAllowed(
            phrase("%(id)s may not move this deadline", id=command.by.id),
            where=f"{shown(job.id)}.{command.number}",
            possible=(*allowed, phrase("ask somebody with the role operator")),
        )


def check_reason(because: str) -> None:
    """Raises BadAnswer for what is no reason."""
    if not 0 < len(because.strip()) <= LONGEST_REASON:
        raise BadAnswer(
            {
                "because": phrase(
                    "must be a reason, of at most %(longest_reason)s characters", longest_reason=LONGEST_REASON
                )
            }
        )


def _permit(shell: Shell, tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:
    """The operator may; in somebody's stead he can do what that person may (L4). A deadline those may move as well whom
    its state names."""
    if isinstance(command, c.MoveDeadline) and needs("move_deadline", command.by) == OPEN:
        _permit_moving(tx, compiled, job, command, shell.clock.now())
    if not isinstance(command, c.ActFor):
        return
    step = access.open_step(job, command.step)
    if step is not None and not waits_for(command.person, step, job.position.seat):
        raise NotAllowed(
            phrase("the step does not wait for %(id)s", id=command.person.id),
            where=f"{shown(job.id)}.{command.step}",
            possible=(*step.audience, phrase("assign it to him first")),
        )
