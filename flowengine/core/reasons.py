"""Why something cannot be done now, in words that customers may read: from the condition that does not hold.

A file says it best (``otherwise``). Else it is told of conditions of a simple form, by the words that customers have
for the states in them; of inner states, and of data, nothing is told (L9).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flowengine.core.names import JobNames
from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import Expression, value_of
from flowengine.language.model import State
from flowengine.language.syntax import Call, Literal, Name, Node, Operation
from flowengine.speech.phrases import phrase

_UNKNOWN = phrase("what it depends on does not hold now")


def why_not(guard: Expression, otherwise: str, names: JobNames, states: Mapping[str, State]) -> str:
    """Why a guard does not hold: what the file says of it, else the first of its conditions that is not met."""
    if otherwise:
        return otherwise
    for node in _conditions(guard.tree):
        try:
            held = value_of(node, names) is True
        except ExpressionFailed:
            return phrase("it is too early for that")
        if not held:
            return _told(node, states)
    return _UNKNOWN


def _conditions(node: Node) -> Iterator[Node]:
    """The conditions that must all hold."""
    if isinstance(node, Operation) and node.sign == "&&":
        for one in node.operands:
            yield from _conditions(one)
    else:
        yield node


def _told(node: Node, states: Mapping[str, State]) -> str:
    match node:
        case Operation(sign="!", operands=(Call(name="passed", args=(Literal(value=str(name)),)),)):
            return _of(states, name, phrase("%(state)s is done already"), phrase("it is too late for that"))
        case Call(name="passed", args=(Literal(value=str(name)),)):
            return _of(states, name, phrase("%(state)s comes first"), phrase("it is too early for that"))
        case Operation(sign="!", operands=(Call(name="at", args=(Literal(value=str(name)),)),)):
            return _of(states, name, phrase("not during: %(state)s"), phrase("not at this point"))
        case Call(name="at", args=(Literal(value=str(name)),)):
            return _of(states, name, phrase("only during: %(state)s"), phrase("not at this point"))
        case Operation(sign="<" | "<=", operands=(Call(name="count"), _)):
            return phrase("it has been done as often as it may be")
        case Operation(sign="<" | "<=", operands=(Name(name="now"), _)):
            return phrase("the time for it is over")
        case Operation(sign=">" | ">=", operands=(Name(name="now"), _)):
            return phrase("the time for it has not come")
    return _UNKNOWN


def _of(states: Mapping[str, State], name: str, words: str, without: str) -> str:
    word = states[name].customers_word if name in states else ""
    return phrase(words, state=word) if word else without
