"""What may happen to the data inside a scope or a state, whatever way a job takes there."""

from __future__ import annotations

from flowengine.language.checks.places import NO_EFFECT, Effect, Places
from flowengine.language.checks.survey import Survey
from flowengine.language.model import Scope, State
from flowengine.language.types import Parallel


class Effects:
    """What may be lost, and set, inside scopes and states, and beside branches."""

    def __init__(self, survey: Survey, places: Places) -> None:
        self.survey = survey
        self.places = places
        self._scopes: dict[str, Effect] = {}
        self._states: dict[str, Effect] = {}
        self._beside: dict[str, Effect] = {}
        for scope in reversed(survey.scopes.values()):
            self._scopes[scope.path] = self._inside(scope)

    def inside(self, scope: Scope) -> Effect:
        """What may be lost, and set, inside a scope, at any depth."""
        return self._scopes[scope.path]

    def within(self, state: State) -> Effect:
        """What may be lost, and set, inside a state."""
        if not state.scopes:
            return NO_EFFECT
        found = self._states.get(state.name)
        if found is None:
            found = NO_EFFECT
            for inner in state.scopes:
                found = _both(found, self.inside(inner))
            self._states[state.name] = found
        return found

    def beside(self, state: Parallel, scope: Scope) -> Effect:
        """What may be lost, and set, in the branches that run beside the one with that scope."""
        if scope.path not in self._beside:
            scopes = [branch.scope for branch in state.branches.values()]
            self._beside.update({one.path: NO_EFFECT for one in scopes})
            for order in (scopes, scopes[::-1]):
                so_far = NO_EFFECT
                for one in order:
                    self._beside[one.path] = _both(self._beside[one.path], so_far)
                    so_far = _both(so_far, self.inside(one))
        return self._beside[scope.path]

    def _inside(self, scope: Scope) -> Effect:
        """The effect of all that happens in a scope; those of the scopes inside are known."""
        places = self.places
        loses = may = 0
        found = [places.invoked(scope, entry) for entry in scope.always if entry.fields]
        found += [places.set_effect(scope, place) for entry in scope.always for place in entry.set]
        for state in scope.states.values():
            found += [places.effect(state, outcome) for outcome in state.on]
            found += [
                places.set_effect(scope, place) for _, _, route in self.survey.routes[state.name] for place in route.set
            ]
            found += [self.inside(inner) for inner in state.scopes]
        for effect in found:
            loses, may = loses | effect.loses, may | effect.may
        return Effect(0, loses, may)


def _both(one: Effect, other: Effect) -> Effect:
    return Effect(0, one.loses | other.loses, one.may | other.may)
