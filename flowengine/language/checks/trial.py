"""Tries expressions on values made from the declared fields, so that a type mix shows before a job meets it.

Evaluation stops early (``a && b``, ``a ? b : c``), so each operand is tried alone. What depends on values that nobody
can know (a service's result without ``fields``) is left out, and the rest around it is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from flowengine.errors import ExpressionFailed
from flowengine.language.calendars import Calendar
from flowengine.language.durations import Duration, Working
from flowengine.language.expressions import Expression, PlainNames, value_of
from flowengine.language.mentions import JOB_FUNCTIONS, WORD_FUNCTIONS
from flowengine.language.parser.records import Gives
from flowengine.language.syntax import Call, Condition, Macro, Name, Node, Operation, children, walk
from flowengine.language.texts import plain
from flowengine.language.value_shapes import Basic, Shape

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "passed": lambda state: True,  # noqa: ARG005 - every state was passed
    "at": lambda state: True,  # noqa: ARG005
    "by": lambda state: "ada",  # noqa: ARG005
    "count": lambda state: 1,  # noqa: ARG005
    "outcome": lambda state: "done",  # noqa: ARG005
    "name": lambda id, path: "Ada",  # noqa: ARG005 - somebody
    "title": lambda id, among="", path=None: "Navy flannel",  # noqa: ARG005 - something
}
_NUMBERS = frozenset({"int", "double"})
_ORDERED = _NUMBERS | {"text", "moment", "span"}
_OPERATORS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), _ORDERED),
    **dict.fromkeys(("-", "*"), _NUMBERS),
    "+": _NUMBERS | {"text"},
}
"""The kinds of operands of which two alike fit an operator."""
_KINDS = {"boolean": "boolean", "text": "text", "number": "int", "moment": "moment"}
NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)


class _AnyCalendar(dict[str, Calendar]):
    """A calendar of any name: which names there are, and whether they ever open, is checked elsewhere."""

    def __missing__(self, name: str) -> Calendar:
        hours = dict.fromkeys(range(5), ((time(9), time(17)),))
        return Calendar(name=name, hours=hours, every=Duration(rest=timedelta(hours=1)))


_CALENDARS = _AnyCalendar()


class Trial:
    """Tries one expression. ``values`` gives the sample values of its variables, ``unclear`` are the spans of unknown
    values, ``shapes`` the shapes of its parts; what these show to be right is not evaluated, which saves most time.
    """

    def __init__(
        self,
        expression: Expression,
        values: Callable[[], Mapping[str, Any]],
        unclear: list[tuple[int, int]],
        shapes: Mapping[int, Shape],
    ) -> None:
        self.expression = expression
        self.values = values
        self.unclear = unclear
        self.shapes = shapes

    @cached_property
    def names(self) -> PlainNames:
        """What the expression sees."""
        return PlainNames(self.values(), _FUNCTIONS, currency="EUR", calendars=_CALENDARS)

    def _kind(self, node: Node) -> str:
        shape = self.shapes.get(id(node))
        return shape.kind if isinstance(shape, Basic) else ""

    def _right(self, node: Node) -> bool:
        """Whether the shapes alone show that the operation has a value."""
        if isinstance(node, Call):
            return node.name in JOB_FUNCTIONS
        if not isinstance(node, Operation):
            return False
        kinds = {self._kind(one) for one in node.operands}
        fitting = _OPERATORS.get(node.sign, frozenset())
        return kinds <= fitting and (len(kinds) == 1 or kinds <= _NUMBERS)

    def problem(self, gives: Gives) -> str:
        """What is wrong with the expression, or an empty text."""
        return self._parts(self.expression.tree) or self._result(gives)

    def _known(self, node: Node) -> bool:
        return not any(node.start <= start and end <= node.end for start, end in self.unclear)

    def _parts(self, node: Node) -> str:
        """Try what evaluation might skip, innermost first, then the node itself."""
        if isinstance(node, Operation) and node.sign in ("&&", "||", "!"):
            return self._each(node.operands)
        if isinstance(node, Condition):
            return self._boolean(node.test) or self._parts(node.then) or self._parts(node.otherwise)
        if isinstance(node, Macro):
            found = self._parts(node.over)
            return found or (self._run(node)[1] if self._known(node) else "")
        if _may_skip(node) or not self._known(node):
            for child in children(node):
                if found := self._parts(child):
                    return found
        if isinstance(node, Operation | Call) and self._known(node) and not self._right(node):
            return self._run(node)[1]
        return ""

    def _each(self, operands: tuple[Node, ...]) -> str:
        for one in operands:
            if found := self._boolean(one):
                return found
        return ""

    def _boolean(self, node: Node) -> str:
        """Operands of ``&&``, ``||``, ``!`` and conditions must be true or false."""
        if found := self._parts(node):
            return found
        if not self._known(node) or self._kind(node) == "boolean":
            return ""
        value, problem = self._run(node)
        if problem or isinstance(value, bool):
            return problem
        return f"{self._text(node)} gives {_shown(value)}, not true or false"

    def _text(self, node: Node) -> str:
        return self.expression.source[node.start : node.end]

    def _run(self, node: Node) -> tuple[Any, str]:
        """The value of a part, and what is wrong with it. Values that only a sample makes wrong are no problem."""
        try:
            return value_of(node, self.names), ""
        except ExpressionFailed as error:
            wrong = error.kind in ("type", "missing") or (error.kind == "value" and _constant(node))
            return None, f"{self._text(node)}: {error.what}" if wrong else ""

    def _result(self, gives: Gives) -> str:
        tree = self.expression.tree
        if self._kind(tree) == "working time" and gives != "span or moment":
            return "gives a working time, which nothing can keep; add it to a moment"
        if gives == "anything" or not self._known(tree) or _KINDS.get(gives) == self._kind(tree):
            return ""
        try:
            value = self.expression.value(self.names)
        except ExpressionFailed:
            return ""
        if _fits(value, gives):
            return ""
        wanted = {"boolean": "true or false", "list": "a list", "filled list": "a list", "text": "a text",
                  "number": "a number", "moment": "a moment or a date", "span or moment": "a span of time or a moment",
                  "list of texts": "a list of texts"}[gives]  # fmt: skip
        return f"gives {_shown(value)}, but {wanted} is needed here"


def _may_skip(node: Node) -> bool:
    """Whether there are parts inside that evaluation might leave out, or that are tried by themselves."""
    return any(isinstance(one, Operation | Condition | Macro) or _may_skip(one) for one in children(node))


def _constant(node: Node) -> bool:
    """Whether its value is the same in every job."""
    return not any(
        isinstance(one, Name) or (isinstance(one, Call) and one.name in JOB_FUNCTIONS | WORD_FUNCTIONS)
        for one in walk(node)
    )


def _shown(value: object) -> str:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else plain(value) or "nothing"


def _fits(value: object, gives: Gives) -> bool:
    match gives:
        case "boolean":
            return isinstance(value, bool)
        case "list" | "filled list":
            return isinstance(value, list)
        case "text" | "moment":
            return isinstance(value, str) or (gives == "moment" and isinstance(value, datetime))
        case "number":
            return isinstance(value, int | Decimal) and not isinstance(value, bool)
        case "span or moment":
            return isinstance(value, str | datetime | Duration | Working)
        case "list of texts":
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        case _:
            return True
