"""Up to which conditions the check has followed all that the ways to them establish."""

from __future__ import annotations

from dataclasses import dataclass

from flowengine.language.checks.survey import Survey
from flowengine.language.checks.walks import Walks
from flowengine.language.model import Process
from flowengine.problem import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How many ``conditions`` of ways, branches and always there are, and which are ``decided_alone``: of what the ways
    to them establish not all is known, since the budget of the check ended before, so that one that never holds may
    have stayed unseen. Each with its place, in the order of the file."""

    conditions: int
    decided_alone: tuple[tuple[Place, str], ...] = ()


def proof(process: Process) -> Proof:
    """How far the check of a process is a proof. Takes as long as following all ways through it once more."""
    survey = Survey(process)
    walks = survey.once(Walks)
    blurred = _blurred(walks)
    conditions = [use for use in survey.uses if use.gives == "boolean" and use.what.endswith(".when")]
    found = []
    for use in conditions:
        kind, name, more, _ = use.point
        key = ({"guard": "leave"}.get(kind, kind), name, more)
        decision = walks.decisions.get(key)
        if decision is None:
            continue
        states = survey.scopes[name].states if kind == "always" else (name,)
        loose = not walks.questions.loose.isdisjoint(decision.terms)
        if loose or key in walks.undecided or not blurred.isdisjoint(states):
            found.append((use.place, use.what))
    return Proof(conditions=len(conditions), decided_alone=tuple(sorted(found)))


def _blurred(walks: Walks) -> set[str]:
    """The states to which some way leads through one of which not all is known."""
    waiting = [node for node in walks.nodes if node.state in walks.cut and not node.known]
    found = set(waiting)
    while waiting:
        for onward in waiting.pop().onward:
            if onward.to not in found:
                found.add(onward.to)
                waiting.append(onward.to)
    return {node.state for node in found if node.state}
