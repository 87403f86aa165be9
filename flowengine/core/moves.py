"""How a branch moves: a state is over, a route is taken, the target is entered next.

The order within one move: the answer is saved, the state is left (so that guards see the answer, and ``passed`` and
``count`` include the state just left), the route is chosen, its ``set`` is saved, services are undone, the target is
entered.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowengine.core import events as e
from flowengine.core import turns, undo
from flowengine.core.flow import Arrive, Flow, Over
from flowengine.core.plain import as_json
from flowengine.core.spot import NOTHING
from flowengine.core.values import ROOT, Undoing
from flowengine.language.expressions import Expression


def take(flow: Flow, over: Over) -> None:
    """A state is over: save, leave, and go where its outcome leads.

    Raises UnknownOutcome, NotAllowed (no guard holds), ExpressionFailed.
    """
    draft = flow.draft
    branch = draft.branch(over.branch)
    if branch is None or not branch.state or branch.entry != over.entry:
        return
    state, result = flow.state_of(branch), over.result
    turns.begun(flow, branch)
    outcome = trigger = result.outcome
    if over.member:
        outcome = f"{over.member}.{result.outcome}"
        trigger = outcome if outcome in state.on else over.member
    if result.value is not NOTHING:
        place = state.member(over.member).saves or state.saves or state.name
        draft.record(e.Saved(branch=branch.id, place=place, value=result.value))
    flow.leave(branch.id, outcome, result.by)
    names = flow.names(branch.id, outcome=outcome)
    route = flow.compiled.route(branch.scope, state, trigger, names)
    go(flow, branch.id, route.to, route.set, undoing=route.undo, outcome=outcome)


def go(
    flow: Flow, branch: str, to: str, saves: Mapping[str, Expression], *, undoing: bool = False, outcome: str = ""
) -> None:
    """Send a branch that has left its state to a target. An end of the process takes the whole job with it."""
    for place, expression in saves.items():
        value = as_json(expression.value(flow.names(branch, outcome=outcome)), str(expression))
        flow.draft.record(e.Saved(branch=branch, place=place, value=value))
    if to in flow.compiled.ends:
        flow.leave(ROOT, outcome, passed=False)
        flow.cancel_children(ROOT, detached=True)
        branch = ROOT
    if isinstance(flow.draft.at(branch).inners.get(""), Undoing):
        undo.retarget(flow, branch, to, more=undoing)
    elif not (undoing and undo.begin(flow, branch, to)):
        flow.agenda.append(Arrive(branch, to))
