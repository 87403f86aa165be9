"""L8: no customer waits for ever. Each state that waits for a customer has a deadline."""

from __future__ import annotations

from collections.abc import Iterator

from flowengine.language.checks.survey import Survey
from flowengine.language.durations import Duration, Length, Working
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import When
from flowengine.language.texts import plain
from flowengine.language.types import Each, Parallel, Race
from flowengine.problem import Place


def check(survey: Survey) -> None:
    """Report states that wait for a customer without a deadline (L8).

    The deadline is the state's own ``within``; for a race, a deadline anywhere in it, or a ``wait``; or a ``within`` of
    an ``always`` around the state, if it is still to come when the state is entered. That something happens at the
    deadline is checked with the outcomes.
    """
    _reminders(survey)
    _idle(survey)
    clocks = survey.once(Clocks)
    for scope in survey.scopes.values():
        for state in scope.states.values():
            if state.is_start or not state.for_customers or state.has_deadline or clocks.limit(state):
                continue
            survey.endless.add(state.name)
            asked = any(one.kind == "customer" for one in state.audience)
            whom = "the customer" if asked or not state.audience else "customers"
            if isinstance(state, Race):
                advice = "add a wait to it, or within and expired"
            else:
                advice = "add within, for example P14D, and the outcome expired"
            message = f"{state.name!r} waits for {whom} for ever: it has no deadline"
            survey.report(state.place, "no-deadline", message, advice)


def _idle(survey: Survey) -> None:
    """Report an ``attention`` of a state that waits for nobody but the customer, who is no incident."""
    for state in survey.states.values():
        if state.attention is None:
            continue
        whom = [one for member in state.members.values() for one in member.audience or (None,)]
        if all(one is not None and one.kind == "customer" for one in whom):
            message = f"{state.name!r} has an attention, and waits for the customer alone"
            advice = "remind him, or give it a deadline: remind, within"
            survey.report(state.place, "idle-attention", message, advice)


def attended(process: Process) -> dict[str, Length]:
    """After how long somebody has to look at what a job waits for, by the state (L8): as it says itself; else, where
    nothing in it happens and no deadline around it ends the wait, as the process says, or as long as it usually takes
    if that is longer."""
    survey = Survey(process)
    clocks, found = survey.once(Clocks), dict[str, Length]()
    for scope in survey.scopes.values():
        limited = any(_ends_inside(survey.owner[one.path]) for one in survey.around(scope) if one.path)
        for state in scope.states.values():
            if state.attention is not None:
                found[state.name] = state.attention
            elif state.is_watched and not limited and not clocks.limit(state):
                usual = state.takes or process.attention
                found[state.name] = max(process.attention, usual, key=lambda length: length.seconds)
    return found


def _ends_inside(state: State) -> bool:
    """Whether a state ends by its deadline whatever waits inside: not what may go on after it."""
    goes_on = isinstance(state, Parallel | Each) and state.rest == "continue"
    return state.within is not None and not goes_on


def _reminders(survey: Survey) -> None:
    """Report what would come only when the step is over: reminders and escalations at a fixed deadline, or after it."""
    for scope in survey.scopes.values():
        for state in scope.states.values():
            for member in {id(one): one for one in (state, *state.members.values())}.values():
                limits = [one.within for one in {id(one): one for one in (state, member)}.values()]
                for what, after, place in _nudges(member):
                    limit = next((one for one in limits if _reaches(after, one)), None)
                    if limit is not None:
                        message = f"{member.name!r}: {what} comes after {after}, and the step is over after {limit}"
                        advice = f"put it before {limit}, or leave it out"
                        if isinstance(after, Duration) and after.months:
                            advice = f"{after} is {plain(after)}; write PT{after.months}M for minutes, or {advice}"
                        survey.report(place, "late-reminder", message, advice)


def _nudges(state: State) -> Iterator[tuple[str, Length, Place]]:
    for reminder in state.remind:
        yield "a reminder", reminder.after, reminder.place
    for escalation in state.escalate:
        yield "an escalation", escalation.after, escalation.place
    if state.claim is not None:
        yield "the end of a claim", state.claim, state.place
    if state.attention is not None:
        yield "its attention", state.attention, state.place


def _reaches(after: Length, limit: When | None) -> bool:
    """Whether it comes at a fixed limit or behind it in any month; of working time, in the same calendar."""
    if isinstance(after, Working) and isinstance(limit, Working) and after.calendar == limit.calendar:
        return after.length.days >= limit.length.days and after.length.rest >= limit.length.rest
    if not isinstance(after, Duration) or not isinstance(limit, Duration):
        return False
    try:
        return after.compare(limit) >= 0
    except ValueError:
        return False


class Clocks:
    """The clocks of the ``always`` entries: each moves its scope once, so that what comes after it is not limited."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self._struck: dict[str, list[set[str]]] = {}

    def limit(self, state: State) -> bool:
        """Whether a clock around the state ends the wait in it, whenever it was entered."""
        while True:
            scope = self.survey.scope_of[state.name]
            if any(state.name not in after for after in self._after_each(scope)):
                return True
            if scope.path not in self.survey.owner:
                return False
            state = self.survey.owner[scope.path]

    def _after_each(self, scope: Scope) -> list[set[str]]:
        """For each clock of a scope, the states that the scope may come to once it has struck."""
        if scope.path not in self._struck:
            self._struck[scope.path] = [self._after(scope, to) for to in _clocks(scope)]
        return self._struck[scope.path]

    def _after(self, scope: Scope, to: str) -> set[str]:
        waiting, found = [to, *(entry.to for entry in scope.always)] if to in scope.states else [], set[str]()
        while waiting:
            name = waiting.pop()
            if name in scope.states and name not in found:
                found.add(name)
                waiting.extend(route.to for _, _, route in self.survey.routes[name])
        return found


def _clocks(scope: Scope) -> list[str]:
    """Where the clocks of a scope lead that strike whatever the data are."""
    return [entry.to for entry in scope.always if entry.within is not None and entry.when is None]
