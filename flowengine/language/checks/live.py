"""Which questions matter where: what is known of others need not be told apart."""

from __future__ import annotations

from collections.abc import Mapping

from flowengine.language.checks.changes import Changes
from flowengine.language.checks.decisions import Asked, Decision
from flowengine.language.checks.survey import Survey, Target
from flowengine.language.model import Scope, State
from flowengine.language.parts import DONE
from flowengine.language.types import Parallel, Stage

_ROUNDS = 12
"""Rounds in which it is found what may be asked; then it may be anything."""


class Live:
    """Which questions may be asked of a job before their answers are others: found backwards, from what is asked, until
    nothing changes."""

    def __init__(self, survey: Survey, decisions: Mapping[Asked, Decision], changes: Changes) -> None:
        self.survey = survey
        self.decisions = decisions
        self.changes = changes
        questions = changes.questions
        self.entered = dict.fromkeys(survey.states, 0)
        """By state, as a job enters it."""
        self.roaming = dict.fromkeys(survey.scopes, 0)
        """By the path of a scope, wherever a job is in it."""
        states = list(reversed(survey.states.values()))
        changed = bool(questions.all)
        for _ in range(_ROUNDS):
            if not changed:
                return
            changed = False
            for scope in survey.scopes.values():
                for entry in scope.always:
                    asked = self._asks(("always", scope.path, entry.name)) | self._of(scope, entry.to)
                    changed = changed or asked | self.roaming[scope.path] != self.roaming[scope.path]
                    self.roaming[scope.path] |= asked
            for state in states:
                asked = self._before(state)
                changed = changed or asked != self.entered[state.name]
                self.entered[state.name] = asked
        everything = (1 << len(questions.all)) - 1
        self.entered = dict.fromkeys(survey.states, everything)
        self.roaming = dict.fromkeys(survey.scopes, everything)

    def _before(self, state: State) -> int:
        found = self.roaming[self.survey.scope_of[state.name].path]
        for branch in state.branches.values() if isinstance(state, Parallel) else ():
            found |= self._asks(("begin", state.name, branch.name))
        for inner in state.scopes:
            found |= self.entered.get(inner.start, 0)
        for outcome in state.ways:
            found |= self._leaving(state, outcome)
        return found

    def _leaving(self, state: State, outcome: str) -> int:
        scope = self.survey.scope_of[state.name]
        found = self._asks(("leave", state.name, outcome))
        for route in state.ways[outcome]:
            found |= self._of(scope, route.to)
        if not state.scopes:
            for number, _, surely in self.changes.left(state, outcome):
                if surely:
                    found &= ~(1 << number)
        return found

    def _of(self, scope: Scope, to: str) -> int:
        target = self.survey.target(scope, to)
        if target is Target.DONE:
            owner = self.survey.owner[scope.path]
            return self._leaving(owner, DONE) if isinstance(owner, Stage) and DONE in owner.ways else 0
        return self.entered.get(to, 0)

    def _asks(self, key: Asked) -> int:
        decision = self.decisions.get(key)
        return decision.asks if decision is not None else 0
