"""The order in which the flow of facts is followed: in sweeps, each along the ways of the process.

What is to be followed are items: a state that is entered, a branch that may begin, a state with scopes inside that is
left, a scope in which a job may be anywhere. Following a way before the ways behind it lets nearly all facts settle in
two or three sweeps, however long the process is.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Literal, TypeAlias

from flowengine.language.checks.survey import Survey, Target
from flowengine.language.model import Scope, State
from flowengine.language.types import Parallel

Item: TypeAlias = tuple[Literal["enter", "begin", "leave", "roam"], str]
"""``enter`` and ``leave`` a state, ``begin`` a branch, ``roam`` a scope; states by name, the others by path."""


class Worklist:
    """Items to be followed. An item that is added again is followed again."""

    def __init__(self, survey: Survey) -> None:
        self._order = {item: number for number, item in enumerate(_ordered(survey))}
        self._items = list(self._order)
        self._now: list[int] = []
        self._later: set[int] = set()
        self._waiting: set[int] = set()
        self._at = -1

    def add(self, item: Item) -> None:
        """To be followed in this sweep, or in the next one where the sweep is past it."""
        number = self._order[item]
        if number in self._waiting:
            return
        self._waiting.add(number)
        if number > self._at:
            heapq.heappush(self._now, number)
        else:
            self._later.add(number)

    def __iter__(self) -> Iterator[Item]:
        while self._waiting:
            if not self._now:
                self._now, self._later = sorted(self._later), set()
            self._at = heapq.heappop(self._now)
            self._waiting.discard(self._at)
            yield self._items[self._at]
            if not self._now:
                self._at = -1


def _ordered(survey: Survey) -> list[Item]:
    """All items that can be come to, those that lead before those that are led to, but for loops."""
    root = survey.process.root
    begin: Item = ("enter", root.start)
    if root.start not in survey.states:
        return []
    seen = {begin}
    finished: list[Item] = []
    work: list[tuple[Item, Iterator[Item]]] = [(begin, _onward(survey, begin))]
    while work:
        item, onward = work[-1]
        following = next(onward, None)
        if following is None:
            finished.append(item)
            work.pop()
        elif following not in seen:
            seen.add(following)
            work.append((following, _onward(survey, following)))
    return finished[::-1]


def _onward(survey: Survey, item: Item) -> Iterator[Item]:
    """What is to be followed once an item was."""
    kind, name = item
    if kind == "begin":
        yield from _target(survey, survey.scopes[name], survey.scopes[name].start)
        return
    if kind == "roam":
        for entry in survey.scopes[name].always:
            yield from _target(survey, survey.scopes[name], entry.to)
        return
    state = survey.states[name]
    if kind == "enter":
        yield from _entered(survey, state)
    if kind == "leave" or not state.scopes:
        for _, _, route in survey.routes[name]:
            yield from _target(survey, survey.scope_of[name], route.to)


def _entered(survey: Survey, state: State) -> Iterator[Item]:
    scope = survey.scope_of[state.name]
    if not state.is_start and scope.always:
        yield "roam", scope.path
    if state.scopes:
        yield "leave", state.name
    for inner in state.scopes:
        yield "begin", inner.path


def _target(survey: Survey, scope: Scope, to: str) -> Iterator[Item]:
    target = survey.target(scope, to)
    if target is Target.STATE:
        yield "enter", to
    elif target is Target.DONE:
        yield from after_done(survey, scope)


def after_done(survey: Survey, scope: Scope) -> Iterator[Item]:
    """What is to be followed once a scope is done."""
    owner = survey.owner[scope.path]
    yield "leave", owner.name
    if isinstance(owner, Parallel):
        for follower in survey.followers(owner).get(scope.path, ()):
            yield "begin", follower


def begun(state: State) -> Iterator[Item]:
    """What may begin once a state with scopes inside is entered."""
    for inner in state.scopes:
        yield "begin", inner.path
