"""A process as an outline for terminals: one line a state, indented by scope, with where each outcome leads."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from flowengine.interop import labels as words
from flowengine.language.model import Process, Scope, State, Symbol
from flowengine.language.types import (
    Each,
    Parallel,
    Race,
    Stage,
)

HERE = "▶"
LEGEND = "● customer  □ staff  ⚙ code  ◷ clock  ✉ message  ◇ decision  » tell  ◆ several at once  ■ end  ↯ at any time"

_MARKS: dict[Symbol, str] = {
    "task": "□",
    "code": "⚙",
    "clock": "◷",
    "message": "✉",
    "decision": "◇",
    "tell": "»",
    "several": "◆",
    "fulfilled": "■",
    "ended": "■",
}


def text_tree(process: Process, position_states: Collection[str] = (), *, usual: bool = False) -> str:
    """The outline, ending in a line break. States named in ``position_states`` are marked with ``▶``.

    With ``usual`` only what is hoped for is told: no deadlines, no failures, nothing that may happen at any time.

    Texts are as they stand in the file: whoever prints them makes them harmless for his medium first.
    """
    here = frozenset(position_states)
    if usual:
        process = replace(process, root=words.usual(process.root))
    head = [
        f"{words.shorten(process.title, 120)} ({process.name}, version {process.version})",
        f"Need: {words.shorten(process.need, 120)}",
        *(f"Starts {words.starting(one)}" for one in process.starts),
        *words.answering(process),
        "",
    ]
    return "\n".join([*head, *_scope(process, process.root, 0, here), "", LEGEND]) + "\n"


def _scope(process: Process, scope: Scope, depth: int, here: frozenset[str]) -> Iterator[str]:
    for state in words.ordered(scope):
        yield from _state(process, state, depth, here)
    for entry in scope.always:
        who = words.occasion(process, entry)
        guard = f" if {words.shorten(entry.when.source)}" if entry.when else ""
        undo = ", undoing what services did" if entry.undo else ""
        yield f"{_indent(depth)}↯ {_column(entry.name, depth)} {who}{guard} → {entry.to}{undo}"


def _state(process: Process, state: State, depth: int, here: frozenset[str]) -> Iterator[str]:
    mark = HERE if state.name in here else _mark(state)
    about = ", ".join(filter(None, (words.shorten(state.title, 80), words.who(process, state))))
    routes = list(words.ways(state))
    first = f" → {routes[0].route.to}" if len(routes) == 1 and not routes[0].label else ""
    yield f"{_indent(depth)}{mark} {_column(state.name, depth)} {about}{first}".rstrip()
    yield from _inside(process, state, depth + 1, here)
    if not first:
        for way in routes:
            yield f"{_indent(depth)}      {way.label or 'then'} → {way.route.to}"


def _inside(process: Process, state: State, depth: int, here: frozenset[str]) -> Iterator[str]:
    if isinstance(state, Parallel):
        for branch in state.branches.values():
            after = f" after {' and '.join(branch.after)}" if branch.after else ""
            guard = f" if {words.shorten(branch.when.source)}" if branch.when else ""
            yield f"{_indent(depth)}┬ {words.shorten(branch.title, 80)}{after}{guard}"
            yield from _scope(process, branch.scope, depth + 1, here)
    elif isinstance(state, Each | Stage):
        if isinstance(state, Each) and state.of is not None:
            yield f"{_indent(depth)}┬ for each {state.as_} of {words.shorten(state.of.source)}"
        yield from _scope(process, state.scopes[0], depth + 1, here)
    elif isinstance(state, Race):
        for name, member in state.of.items():
            about = ", ".join(filter(None, (words.shorten(member.title, 80), words.who(process, member))))
            yield f"{_indent(depth)}{_mark(member)} {_column(name, depth)} {about}".rstrip()


def _mark(state: State) -> str:
    return "●" if state.for_customers and state.symbol != "several" else _MARKS[state.symbol]


def _indent(depth: int) -> str:
    return "  " * depth


def _column(name: str, depth: int) -> str:
    return f"{name:<{max(1, 26 - 2 * depth)}}"
