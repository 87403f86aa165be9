"""Outcomes: each that a state can have leads somewhere, and no way is there for one that it cannot have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowengine.language.checks.states import EXPIRED
from flowengine.language.checks.survey import Survey
from flowengine.language.model import Approval, Decision, Fitting, Parallel, Race, Service, Stage, State, Task, Vote
from flowengine.language.suggest import hint, near

_UNTIMED = (Vote,)
"""Types that ``within`` closes with one of their own outcomes."""


def check(survey: Survey) -> None:
    """Report outcomes that lead nowhere, that cannot happen, and ways that can never be taken."""
    for state in survey.states.values():
        if isinstance(state, Decision) or not (state.outcomes or state.on or isinstance(state, Race)):
            continue
        possible = dict.fromkeys(outcomes(state))
        meant: set[str] = set()
        for outcome in state.on:
            if outcome not in possible and not (state.open_outcomes and outcome != EXPIRED):
                if isinstance(state, Race) and _open_member(state, outcome):
                    continue
                _unknown(survey, state, outcome, possible)
                meant.add(near(outcome, possible))
        _missing(survey, state, meant)
        _ways(survey, state)


def outcomes(state: State) -> tuple[str, ...]:
    """The outcomes that a state can have, apart from those that the designer names."""
    timed = (EXPIRED,) if state.within is not None and not isinstance(state, _UNTIMED) else ()
    if not isinstance(state, Race):
        return (*state.outcomes, *timed)
    found: list[str] = []
    for name, member in state.of.items():
        found += [name, *(f"{name}.{outcome}" for outcome in outcomes(member))]
    return (*found, *timed)


def _unknown(survey: Survey, state: State, outcome: str, possible: Iterable[str]) -> None:
    place = state.on[outcome][0].place if state.on[outcome] else state.place
    if outcome == EXPIRED and state.name in survey.endless:
        return
    if outcome == EXPIRED and not isinstance(state, _UNTIMED):
        message, advice = f"{state.name!r} never expires, since it has no 'within'", "add within, for example P7D"
    else:
        message, advice = f"{_a(state.type)} cannot end as {outcome!r}", hint(outcome, possible)
    survey.report(place, "unknown-outcome", message, advice)


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _open_member(race: Race, outcome: str) -> bool:
    name, _, rest = outcome.partition(".")
    member = race.of.get(name)
    return member is not None and member.open_outcomes and rest not in ("", EXPIRED)


def _missing(survey: Survey, state: State, meant: set[str]) -> None:
    for outcome in _needed(state):
        if not state.on.get(outcome) and outcome not in meant:
            why = "when its time is over" if outcome == EXPIRED else f"when it ends as {outcome!r}"
            advice = f"add {outcome} to on" if state.on or outcome == EXPIRED else f"add next, or {outcome} to on"
            survey.report(state.place, "missing-outcome", f"{state.name!r} does not say what happens {why}", advice)
    if isinstance(state, Task | Service) and not any(name != EXPIRED for name in state.on):
        message = f"{state.name!r} does not say what comes after it"
        survey.report(state.place, "missing-outcome", message, "add next, or on with its outcomes")


def _needed(state: State) -> list[str]:
    """The outcomes that must lead somewhere.

    A fitting that is missed is offered again, an approval offers only what leads somewhere, and a service's failure
    becomes an incident, unless the process says more.
    """
    timed = [EXPIRED] if state.within is not None and not isinstance(state, _UNTIMED) else []
    if isinstance(state, Task | Service):
        return timed
    if isinstance(state, Fitting | Approval):
        return [state.outcomes[0], *timed]
    if isinstance(state, Vote):
        return [outcome for outcome in state.outcomes if outcome != "tied" or _can_tie(state)]
    if isinstance(state, Race):
        return [*_needed_of_members(state), *timed]
    return [*state.outcomes, *timed]


def _can_tie(vote: Vote) -> bool:
    """With the first listed as the winner of a tie, only a rule that asks for a share can leave no winner."""
    return vote.tie == "outcome" or vote.rule != "plurality"


def _needed_of_members(race: Race) -> Iterator[str]:
    """What the members need; a member's name alone catches all of its outcomes."""
    routed = {outcome.partition(".")[0] for outcome in race.on if "." in outcome}
    for name, member in race.of.items():
        if name in race.on:
            continue
        if name not in routed:
            yield name
            continue
        timed = [] if member.within is None or isinstance(member, _UNTIMED) else [EXPIRED]
        needed = timed if member.open_outcomes else _needed(member)
        yield from (full for outcome in needed if (full := f"{name}.{outcome}") not in race.on)


def _ways(survey: Survey, state: State) -> None:
    for outcome, ways in state.on.items():
        for index, route in enumerate(ways[:-1]):
            if route.when is None:
                place = ways[index + 1].place
                message = f"this way of {state.name!r} from {outcome!r} is never taken: the one before it has no 'when'"
                survey.report(place, "dead-route", message, "put the way without 'when' last")
                break
        if ways and all(route.when is not None for route in ways) and _nobody_can_retry(state, outcome):
            message = f"{state.name!r} has no way on from {outcome!r} when no condition holds, and would be stuck"
            survey.report(ways[-1].place, "no-fallback", message, "add a last way without 'when'")


def _nobody_can_retry(state: State, outcome: str) -> bool:
    """Where a person acts, an act that finds no way is refused; the clock, code and joins cannot be refused."""
    if isinstance(state, Race):
        name, _, rest = outcome.partition(".")
        member = state.of.get(name)
        return outcome == EXPIRED or (member is not None and _nobody_can_retry(member, rest))
    if outcome == EXPIRED or isinstance(state, Vote | Parallel | Service | Stage):
        return True
    return not state.audience
