"""The shape of an expression as a tree. Each node knows where its text stands, from ``start`` to before ``end``."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias


class Literal(NamedTuple):
    """A text, number, boolean or null."""

    value: Any
    start: int
    end: int


class Name(NamedTuple):
    """A variable."""

    name: str
    start: int
    end: int


class Member(NamedTuple):
    """``of.name``; also ``of["name"]``."""

    of: Node
    name: str
    start: int
    end: int


class Index(NamedTuple):
    """``of[key]`` with a key that is no literal text."""

    of: Node
    key: Node
    start: int
    end: int


class Call(NamedTuple):
    """``name(args)``, or ``target.name(args)``."""

    name: str
    target: Node | None
    args: tuple[Node, ...]
    start: int
    end: int


class Has(NamedTuple):
    """``has(a.b)``."""

    member: Member
    start: int
    end: int


class Macro(NamedTuple):
    """``over.name(variable, bodies…)``: all, exists, exists_one, filter, map."""

    name: str
    over: Node
    variable: str
    bodies: tuple[Node, ...]
    start: int
    end: int


class Operation(NamedTuple):
    """An operator on its operands. ``&&`` and ``||`` have two or more, ``!`` and the sign ``-`` one."""

    sign: str
    operands: tuple[Node, ...]
    start: int
    end: int


class Condition(NamedTuple):
    """``test ? then : otherwise``."""

    test: Node
    then: Node
    otherwise: Node
    start: int
    end: int


class Collection(NamedTuple):
    """``[items]``, or ``{key: value}`` with keys and values in turn."""

    items: tuple[Node, ...]
    mapping: bool
    start: int
    end: int


Node: TypeAlias = Literal | Name | Member | Index | Call | Has | Macro | Operation | Condition | Collection


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in the order of the text."""
    match node:
        case Member(of=of):
            return (of,)
        case Index(of=of, key=key):
            return (of, key)
        case Call(target=target, args=args):
            return args if target is None else (target, *args)
        case Has(member=member):
            return (member,)
        case Macro(over=over, bodies=bodies):
            return (over, *bodies)
        case Operation(operands=operands):
            return operands
        case Condition(test=test, then=then, otherwise=otherwise):
            return (test, then, otherwise)
        case Collection(items=items):
            return items
        case _:
            return ()


def walk(node: Node) -> list[Node]:
    """The node and all below it, outer before inner."""
    found, waiting = [], [node]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting.extend(reversed(children(one)))
    return found
