"""A process as a Mermaid flowchart, as GitHub and most editors draw it.

Each scope of states inside a state becomes a frame. A frame is entered and left through points of its own, never by
its border, because Mermaid lays out arrows between nodes far better than arrows between frames.

Every name from the file is put into quotes with all but harmless characters as ``#number;`` codes, so that no text
can end its label, start a directive or bring markup.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from flowengine.interop import labels as words
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import DONE, Always
from flowengine.language.texts import spoken
from flowengine.language.types import (
    Branch,
    Each,
    Parallel,
    Race,
    Stage,
)

_SHAPES = {
    "customer": ("([", "])"),
    "task": ("[", "]"),
    "code": ("[[", "]]"),
    "clock": ("{{", "}}"),
    "message": (">", "]"),
    "decision": ("{", "}"),
    "tell": ("[/", "/]"),
    "fulfilled": ("([", "])"),
    "ended": ("([", "])"),
    "always": ("([", "])"),
}
_STYLES = {
    "customer": "fill:#ffe3b3,stroke:#c26a00,stroke-width:2px,color:#3a2200",
    "task": "fill:#e3edf9,stroke:#4b6f9c,color:#12263f",
    "code": "fill:#eceef1,stroke:#78828e,color:#23292f",
    "clock": "fill:#f1ecfa,stroke:#8a73b5,color:#2c2143",
    "message": "fill:#f1ecfa,stroke:#8a73b5,color:#2c2143",
    "decision": "fill:#ffffff,stroke:#4b6f9c,color:#12263f",
    "tell": "fill:#fff8e6,stroke:#c26a00,color:#3a2200",
    "fulfilled": "fill:#cdeccd,stroke:#2f8132,stroke-width:2px,color:#123214",
    "ended": "fill:#f6dada,stroke:#a94442,color:#461414",
    "always": "fill:#ffffff,stroke:#c26a00,stroke-dasharray:4 3,color:#3a2200",
    "point": "fill:#54606e,stroke:#54606e,color:#54606e",
    "frame": "fill:#f8f9fb,stroke:#b9c2cc,color:#333b44",
    "lane": "fill:#ffffff,stroke:#d5dbe1,color:#333b44",
    "here": "stroke:#d6006c,stroke-width:4px",
}
_SETTINGS = '%%{init: {"flowchart": {"subGraphTitleMargin": {"top": 4, "bottom": 16}, "wrappingWidth": 260}}}%%'
_HARMLESS = frozenset("_ .,!?()+/'’–—…:=€£$*×")


WIDEST_TITLE = 48
"""Characters of a frame's title: Mermaid does not make a frame inside another as wide as its title."""


def mermaid(process: Process, position_states: Collection[str] = (), *, usual: bool = False) -> str:
    """The flowchart's text, ending in a line break. States named in ``position_states`` are where a job stands.

    With ``usual`` only what is hoped for is drawn: no deadlines, no failures, nothing that may happen at any time.
    """
    if usual:
        process = replace(process, root=words.usual(process.root))
    return _Chart(process, frozenset(position_states)).draw()


def escaped(text: str) -> str:
    """A text for the inside of a quoted label; line breaks become spaces, control characters visible escapes."""
    line = " ".join(text.split())
    safe = "".join(map(_code, line))
    # Mermaid reads "1. " and "- " at a label's start as a list, which it then refuses to draw.
    head, dot, rest = safe.partition(".")
    if dot and head.isdigit():
        return f"{head}#46;{rest}"
    return f"#{ord(safe[0])};{safe[1:]}" if safe[:1] in ("+", "*") else safe


def _code(char: str) -> str:
    """Controls, and what turns a text round, are shown as what they are instead of being drawn."""
    kind = unicodedata.category(char)[0]
    if char in _HARMLESS or kind in "LMN":
        return char
    return f"#92;u{ord(char):04x}" if kind == "C" else f"#{ord(char)};"


class _Arrow(NamedTuple):
    """``late`` marks the way of a deadline."""

    source: str
    target: str
    line: str
    late: bool


@dataclass
class _Chart:
    process: Process
    here: frozenset[str]
    lines: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    arrows: dict[_Arrow, list[str]] = field(default_factory=dict)
    """The labels of each arrow: outcomes that lead to one place share an arrow."""
    order: dict[str, int] = field(default_factory=dict)
    """The nodes in the order in which they are drawn."""
    doors: dict[str, str] = field(default_factory=dict)
    """For each state's name the node that an arrow to it points at."""

    def draw(self) -> str:
        self._doors(self.process.root)
        self._starts()
        self._scope(self.process.root, "  ", done="")
        styles = [f"  classDef {name} {style}" for name, style in _STYLES.items() if name in self.used]
        return "\n".join([_SETTINGS, "flowchart TD", *self.lines, *self._arrow_lines(), *styles]) + "\n"

    def _arrow_lines(self) -> Iterator[str]:
        arrows = sorted(self.arrows, key=self._rank)
        for arrow in arrows:
            labels = self.arrows[arrow]
            label = f'|"{escaped(" / ".join(labels))}"| ' if labels else ""
            yield f"  {arrow.source} {arrow.line} {label}{arrow.target}"
        late = [str(index) for index, arrow in enumerate(arrows) if arrow.late]
        if late:
            yield f"  linkStyle {','.join(late)} stroke:#a94442,color:#a94442"

    def _rank(self, arrow: _Arrow) -> tuple[bool, int, int]:
        """Arrows that lead onward first, the nearest first: Mermaid walks them in this order to find what is a way
        back, so that the picture runs down the page as the file does."""
        source, target = self.order.get(arrow.source, 0), self.order.get(arrow.target, 0)
        return target <= source or arrow.line == "-.->", source, target

    # Where arrows lead

    def _doors(self, scope: Scope) -> None:
        """Find every state's door: its own node, or the point or first state inside its frame."""
        for name, state in scope.states.items():
            for inner in state.scopes:
                self._doors(inner)
            if isinstance(state, Stage | Each):
                self.doors[name] = self.doors.get(state.scopes[0].start, _id(name, "in"))
            elif isinstance(state, Parallel | Race):
                self.doors[name] = _id(name, "in")
            else:
                self.doors[name] = _id(name)

    def _door(self, target: str, done: str) -> str:
        """``done`` is the node for the target of that name, which ends a branch or a stage."""
        return done if target == DONE and done else self.doors.get(target, _id(target))

    # Drawing

    def _starts(self) -> None:
        """What starts a job by itself leads to the need."""
        for number, trigger in enumerate(self.process.starts, 1):
            node, kind = _id("starts", str(number)), "message" if trigger.message else "clock"
            open_, close = _SHAPES[kind]
            self._use(kind)
            self.order[node] = len(self.order)
            label = f"<b>Starts by itself</b><br/><i>{escaped(words.starting(trigger))}</i>"
            self.lines.append(f'  {node}{open_}"{label}"{close}:::{kind}')
            self._arrow(node, self._door(self.process.root.start, ""))

    def _scope(self, scope: Scope, indent: str, done: str) -> None:
        for state in words.ordered(scope):
            self._state(state, indent, done)
        for entry in scope.always:
            self._always(scope, entry, indent, done)

    def _state(self, state: State, indent: str, done: str) -> None:
        if isinstance(state, Parallel):
            self._parallel(state, indent)
        elif isinstance(state, Race):
            self._race(state, indent, done)
            return
        elif isinstance(state, Each | Stage):
            self._group(state, indent)
        else:
            self._node(_id(state.name), state, indent, here=state.name in self.here)
        source = _id(state.name, "out") if state.scopes else _id(state.name)
        for way in words.ways(state):
            self._arrow(source, self._door(way.route.to, done), way.label, late=way.outcome == "expired")

    def _node(self, node: str, state: State, indent: str, *, here: bool = False) -> None:
        kind = "customer" if state.for_customers else state.symbol
        open_, close = _SHAPES[kind]
        who = words.who(self.process, state)
        label = f"<b>{escaped(state.title)}</b>" + (f"<br/><i>{escaped(who)}</i>" if who else "")
        self._use(kind)
        self.order[node] = len(self.order)
        self.lines.append(f'{indent}{node}{open_}"{label}"{close}:::{kind}')
        if here:
            self._mark(node, indent)

    def _parallel(self, state: Parallel, indent: str) -> None:
        opens, joins = _id(state.name, "in"), _id(state.name, "out")
        title = state.title if state.join == "all" else f"{state.title} (joins at {words.shorten(str(state.join), 16)})"
        with _Frame(self, _id(state.name, "frame"), title, indent, here=state.name in self.here) as inner:
            self._point(opens, inner)
            for branch in state.branches.values():
                self._branch(state, branch, inner)
            self._point(joins, inner)

    def _branch(self, state: Parallel, branch: Branch, indent: str) -> None:
        """One lane. What follows it by ``after`` starts at its end; what nothing follows leads to the join."""
        end = _id(state.name, branch.name, "end")
        with _Frame(self, _id(state.name, branch.name), branch.title, indent, kind="lane") as inner:
            self._scope(branch.scope, inner, done=end)
            self._point(end, inner)
        start = self.doors.get(branch.scope.start, _id(branch.scope.start))
        guard = f"if {words.shorten(branch.when.source)}" if branch.when else ""
        for source in [_id(state.name, one, "end") for one in branch.after] or [_id(state.name, "in")]:
            self._arrow(source, start, guard)
        if not any(branch.name in other.after for other in state.branches.values()):
            self._arrow(end, _id(state.name, "out"))

    def _group(self, state: Each | Stage, indent: str) -> None:
        title = state.title
        if isinstance(state, Each):
            title = f"{words.shorten(title, 24)} (each {words.shorten(state.as_, 16)})"
        scope, out = state.scopes[0], _id(state.name, "out")
        with _Frame(self, _id(state.name, "frame"), title, indent, here=state.name in self.here) as inner:
            self._scope(scope, inner, done=out)
            self._point(out, inner)

    def _race(self, state: Race, indent: str, done: str) -> None:
        start = _id(state.name, "in")
        title = f"{state.title} (whichever comes first)"
        with _Frame(self, _id(state.name, "frame"), title, indent, here=state.name in self.here) as inner:
            self._point(start, inner)
            for name, member in state.of.items():
                self._node(_id(state.name, name), member, inner)
                self.arrows[_Arrow(start, _id(state.name, name), "-.-", False)] = []
        for way in words.ways(state):
            name = way.outcome.partition(".")[0]
            source = _id(state.name, name) if name in state.of else start
            label = way.label.removeprefix(spoken(name)).lstrip("., ")
            self._arrow(source, self._door(way.route.to, done), label, late=way.outcome == "expired")

    def _always(self, scope: Scope, entry: Always, indent: str, done: str) -> None:
        node = _id("always", scope.path.replace("/", "_"), entry.name)
        who = words.occasion(self.process, entry)
        guard = f"<br/>if {escaped(words.shorten(entry.when.source))}" if entry.when else ""
        label = f"<b>{escaped(entry.title)}</b><br/><i>at any time, {escaped(who)}</i>{guard}"
        self._use("always")
        self.order[node] = len(self.order)
        self.lines.append(f'{indent}{node}(["{label}"]):::always')
        self._arrow(node, self._door(entry.to, done), "undo" if entry.undo else "", dashed=True)

    def _point(self, node: str, indent: str) -> None:
        self._use("point")
        self.order[node] = len(self.order)
        self.lines.append(f'{indent}{node}@{{ shape: f-circ, label: " " }}')
        self.lines.append(f"{indent}class {node} point")

    def _arrow(self, source: str, target: str, label: str = "", *, dashed: bool = False, late: bool = False) -> None:
        arrow = _Arrow(source, target, "-.->" if dashed else "-->", late)
        self.arrows.setdefault(arrow, []).extend([label] if label else [])

    def _mark(self, node: str, indent: str) -> None:
        self._use("here")
        self.lines.append(f"{indent}class {node} here")

    def _use(self, kind: str) -> None:
        self.used.add(kind)


@dataclass
class _Frame:
    """A subgraph around what is drawn within the ``with`` block, which is given the deeper indent."""

    chart: _Chart
    node: str
    title: str
    indent: str
    kind: str = "frame"
    here: bool = False

    def __enter__(self) -> str:
        title = words.shorten(self.title, WIDEST_TITLE)
        self.chart.lines.append(f'{self.indent}subgraph {self.node}["{escaped(title)}"]')
        self.chart.lines.append(f"{self.indent}  direction TB")
        return self.indent + "  "

    def __exit__(self, *_: object) -> None:
        self.chart.lines.append(f"{self.indent}end")
        self.chart._use(self.kind)
        self.chart.lines.append(f"{self.indent}class {self.node} {self.kind}")
        if self.here:
            self.chart._mark(self.node, self.indent)


def _id(*parts: str) -> str:
    """A node's id: never a word that Mermaid keeps for itself, such as ``end``."""
    return "s_" + "-".join(part for part in parts if part)
