"""The places of the data: who saves to them, what shape they have, and a bit for each in the flow of facts.

The data of a job is one set of places; the items of an each have data of their own, which hides the job's. A fact "this
place holds a value" is one bit of a whole number, so that a state's facts are joined and met in one operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from flowengine.language.checks.survey import Survey
from flowengine.language.expressions import Expression
from flowengine.language.model import Scope, State
from flowengine.language.parts import Always, Route
from flowengine.language.syntax import Literal
from flowengine.language.types import Each
from flowengine.language.value_shapes import (
    NOTHING,
    UNKNOWN,
    ListOf,
    Lists,
    Nothing,
    Record,
    Saved,
    Shape,
    Slot,
    of_fields,
    opened,
    put,
    union,
    without_domains,
)

Path: TypeAlias = tuple[str, ...]
ShapeOf: TypeAlias = Callable[[Expression, Scope, str], Shape]
"""The shape of an expression's value, in a scope, at a state."""
IsInternal: TypeAlias = Callable[[Expression, Scope], bool]
"""Whether an expression reads anything, in a scope, that no customer may see."""

_Tree: TypeAlias = dict[Path, tuple[Shape, bool]]
"""By place: the shape of what is saved there, and whether it is internal."""
_MEMBERS_A_UNIT = 5
"""Members of an object that are copied in a unit of work."""
_MISSING = object()
_ROUNDS = 4
"""Rounds in which the shapes of set places, which may depend on each other, are found."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What saving does to the facts: these bits are set for sure, these are perhaps no longer, these may be set."""

    gains: int = 0
    loses: int = 0
    may: int = 0

    def after(self, must: int, may: int) -> tuple[int, int]:
        """The facts after it."""
        return (must & ~self.loses) | self.gains, may | self.may


NO_EFFECT = Effect()


class Places:
    """All places of a process."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self._effects: dict[tuple[str, ...], Effect] = {}
        self._bits: dict[tuple[str, Path], int] = {}
        self._masks: dict[tuple[str, str], int] = {}
        self._fixed: dict[str, _Tree] | None = None
        self._writes: list[tuple[str, Saved]] = []
        """What is saved, and to whose data."""
        self._sets: list[tuple[str, Path, Expression, Scope, str]] = []
        self._shown: set[int] = set()
        """Which of them customers may see, whatever they are made of: their indices."""
        self._inner: set[tuple[str, Path]] = set()
        """Places that are set to values made of what is internal."""
        self._inner_items: set[str] = set()
        """Each whose list is internal."""
        self._answers: dict[tuple[str, str], tuple[str, Saved]] = {}
        self.shapes: dict[str, Record] = {}
        """By owner (``""`` is the job, else the path of an each's scope): its data."""
        lists = Lists(survey.process.options)
        for scope in survey.scopes.values():
            self._gather(scope, lists)
        self._texts = self._literal_texts()

    # who owns what

    def owners(self, scope: Scope) -> list[str]:
        """The data that is seen from a scope, the nearest first."""
        found = [one.path for one in self.survey.around(scope) if isinstance(self.survey.owner.get(one.path), Each)]
        return [*found, ""]

    def owner(self, scope: Scope) -> str:
        """The data to which a scope saves."""
        return self.owners(scope)[0]

    # gathering

    def _gather(self, scope: Scope, lists: Lists) -> None:
        owner = self.owner(scope)
        for entry in scope.always:
            if entry.fields:
                self._writes.append((owner, Saved((entry.name,), of_fields(entry.fields, internal=False))))
            self._note_sets(owner, entry, scope, "")
        for state in scope.states.values():
            for outcome in state.on:
                found = state.saved(outcome, lists)
                if found is not None:
                    self._answers[state.name, outcome] = (owner, found)
                    self._writes.append((owner, found))
            for _, _, route in self.survey.routes[state.name]:
                self._note_sets(owner, route, scope, state.name)

    def _note_sets(self, owner: str, source: Route | Always, scope: Scope, state: str) -> None:
        for place, expression in source.set.items():
            if place in source.shown:
                self._shown.add(len(self._sets))
            self._sets.append((owner, tuple(place.split(".")), expression, scope, state))

    def _literal_texts(self) -> dict[tuple[str, Path], dict[str, None]]:
        """Places that are only ever set to literal texts, with these texts: they tell where a job came from."""
        found: dict[tuple[str, Path], dict[str, None]] = {}
        spoiled = {(owner, saved.place) for owner, saved in self._writes}
        for owner, path, expression, _, _ in self._sets:
            text = literal_text(expression)
            if text is None:
                spoiled.add((owner, path))
            else:
                found.setdefault((owner, path), {})[text] = None
        return {place: texts for place, texts in found.items() if place not in spoiled}

    def find_shapes(self, shape_of: ShapeOf, is_internal: IsInternal) -> None:
        """Find the shape of each place, and whether it is internal; ``shape_of`` gives the shape of an expression's
        value by those known so far, ``is_internal`` whether it is made of what is internal."""
        found: dict[tuple[str, Path], Shape] = {(owner, path): NOTHING for owner, path, _, _, _ in self._sets}
        eachs = [state for state in self.survey.states.values() if isinstance(state, Each)]
        lists: dict[str, Shape] = {state.name: NOTHING for state in eachs}
        for round_number in range(_ROUNDS):
            self._build(found, lists)
            changed = False
            for index, (owner, path, expression, scope, state) in enumerate(self._sets):
                before = found[owner, path]
                shape = shape_of(expression, scope, state)
                after = union(before, opened(shape) if index in self._shown else shape)
                if after != before and round_number >= _ROUNDS // 2:
                    after = union(before, without_domains(shape))  # of what grows with each round, nothing is said
                found[owner, path] = after
                changed = changed or after != before
            for one in eachs:
                made = self._list(one, shape_of)
                changed = changed or made != lists[one.name]
                lists[one.name] = made
            if not changed:
                break
            if round_number == _ROUNDS - 2:
                found = {place: UNKNOWN if isinstance(shape, Nothing) else shape for place, shape in found.items()}
        else:
            found = {place: without_domains(shape) for place, shape in found.items()}
            lists = {name: without_domains(shape) for name, shape in lists.items()}
        self._build(found, lists)
        while self._taint(is_internal):
            self._build(found, lists)
        self._number()

    def _taint(self, is_internal: IsInternal) -> bool:
        """Note the places that are set to what is made of internal data, and each whose list is, by what is known so
        far; whether there are more of them now. What is set from one of these may be internal too."""
        before = len(self._inner) + len(self._inner_items)
        for state in self.survey.states.values():
            if isinstance(state, Each) and state.of is not None and state.name not in self._inner_items:
                self.survey.spend(1, state.place)
                if is_internal(state.of, self.survey.scope_of[state.name]):
                    self._inner_items.add(state.name)
        for index, (owner, path, expression, scope, _) in enumerate(self._sets):
            if index not in self._shown and (owner, path) not in self._inner:
                self.survey.spend(1, expression.place)
                if is_internal(expression, scope):
                    self._inner.add((owner, path))
        return len(self._inner) + len(self._inner_items) > before

    def _list(self, state: Each, shape_of: ShapeOf) -> Shape:
        """What an each saves at its join: for each item the item and its own data, all of which may be missing."""
        own = self.shapes.get(state.scope.path, Record())
        item: Shape = UNKNOWN
        most: int | None = None
        if state.of is not None:
            scope = self.survey.scope_of[state.name]
            items = shape_of(state.of, scope, state.name)
            if isinstance(items, ListOf):
                item, most = items.item, None if state.more else items.most
        slots = {name: Slot(slot.shape, False, slot.internal) for name, slot in own.members.items()}
        return ListOf(Record({**slots, "item": Slot(item)}), 0, most)

    def _written(self) -> dict[str, _Tree]:
        """What the states save, by owner: the same in each round."""
        eachs = (path for path in self.survey.scopes if isinstance(self.survey.owner.get(path), Each))
        trees: dict[str, _Tree] = {"": {}, **{path: {} for path in eachs}}
        for owner, saved in self._writes:
            self._merge(trees[owner], saved.place, saved.shape, saved.internal)
        return trees

    def _build(self, sets: dict[tuple[str, Path], Shape], lists: dict[str, Shape]) -> None:
        if self._fixed is None:
            self._fixed = self._written()
        trees = {owner: dict(tree) for owner, tree in self._fixed.items()}
        for (owner, place), shape in sets.items():
            self._merge(trees[owner], place, shape, (owner, place) in self._inner)
        for name, shape in lists.items():
            state = self.survey.states[name]
            if name in self._inner_items and isinstance(shape, ListOf) and isinstance(shape.item, Record):
                members = shape.item.members
                item = Record({**members, "item": Slot(members["item"].shape, internal=True)})
                shape = ListOf(item, shape.least, shape.most)
            self._merge(trees[self.owner(self.survey.scope_of[name])], place_of(state), shape, False)
        self.shapes = {owner: self._record(tree) for owner, tree in trees.items()}

    def _merge(self, tree: _Tree, path: Path, shape: Shape, internal: bool) -> None:
        known = tree.get(path)
        if known is None:
            tree[path] = (shape, internal)
        else:
            self._spend(known[0])
            tree[path] = (union(known[0], shape), known[1] or internal)

    def _spend(self, shape: Shape) -> None:
        """Count what it costs to make a shape anew."""
        while isinstance(shape, ListOf):
            shape = shape.item
        if isinstance(shape, Record):
            self.survey.spend(len(shape.members) // _MEMBERS_A_UNIT, self.survey.process.root.place)

    def _record(self, tree: _Tree) -> Record:
        flat = {path[0]: Slot(shape, True, internal) for path, (shape, internal) in tree.items() if len(path) == 1}
        record = Record(flat)
        for path, (shape, internal) in tree.items():
            if len(path) > 1:
                self._spend(record)
                record = put(record, path, shape, sure=len(path) > 2, internal=internal)
        return record

    # bits

    def _number(self) -> None:
        for owner, record in self.shapes.items():
            for name, slot in record.members.items():
                self._bit(owner, (name,))
                if isinstance(slot.shape, Record):
                    for member in slot.shape.members:
                        self._bit(owner, (name, member))

    def _bit(self, owner: str, path: Path) -> int:
        key = (owner, path[:2])
        if key not in self._bits:
            self._bits[key] = 1 << len(self._bits)
        return self._bits[key]

    def bit(self, owner: str, path: Path) -> int:
        """The bit of a place (two members deep at most), or 0 when nothing is known of it."""
        return self._bits.get((owner, path[:2]), 0)

    def all_of(self, owner: str) -> int:
        """The bits of all places of an owner."""
        found = 0
        for (whose, _), bit in self._bits.items():
            found |= bit if whose == owner else 0
        return found

    @property
    def size(self) -> int:
        """How many places there are."""
        return len(self._bits)

    @property
    def has_texts(self) -> bool:
        """Whether any place is only ever set to literal texts."""
        return bool(self._texts)

    def _below(self, owner: str, name: str) -> int:
        mask = self._masks.get((owner, name))
        if mask is None:
            mask = self._masks[owner, name] = self._mask(owner, name)
        return mask

    def _mask(self, owner: str, name: str) -> int:
        slot = self.shapes[owner].members.get(name)
        if slot is None or not isinstance(slot.shape, Record):
            return 0
        mask = 0
        for member in slot.shape.members:
            mask |= self.bit(owner, (name, member))
        return mask

    def implied(self, owner: str, path: Path) -> int:
        """What holds when the place has a value: it, those around it, and the members that all who save there give."""
        mask = self.bit(owner, path[:1]) | self.bit(owner, path)
        if len(path) == 1:
            slot = self.shapes[owner].members.get(path[0])
            if slot is not None and isinstance(slot.shape, Record):
                for member, inner in slot.shape.members.items():
                    mask |= self.bit(owner, (*path, member)) if inner.sure else 0
        return mask

    def saved(self, owner: str, path: Path, shape: Shape, *, sure: bool) -> Effect:
        """What saving a value of that shape at a place does to the facts."""
        place = self.bit(owner, path[:1]) | self.bit(owner, path)
        gives, loses = place, 0
        if len(path) == 1:
            loses = self._below(owner, path[0])
            if isinstance(shape, Record):
                for member, slot in shape.members.items():
                    gives |= self.bit(owner, (*path, member)) if slot.sure else 0
            may = place | loses
        else:
            may = place
        if sure:
            return Effect(gives, loses & ~gives, may)
        return Effect(0, loses & ~gives, may)

    def effect(self, state: State, outcome: str) -> Effect:
        """What the answer of a state with an outcome does to the facts."""
        key = (state.name, outcome)
        effect = self._effects.get(key)
        if effect is None:
            effect = self._effects[key] = self._effect(state, outcome)
        return effect

    def _effect(self, state: State, outcome: str) -> Effect:
        found = self.answer(state, outcome)
        if found is None:
            return NO_EFFECT
        owner, answered = found
        return self.saved(owner, answered.place, answered.shape, sure=answered.sure)

    def answer(self, state: State, outcome: str) -> tuple[str, Saved] | None:
        """What a state saves with an outcome, and to whose data; None: nothing."""
        if isinstance(state, Each):
            return self.owner(self.survey.scope_of[state.name]), Saved(place_of(state), UNKNOWN)
        return self._answers.get((state.name, outcome))

    def set_effect(self, scope: Scope, place: str) -> Effect:
        """What a ``set`` of a route does to the facts."""
        key = (scope.path, place, "set")
        effect = self._effects.get(key)
        if effect is None:
            effect = self._effects[key] = self._set_effect(self.owner(scope), tuple(place.split(".")))
        return effect

    def _set_effect(self, owner: str, path: Path) -> Effect:
        slot = self.shapes[owner].members.get(path[0])
        shape = slot.shape if slot is not None and len(path) == 1 else UNKNOWN
        return self.saved(owner, path, shape, sure=True)

    def invoked(self, scope: Scope, entry: Always) -> Effect:
        """What using an always entry saves of its fields."""
        if not entry.fields:
            return NO_EFFECT
        key = (scope.path, entry.name, "always")
        effect = self._effects.get(key)
        if effect is None:
            shape = of_fields(entry.fields, internal=False)
            effect = self._effects[key] = self.saved(self.owner(scope), (entry.name,), shape, sure=True)
        return effect

    def texts(self, owner: str, path: Path) -> Mapping[str, None]:
        """The literal texts that are all that is ever set there; empty when other values may be."""
        return self._texts.get((owner, path), {})

    # the data of one job

    def hold(self, held: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """From now on it is about a job whose data are these, by owner: what is missing in them is not sure, though all
        that save there give it; and what is there was perhaps not saved by any of them."""
        self.shapes = {owner: _as_held(record, held.get(owner, ())) for owner, record in self.shapes.items()}
        for owner, path in list(self._texts):
            values = [value for one in held.get(owner, ()) if (value := _value_at(one, path)) is not _MISSING]
            if not all(isinstance(value, str) and value in self._texts[owner, path] for value in values):
                del self._texts[owner, path]
        self._masks.clear()
        self._effects.clear()

    def held(self, owner: str, data: Mapping[str, Any]) -> int:
        """The places of an owner that hold a value in this data."""
        mask = 0
        for (whose, path), bit in self._bits.items():
            if whose == owner and _value_at(data, path) is not _MISSING:
                mask |= bit
        return mask

    def told_by(self, data: Mapping[str, Any]) -> Iterator[tuple[str, Path, str]]:
        """The literal texts that the job's data hold, where literal texts are all that is ever set."""
        for (owner, path), texts in self._texts.items():
            text = _value_at(data, path)
            if not owner and isinstance(text, str) and text in texts:
                yield owner, path, text

    def seen(self, scope: Scope) -> Iterator[tuple[str, str, Slot]]:
        """All first-level places seen from a scope: owner, name, slot."""
        for owner in self.owners(scope):
            for name, slot in self.shapes[owner].members.items():
                yield owner, name, slot


def _value_at(data: Any, path: Path) -> Any:
    """The value at a place, perhaps null; ``_MISSING`` where there is none."""
    for name in path:
        data = data.get(name, _MISSING) if isinstance(data, Mapping) else _MISSING
    return data


def _as_held(record: Record, held: Sequence[Mapping[str, Any]]) -> Record:
    """A shape as it is with these values: a member that one of them lacks is not sure to be there."""
    members = dict(record.members)
    for name, slot in record.members.items():
        lacking = any(name not in one for one in held)
        inner = [one[name] for one in held if name in one]
        members[name] = Slot(_within(slot.shape, inner), slot.sure and not lacking, slot.internal)
    return Record(members, record.rest)


def _within(shape: Shape, values: Sequence[Any]) -> Shape:
    if isinstance(shape, Record):
        return _as_held(shape, [one for one in values if isinstance(one, Mapping)])
    if isinstance(shape, ListOf):
        inner = _within(shape.item, [item for one in values if isinstance(one, list) for item in one])
        return ListOf(inner, shape.least, shape.most)
    return shape


def place_of(state: State) -> Path:
    """Where a state saves."""
    return tuple((state.saves or state.name).split("."))


def literal_text(expression: Expression) -> str | None:
    """The text that an expression is, when it is a literal one."""
    tree = expression.tree
    return tree.value if isinstance(tree, Literal) and isinstance(tree.value, str) else None
