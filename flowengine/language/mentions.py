"""What an expression mentions: variables and their members, functions, and what it may cost at most.

Variables that a macro binds (``xs.exists(x, …)``) are not variables of the expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from flowengine.errors import ExpressionFailed
from flowengine.language import suggest
from flowengine.language.syntax import Call, Collection, Has, Literal, Macro, Member, Name, Node, Operation, children

JOB_FUNCTIONS = frozenset({"passed", "at", "by", "count"})
STANDARD_FUNCTIONS = frozenset({"date", "day", "days", "span", "sum", "min", "max"})
CEL_FUNCTIONS = frozenset(
    {
        *("size", "contains", "startsWith", "endsWith", "matches"),
        *("string", "int", "uint", "double", "duration", "timestamp", "type", "dyn"),
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
        *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    }
)
"""CEL's own functions that flowengine offers."""

DEEPEST_MACROS = 2
_LONGEST_PATTERN = 200
_MOST_REPEATS = 100
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")


@dataclass(frozen=True, slots=True)
class Mentions:
    """What an expression mentions.

    ``variables`` gives for each variable the first-level members it uses, or None for the whole. ``calls`` lists each
    function with its literal arguments (None for any other argument). ``paths`` are the full chains of members, from
    the variable on: ``("data", "measure", "chest")``. ``longest`` bounds the length of lists that it may work through,
    or is None when it has no macro; lengths are counted ``widths`` times, once for each list that it joins.
    """

    variables: dict[str, frozenset[str] | None]
    functions: tuple[str, ...]
    calls: tuple[tuple[str, tuple[object, ...]], ...]
    paths: tuple[tuple[str, ...], ...]
    longest: int | None = None
    widths: int = 1


def near(name: str, known: Iterable[str]) -> str:
    """``did you mean …?`` when a known name is near, or an empty text."""
    found = suggest.near(name, sorted(known))
    return f"did you mean {found!r}?" if found else ""


def mentions(tree: Node) -> Mentions:
    """Look through a tree. Raises :class:`ExpressionFailed` for unknown functions and for what could cost too much."""
    search = _Search()
    search.visit(tree, frozenset(), 0)
    variables = {
        name: None if None in members else frozenset(one for one in members if one is not None)
        for name, members in search.variables.items()
    }
    longest = None if not search.macros else _LIMITS[min(search.macros, 2), search.copies]
    return Mentions(
        variables, tuple(search.functions), tuple(search.calls), tuple(search.paths), longest, search.joins + 1
    )


_LIMITS = {(1, False): 20_000, (1, True): 5_000, (2, False): 1_000, (2, True): 100}
"""Longest list by depth of macros and whether one copies (``map`` and ``filter`` take quadratic time in the library):
each is worked through in about a second."""


class _Search:
    def __init__(self) -> None:
        self.variables: dict[str, set[str | None]] = {}
        self.functions: dict[str, None] = {}
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.paths: dict[tuple[str, ...], None] = {}
        self.macros = 0
        self.copies = False
        self.joins = 0

    def visit(self, node: Node, bound: frozenset[str], depth: int) -> None:
        """Note what a node mentions; ``bound`` are the names that macros around it bind, ``depth`` counts these."""
        if isinstance(node, Name | Member):
            path, rest = chain(node)
            if path is not None:
                self.read(path, bound)
                return
            node = rest
        if isinstance(node, Has):
            self.visit(node.member, bound, depth)
            return
        if isinstance(node, Macro):
            self.macro(node, bound, depth)
            return
        if isinstance(node, Call):
            self.call(node, depth)
        elif isinstance(node, Operation) and node.sign == "+" and depth == 0:
            self.joins += 1
        for child in children(node):
            self.visit(child, bound, depth)

    def read(self, path: tuple[str, ...], bound: frozenset[str]) -> None:
        if path[0] in bound:
            return
        self.variables.setdefault(path[0], set()).add(path[1] if len(path) > 1 else None)
        self.paths[path] = None

    def macro(self, node: Macro, bound: frozenset[str], depth: int) -> None:
        if depth + 1 > DEEPEST_MACROS:
            raise ExpressionFailed(f"{node.name}() inside two others would take too long; at most two may be nested")
        self.macros = max(self.macros, depth + 1)
        self.copies = self.copies or node.name in ("map", "filter")
        self.visit(node.over, bound, depth)
        for body in node.bodies:
            self.visit(body, bound | {node.variable}, depth + 1)

    def call(self, node: Call, depth: int) -> None:
        name = node.name
        known = JOB_FUNCTIONS | STANDARD_FUNCTIONS | CEL_FUNCTIONS
        if name not in known:
            hint = near(name, known | {"has", "all", "exists", "exists_one", "filter", "map"})
            raise ExpressionFailed(
                f"there is no function {name!r}" + (f"; {hint}" if hint else ""),
                possible=sorted(JOB_FUNCTIONS | STANDARD_FUNCTIONS),
            )
        if node.target is not None and name not in CEL_FUNCTIONS:
            raise ExpressionFailed(f"{name} is called alone, not on a value: {name}(…)")
        if name == "matches":
            self.pattern(node, depth)
        self.functions[name] = None
        self.calls.append((name, tuple(arg.value if isinstance(arg, Literal) else None for arg in node.args)))

    def pattern(self, node: Call, depth: int) -> None:
        """Patterns must be literal and small, since the library compiles them anew each time."""
        literal = node.args[-1] if node.args else None
        if not isinstance(literal, Literal) or not isinstance(literal.value, str):
            raise ExpressionFailed('matches() takes a literal pattern: matches("[a-z]+")')
        repeats = 1
        for low, high in _REPEAT.findall(literal.value):
            repeats *= max(int(low), int(high or 0), 1)
        if len(literal.value) > _LONGEST_PATTERN or repeats > (_MOST_REPEATS if depth == 0 else 1) or depth > 1:
            raise ExpressionFailed(
                f"the pattern would take too long; at most {_LONGEST_PATTERN} characters and {_MOST_REPEATS} repeats "
                "are allowed, and no counted repeats inside a macro"
            )
        self.copies = self.copies or depth > 0


def chain(node: Node) -> tuple[tuple[str, ...] | None, Node]:
    """The members from a variable on, such as ``("data", "a", "b")``; or None and what they are members of."""
    names: list[str] = []
    while isinstance(node, Member):
        names.append(node.name)
        node = node.of
    if isinstance(node, Name):
        return (node.name, *reversed(names)), node
    return None, node


def literal_items(tree: Node) -> int:
    """The length of the longest list that is written out in the expression."""
    longest, waiting = 0, [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Collection):
            longest = max(longest, len(node.items))
        waiting.extend(children(node))
    return longest
