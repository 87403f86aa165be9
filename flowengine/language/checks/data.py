"""Expressions: variables that are known, data that is there, types that fit, and nothing internal shown (L9)."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import Any

from flowengine.language.checks.abstraction import Key, allowance, key_of
from flowengine.language.checks.evaluating import Reading, Report
from flowengine.language.checks.failing import (
    Guarding,
    Held,
    Reached,
    Risk,
    asked_of,
    no_time,
    risk_of,
    settled,
    too_few,
)
from flowengine.language.checks.flow_of_data import FactFlow, Facts
from flowengine.language.checks.missing import Missing
from flowengine.language.checks.places import Places
from flowengine.language.checks.shapes import Shapes
from flowengine.language.checks.survey import Survey
from flowengine.language.checks.trial import NOW, Trial
from flowengine.language.checks.uses import Use
from flowengine.language.expressions import Expression
from flowengine.language.mentions import JOB_FUNCTIONS
from flowengine.language.model import Scope
from flowengine.language.suggest import hint
from flowengine.language.tree import Node
from flowengine.language.types import Parallel
from flowengine.language.value_shapes import (
    UNKNOWN,
    Basic,
    Shape,
    describe,
    internal,
    sample,
)

_MOST_GUARDS = 20
"""Conditions about one thing that are looked at."""


def check(survey: Survey) -> None:
    """Report what is wrong with the process's expressions."""
    shapes = survey.once(Shapes.found)
    places = shapes.places
    flow = FactFlow(survey, places)
    reader = _Reader(survey, places, flow, shapes)
    for use in survey.uses:
        reader.read(use)


class _Reader:
    def __init__(self, survey: Survey, places: Places, flow: FactFlow, shapes: Shapes) -> None:
        self.survey = survey
        self.places = places
        self.flow = flow
        self.shapes = shapes
        self._samples: dict[tuple[str, str], Any] = {}
        self._asked: dict[Key, list[Use]] | None = None
        self.missing = Missing(survey, flow)

    def read(self, use: Use) -> None:
        """Report what is wrong with one expression where it stands."""
        items = self.shapes.items(use.scope)
        if not self._variables_known(use, items):
            return
        facts = self._facts(use)
        if facts is None:
            return
        found: list[str] = []

        def report(code: str, message: str, advice: str) -> None:
            if code == "maybe-missing":
                path = message.split(" ", 1)[0]
                if path.startswith("data."):
                    without = self.missing.without(use, tuple(path.split(".")))
                    if without.surely:
                        return
                    message += f": not by {without.way}" if without.way else ""
            found.append(code)
            if code in ("missing-data", "never-holds") and use.point[0] == "begin":
                advice = self._opened_after(use, advice)
            self.survey.report(use.place, code, f"{use.what}: {message}", advice)

        reading = Reading(
            self.places,
            self.flow.guards,
            use.scope,
            facts.must,
            facts.may,
            self._variables(use),
            report,
            seen=use.reader == "customer",
            inner=self.shapes.inner_items(use.scope) if use.reader == "customer" else frozenset(),
        )
        shape = reading.shape(use.expression.tree, facts.told)
        if use.after_dollar and isinstance(shape, Basic) and shape.kind not in ("int", "double"):
            message = f"{use.expression.source!r} is {describe(shape)}, and people would read the '$' before it"
            report("bad-text", message, "leave the '$' out")
        if use.reader == "customer" and "internal-data" not in found and internal(shape):
            message = "the value has internal parts, but the customer would see them here"
            report("internal-data", message, "show the parts one by one, or mark their fields with show: true")
        if "unknown-field" in found or "unknown-data" in found:
            return
        if self._failing(use, reading, report):
            return
        problem = Trial(use.expression, lambda: self._values(use), reading.unclear, reading.shapes).problem(use.gives)
        if problem:
            report("type-mix", problem, "")

    def _opened_after(self, use: Use, otherwise: str) -> str:
        """The advice for a branch whose condition reads what another branch of the same parallel saves."""
        _, state, own, _ = use.point
        read = use.expression.variables.get("data") or frozenset()
        parallel = self.survey.states[state]
        assert isinstance(parallel, Parallel)
        for branch in parallel.branches.values():
            inside = [
                branch.scope,
                *(scope for one in branch.scope.states.values() for scope in self.survey.inside(one)),
            ]
            saved = {(one.saves or one.name).split(".")[0] for scope in inside for one in scope.states.values()}
            if branch.name != own and saved & read:
                return f"a branch's 'when' is asked as it opens: open it after what saves it: after: [{branch.name}]"
        return otherwise

    def _failing(self, use: Use, reading: Reading, report: Report) -> bool:
        """Report what may fail in an expression, and comparisons that are settled; whether there is any."""
        source, found = use.expression.source, False
        elsewhere = partial(self._guarding, use)
        reached = Reached(self.survey.once(allowance), partial(self._before, use), elsewhere)

        def fails(risk: Risk | None, held: Held) -> bool:
            example = None if risk is None else reached.example(risk, held, source, reading.shapes)
            if risk is None or example is None:
                return False
            report("may-fail", risk.message + (f": for example when {example}" if example else ""), risk.advice)
            return True

        for node, held in reading.risky:
            wrong = settled(node, source, reading.shapes)
            if wrong is not None:
                report("never-holds", *wrong)
                found = True
                continue
            found = fails(risk_of(node, source, reading.shapes), held) or found
        if use.gives == "filled list":
            found = fails(too_few(use.expression.tree, self._least(use), source, reading.shapes), ()) or found
        if use.gives in ("moment", "span or moment") and use.only is None:
            risk = no_time(use.expression.tree, source, reading.shapes, lengths=use.gives == "span or moment")
            found = fails(risk, ()) or found
        return found

    def _least(self, use: Use) -> int:
        """How many options an expression must give at least, of which some are to be chosen."""
        members = self.survey.states[use.point[1]].members.values()
        found = (least for one in members for _, source, least, _ in one.chosen_from if source is use.expression)
        return max(found, default=1)

    def _before(self, use: Use) -> list[tuple[Guarding, bool]]:
        """The conditions that have been asked when an expression is evaluated, at the same moment."""
        kind, name, outcome, index = use.point
        known: list[tuple[Expression | None, bool]] = []
        if kind in ("guard", "route"):
            routes = self.survey.states[name].ways[outcome]
            known = [(route.when, False) for route in routes[:index]]
            if kind == "route":
                known.append((routes[index].when, True))
        elif kind == "starts":
            known = [(use.held, True)]
        elif kind == "invoked":
            known = [(one.when, True) for one in use.scope.always if one.name == outcome]
        return [(self._guard(when, use), truth) for when, truth in known if when is not None]

    def _guard(self, when: Expression, use: Use) -> Guarding:
        return Guarding(when.tree, when.source, self.shapes.parts(when, use.scope, only=use.only))

    def _guarding(self, where: Use, about: Node) -> list[Guarding]:
        """The conditions of the process that ask about something, but for those of the same decision, of which is known
        when they were asked."""
        if self._asked is None:
            self._asked = {}
            for use in self.survey.uses:
                if use.gives == "boolean":
                    for key in asked_of([use.expression.tree]):
                        self._asked.setdefault(key, []).append(use)
        asked = self._asked.get(key_of(about), ())
        own = where.point[1] if where.point[0] in ("guard", "route") else ""
        uses = (use for use in asked if not own or use.point[1] != own)
        return [self._guard(use.expression, use) for use in islice(uses, _MOST_GUARDS)]

    def _facts(self, use: Use) -> Facts | None:
        """What is known where the expression stands; None where no job comes."""
        if use.point[0] == "starts":
            held = use.held
            return Facts(-1, -1) if held is None else Facts(-1, -1, self.flow.guards.told(held.tree, True, use.scope))
        return Facts(-1, -1) if use.point[0] == "promise" else self.flow.at(use.point, use.scope)

    def _variables(self, use: Use) -> dict[str, Shape]:
        return self.shapes.variables(use.scope) if use.only is None else dict(use.only)

    def _variables_known(self, use: Use, items: dict[str, Shape]) -> bool:
        known = use.known | items.keys()
        unknown = [name for name in use.expression.variables if name not in known]
        unnamed = any(name in JOB_FUNCTIONS and None in args for name, args in use.expression.calls)
        for name in unknown:
            if unnamed and name in self.survey.states:
                continue  # a state without quotes, of which the function's own check tells
            message = f"{use.what}: there is no variable {name!r} here"
            self.survey.report(use.place, "unknown-variable", message, self._meant(name, use, known))
        return not unknown

    def _meant(self, name: str, use: Use, known: frozenset[str]) -> str:
        """What was meant by a name: data, whose name lacks its beginning, or a text, which lacks its quotes."""
        alone = (name,) in use.expression.paths
        if (name, "outcome") in use.expression.paths and name in self.survey.states:
            return f'how it ended is outcome("{name}")'
        if not alone and "data" in known and any(one == name for _, one, _ in self.places.seen(use.scope)):
            return f"write data.{name}"
        advice = hint(name, sorted(known))
        return f'a text needs quotes: "{name}"; {advice}' if alone and not advice.startswith("did you") else advice

    def _values(self, use: Use) -> dict[str, Any]:
        """Sample values for the variables that the expression mentions."""
        values: dict[str, Any] = {}
        shapes = self._variables(use)
        for name, members in use.expression.variables.items():
            if name == "data":
                values[name] = {one: self._sample(use.scope, one) for one in members or ()}
            elif name == "now":
                values[name] = NOW
            else:
                values[name] = sample(shapes.get(name, UNKNOWN))
        return values

    def _sample(self, scope: Scope, name: str) -> Any:
        owner = self.flow.guards.nearest(name, scope)
        if owner is None:
            return {}
        key = (owner, name)
        if key not in self._samples:
            self._samples[key] = sample(self.places.shapes[owner].members[name].shape)
        return self._samples[key]
