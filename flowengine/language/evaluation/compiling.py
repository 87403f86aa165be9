"""Compiles the tree of an expression to a closure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import repeat
from typing import Any

import jsonschema_rs

from flowengine.errors import ExpressionFailed
from flowengine.language.evaluation.frame import FOREIGN, Closure, Frame, failed
from flowengine.language.evaluation.functions import FUNCTIONS, KINDS, WORDS, Function, given, kind_of, zone_named
from flowengine.language.evaluation.macros import MACROS, items_of
from flowengine.language.evaluation.operations import condition, index, listing, mapping, operation
from flowengine.language.mentions import chain
from flowengine.language.tree import (
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
)

_PATTERNS = jsonschema_rs.RegexOptions(size_limit=1 << 18, dfa_size_limit=1 << 20)
_LONGEST_PATTERN = 200


def compiled(tree: Node) -> tuple[Closure, int]:
    """The closure that evaluates a tree, and how many values its macros bind. Raises :class:`ExpressionFailed` for what
    can never be evaluated."""
    compiler = _Compiler()
    return compiler.closure(tree, {}), compiler.macros


class _Compiler:
    """Makes closures. ``bound`` gives the places of the variables that the macros around bind."""

    macros = 0

    def closure(self, node: Node, bound: Mapping[str, int]) -> Closure:
        match node:
            case Literal(value=value):
                return lambda _: value
            case Name() | Member():
                return self.member(node, bound)
            case Has(member=member):
                return self.has(member, bound)
            case Index(of=of, key=key):
                return index(node, self.closure(of, bound), self.closure(key, bound))
            case Condition(test=test, then=then, otherwise=otherwise):
                return condition(test, *self.closures((test, then, otherwise), bound))
            case Operation(operands=operands):
                return operation(node, self.closures(operands, bound))
            case Macro():
                return self.macro(node, bound)
            case Call():
                return self.call(node, bound)
            case Collection(items=items, mapping=named):
                closures = self.closures(items, bound)
                return mapping(node, closures) if named else listing(closures)

    def closures(self, nodes: Iterable[Node], bound: Mapping[str, int]) -> list[Closure]:
        return list(map(self.closure, nodes, repeat(bound)))

    # variables and members

    def member(self, node: Name | Member, bound: Mapping[str, int]) -> Closure:
        """A chain of members, which is what most of an expression is."""
        nodes: list[Member] = []
        base: Node = node
        while isinstance(base, Member):
            nodes.insert(0, base)
            base = base.of
        names = tuple(one.name for one in nodes)
        start = self.start(base, bound)

        variable = base.name if isinstance(base, Name) and base.name not in bound else None

        def follow(frame: Frame) -> Any:
            value = whole = frame.seen[variable] if variable in frame.seen else start(frame)
            try:
                for name in names:
                    value = value[name]
            except (KeyError, TypeError, IndexError):
                raise _lost(whole, nodes) from None
            return given(value) if type(value) in FOREIGN else value

        return follow if nodes else start

    def start(self, base: Node, bound: Mapping[str, int]) -> Closure:
        if not isinstance(base, Name):
            return self.closure(base, bound)
        name = base.name
        if name in bound:
            place = bound[name]
            return lambda frame: frame.bound[place]

        def read(frame: Frame) -> Any:
            return frame.seen[name] if name in frame.seen else frame.variable(name)

        return read

    def has(self, member: Member, bound: Mapping[str, int]) -> Closure:
        """Whether a member is there; who asks for it need not ask for those around it."""
        nodes = [member]
        while isinstance(nodes[0].of, Member):
            nodes.insert(0, nodes[0].of)
        start = self.start(nodes[0].of, bound)

        def has(frame: Frame) -> bool:
            value = start(frame)
            for one in nodes:
                if not isinstance(value, dict):
                    raise failed(one, f"{kind_of(value)} has no members", "type")
                if one.name not in value:
                    return False
                value = value[one.name]
            return True

        return has

    # macros

    def macro(self, node: Macro, bound: Mapping[str, int]) -> Closure:
        over, place = self.closure(node.over, bound), self.macros
        self.macros += 1
        bodies = self.closures(node.bodies, {**bound, node.variable: place})
        return MACROS[node.name](node, place, items_of(node, over), *bodies)

    # calls

    def call(self, node: Call, bound: Mapping[str, int]) -> Closure:
        nodes = node.args if node.target is None else (node.target, *node.args)
        args = self.closures(nodes, bound)
        name = node.name
        if name == "matches":
            return _matches(node, args)
        function = FUNCTIONS.get(name)
        if function is None:
            return _worded(node, args) if name in ("name", "title") else _past(node, args)
        if name.startswith("get") and len(nodes) == 2 and isinstance(nodes[1], Literal):
            try:
                zone_named(str(nodes[1].value))
            except ExpressionFailed as error:
                raise failed(nodes[1], error.what, "missing") from None
        return _call(node, function, args)


def _lost(value: Any, nodes: list[Member]) -> ExpressionFailed:
    """Which of the members was not there."""
    for one in nodes:
        if not isinstance(value, dict):
            return failed(one, f"{kind_of(value)} has no member {one.name!r}", "type")
        if one.name not in value:
            return failed(one, f"{one.name!r} is not there", "missing")
        value = value[one.name]
    raise AssertionError("a member was missing")


def _call(node: Call, function: Function, args: list[Closure]) -> Closure:
    name, run = node.name, function.run
    if function.form == "alone" and node.target is not None:
        raise failed(node, f"{name} is called alone, not on a value: {name}(…)", "syntax")
    if function.form == "on a value" and node.target is None:
        raise failed(node, f"{name} is called on a value: x.{name}(…)", "syntax")
    most = len(function.takes)
    if len(args) < function.least or (len(args) > most and not function.many):
        wanted = function.least if function.least == most else f"{function.least} to {most}"
        raise failed(node, f"{name}() takes {wanted} arguments, with what it is called on, not {len(args)}", "syntax")
    takes = [function.takes[min(index, most - 1)] for index in range(len(args))]
    pairs = tuple(zip(args, [frozenset(one.split()) for one in takes], strict=True))

    def call(frame: Frame) -> Any:
        values = []
        for arg, wanted in pairs:
            value = arg(frame)
            if wanted and KINDS.get(type(value)) not in wanted:
                words = " or ".join(words for kind, words in WORDS.items() if kind in wanted)
                raise failed(node, f"{name}() takes {words}, not {kind_of(value)}", "type")
            values.append(value)
        try:
            return run(frame, *values)
        except ExpressionFailed as error:
            what = error.what or f"{name}() takes values of one kind that has an order"
            raise failed(node, what, error.kind) from None

    return call


def _past(node: Call, args: list[Closure]) -> Closure:
    """A function on the job's past, which takes the name of a state."""
    name = node.name
    if node.target is not None:
        raise failed(node, f"{name} is called alone, not on a value: {name}(…)", "syntax")
    if len(args) != 1:
        raise failed(node, f'{name}() takes the name of a state: {name}("…")', "syntax")
    arg = args[0]

    def past(frame: Frame) -> Any:
        state = arg(frame)
        if not isinstance(state, str):
            raise failed(node, f"{name}() takes a text, not {kind_of(state)}", "type")
        return frame.names.function(name)(state)

    return past


def _worded(node: Call, args: list[Closure]) -> Closure:
    """A function that tells an id in words, or a list of such; that of options may be told in which list to look."""
    name, most = node.name, 2 if node.name == "title" else 1
    if node.target is not None:
        raise failed(node, f"{name} is called alone, not on a value: {name}(…)", "syntax")
    if not 1 <= len(args) <= most:
        raise failed(node, f"{name}() takes an id{', and perhaps the name of a list' if most > 1 else ''}", "syntax")

    def worded(frame: Frame) -> Any:
        id, *among = (arg(frame) for arg in args)
        if not isinstance(id, str | int | list | dict) or not all(isinstance(one, str) for one in among):
            raise failed(node, f"{name}() takes an id, not {kind_of(id)}", "type")
        return frame.names.function(name)(id, *among, path=path)

    path = chain(node.args[0])[0]
    return worded


def _matches(node: Call, args: list[Closure]) -> Closure:
    """Patterns are literal, read once, and held against a text in linear time, as those of fields."""
    literal = node.args[-1] if node.args else None
    if node.target is None or len(node.args) != 1 or not isinstance(literal, Literal):
        raise failed(node, 'matches() takes a literal pattern: x.matches("[a-z]+")', "syntax")
    if not isinstance(literal.value, str) or len(literal.value) > _LONGEST_PATTERN:
        raise failed(literal, f"a pattern is a text of at most {_LONGEST_PATTERN} characters", "syntax")
    try:
        found = jsonschema_rs.Draft202012Validator({"pattern": literal.value}, pattern_options=_PATTERNS).is_valid
    except (jsonschema_rs.ValidationError, ValueError):
        raise failed(literal, "the pattern cannot be read, or would take too long", "syntax") from None

    of = args[0]

    def matches(frame: Frame) -> bool:
        text = of(frame)
        if not isinstance(text, str):
            raise failed(node, f"matches() takes a text, not {kind_of(text)}", "type")
        frame.spend(4 + (len(text) >> 2))
        return found(text)

    return matches
