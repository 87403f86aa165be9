"""How a picture names what a process file says: who a state waits for, how long, and where an outcome leads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from flowengine.language.durations import Duration, Length, Working
from flowengine.language.expressions import Expression
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import WANTING, Always, Audience, Route, Trigger, When
from flowengine.language.texts import spoken
from flowengine.language.types import Each, Parallel, Stage
from flowengine.speech.phrases import Phrase, listing, phrase, span_phrase

LONGEST_GUARD = 32
"""Characters of a guard that a label shows; the file tells the rest."""

_MANY = {
    "customer": phrase("customer"),
    "customers": phrase("any customer"),
    "staff": phrase("any staff"),
    "anyone": phrase("anyone"),
    "everyone": phrase("everyone who took part"),
}


def span(length: Length | timedelta) -> Phrase:
    """A length of time as a person says it: ``7 days``, ``45 minutes``, ``1 month 2 days``, ``3 working days``."""
    working = isinstance(length, Working)
    given = length.length if isinstance(length, Working) else length
    if not isinstance(given, Duration):
        return span_phrase(rest=given)
    return span_phrase(given.months, given.days, given.rest, working)


def when(value: When) -> str:
    """A deadline's length, or the expression that gives it."""
    return shorten(value.source) if isinstance(value, Expression) else span(value)


def who(process: Process, state: State) -> str:
    """Whom a state waits for, in words; for what no person does, what the clock, code or the outside does in it."""
    asked = listing(dict.fromkeys(audience(process, one) for one in state.readers))
    beside = listing(audience(process, one) for one in state.companions)
    detail = state.detail if isinstance(state.detail, str) else when(state.detail)
    if asked and beside:
        return phrase("%(asked)s with %(beside)s", asked=asked, beside=beside)
    return asked or beside or detail


def audience(process: Process, one: Audience) -> str:
    """One audience in words: ``customer``, a role's title, a group's title."""
    name = one.name.source if isinstance(one.name, Expression) else one.name
    if one.kind == "role":
        return process.roles[name].title if name in process.roles else name
    if one.kind == "group":
        return process.groups[name].title if name in process.groups else name
    if one.kind in ("person", "people"):
        return shorten(name) if one.among is None else listing((audience(process, one.among), shorten(name)), ": ")
    return _MANY[one.kind]


def occasion(process: Process, entry: Always) -> str:
    """Who or what uses an always entry, in words."""
    if entry.within is not None:
        return phrase("after %(length)s", length=when(entry.within))
    if entry.message:
        return phrase("message %(name)s", name=entry.message)
    return listing(audience(process, one) for one in entry.by)


def starting(trigger: Trigger) -> str:
    """What starts a job by itself, in words."""
    guard = f" if {shorten(trigger.when.source)}" if trigger.when else ""
    return (f"by message {trigger.message}" if trigger.message else f"at {trigger.every}") + guard


def answering(process: Process) -> Iterator[str]:
    """Who answers what people ask, and within how long, a line for each kind; nothing where the file says nothing."""
    if process.questions is None and process.concerns is None:
        return
    for kind, wanting in WANTING.items():
        if not wanting.key:
            continue  # it is as with questions
        by, within = process.answerers(kind)
        whom = ", ".join(dict.fromkeys(audience(process, one) for one in by))
        yield f"{wanting.key.capitalize()} are answered by {whom}, within {span(within)}"


@dataclass(frozen=True, slots=True)
class Way:
    """One way on from a state. ``outcome`` is empty for a decision's rules."""

    outcome: str
    label: str
    route: Route


def ways(state: State, *, lengths: bool = True) -> Iterator[Way]:
    """Every way on from a state, in the file's order; without ``lengths`` that of a deadline does not say how long."""
    plain = len(state.on) == 1 and next(iter(state.on)) in state.outcomes[:1]
    for outcome, routes in state.ways.items():
        if not outcome:
            last = phrase("else") if len(routes) > 1 else ""
            yield from (Way("", shorten(one.condition) or last, one) for one in routes)
            continue
        label = "" if plain and len(routes) == 1 else spoken(outcome)
        if outcome == "expired" and isinstance(state.within, Duration | Working):
            label = phrase("not within %(length)s", length=span(state.within)) if lengths else phrase("not in time")
        for route in routes:
            guard = shorten(route.title)
            if not guard and route.when:
                guard = phrase("if %(condition)s", condition=shorten(route.when.source))
            undo = phrase("undo") if route.undo else ""
            yield Way(outcome, listing(part for part in (label, guard, undo) if part), route)


def usual(scope: Scope) -> Scope:
    """The scope without what only rare outcomes, and what may happen at any time, lead to."""
    reached, waiting = set(), [scope.start]
    kept: dict[str, State] = {}
    while waiting:
        name = waiting.pop()
        if name in reached or name not in scope.states:
            continue
        reached.add(name)
        state = scope.states[name]
        on = {outcome: routes for outcome, routes in state.on.items() if not state.is_rare(outcome)}
        kept[name] = _usual_inside(replace(state, on=on))
        waiting += [way.route.to for way in ways(kept[name])]
    return replace(scope, states={name: kept[name] for name in scope.states if name in kept}, always=())


def _usual_inside(state: State) -> State:
    if isinstance(state, Parallel):
        branches = {name: replace(branch, scope=usual(branch.scope)) for name, branch in state.branches.items()}
        return replace(state, branches=branches)
    return replace(state, scope=usual(state.scope)) if isinstance(state, Each | Stage) else state


def shorten(text: str, longest: int = LONGEST_GUARD) -> str:
    """A text on one line, cut where it is too long for a picture."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def ordered(scope: Scope) -> Iterator[State]:
    """The states of a scope, its start first, else as in the file."""
    if scope.start in scope.states:
        yield scope.states[scope.start]
    for name, state in scope.states.items():
        if name != scope.start:
            yield state
