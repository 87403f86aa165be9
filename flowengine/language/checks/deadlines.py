"""L8: no customer waits for ever. Each state that waits for a customer has a deadline."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import nan

from flowengine.language.checks.survey import Survey
from flowengine.language.durations import Duration, Length, Working
from flowengine.language.model import Scope, State
from flowengine.language.parts import When
from flowengine.language.texts import plain
from flowengine.language.tree import Call, Literal, Member, Name, Node, Operation
from flowengine.language.types import Race
from flowengine.problem import Place


def check(survey: Survey) -> None:
    """Report states that wait for a customer without a deadline (L8).

    The deadline is the state's own ``within``; for a race, a deadline anywhere in it, or a ``wait``; or a ``within`` of
    an ``always`` around the state, if it is still to come when the state is entered. That something happens at the
    deadline is checked with the outcomes.
    """
    _reminders(survey)
    _over(survey)
    clocks = Clocks(survey)
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


def _over(survey: Survey) -> None:
    """Report waits and deadlines that are over as soon as they begin, whatever time it is then."""
    for use in survey.uses:
        if use.what.endswith((".until", ".within", ".for")) and _is_over(use.expression.tree):
            message = f"{use.what}: {use.expression} is over as soon as it begins"
            survey.report(
                use.place, "no-wait", message, "add a length to it, for example now + days(3), or leave it out"
            )


def _is_over(tree: Node) -> bool:
    """Whether a moment is never later than now, or a length is none."""
    match tree:
        case Name(name="now") | Member(of=Name(name="job"), name="started"):
            return True
        case Call(name="date" | "day", args=(inner,)):
            return _is_over(inner)
        case Call(name="days" | "span"):
            return _seconds(tree) <= 0
        case Operation(sign="-", operands=(first, *lengths)):
            return _is_over(first) and all(_seconds(one) >= 0 for one in lengths)
    return False


def _seconds(length: Node) -> float:
    """How long a length is that the file says itself; not a number where it does not, or cannot be read."""
    match length:
        case Call(name="days", args=(Literal(value=int() | Decimal() as days),)):
            return float(days) * 86400
        case Call(name="span", args=(Literal(value=str(text)),)):
            try:
                return Duration.parse(text).seconds
            except ValueError:
                pass
    return nan


def _reminders(survey: Survey) -> None:
    """Report what would come only when the step is over: reminders and escalations at a fixed deadline, or after it."""
    for scope in survey.scopes.values():
        for state in scope.states.values():
            for member in state.members.values():
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
