"""Outcomes: each that a state can have leads somewhere, and no way is there for one that it cannot have."""

from __future__ import annotations

from flowengine.language.checks.beside import Beside
from flowengine.language.checks.deadlines import Clocks
from flowengine.language.checks.survey import Survey
from flowengine.language.expressions import Expression
from flowengine.language.model import State
from flowengine.language.parts import EXPIRED, SKIPPED
from flowengine.language.suggest import hint, near


def check(survey: Survey) -> None:
    """Report outcomes that lead nowhere, that cannot happen, and ways that can never be taken."""
    clocks = survey.once(Clocks)
    for state in survey.states.values():
        meant: set[str] = set()
        for outcome in state.on:
            if not state.knows(outcome):
                _unknown(survey, state, outcome)
                meant.add(near(outcome, state.possible))
        _missing(survey, state, meant)
        for one in state.members.values():
            _thanks(survey, one)
        _ways(survey, state)
        _refusable(survey, state, clocks)


def _unknown(survey: Survey, state: State, outcome: str) -> None:
    place = state.on[outcome][0].place if state.on[outcome] else state.place
    if outcome == EXPIRED and state.name in survey.endless:
        return
    if outcome == EXPIRED and state.expires:
        message, advice = f"{state.name!r} never expires, since it has no 'within'", "add within, for example P7D"
    elif outcome == SKIPPED and any(key.name == "optional" for key in state.keys):
        message, advice = f"{state.name!r} cannot be skipped, since it is not optional", "add optional: true"
    else:
        message, advice = f"{state.called()} cannot end as {outcome!r}", hint(outcome, state.possible)
    survey.report(place, "unknown-outcome", message, advice)


def _thanks(survey: Survey, state: State) -> None:
    """Who has acted is told something for what he can do."""
    for outcome, text in state.thanks.items():
        if outcome and outcome not in state.thankable:
            message = f"{state.name!r} has thanks for {outcome!r}, which nobody who acts on it can do"
            survey.report(text.place, "unknown-outcome", message, hint(outcome, state.thankable))


def _missing(survey: Survey, state: State, meant: set[str]) -> None:
    for outcome in (*state.must_lead, *((EXPIRED,) if EXPIRED in state.possible else ())):
        if not state.on.get(outcome) and outcome not in meant:
            why = "when its time is over" if outcome == EXPIRED else f"when it ends as {outcome!r}"
            advice = f"add {outcome} to on" if state.on or outcome == EXPIRED else f"add next, or {outcome} to on"
            survey.report(state.place, "missing-outcome", f"{state.name!r} does not say what happens {why}", advice)
    if state.open_outcomes and not any(name not in state.must_lead and not state.is_rare(name) for name in state.on):
        message = f"{state.name!r} does not say what comes after it"
        survey.report(state.place, "missing-outcome", message, "add next, or on with its outcomes")


def _ways(survey: Survey, state: State) -> None:
    for outcome, ways in state.ways.items():
        came = f" from {outcome!r}" if outcome else ""
        for index, route in enumerate(ways[:-1]):
            if route.when is None:
                place = ways[index + 1].place
                message = f"this way of {state.name!r}{came} is never taken: the one before it has no 'when'"
                survey.report(place, "dead-route", message, "put the way without 'when' last")
                break


def _refusable(survey: Survey, state: State, clocks: Clocks) -> None:
    """People are refused what no condition lets them do, and can do something else: there must be something else, a
    deadline, or something that may change meanwhile, for else the state waits for ever and nobody is told. A job that
    cannot begin waits for nobody."""
    if state.is_start or state.has_deadline or not all(map(state.refuses, state.ways)):
        return
    ways = [route for _, _, route in state.routes]
    whens = [route.when for route in ways if route.when is not None]
    if not ways or len(whens) < len(ways) or any(_may_change(survey, state, when) for when in whens):
        return
    if not clocks.limit(state):
        message = (
            f"{state.name!r} would wait for ever where no condition holds: each way has one, and it has no deadline"
        )
        survey.report(ways[-1].place, "no-fallback", message, "add a last way without 'when', or within and expired")


def _may_change(survey: Survey, state: State, when: Expression) -> bool:
    """Whether what a condition reads may be otherwise at another act on the state: by the answer itself, by the clock,
    by what may happen at any time, or by what happens in branches beside it."""
    saved = {(one.saves or one.name).split(".")[0] for one in (state, *state.members.values()) if one.fields}
    read = when.variables.get("data", frozenset())
    answered = bool(saved) if read is None else not saved.isdisjoint(read)
    return answered or survey.once(Beside).may_change(survey.scope_of[state.name], when)
