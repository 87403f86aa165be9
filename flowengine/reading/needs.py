"""What starting a job asks, before there is one."""

from __future__ import annotations

from flowengine.commands.shell import Shell
from flowengine.core.forms import questions
from flowengine.runtime.actors import StoreWorld
from flowengine.views.replies import NeedView


def need(shell: Shell, process: str) -> NeedView:
    with shell.reading() as tx:
        found = shell.catalogue.latest(tx, process).process
        state = found.root.states[found.root.start]
        return NeedView(
            process=found.name,
            version=found.version,
            title=found.title,
            ask=state.ask.source if state.ask else "",
            questions=questions(state.fields, world=StoreWorld(tx, "")),
        )
