"""What becomes of the steps that somebody has claimed once he may no longer do them, or has left.

The first few go in the transaction that takes his right, so that it is done as soon as it is said; the rest in further
ones of as many, by the same call. Where that is cut short, the rest are incidents until it is asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.machines import Compiled
from flowengine.core.seatings import waits_for
from flowengine.core.values import Actor
from flowengine.errors import Refused, StaleCommand
from flowengine.runtime.actors import as_actor
from flowengine.speech.phrases import phrase
from flowengine.store import StoredJob, Transaction, shown

TOGETHER = 50
"""Steps that are given back in one transaction."""

Held = tuple[str, int]
"""A step: its job and number."""


class Claims(msgspec.Struct, frozen=True):
    """What became of claims: the ids of steps that went to somebody else, of those that were given back, and why some
    of these could not be handed on."""

    handed: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    refused: dict[str, str] = {}

    def __add__(self, more: Claims) -> Claims:
        return Claims(self.handed + more.handed, self.released + more.released, self.refused | more.refused)


Ending = Callable[[Transaction, Sequence[Held]], Claims]


def still_held_by(person: str) -> access.Permit:
    """The step must still be the person's."""

    def permit(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:  # noqa: ARG001
        step = access.open_step(job, command.step)
        if step is None or step.claimed != person:
            raise StaleCommand(
                phrase("the step is no longer held by %(person)s", person=person),
                where=f"{shown(job.id)}.{command.step}",
            )

    return permit


def release_lost(shell: Shell, person: str, by: Actor, because: str) -> Ending:
    """Give back the steps that a person has claimed and may no longer do."""
    held = still_held_by(person)

    def permit(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:
        held(tx, compiled, job, command)
        step, found = access.open_step(job, command.step), tx.people.get(person)
        if step is None or found is None or waits_for(as_actor(found, tx.terms.now()), step, job.position.seat):
            raise StaleCommand(phrase("he may do the step"), where=f"{shown(job.id)}.{command.step}")

    def work(tx: Transaction, steps: Sequence[Held]) -> Claims:
        released: list[str] = []
        for job, number in steps:
            try:
                shell.run(tx, job, c.Release(by=by, step=number, because=because), None, permit)
                released.append(f"{job}.{number}")
            except (StaleCommand, access.Hidden):
                continue
        return Claims(released=tuple(released))

    return work


def hand_on(shell: Shell, person: str, heir: str, by: Actor, because: str, *, dry: bool = False) -> Ending:
    """Hand all that a person has claimed to an heir, or give it back where there is none, or he may not have it."""
    permit = still_held_by(person)

    def do(tx: Transaction, job: str, command: c.Assign | c.Release) -> None:
        if dry:
            shell.rehearse(tx, access.read(tx, job, "job", job), command, permit)
        else:
            shell.run(tx, job, command, None, permit)

    def work(tx: Transaction, steps: Sequence[Held]) -> Claims:
        handed: list[str] = []
        released: list[str] = []
        refused: dict[str, str] = {}
        for job, number in steps:
            id = f"{job}.{number}"
            try:
                if heir:
                    try:
                        do(tx, job, c.Assign(by=by, step=number, person=heir, because=because))
                        handed.append(id)
                        continue
                    except StaleCommand:
                        continue
                    except Refused as error:
                        refused[id] = str(error)
                do(tx, job, c.Release(by=by, step=number, because=because))
                released.append(id)
            except (StaleCommand, access.Hidden):
                continue  # somebody else has just seen to it
        return Claims(tuple(handed), tuple(released), refused)

    return work


def rest(shell: Shell, ending: Ending, steps: Sequence[Held]) -> Claims:
    """End the claims that did not go with the first transaction."""
    done = Claims()
    for start in range(0, len(steps), TOGETHER):
        few = steps[start : start + TOGETHER]
        done += shell.keep(lambda tx, few=few: ending(tx, few))  # type: ignore[misc]
    return done
