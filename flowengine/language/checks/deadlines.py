"""L8: no customer waits for ever. Each state that waits for a customer has a deadline."""

from __future__ import annotations

from flowengine.language.checks.states import waits_for_customer
from flowengine.language.checks.survey import Survey
from flowengine.language.model import Need, Race, Scope, State, Wait


def check(survey: Survey) -> None:
    """Report states that wait for a customer without a deadline (L8).

    The deadline is the state's own ``within``; for a race, a deadline anywhere in it, or a ``wait``; or a ``within`` of
    an ``always`` around the state. That something happens at the deadline is checked with the outcomes.
    """
    for scope in survey.scopes.values():
        limited = any(_limited(one) for one in survey.around(scope))
        for state in scope.states.values():
            if isinstance(state, Need) or limited or not waits_for_customer(state) or _has_deadline(state):
                continue
            whom = "the customer" if state.customer or not state.audience else "customers"
            if isinstance(state, Race):
                advice = "add a wait to it, or within and expired"
            else:
                advice = "add within, for example P14D, and the outcome expired"
            message = f"{state.name!r} waits for {whom} for ever: it has no deadline"
            survey.report(state.place, "no-deadline", message, advice)


def _limited(scope: Scope) -> bool:
    return any(entry.within is not None and entry.when is None for entry in scope.always)


def _has_deadline(state: State) -> bool:
    if state.within is not None:
        return True
    if isinstance(state, Race):
        return any(isinstance(member, Wait) or member.within is not None for member in state.of.values())
    return False
