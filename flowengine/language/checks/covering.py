"""Conditions that can never hold, and ways that can never be taken, whichever way a job has come.

The ways of an outcome are asked in their order at one moment, and the first whose condition holds is taken. Whether one
ever does is decided on all cases that their values can be in (``abstraction``): each answer that is given is right for
every job whose data are as the fields declare them. Where that would take too long, no answer is given, and nothing is
refused. What the ways to a condition establish is asked elsewhere (``dead_ways``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowengine.language.checks.abstraction import (
    Abstraction,
    Case,
    Undecided,
    Wanted,
    allowance,
    reads_something,
)
from flowengine.language.checks.shapes import Shapes
from flowengine.language.checks.survey import Survey
from flowengine.language.checks.uses import Use
from flowengine.language.expressions import Expression
from flowengine.language.model import Scope
from flowengine.language.value_shapes import Shape

_NEVER = "the condition never holds"


class Decision:
    """The conditions that are asked at one moment in a scope, after an outcome."""

    def __init__(self, survey: Survey, scope: Scope, outcome: str) -> None:
        self._shapes = survey.once(Shapes.found)
        self._scope = scope
        self._outcome = outcome
        self._abstraction = Abstraction(survey.once(allowance))

    def wanted(self, guard: Expression, truth: bool, only: Mapping[str, Shape] | None = None) -> Wanted:
        """That a condition holds, or does not."""
        parts = self._shapes.parts(guard, self._scope, self._outcome, only)
        return self._abstraction.wanted(guard.tree, truth, guard.source, parts)

    def case(self, wanted: Sequence[Wanted]) -> Case | None:
        """A case in which all is as wanted, or None. Raises :class:`Undecided`."""
        return self._abstraction.case(wanted)


def check(survey: Survey) -> None:
    """Report conditions that never hold, and ways behind others that hold whenever theirs does."""
    faulty = {problem.place for problem in survey.problems}
    decisions: dict[tuple[str, str], list[Use]] = {}
    for use in survey.uses:
        if use.gives != "boolean" or use.place in faulty or not reads_something(use.expression.tree):
            continue
        if use.point[0] == "guard" and use.what.endswith(".when"):
            decisions.setdefault(use.point[1:3], []).append(use)
        else:
            _alone(survey, use)
    for (_, outcome), uses in decisions.items():
        _in_order(survey, outcome, uses)


def _alone(survey: Survey, use: Use) -> None:
    decision = Decision(survey, use.scope, "")
    if _never(decision, [decision.wanted(use.expression, True, use.only)]):
        survey.report(use.place, "never-holds", f"{use.what}: {_NEVER}", "")


def _in_order(survey: Survey, outcome: str, uses: Sequence[Use]) -> None:
    decision = Decision(survey, uses[0].scope, outcome)
    before: list[Wanted] = []
    for use in uses:
        wanted = decision.wanted(use.expression, True)
        if _never(decision, [wanted]):
            survey.report(use.place, "never-holds", f"{use.what}: {_NEVER}", "")
        elif before and _never(decision, [*before, wanted]):
            message = f"{use.what}: this way is never taken: wherever its condition holds, one before it does"
            survey.report(use.place, "dead-route", message, "put the narrower condition first, or leave it out")
        before.append(wanted._replace(truth=False))


def _never(decision: Decision, wanted: Sequence[Wanted]) -> bool:
    try:
        return decision.case(wanted) is None
    except Undecided:
        return False
