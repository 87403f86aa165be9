"""Where boxes and arrows go: Graphviz's ``dot``, by the library pygraphviz, whose wheel brings it. The one file that
imports it.

Graphviz is given sizes and numbers only: no text of a process file ever reaches it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from flowengine.distribution import installing
from flowengine.errors import NotConfigured

SYSTEM = "libx11-6 libxext6 libxrender1 libglib2.0-0 libexpat1"
"""What pygraphviz's wheel for Linux does not bring, as Debian calls it: a small image may lack it."""
_ONE_AT_A_TIME = threading.Lock()
"""Graphviz keeps what it does in variables of its own, which all threads share."""
_SETTINGS = {"nodesep": "0.28", "ranksep": "0.28", "splines": "spline", "rankdir": "TB", "nslimit": "4", "mclimit": "1"}
_LARGE = 250
"""Boxes from which on arrows are straight and less is tried to have them cross less: curves around a thousand boxes
take minutes."""
_HASTE = {"splines": "line", "nslimit": "0.3", "nslimit1": "0.3", "mclimit": "0.2"}
_INCH = 72

Point = tuple[float, float]


@cache
def can_draw() -> bool:
    """Whether Graphviz is here, and can be loaded."""
    try:
        import pygraphviz  # noqa: F401
    except ImportError:
        return False
    return True


class Box(NamedTuple):
    """A rectangle, by its upper left corner."""

    x: float
    y: float
    w: float
    h: float

    def moved(self, x: float, y: float) -> Box:
        return Box(self.x + x, self.y + y, self.w, self.h)

    def meets(self, other: Box, gap: float) -> bool:
        """Whether two come nearer to each other than the gap."""
        return (
            self.x < other.x + other.w + gap
            and other.x < self.x + self.w + gap
            and self.y < other.y + other.h + gap
            and other.y < self.y + self.h + gap
        )


class Edge(NamedTuple):
    """What is to be laid out between two boxes: by their numbers, with the size of its label, if it has one.
    ``straight``: as straight as can be."""

    source: int
    target: int
    label: tuple[float, float] | None
    back: bool
    straight: bool


class Curve(NamedTuple):
    """An arrow: the points of its Bézier curves (a first, then three for each), its tip, and its label's box."""

    points: tuple[Point, ...]
    tip: Point
    label: Box | None


class Layout(NamedTuple):
    """Where everything is, and how large the whole: pixels, downwards from the upper left."""

    w: float
    h: float
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]


def lay_out(sizes: Sequence[tuple[float, float]], edges: Iterable[Edge]) -> Layout:
    """Where boxes of these sizes go, and the arrows between them. Raises NotConfigured without the library,
    or without what it needs of the system."""
    try:
        import pygraphviz
    except ModuleNotFoundError as error:
        what = "pictures in SVG and PNG need the library pygraphviz, which is not installed"
        raise NotConfigured(what, possible=(installing("draw"),)) from error
    except ImportError as error:
        what = f"the library pygraphviz cannot be loaded: {str(error)[:200]}"
        raise NotConfigured(what, possible=(f"apt-get install {SYSTEM}", "what is called so elsewhere")) from error
    edges = tuple(edges)
    with _ONE_AT_A_TIME:
        settings = _SETTINGS | (_HASTE if len(sizes) > _LARGE else {})
        graph = pygraphviz.AGraph(directed=True, strict=False, **settings)
        try:
            for number, (w, h) in enumerate(sizes):
                graph.add_node(number, label="", shape="box", fixedsize="true", width=w / _INCH, height=h / _INCH)
            for number, edge in enumerate(edges):
                graph.add_edge(*_ends(edge), key=str(number), **_wanted(edge))
            graph.layout(prog="dot")
            return _read(graph, sizes, edges)
        finally:
            graph.close()


def _ends(edge: Edge) -> tuple[int, int]:
    """From and to, as Graphviz is told: a way back the other way round, so that what it leads to stays above."""
    return (edge.target, edge.source) if edge.back else (edge.source, edge.target)


def _wanted(edge: Edge) -> dict[str, str]:
    wanted = {"dir": "back"} if edge.back else {"tailport": "s", "headport": "n"}
    if edge.straight and not edge.back:
        wanted["weight"] = "12"
    if edge.label is not None:
        w, h = edge.label
        cell = f'<TABLE BORDER="0" FIXEDSIZE="TRUE" WIDTH="{w:.0f}" HEIGHT="{h:.0f}"><TR><TD></TD></TR></TABLE>'
        wanted["label"] = f"<{cell}>"
    return wanted


def _read(graph: object, sizes: Sequence[tuple[float, float]], edges: Sequence[Edge]) -> Layout:
    get_node, get_edge = graph.get_node, graph.get_edge  # type: ignore[attr-defined] # the library has no types
    _, _, right, top = (float(one) for one in graph.graph_attr["bb"].split(","))  # type: ignore[attr-defined]
    boxes = []
    for number, (w, h) in enumerate(sizes):
        x, y = _point(get_node(number).attr["pos"])
        boxes.append(Box(x - w / 2, top - y - h / 2, w, h))
    curves = []
    for number, edge in enumerate(edges):
        attributes: Mapping[str, str | None] = get_edge(*_ends(edge), str(number)).attr
        *_, pos = (attributes["pos"] or "").split(";")
        points = [_down(_point(one), top) for one in pos.split() if one[0] not in "es"]
        tips = [_down(_point(one[2:]), top) for one in pos.split() if one[0] in "es"]
        points = points[::-1] if edge.back else points
        label = None
        if edge.label is not None and (at := attributes["lp"]):
            (x, y), (w, h) = _down(_point(at), top), edge.label
            label = Box(x - w / 2, y - h / 2, w, h)
        curves.append(Curve(tuple(points), tips[0] if tips else points[-1], label))
    return Layout(right, top, tuple(boxes), tuple(curves))


def _point(text: str) -> Point:
    x, y = text.rstrip("!").split(",")
    return float(x), float(y)


def _down(point: Point, top: float) -> Point:
    return point[0], top - point[1]
