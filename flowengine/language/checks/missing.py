"""The shortest way on which a place of the data holds no value: found on the ways with what they establish."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from flowengine.language.checks.flow_of_data import FactFlow
from flowengine.language.checks.survey import Survey
from flowengine.language.checks.told_ways import Told
from flowengine.language.checks.uses import Use
from flowengine.language.checks.walks import Node, Onward, Walks
from flowengine.language.parts import DONE
from flowengine.language.types import Each

MOST_STEPS = 20_000
"""Steps from node to node that are looked at for all places of a process."""


class Without(NamedTuple):
    """A way, in words, on which a place holds no value. Where there is none, ``surely`` says whether all were looked
    at."""

    way: str = ""
    surely: bool = False


class _At(NamedTuple):
    """A job enters a node, where these places surely hold a value."""

    node: Node
    must: int


class Missing:
    """Looks for ways on which a place holds no value."""

    def __init__(self, survey: Survey, flow: FactFlow) -> None:
        self.survey = survey
        self.flow = flow
        self._left = MOST_STEPS

    def without(self, use: Use, path: tuple[str, ...]) -> Without:
        """A shortest way to an expression on which the place that it reads holds no value."""
        places = self.flow.places
        bits = 0
        for owner in places.owners(use.scope):
            bits |= places.bit(owner, path[1:])
        walks = self.survey.once(Walks)
        if not bits or not walks.nodes or self._left < 0 or use.point[0] in ("starts", "promise"):
            return Without()
        start = _At(walks.nodes[0], 0)
        before: dict[_At, tuple[_At, Onward] | None] = {start: None}
        queue = deque([start])
        while queue:
            here = queue.popleft()
            if self._is_missing(here, use, bits):
                return Without(self._told(walks, here, before))
            for onward, must in self._onward(here):
                self._left -= 1
                there = _At(onward.to, must & bits)
                if there not in before:
                    before[there] = here, onward
                    queue.append(there)
            if self._left < 0:
                return Without()
        return Without(surely=not walks.cut and not walks.undecided)

    def _is_missing(self, here: _At, use: Use, bits: int) -> bool:
        """Whether the expression may be evaluated in a node where the place holds no value."""
        kind, name, _, _ = use.point
        at = here.node.scope if not here.node.state else here.node.state
        roams = kind in ("always", "invoked")
        if at != name or roams != (not here.node.state):
            return False
        return not self.flow.sure_at(use.point, use.scope, here.must) & bits

    def _onward(self, here: _At) -> Iterator[tuple[Onward, int]]:
        """The ways from a node, with what is sure on them."""
        node, must = here
        if not node.state:
            scope = self.survey.scopes[node.scope]
            entries = {entry.name: entry for entry in scope.always}
            for onward in node.onward:
                undoing = onward.kind == "roam"  # an entry was used, and while it undoes something another may be
                yield onward, must if undoing else self._ended(onward, self.flow.used(scope, entries[onward.by], must))
            return
        state = self.survey.states[node.state]
        ways = list(self.flow.ways(state, (must, must)))
        taken = {(way.outcome, way.index): way.after.must for way in ways}
        for onward in node.onward:
            if onward.kind == "roam":
                yield onward, self.flow.roaming_in(state, must)
            elif onward.kind == "opened":
                scope = self.survey.scope_of[onward.to.state]
                owner = self.survey.owner[scope.path]
                own = self.flow.places.all_of(scope.path) if isinstance(owner, Each) else 0
                yield onward, self.flow.opened(scope, must) & ~own
            elif onward.way is not None and onward.way[0] == node.state:
                sure = taken.get(onward.way[1:])
                if sure is not None:
                    yield onward, sure
            else:
                done = [way.after.must for way in ways if way.outcome == onward.by and way.route.to == DONE]
                sure = -1
                for one in done:
                    sure &= one
                yield onward, self._ended(onward, sure)

    def _ended(self, onward: Onward, must: int) -> int:
        """What is sure once a stage was ended by it."""
        if onward.way is None:
            return must
        name, outcome, index = onward.way
        route = self.survey.states[name].ways[outcome][index]
        return self.flow.taken(self.survey.scope_of[name], route, must)

    def _told(self, walks: Walks, last: _At, before: dict[_At, tuple[_At, Onward] | None]) -> str:
        steps: list[Onward] = []
        first, step = last, before[last]
        while step is not None:
            first, onward = step
            steps.append(onward)
            step = before[first]
        return Told(walks).steps(first.node, steps[::-1])
