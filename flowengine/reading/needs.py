"""What starting a job asks, before there is one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.core.forms import questions
from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import PlainNames
from flowengine.language.model import Process
from flowengine.people.identities import By
from flowengine.runtime.actors import OPERATOR, StoreWorld
from flowengine.views.replies import NeedView


def roles(shell: Shell, by: By) -> dict[str, tuple[str, ...]]:
    """The roles of the processes in use, and which of them have each; and that of operators."""
    with shell.reading() as tx:
        access.asker(tx, "roles", by)
        found: dict[str, list[str]] = {OPERATOR: []}
        for name in sorted({row.name for row in tx.processes.all()}):
            for role in shell.catalogue.latest(tx, name).process.roles:
                found.setdefault(role, []).append(name)
    return {role: tuple(names) for role, names in sorted(found.items())}


def need(shell: Shell, process: str, language: str) -> NeedView:
    with shell.reading() as tx:
        found = shell.catalogue.latest(tx, process, language=language).process
        state = found.root.states[found.root.start]
        names = partial(_names, found, shell.clock.now())
        return NeedView(
            process=found.name,
            version=found.version,
            title=found.title,
            ask=state.ask.source if state.ask else "",
            questions=questions(state.fields, world=StoreWorld(tx, ""), names=names),
        )


class _BeforeTheJob(PlainNames):
    """What is known before there is a job: the time, and nothing of a customer or of data."""

    def variable(self, name: str, members: frozenset[str] | None) -> Any:
        if name not in self.variables:
            raise ExpressionFailed(f"{name} is not known before the job begins")
        return super().variable(name, members)

    def function(self, name: str) -> Callable[..., Any]:
        raise ExpressionFailed(f"{name}() has no answer before the job begins")


def _names(process: Process, now: datetime) -> PlainNames:
    return _BeforeTheJob(
        {"now": now}, zone=process.clock, currency=process.currency, calendars=process.calendars, words=process.words
    )
