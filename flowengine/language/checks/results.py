"""What the results of an each are where less comes of it than may, and which ways conditions on them leave open then.

The results are a list: for each item that was finished one object, of what was saved for it. So there are never more of
them than items, whatever is kept of them (``filter``), and what no state of an item saves any more is in none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from flowengine.language.checks.abstraction import Abstraction, Undecided, allowance
from flowengine.language.checks.evaluating import Reading
from flowengine.language.checks.places import place_of
from flowengine.language.checks.shapes import Shapes
from flowengine.language.checks.survey import Survey
from flowengine.language.checks.told_ways import Told
from flowengine.language.checks.walks import Walks
from flowengine.language.expressions import Expression
from flowengine.language.mentions import chain
from flowengine.language.model import Scope, State
from flowengine.language.parts import Route
from flowengine.language.types import Each
from flowengine.language.value_shapes import ListOf, Record, Shape, Slot


class Few(NamedTuple):
    """How many ``items`` a list may have at least, as some job has it that comes to the each by a ``way``; its
    ``source`` as it is written, and the first name of its ``place`` in the data."""

    items: int
    source: str
    place: str
    way: str


class Results:
    """Conditions on the results of an each."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.walks = survey.once(Walks)
        self.shapes = survey.once(Shapes.found)
        self.places = self.shapes.places
        self.allowance = survey.once(allowance)
        self._asking: dict[str, dict[str, dict[str, State]]] = {}
        """By the path of a scope and the first name of a place: the states of which a way depends on it."""

    def place(self, each: Each) -> str:
        """The place of the results."""
        return place_of(each)[0]

    def fewest(self, each: Each) -> Few | None:
        """The shortest list that some job comes with to the each; None where that is not known: but of a list that is
        answered, and of which no other condition asks than how long it is, it is."""
        if each.of is None or each.more:
            return None
        scope, (path, _) = self.survey.scope_of[each.name], chain(each.of.tree)
        node = next((one for one in self.walks.at.get(each.name, ()) if one.exact), None)
        if node is None or path is None or len(path) != len(("data", "state", "field")) or not self._is_answered(path):
            return None
        shape = self.shapes.of(each.of, scope, each.name)
        if not isinstance(shape, ListOf):
            return None
        return Few(shape.least, each.of.source, path[1], Told(self.walks).way(node))

    def _is_answered(self, path: tuple[str, ...]) -> bool:
        """Whether only fields are saved at a place, among them this one."""
        name, field = path[1:]
        saving = [
            member
            for state in self.survey.states.values()
            for member in state.members.values()
            if (member.saves or state.saves or state.name).split(".")[0] == name
        ]
        sets = (source.set for scope in self.survey.scopes.values() for source in scope.always)
        routes = (route.set for several in self.survey.routes.values() for _, _, route in several)
        is_set = any(place.split(".")[0] == name for several in (*sets, *routes) for place in several)
        fields = (any(one.name == field for one in member.fields) for member in saving)
        return bool(saving) and not is_set and all(fields)

    def saved_inside(self, each: Each) -> set[str]:
        """What the items of an each may save, by the first name of its place."""
        return set(self.places.shapes[each.scope.path].members)

    def asking(self, each: Each) -> dict[str, State]:
        """The states beside the each of which a way depends on its results, saved under a name of their own."""
        scope, place = self.survey.scope_of[each.name], place_of(each)
        if scope.path not in self._asking:
            self._asking[scope.path] = _by_place(scope)
        return self._asking[scope.path].get(place[0], {}) if len(place) == 1 else {}

    def ways(self, each: Each, most: int | None, missing: Iterable[str] = ()) -> dict[str, list[Route]]:
        """By those states: the ways that may be taken while there are at most so many results, in none of which
        something is that is ``missing``; empty where each of their ways may be."""
        scope = self.survey.scope_of[each.name]
        variables = self._variables(scope, each, most, frozenset(missing))
        found = {name: self._open(scope, state, each, variables) for name, state in self.asking(each).items()}
        return found if any(len(ways) < len(self.survey.routes[name]) for name, ways in found.items()) else {}

    def _open(self, scope: Scope, state: State, each: Each, variables: Mapping[str, Shape]) -> list[Route]:
        name, found = place_of(each)[0], list[Route]()
        for ways in state.ways.values():
            for route in ways:
                if route.when is None or not _reads(route.when, name):
                    found.append(route)
                    continue
                if self._may_be(route.when, True, scope, variables):
                    found.append(route)
                if not self._may_be(route.when, False, scope, variables):
                    break  # those behind it are never asked
        return found

    def _may_be(self, when: Expression, truth: bool, scope: Scope, variables: Mapping[str, Shape]) -> bool:
        """Whether a condition may be true, or false."""
        reading = Reading(self.places, self.shapes.guards, scope, -1, -1, dict(variables))
        reading.shape(when.tree)
        abstraction = Abstraction(self.allowance)
        wanted = abstraction.wanted(when.tree, truth, when.source, reading.shapes)
        try:
            return abstraction.case([wanted]) is not None
        except Undecided:
            return True

    def _variables(self, scope: Scope, each: Each, most: int | None, missing: frozenset[str]) -> dict[str, Shape]:
        """The names that conditions in a scope read, with what the results of an each are."""
        members = dict[str, Slot]()
        for owner in reversed(self.places.owners(scope)):
            members |= self.places.shapes[owner].members
        own = self.places.shapes[each.scope.path].members
        inside = {name: Slot(slot.shape, sure=False) for name, slot in own.items() if name not in missing}
        item = self.shapes.variables(each.scope)["item"]
        results = ListOf(Record({**inside, "item": Slot(item)}), 0, most)
        return {**self.shapes.variables(scope), "data": Record({**members, place_of(each)[0]: Slot(results)})}


def _by_place(scope: Scope) -> dict[str, dict[str, State]]:
    found: dict[str, dict[str, State]] = {}
    for name, state in scope.states.items():
        for _, _, route in state.routes:
            for place in (route.when.variables.get("data") or ()) if route.when is not None else ():
                found.setdefault(place, {})[name] = state
    return found


def _reads(when: Expression, name: str) -> bool:
    read = when.variables.get("data", frozenset())
    return read is None or name in read
