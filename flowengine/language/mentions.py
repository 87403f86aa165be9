"""What an expression mentions: variables and their members, and functions.

Variables that a macro binds (``xs.exists(x, …)``) are not variables of the expression.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flowengine.errors import ExpressionFailed
from flowengine.language import suggest
from flowengine.language.evaluation.functions import FUNCTIONS
from flowengine.language.syntax import Call, Has, Literal, Macro, Member, Name, Node, children

JOB_FUNCTIONS = frozenset({"passed", "at", "by", "count", "outcome"})
WORD_FUNCTIONS = frozenset({"name", "title"})
"""Functions that tell an id in words: of a person, of an option."""
CALENDAR_FUNCTIONS = frozenset({"workdays", "workdays_between"})
"""Functions on values whose first argument names a calendar of the process."""
VALUE_FUNCTIONS = frozenset({*FUNCTIONS, "matches"})
"""Functions on values alone: CEL's, and our own."""
_ALONE = frozenset(name for name, function in FUNCTIONS.items() if function.form == "alone")
_MACROS = frozenset({"has", "all", "exists", "exists_one", "filter", "map"})
_INSTEAD = {
    "not": "'!'", "now": "now, without brackets", "today": "day(now)",
    **dict.fromkeys(("len", "length", "sizeof"), "size(…)"), **dict.fromkeys(("str", "text"), "string(…)"),
    **dict.fromkeys(("exists", "exist", "isset", "is_set", "defined"), "has(data.x)"),
}  # fmt: skip
"""What functions are called elsewhere, and what is written here."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """What an expression mentions.

    ``variables`` gives for each variable the first-level members it uses, or None for the whole. ``calls`` lists each
    function with its literal arguments (None for any other argument). ``paths`` are the full chains of members, from
    the variable on: ``("data", "measure", "chest")``.
    """

    variables: dict[str, frozenset[str] | None]
    functions: tuple[str, ...]
    calls: tuple[tuple[str, tuple[object, ...]], ...]
    paths: tuple[tuple[str, ...], ...]


def near(name: str, known: Iterable[str]) -> str:
    """``did you mean …?`` when a known name is near, or an empty text."""
    found = suggest.near(name, sorted(known))
    return f"did you mean {found!r}?" if found else ""


def mentions(tree: Node) -> Mentions:
    """Look through a tree. Raises :class:`ExpressionFailed` for unknown functions."""
    search = _Search()
    search.visit(tree, frozenset())
    variables = {
        name: None if None in members else frozenset(one for one in members if one is not None)
        for name, members in search.variables.items()
    }
    return Mentions(variables, tuple(search.functions), tuple(search.calls), tuple(search.paths))


class _Search:
    def __init__(self) -> None:
        self.variables: dict[str, set[str | None]] = {}
        self.functions: dict[str, None] = {}
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.paths: dict[tuple[str, ...], None] = {}

    def visit(self, node: Node, bound: frozenset[str]) -> None:
        """Note what a node mentions; ``bound`` are the names that macros around it bind."""
        if isinstance(node, Name | Member):
            path, rest = chain(node)
            if path is not None:
                self.read(path, bound)
                return
            node = rest
        if isinstance(node, Has):
            self.visit(node.member, bound)
            return
        if isinstance(node, Macro):
            self.macro(node, bound)
            return
        if isinstance(node, Call):
            self.call(node)
        for child in children(node):
            self.visit(child, bound)

    def read(self, path: tuple[str, ...], bound: frozenset[str]) -> None:
        if path[0] in bound:
            return
        self.variables.setdefault(path[0], set()).add(path[1] if len(path) > 1 else None)
        self.paths[path] = None

    def macro(self, node: Macro, bound: frozenset[str]) -> None:
        self.visit(node.over, bound)
        for body in node.bodies:
            self.visit(body, bound | {node.variable})

    def call(self, node: Call) -> None:
        name = node.name
        known = JOB_FUNCTIONS | WORD_FUNCTIONS | VALUE_FUNCTIONS
        if name not in known:
            advice = _INSTEAD.get(name.lower())
            hint = f"write {advice}" if advice else near(name, known | _MACROS)
            raise ExpressionFailed(
                f"there is no function {name!r}" + (f"; {hint}" if hint else ""),
                possible=() if advice else sorted(JOB_FUNCTIONS | WORD_FUNCTIONS | _ALONE),
                kind="syntax",
                span=(node.start, node.end),
            )
        self.functions[name] = None
        self.calls.append((name, tuple(arg.value if isinstance(arg, Literal) else None for arg in node.args)))


def chain(node: Node) -> tuple[tuple[str, ...] | None, Node]:
    """The members from a variable on, such as ``("data", "a", "b")``; or None and what they are members of."""
    names: list[str] = []
    while isinstance(node, Member):
        names.append(node.name)
        node = node.of
    if isinstance(node, Name):
        return (node.name, *reversed(names)), node
    return None, node
