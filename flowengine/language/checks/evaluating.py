"""Reads one expression at one point: what it reads, whether that is there, and the shape of its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flowengine.language.checks.failing import Held, compared, may_matter, size_of
from flowengine.language.checks.guards import ALL, NOTHING_TOLD, Guards, Told
from flowengine.language.checks.places import Places
from flowengine.language.evaluation.functions import FUNCTIONS
from flowengine.language.mentions import chain
from flowengine.language.model import Scope, State
from flowengine.language.suggest import hint
from flowengine.language.syntax import (
    Call,
    Collection,
    Condition,
    Has,
    Index,
    Literal,
    Macro,
    Member,
    Name,
    Node,
    Operation,
    walk,
)
from flowengine.language.value_shapes import (
    BOOLEAN,
    DOUBLE,
    INT,
    MOMENT,
    NATURAL,
    NULL,
    SPAN,
    TEXT,
    UNKNOWN,
    WORKING_TIME,
    Basic,
    ListOf,
    Nothing,
    Record,
    Shape,
    Slot,
    Unknown,
    describe,
    is_shown,
    of_values,
    union,
    with_member,
    without_domains,
)

Report = Callable[[str, str, str], None]
"""Takes a problem: code, message, hint."""


def _unreported(code: str, message: str, advice: str) -> None:
    """Problems are of no interest to one who asks for a shape alone."""


_GIVEN: Mapping[str, Shape] = {
    "text": TEXT, "number": DOUBLE, "whole number": INT, "boolean": BOOLEAN, "moment": MOMENT, "span": SPAN,
    "working time": WORKING_TIME, "list of texts": ListOf(TEXT, 1),
}  # fmt: skip
_CALLS: Mapping[str, Shape] = {
    "passed": BOOLEAN, "at": BOOLEAN, "by": TEXT, "outcome": TEXT, "name": TEXT, "title": TEXT, "matches": BOOLEAN,
    **{name: _GIVEN[function.gives] for name, function in FUNCTIONS.items() if function.gives in _GIVEN},
    "count": NATURAL, "size": NATURAL,
}  # fmt: skip
CUSTOMER = Record({"id": Slot(TEXT), "name": Slot(TEXT), "groups": Slot(ListOf(TEXT))}, UNKNOWN)
JOB = Record({"id": Slot(TEXT), "process": Slot(TEXT), "customer": Slot(TEXT), "started": Slot(MOMENT)})


@dataclass
class Reading:
    """One reading. ``must`` and ``may`` are the facts at the point; ``variables`` the shapes of names beside ``data``.

    ``unclear`` collects the spans of the text whose value nobody can know before a job runs.
    """

    places: Places
    guards: Guards
    scope: Scope
    must: int
    may: int
    variables: dict[str, Shape]
    report: Report = _unreported
    seen: bool = False
    """Whether a customer sees the value, so that nothing internal may be in it (L9)."""
    inner: frozenset[str] = frozenset()
    """The variables whose values are internal: items of a list that is."""
    unclear: list[tuple[int, int]] = field(default_factory=list)
    shapes: dict[int, Shape] = field(default_factory=dict)
    """The shapes found so far, by the identity of the node."""
    risky: list[tuple[Node, Held]] = field(default_factory=list)
    """What may fail, or compares with a literal, with the conditions around it."""
    held: Held = ()
    """The conditions around what is being read."""

    def shape(self, node: Node, told: Told = NOTHING_TOLD) -> Shape:
        """The shape of a node's value; problems go to ``report``. ``told`` is known from the conditions around it."""
        found = self.shapes[id(node)] = self._shape(node, told)
        if may_matter(node):
            self.risky.append((node, self.held))
        return found

    def _where(self, held: Held, node: Node, told: Told) -> Shape:
        """The shape of a part that is only reached where these conditions hold."""
        around = self.held
        self.held = (*around, *held)
        shape = self.shape(node, told)
        self.held = around
        return shape

    def _shape(self, node: Node, told: Told) -> Shape:
        match node:
            case Literal(value=value):
                return _literal(value)
            case Name() | Member():
                return self._member(node, told)
            case Has(member=member):
                self._has(member, told)
                return BOOLEAN
            case Index(of=of, key=key):
                self.shape(key, told)
                return self._item(self.shape(of, told), node)
            case Condition():
                return self._condition(node, told)
            case Operation():
                return self._operation(node, told)
            case Macro():
                return self._macro(node, told)
            case Call():
                return self._call(node, told)
            case Collection(items=items, mapping=mapping):
                shapes = [self.shape(item, told) for item in items]
                return self._collection(node, shapes) if mapping else ListOf(_all(shapes), len(shapes), len(shapes))

    def _unknown(self, node: Node) -> Shape:
        self.unclear.append((node.start, node.end))
        return UNKNOWN

    # members

    def _member(self, node: Name | Member, told: Told, *, asked: bool = False) -> Shape:
        path, base = chain(node)
        if path is None:
            names, inner = [], node
            while isinstance(inner, Member):
                names.append(inner.name)
                inner = inner.of  # type: ignore[assignment]  # any node may stand at the bottom
            return self._down(self.shape(base, told), tuple(reversed(names)), (), told, node, asked=asked)
        if path[0] == "data" and "data" not in self.variables:
            return self._data(path, told, node, asked=asked)
        if path[0] not in self.variables:
            return self._unknown(node)
        if self.seen and path[0] in self.inner and not asked:
            self._internal(path[:1])
        return self._down(self.variables[path[0]], path[1:], path[:1], told, node, asked=asked)

    def _data(self, path: tuple[str, ...], told: Told, node: Node, *, asked: bool) -> Shape:
        if len(path) == 1:
            return self._unknown(node)
        name = path[1]
        if path[2:] == ("outcome",) and self._is_ending(name):
            self.report("unknown-field", f"{name!r} saves no outcome", f'how it ended is outcome("{name}")')
            return self._unknown(node)
        owners = [one for one in self.places.owners(self.scope) if name in self.places.shapes[one].members]
        if not owners:
            names = sorted({name for _, name, _ in self.places.seen(self.scope)})
            self.report("unknown-data", f"nothing in the process saves data.{name}", hint(name, names))
            return self._unknown(node)
        shape: Shape = Nothing()
        hidden = False
        for owner in owners:
            slot = self.places.shapes[owner].members[name]
            shape, hidden = union(shape, slot.shape), hidden or slot.internal
        if self.seen and hidden and not asked and not is_shown(shape, path[2:]):
            self._internal(path[:2])
        if not asked and not self._there(owners, path[:2], told):
            return self._unknown(node)
        if asked and not any(self.places.bit(one, path[1:2]) & self.may for one in owners):
            message = f"has({'.'.join(path)}) is never true here: nothing has saved data.{name} yet"
            self.report("never-holds", message, "ask after what saves it")
        return self._down(shape, path[2:], path[:2], told, node, owners=owners, asked=asked)

    def _is_ending(self, name: str) -> bool:
        """Whether a state of that name has outcomes, and nothing saves one of them under that name."""
        shapes = [
            self.places.shapes[one].members[name].shape
            for one in self.places.owners(self.scope)
            if name in self.places.shapes[one].members
        ]
        saved = any(not isinstance(one, Record) or one.rest is not None or "outcome" in one.members for one in shapes)
        return name in self.places.survey.states and not saved

    def _there(self, owners: list[str], path: tuple[str, ...], told: Told) -> bool:
        """Whether the place surely holds a value here; a problem when not."""
        bits = [self.places.bit(owner, path[1:]) for owner in owners]
        must = self.must | told.must | self.guards.excluded(told)
        if must == ALL or path in told.paths or any(bit & must for bit in bits):
            return True
        dotted = ".".join(path)
        if any(bit & self.may for bit in bits):
            self.report(
                "maybe-missing",
                f"{dotted} is not there on every way that leads here",
                f"ask first: has({dotted}) ? … : …",
            )
        else:
            self.report("missing-data", f"{dotted} is read before anything has saved it", "read it after what saves it")
        return False

    def _down(
        self,
        shape: Shape,
        names: tuple[str, ...],
        path: tuple[str, ...],
        told: Told,
        node: Node,
        *,
        owners: list[str] | None = None,
        asked: bool = False,
    ) -> Shape:
        """The shape of a member of a member …, each held against what is known of the one before."""
        for name in names:
            path = (*path, name)
            if isinstance(shape, Unknown | Nothing):
                return self._unknown(node)
            if not isinstance(shape, Record):
                message = f"{'.'.join(path[:-1]) or 'it'} is {describe(shape)} and has no member {name!r}"
                measured = name in ("length", "len", "size", "count") and isinstance(node, Member)
                self.report("unknown-field", message, f"write size({'.'.join(path[:-1])})" if measured else "")
                return self._unknown(node)
            slot = shape.members.get(name)
            if slot is None:
                if shape.rest is None:
                    self._no_field(path, shape)
                    return self._unknown(node)
                shape = shape.rest
                continue
            if self.seen and slot.internal and not asked:
                self._internal(path)
            if not asked and not self._sure(slot, path, told, owners):
                return self._unknown(node)
            shape = slot.shape
        if isinstance(shape, Unknown | Nothing):
            return self._unknown(node)
        return shape

    def _sure(self, slot: Slot, path: tuple[str, ...], told: Told, owners: list[str] | None) -> bool:
        if slot.sure or path in told.paths:
            return True
        if owners and len(path) == 3 and any(self.places.bit(owner, path[1:]) for owner in owners):
            return self._there(owners, path, told)
        dotted = ".".join(path)
        self.report("maybe-missing", f"{dotted} may be left out", f"ask first: has({dotted}) ? … : …")
        return False

    def _no_field(self, path: tuple[str, ...], shape: Record) -> None:
        parent = ".".join(path[:-1])
        self.report("unknown-field", f"{parent} has no member {path[-1]!r}", hint(path[-1], shape.members))

    def _internal(self, path: tuple[str, ...]) -> None:
        message = f"{'.'.join(path)} is internal, but the customer would see it here"
        self.report("internal-data", message, "mark the field, or what is set, with show: true, or leave it out")

    def _has(self, member: Member, told: Told) -> None:
        self._member(member, told, asked=True)

    def _item(self, shape: Shape, node: Node) -> Shape:
        if isinstance(shape, ListOf):
            return shape.item if not isinstance(shape.item, Unknown | Nothing) else self._unknown(node)
        if isinstance(shape, Record) and shape.rest is not None and not isinstance(shape.rest, Unknown):
            return shape.rest
        return self._unknown(node)

    # operators

    def _condition(self, node: Condition, told: Told) -> Shape:
        self.shape(node.test, told)
        test = node.test
        then = self._where(((test, True),), node.then, told | self.guards.told(test, True, self.scope))
        otherwise = self._where(((test, False),), node.otherwise, told | self.guards.told(test, False, self.scope))
        return union(then, otherwise)

    def _operation(self, node: Operation, told: Told) -> Shape:
        if node.sign in ("&&", "||"):
            return self._logical(node, told)
        shapes = [self.shape(one, told) for one in node.operands]
        if node.sign in ("==", "!=", "in"):
            self._outcomes(node)
        if node.sign in ("==", "!=", "<", "<=", ">", ">=", "in", "!"):
            return BOOLEAN
        if len(shapes) == 1:
            return without_domains(shapes[0])
        return _arithmetic(node.sign, shapes[0], shapes[1])

    def _outcomes(self, node: Operation) -> None:
        """``outcome("…")`` is compared with outcomes that the state can have."""
        for call in node.operands:
            match call:
                case Call(name="outcome", args=(Literal(value=str(name)),)) if name in self.places.survey.states:
                    state = self.places.survey.states[name]
                    others = (one for one in node.operands if one is not call)
                    texts = (each for one in others for each in (one.items if isinstance(one, Collection) else (one,)))
                    for text in texts:
                        if isinstance(text, Literal) and isinstance(text.value, str):
                            self._outcome(state, text.value)

    def _outcome(self, state: State, outcome: str) -> None:
        if outcome and outcome not in state.ending:
            message = f"{state.name!r} never ends as {outcome!r}"
            self.report("unknown-outcome", message, hint(outcome, state.ending))

    def _logical(self, node: Operation, told: Told) -> Shape:
        """Each operand is read with what the others tell: CEL lets one that fails be outweighed by another.

        Operands to the left guard those to the right, and those to the right, where they only ask ``has`` or
        ``passed``, also those to the left.
        """
        truth = node.sign == "&&"
        parts = [self.guards.told(one, truth, self.scope) for one in node.operands]
        before = told
        for index, one in enumerate(node.operands):
            later = NOTHING_TOLD
            for part in parts[index + 1 :]:
                later = later | part
            others = tuple((other, truth) for other in node.operands if other is not one)
            self._where(others, one, before | (NOTHING_TOLD if isinstance(one, Has) else later))
            before = before | parts[index]
        return BOOLEAN

    def _macro(self, node: Macro, told: Told) -> Shape:
        over = self.shape(node.over, told)
        keys = TEXT if isinstance(over, Record) else UNKNOWN
        item = over.item if isinstance(over, ListOf) else keys
        hidden = self.variables.get(node.variable)
        self.variables[node.variable] = item
        before, after, around = [], told, self.held
        inside: Held = ((compared(">", size_of(node.over), 0), True),)
        self.held = tuple(one for one in around if not _mentions(one[0], node.variable))
        for body in node.bodies:
            before.append(self._where(inside, body, after))
            after = after | self.guards.told(body, True, self.scope)
            inside = (*inside, (body, True))
        self.held = around
        if hidden is None:
            del self.variables[node.variable]
        else:
            self.variables[node.variable] = hidden
        least, most = (over.least, over.most) if isinstance(over, ListOf) else (0, None)
        if node.name in ("filter", "exists", "exists_one") and _asks_for_more(node.bodies[0], node.variable, item):
            most = 0  # it holds for none
        if node.name == "map":
            return ListOf(before[-1], least if len(before) == 1 else 0, most)
        if node.name == "filter":
            return ListOf(self._filtered(item, node.bodies[0], node.variable), 0, most)
        return of_values([node.name == "all"]) if most == 0 else BOOLEAN

    def _filtered(self, item: Shape, body: Node, variable: str) -> Shape:
        """Items that were kept by ``has(x.y)`` surely have that member."""
        if not isinstance(item, Record):
            return item
        for path in self.guards.told(body, True, self.scope).paths:
            if path[0] == variable:
                item = with_member(item, path[1:])
        return item

    def _call(self, node: Call, told: Told) -> Shape:
        shapes = [self.shape(one, told) for one in (*((node.target,) if node.target else ()), *node.args)]
        found = _CALLS.get(node.name)
        if found is not None:
            return found
        if FUNCTIONS[node.name].gives == "a part of it" and isinstance(shapes[0], ListOf):
            return replace(shapes[0], least=min(shapes[0].least, 1))
        if FUNCTIONS[node.name].gives == "what is in it" and isinstance(shapes[0], ListOf):
            return _flat(shapes[0])
        if FUNCTIONS[node.name].gives != "its arguments":
            return self._unknown(node)
        among = shapes[0].item if len(shapes) == 1 and isinstance(shapes[0], ListOf) else _all(shapes)
        return without_domains(among) if not isinstance(among, Unknown) else self._unknown(node)

    def _collection(self, node: Collection, shapes: list[Shape]) -> Shape:
        members: dict[str, Slot] = {}
        for key, shape in zip(node.items[::2], shapes[1::2], strict=True):
            if not isinstance(key, Literal) or not isinstance(key.value, str):
                return Record({}, _all(shapes[1::2]))
            members[key.value] = Slot(shape)
        return Record(members)


def _flat(lists: ListOf) -> Shape:
    """A list of lists as one: of what is no list itself."""
    inner = lists.item
    if isinstance(inner, Unknown | Nothing):
        return ListOf(UNKNOWN)
    if not isinstance(inner, ListOf):
        return lists
    most = None if lists.most is None or inner.most is None else lists.most * inner.most
    return ListOf(inner.item, lists.least * inner.least, most)


def _asks_for_more(body: Node, variable: str, item: Shape) -> bool:
    """Whether a condition on an item only holds where something is in it that never is."""
    match body:
        case Operation(sign="&&", operands=operands):
            return any(_asks_for_more(one, variable, item) for one in operands)
        case Has(member=member):
            path, _ = chain(member)
            named = isinstance(item, Record) and item.rest is None and path is not None and path[0] == variable
            return named and path is not None and isinstance(item, Record) and path[1] not in item.members
    return False


def _mentions(node: Node, variable: str) -> bool:
    return any(isinstance(one, Name) and one.name == variable for one in walk(node))


def _all(shapes: list[Shape]) -> Shape:
    found: Shape = Nothing()
    for shape in shapes:
        found = union(found, shape)
    return UNKNOWN if isinstance(found, Nothing) else found


def _literal(value: Any) -> Shape:
    if value is None:
        return NULL
    return of_values([value])


def _arithmetic(sign: str, left: Shape, right: Shape) -> Shape:
    if isinstance(left, Nothing) or isinstance(right, Nothing):
        return right if isinstance(left, Nothing) and not isinstance(right, Nothing) else left
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    kinds = tuple(one.kind if isinstance(one, Basic) else "" for one in (left, right))
    if kinds == ("moment", "moment") and sign == "-":
        return SPAN
    if "moment" in kinds:
        return MOMENT
    if kinds == ("text", "text"):
        return TEXT
    if isinstance(left, ListOf) and isinstance(right, ListOf):
        most = None if left.most is None or right.most is None else left.most + right.most
        return ListOf(union(left.item, right.item), left.least + right.least, most)
    if set(kinds) <= {"int", "double"}:
        return DOUBLE if "double" in kinds or sign == "/" else INT
    return without_domains(left)
