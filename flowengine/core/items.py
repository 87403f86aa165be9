"""Adding items to an each that is running."""

from __future__ import annotations

from flowengine.core import commands as c
from flowengine.core import composite
from flowengine.core.flow import Flow
from flowengine.core.scopes import branches_in
from flowengine.errors import NotAllowed, NotFound, StaleCommand
from flowengine.language.types import Each
from flowengine.speech.phrases import phrase


def add(flow: Flow, command: c.Add) -> None:
    """Add items to an each. Raises NotFound, NotAllowed, StaleCommand, BadAnswer."""
    state = flow.compiled.states[command.state]
    if not isinstance(state, Each):
        eaches = tuple(one.name for one in flow.compiled.states.values() if isinstance(one, Each) and one.more)
        raise NotFound(phrase("%(state)s is no each", state=command.state), possible=eaches)
    found = [
        branch
        for branch in branches_in(flow.draft, flow.compiled, flow.compiled.scope_of[state.name].path)
        if branch.state == state.name and command.branch in ("", branch.id)
    ]
    if not found:
        raise StaleCommand(phrase("the job does not stand in %(state)s", state=state.name), where=flow.draft.head.job)
    if len(found) > 1:
        ids = tuple(branch.id for branch in found)
        raise NotAllowed(phrase("several branches stand in %(state)s; name one", state=state.name), possible=ids)
    flow.acted = state.name
    if command.items:
        composite.add(flow, found[0], state, command.items)
