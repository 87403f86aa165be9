"""What is changed in an expression before CEL's library compiles it, and in what comes of it, so that it means what our
documentation says, and the same each time (L7)."""

from __future__ import annotations

from typing import Any

from flowengine.language.syntax import Has, Macro, Member, Name, Node, walk

ORDER = "_in_order"
"""The function that puts what a macro runs over in order."""


def rewritten(source: str, tree: Node) -> str:
    """The source with two things made sure that CEL's library leaves open.

    What each macro runs over is handed to the function :data:`ORDER` first: the library runs through a map's keys in
    an order that differs from one evaluation to the next, and an expression must always give the same (L7). And
    ``has(data.a.b)`` asks for ``data.a`` first: who asks whether something is there need not ask for all around it.
    """
    insertions: list[tuple[int, int, str]] = []
    for node in walk(tree):
        if isinstance(node, Macro):
            insertions += ((node.over.start, 1, f"{ORDER}("), (node.over.end, 0, ")"))
        elif isinstance(node, Has) and (around := _around(source, node)):
            insertions += ((node.start, 2, f"({around} && "), (node.end, -1, ")"))
    for at, _, text in sorted(insertions, reverse=True):
        source = f"{source[:at]}{text}{source[at:]}"
    return source


def _around(source: str, node: Has) -> str:
    """The questions for what is around a member, outermost first; empty where CEL could not be asked them."""
    if "[" in source[node.start : node.end]:
        return ""
    asked: list[str] = []
    inner = node.member.of
    while isinstance(inner, Member):
        asked.append(f"has({source[inner.start : inner.end]})")
        inner = inner.of
    return " && ".join(reversed(asked)) if isinstance(inner, Name) else ""


def in_order(value: Any) -> Any:
    """What a macro runs over: the keys of an object in order, or the list as it is."""
    return sorted(value, key=_rank) if isinstance(value, dict) else value


def canonical(value: Any) -> Any:
    """A copy of a value whose objects have their keys in order."""
    if isinstance(value, dict):
        return {key: canonical(value[key]) for key in sorted(value, key=_rank)}
    if isinstance(value, list | tuple):
        return [canonical(one) for one in value]
    return value


def _rank(key: Any) -> tuple[str, Any]:
    return type(key).__name__, key
