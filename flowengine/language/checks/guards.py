"""What a condition tells of the data when it holds, or when it does not."""

from __future__ import annotations

from dataclasses import dataclass

from flowengine.language.checks.places import Path, Places
from flowengine.language.mentions import chain
from flowengine.language.model import Scope
from flowengine.language.syntax import Call, Has, Literal, Macro, Node, Operation

_MOST_TEXTS = 100
"""Texts of one place that are followed up."""
_MOST_TOLD = 200
"""Paths and texts that are kept in mind."""
ALL = -1
"""The facts of what cannot happen: all bits."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known: these bits are set, these paths exist, these places do not hold these texts."""

    must: int = 0
    paths: frozenset[tuple[str, ...]] = frozenset()
    without: frozenset[tuple[str, Path, str]] = frozenset()

    def __or__(self, other: Told) -> Told:
        """Both; what is told first where that is very much, for a longer story only takes time (L12)."""
        if other is NOTHING_TOLD or self is NOTHING_TOLD:
            return self if other is NOTHING_TOLD else other
        paths = self.paths | other.paths if len(self.paths) < _MOST_TOLD else self.paths
        without = self.without | other.without if len(self.without) < _MOST_TOLD else self.without
        return Told(self.must | other.must, paths, without)

    def __and__(self, other: Told) -> Told:
        return Told(self.must & other.must, self.paths & other.paths, self.without & other.without)


NOTHING_TOLD = Told()


Lesson = tuple[str, str] | tuple[str, str, Path, str]
"""What a condition tells of: ``("passed", state)``, ``("at", state)``, ``("text", owner, place, literal text)``."""


class Guards:
    """Reads conditions. ``lessons`` holds the facts that follow from a condition; all, until they were learnt."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.lessons: dict[Lesson, int] = {}
        self._told: dict[tuple[int, bool, str], Told] = {}

    def learn(self, lessons: dict[Lesson, int]) -> None:
        """From now on these facts follow from the conditions."""
        self.lessons = lessons
        self._told.clear()

    def told(self, node: Node, truth: bool, scope: Scope) -> Told:
        """What is known when the condition is true, or false, in a scope."""
        key = (id(node), truth, scope.path)
        found = self._told.get(key)
        if found is None:
            found = self._told[key] = self._find(node, truth, scope)
        return found

    def _find(self, node: Node, truth: bool, scope: Scope) -> Told:
        match node:
            case Has(member=member) if truth:
                path, _ = chain(member)
                return Told(self._has(path, scope), _and_around(path)) if path else NOTHING_TOLD
            case Call(name="passed" | "at" as name, args=(Literal(value=str(state)),)) if truth:
                return Told(self.lessons.get((name, state), ALL))
            case Operation(sign="!", operands=(operand,)):
                return self.told(operand, not truth, scope)
            case Operation(sign="&&" | "||" as sign, operands=operands):
                return self._combined([self.told(one, truth, scope) for one in operands], (sign == "&&") == truth)
            case Operation(sign="==" | "!=" as sign, operands=(left, right)):
                return self._compared(left, right, (sign == "==") == truth, scope)
            case Operation(sign=">" | ">=", operands=(left, Literal(value=int(number)))) if truth:
                return self._counted(left, number if node.sign == ">=" else number + 1)
            case Macro():
                return NOTHING_TOLD
            case _:
                return NOTHING_TOLD

    def _combined(self, parts: list[Told], every: bool) -> Told:
        """``every``: all parts are known to hold; else one of them, nobody knows which."""
        told = parts[0]
        for part in parts[1:]:
            told = told | part if every else told & part
        return told

    def _has(self, path: tuple[str, ...] | None, scope: Scope) -> int:
        if path is None or path[0] != "data" or len(path) < 2:
            return 0
        owner = self.nearest(path[1], scope)
        if owner is None:
            return 0
        mask = self.places.implied(owner, path[1:])
        return mask if len(path) <= 3 else mask | self.places.bit(owner, path[1:3])

    def nearest(self, name: str, scope: Scope) -> str | None:
        """The nearest data in which the place may be."""
        return next((one for one in self.places.owners(scope) if name in self.places.shapes[one].members), None)

    def _counted(self, left: Node, least: int) -> Told:
        """``count("x") > 0`` tells what ``passed("x")`` tells."""
        match left:
            case Call(name="count", args=(Literal(value=str(state)),)) if least >= 1:
                return Told(self.lessons.get(("passed", state), ALL))
            case _:
                return NOTHING_TOLD

    def _compared(self, left: Node, right: Node, equal: bool, scope: Scope) -> Told:
        """A place that is only ever set to literal texts tells by its text where the job came from."""
        if isinstance(left, Literal):
            left, right = right, left
        path, _ = chain(left)
        if path is None or path[0] != "data" or not isinstance(right, Literal) or not isinstance(right.value, str):
            return NOTHING_TOLD
        owner = self.nearest(path[1], scope) if len(path) > 1 else None
        texts = self.places.texts(owner, path[1:]) if owner is not None else {}
        if owner is None or right.value not in texts or (len(texts) > _MOST_TEXTS and not equal):
            return NOTHING_TOLD
        if equal:
            return Told(self.lessons.get(("text", owner, path[1:], right.value), ALL))
        return Told(without=frozenset(((owner, path[1:], right.value),)))

    def excluded(self, told: Told) -> int:
        """The facts that follow from the texts that are ruled out: what all the remaining ones have in common."""
        if not 0 < len(told.without) <= _MOST_TEXTS:
            return 0
        facts = 0
        for owner, path in {(owner, path) for owner, path, _ in told.without}:
            texts = self.places.texts(owner, path)
            if len(texts) > _MOST_TEXTS:
                continue
            out = {text for its_owner, its_path, text in told.without if (its_owner, its_path) == (owner, path)}
            left = [text for text in texts if text not in out]
            common = ALL
            for text in left:
                common &= self.lessons.get(("text", owner, path, text), ALL)
            facts |= common
        return facts


def _and_around(path: Path) -> frozenset[Path]:
    """The path and those around it: where a member is there, so is what it is a member of."""
    return frozenset(path[:length] for length in range(2, len(path) + 1))
