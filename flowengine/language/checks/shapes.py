"""The shapes of what expressions give, wherever they stand in a process."""

from __future__ import annotations

from collections.abc import Mapping

from flowengine.language.checks.evaluating import CUSTOMER, JOB, Reading
from flowengine.language.checks.guards import Guards
from flowengine.language.checks.places import Places
from flowengine.language.checks.survey import Survey
from flowengine.language.expressions import Expression
from flowengine.language.model import Scope
from flowengine.language.types import Each
from flowengine.language.value_shapes import INT, MOMENT, TEXT, UNKNOWN, ListOf, Record, Shape, Slot, of_values

_MEMBER = Record({"id": Slot(TEXT)}, UNKNOWN)
_EVERYWHERE: dict[str, Shape] = {"customer": CUSTOMER, "job": JOB, "now": MOMENT}
_SOMEWHERE: dict[str, Shape] = {"outcome": TEXT, "member": _MEMBER, "done": INT, "open": INT, "total": INT}


class Shapes:
    """The shapes of expressions' values, and of the items that a scope sees."""

    def __init__(self, survey: Survey, places: Places) -> None:
        self.survey = survey
        self.places = places
        self.guards = Guards(places)
        self._items: dict[str, dict[str, Shape]] = {}
        self._inner: dict[str, frozenset[str]] = {}
        self._known = places.shapes
        self._parts: dict[tuple[str, str, str], Mapping[int, Shape]] = {}

    @classmethod
    def found(cls, survey: Survey) -> Shapes:
        """The shapes of a process, those of its places among them."""
        places = Places(survey)
        shapes = cls(survey, places)
        places.find_shapes(shapes.of, shapes.is_internal)
        return shapes

    def of(self, expression: Expression, scope: Scope, state: str) -> Shape:  # noqa: ARG002 - any point does
        """The shape of an expression's value, wherever in the scope it is evaluated."""
        reading = Reading(self.places, self.guards, scope, -1, -1, self.variables(scope))
        shape = reading.shape(expression.tree)
        return TEXT if shape == MOMENT else shape

    def is_internal(self, expression: Expression, scope: Scope) -> bool:
        """Whether it reads anything that no customer may see (L9)."""
        found: set[str] = set()
        variables = self.variables(scope)
        inner = self.inner_items(scope)
        reading = Reading(
            self.places, self.guards, scope, -1, -1, variables, lambda code, *_: found.add(code), True, inner
        )
        reading.shape(expression.tree)
        return "internal-data" in found

    def inner_items(self, scope: Scope) -> frozenset[str]:
        """The names of the items around whose list is internal."""
        self._refresh()
        if scope.path in self._inner:
            return self._inner[scope.path]
        found: dict[str, bool] = {}
        for one in self.survey.around(scope):
            each = self.survey.owner.get(one.path)
            if isinstance(each, Each):
                inner = each.of is not None and self.is_internal(each.of, self.survey.scope_of[each.name])
                found.setdefault("item", inner)
                found.setdefault(each.as_, inner)
        self._inner[scope.path] = frozenset(name for name, inner in found.items() if inner)
        return self._inner[scope.path]

    def _refresh(self) -> None:
        """Forget what was found by other shapes than those that are known now."""
        if self._known is not self.places.shapes:
            self._known = self.places.shapes
            self._items.clear()
            self._inner.clear()

    def parts(
        self, condition: Expression, scope: Scope, outcome: str = "", only: Mapping[str, Shape] | None = None
    ) -> Mapping[int, Shape]:
        """The shapes of the parts of a condition, by their identity, where all that it reads is there: asked after an
        ``outcome``, or with ``only`` these variables."""
        key = (condition.source, scope.path, "starts" if only is not None else outcome)
        found = self._parts.get(key)
        if found is None:
            variables = self.variables(scope) if only is None else dict(only)
            if outcome:
                variables["outcome"] = of_values([outcome])
            reading = Reading(self.places, self.guards, scope, -1, -1, variables)
            reading.shape(condition.tree)
            found = self._parts[key] = reading.shapes
        return found

    def variables(self, scope: Scope) -> dict[str, Shape]:
        """The variables that are known everywhere in a scope, with their shapes."""
        return {**_EVERYWHERE, **_SOMEWHERE, **self.items(scope)}

    def items(self, scope: Scope) -> dict[str, Shape]:
        """``item`` and the names of the items around, innermost first."""
        self._refresh()
        known = self._items.get(scope.path)
        if known is not None:
            return known
        found: dict[str, Shape] = {}
        for one in self.survey.around(scope):
            each = self.survey.owner.get(one.path)
            if isinstance(each, Each):
                shape = self._item(each)
                found.setdefault("item", shape)
                found.setdefault(each.as_, shape)
        self._items[scope.path] = found
        return found

    def _item(self, each: Each) -> Shape:
        if each.of is None:
            return UNKNOWN
        items = self.of(each.of, self.survey.scope_of[each.name], each.name)
        return items.item if isinstance(items, ListOf) else UNKNOWN
