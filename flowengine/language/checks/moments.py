"""Moments that stay: a ``within`` that gives one (``{date(data.need.day)}``), a wait ``until`` one. Once it is over, a
job that comes to the state is sent on at once, each time, as long as what the moment is made of stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flowengine.language.checks.graph import Ways
from flowengine.language.checks.shapes import Shapes
from flowengine.language.checks.survey import Survey
from flowengine.language.expressions import Expression
from flowengine.language.mentions import JOB_FUNCTIONS
from flowengine.language.model import Scope, State
from flowengine.language.parts import EXPIRED, Route, When
from flowengine.language.types import Each, Parallel
from flowengine.language.value_shapes import MOMENT, Basic


class Timed(NamedTuple):
    """A moment at which a state is left by itself, on these ways. ``stays``: it does, while the data do that it
    ``reads``."""

    ways: tuple[Route, ...]
    when: Expression
    stays: bool

    @property
    def reads(self) -> frozenset[str]:
        """The places in the data that the moment is made of."""
        return self.when.variables.get("data") or frozenset()


class Moments:
    """The moments of all states."""

    def __init__(self, survey: Survey) -> None:
        self.shapes = survey.once(Shapes.found)
        self.ways = survey.once(Ways)
        self._found: dict[str, tuple[Timed, ...]] = {}

    def of(self, scope: Scope, state: State) -> tuple[Timed, ...]:
        """All moments of a state, where one of them stays."""
        if state.name not in self._found:
            several = tuple(
                Timed(ways, when, self._stays(when, scope, is_moment)) for ways, when, is_moment in _timed(state)
            )
            self._found[state.name] = several if any(one.stays for one in several) else ()
        return self._found[state.name]

    def _stays(self, when: Expression, scope: Scope, is_moment: bool) -> bool:
        """Whether an expression gives a moment that is made of data, and not of now or of what was passed."""
        asked = any(name in JOB_FUNCTIONS for name, _ in when.calls)
        if asked or "now" in when.variables or when.variables.get("data", frozenset()) is None:
            return False
        if is_moment:
            return True
        shape = self.shapes.parts(when, scope).get(id(when.tree))
        if isinstance(shape, Basic) and shape.domain is not None:
            return shape.domain.format in ("date", "date-time")
        return shape == MOMENT

    def may_be_left_before(self, state: State) -> bool:
        """Whether it may be left as it is entered, before any clock is asked: what it waits for is there already."""
        kept = any(one.awaited is not None and one.awaited.keep is not None for one in state.members.values())
        unopened = isinstance(state, Parallel) and all(one.when is not None for one in state.branches.values())
        inside = isinstance(state, Each) or unopened or any(one.path in self.ways.instant for one in state.scopes)
        return kept or bool(state.begins) or inside


def _timed(state: State) -> Iterator[tuple[tuple[Route, ...], Expression, bool]]:
    """The ways that a state takes by itself when a time has come that an expression gives, with the expression; and
    whether that surely is a moment, and no length."""
    for name, member in state.members.items():
        for when, outcome in _times(member):
            named = (f"{name}.{outcome}", name) if name else (outcome,)
            ways = next((state.ways[one] for one in named if one in state.ways), None)
            if isinstance(when, Expression) and ways is not None:
                yield ways, when, any(when is one for _, one in member.moments)
    if state.within is not None and "" not in state.members and isinstance(state.within, Expression):
        yield state.ways.get(EXPIRED, ()), state.within, False


def _times(member: State) -> Iterator[tuple[When, str]]:
    if member.within is not None and member.expires:
        yield member.within, EXPIRED
    elif member.elapses:
        for when in member.times:
            yield when, member.outcomes[0]
