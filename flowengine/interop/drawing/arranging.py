"""Where everything in a picture goes: each frame is laid out by itself, and is one box in what is around it.

So a frame holds exactly what is in it, arrows end at its border, and a picture of two hundred states is many small
ones. What stands aside is put where room is left beside the arrows, in as many columns as fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from flowengine.interop.drawing.graphviz import Box, Curve, Edge, lay_out
from flowengine.interop.drawing.lettering import Lettering
from flowengine.interop.drawing.scene import Arrow, Card, Exit, Frame, Line, Scene, Thing

TITLE = Lettering(13, "semibold")
SMALL = Lettering(11)
LABEL = Lettering(10.5)
MARK = 14
"""The side of the mark before a title, in pixels."""
PAD = 9
GAP = 22
"""Between what stands side by side."""
EXIT = 10
WIDEST_TEXT = 186
WIDEST_LABEL = 112
WIDEST = 940
"""How wide a picture may become before what stands aside goes below: what a README shows is about as wide."""
NARROW = 420
"""How wide what is in a frame may always become."""
COMFORTABLE = 640
"""How wide any picture may be without its being wide."""
_COLUMNS = (1, 2, 3, 4, 5)
_WIDTHS = (0.3, 0.5, 0.7, 1)
"""How wide of what is to be had what stands aside may become; the one is taken with which all needs the least room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of text in a card or at the head of a frame, with the upper edge of its line."""

    text: str
    kind: str
    y: float
    x: float = PAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A thing with its place in what is around it, the texts in it, and, for a frame, the plan of what is inside."""

    thing: Thing
    box: Box
    rows: tuple[Row, ...] = ()
    marks: tuple[tuple[str, float, float], ...] = ()
    inside: Plan | None = None
    at: tuple[float, float] = (0, 0)
    """Where the plan of the inside begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """An arrow with its place, and the lines of its label."""

    arrow: Arrow
    curve: Curve
    label: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A scene with places."""

    w: float
    h: float
    things: tuple[Placed, ...] = ()
    arrows: tuple[Drawn, ...] = ()

    def moved(self, x: float, y: float) -> Plan:
        """The same, elsewhere."""
        things = tuple(replace(one, box=one.box.moved(x, y)) for one in self.things)
        arrows = tuple(replace(one, curve=_moved(one.curve, x, y)) for one in self.arrows)
        return replace(self, things=things, arrows=arrows)

    def taken(self) -> list[Box]:
        """What is in the way of more."""
        found = [one.box for one in self.things]
        for arrow in self.arrows:
            found += _around(arrow.curve)
        return found


def arrange(scene: Scene, widest: float = WIDEST) -> Plan:
    """The plan of a scene, with what stands aside in it."""
    plan = _main(scene, widest)
    for frame in scene.asides:
        plan = _with(plan, frame, widest)
    return plan


def _main(scene: Scene, widest: float) -> Plan:
    """What is joined by arrows is laid out together; what is not stands side by side, in as many rows as are needed."""
    things = [_sized(thing, max(NARROW, widest * 0.6)) for thing in scene.things]
    plans = [_joined(group, arrows) for group, arrows in _groups(things, scene.arrows)]
    return _in_rows(plans, widest)


def _groups(things: Sequence[Placed], arrows: Sequence[Arrow]) -> Iterable[tuple[list[Placed], list[Arrow]]]:
    """The things that arrows join, with these arrows."""
    group = {one.thing.name: {one.thing.name} for one in things}
    for arrow in arrows:
        both = group[arrow.source] | group[arrow.target]
        for name in both:
            group[name] = both
    seen: set[str] = set()
    for one in things:
        if one.thing.name not in seen:
            names = group[one.thing.name]
            seen |= names
            yield (
                [other for other in things if other.thing.name in names],
                [arrow for arrow in arrows if arrow.source in names],
            )


def _joined(things: list[Placed], arrows: list[Arrow]) -> Plan:
    if len(things) == 1 and not arrows:
        box = things[0].box
        return Plan(w=box.w, h=box.h, things=tuple(things))
    number = {one.thing.name: index for index, one in enumerate(things)}
    labels = [LABEL.wrap(arrow.label, WIDEST_LABEL) if arrow.label else () for arrow in arrows]
    edges = [
        Edge(number[arrow.source], number[arrow.target], _room(label), arrow.back, arrow.spine)
        for arrow, label in zip(arrows, labels, strict=True)
    ]
    layout = lay_out([(one.box.w, one.box.h) for one in things], edges)
    return Plan(
        w=layout.w,
        h=layout.h,
        things=tuple(replace(one, box=box) for one, box in zip(things, layout.boxes, strict=True)),
        arrows=tuple(
            Drawn(arrow=arrow, curve=curve, label=label)
            for arrow, curve, label in zip(arrows, layout.curves, labels, strict=True)
        ),
    )


def _room(label: Sequence[str]) -> tuple[float, float] | None:
    if not label:
        return None
    return max(LABEL.width(line) for line in label) + 10, LABEL.line * len(label) + 4


def _in_rows(plans: list[Plan], widest: float) -> Plan:
    """Plans side by side, the next row below where they would become too wide."""
    if len(plans) == 1:
        return plans[0]
    things: list[Placed] = []
    arrows: list[Drawn] = []
    x = y = tall = wide = 0.0
    for plan in plans:
        if x and x + plan.w > widest:
            x, y, tall = 0, y + tall + GAP, 0
        here = plan.moved(x, y)
        things += here.things
        arrows += here.arrows
        wide, tall, x = max(wide, x + plan.w), max(tall, plan.h), x + plan.w + GAP
    return Plan(w=wide, h=y + tall, things=tuple(things), arrows=tuple(arrows))


# sizes


def _sized(thing: Thing, widest: float) -> Placed:
    """A thing with its size, at no place yet."""
    if isinstance(thing, Exit):
        return Placed(thing=thing, box=Box(0, 0, EXIT, EXIT))
    return _card(thing) if isinstance(thing, Card) else _frame(thing, widest)


def _card(card: Card) -> Placed:
    y = PAD - 1.0
    rows, marks = [], [(card.kind, float(PAD), y)]
    for text in TITLE.wrap(card.title, WIDEST_TEXT - MARK):
        rows.append(Row(text=text, kind="title", y=y, x=PAD + MARK + 5))
        y += TITLE.line
    for line in card.lines:
        if line.kind == "who":
            y = _line(line, y, rows)
    for member in card.members:
        y += 2
        marks.append((member.kind, float(PAD), y))
        for text in SMALL.wrap(f"{member.title}: {member.who}" if member.who else member.title, WIDEST_TEXT - MARK, 2):
            rows.append(Row(text=text, kind="row", y=y, x=PAD + MARK + 5))
            y += SMALL.line
    rest = [line for line in card.lines if line.kind != "who"]
    y += 3 if rest else 0
    for line in rest:
        y = _line(line, y, rows)
    return Placed(thing=card, box=Box(0, 0, max(84, _widest(rows)), y + PAD - 2), rows=tuple(rows), marks=tuple(marks))


def _line(line: Line, y: float, rows: list[Row], widest: float = WIDEST_TEXT) -> float:
    indent = 13 if line.kind in ("late", "crowd") else 0
    for number, text in enumerate(SMALL.wrap(line.text, widest - indent, 4)):
        kind = f"{line.kind} first" if not number else line.kind
        rows.append(Row(text=text, kind=kind, y=y, x=PAD + indent))
        y += SMALL.line
    return y


def _widest(rows: Iterable[Row]) -> float:
    """How wide what holds these rows has to be."""
    return max(row.x + lettering(row.kind).width(row.text) for row in rows) + PAD


def lettering(kind: str) -> Lettering:
    """What a row of a kind is written in."""
    return TITLE if kind == "title" else SMALL


def _frame(frame: Frame, widest: float, columns: int = 0) -> Placed:
    """A frame with its head above what is inside. ``columns``: of what is listed."""
    inside = _listed(frame, columns) if frame.listed else arrange(frame.scene, widest - 2 * PAD)
    y = PAD - 1.0
    rows: list[Row] = []
    wide = max(inside.w, 170)
    for text in TITLE.wrap(frame.title, wide, 2):
        rows.append(Row(text=text, kind="title", y=y))
        y += TITLE.line
    for line in (*([Line(text=frame.note, kind="note")] if frame.note else []), *frame.lines):
        y = _line(line, y, rows, wide)
    top = y + 7
    w = max(inside.w + 2 * PAD + 4, _widest(rows))
    box = Box(0, 0, w, top + inside.h + PAD + 2)
    return Placed(thing=frame, box=box, rows=tuple(rows), inside=inside, at=((w - inside.w) / 2, top))


def _listed(frame: Frame, columns: int) -> Plan:
    """Cards in columns of one width, each put where a column is shortest."""
    cards = [_sized(thing, WIDEST) for thing in frame.scene.things]
    if any(not isinstance(one.thing, Card) for one in cards):
        return _in_rows([_joined([one], []) for one in cards], WIDEST)
    wide = max(one.box.w for one in cards)
    ends = [0.0] * max(1, min(columns or 3, len(cards)))
    things = []
    for one in cards:
        column = min(range(len(ends)), key=ends.__getitem__)
        things.append(replace(one, box=Box(column * (wide + 8), ends[column], wide, one.box.h)))
        ends[column] += one.box.h + 8
    return Plan(w=len(ends) * (wide + 8) - 8, h=max(ends) - 8, things=tuple(things))


# what stands aside


def _with(plan: Plan, frame: Frame, widest: float) -> Plan:
    """The plan with a frame beside or below what is in it: where it needs the least room."""
    taken = plan.taken()
    if frame.listed:
        ways = [_frame(frame, widest, columns) for columns in _COLUMNS[: len(frame.scene.things)]]
    else:
        ways = [_frame(frame, widest * part) for part in _WIDTHS]
    best = min((spot for one in ways for spot in _spots(plan, taken, one, widest)), key=lambda spot: spot[:2])
    _, _, x, y, placed = best
    here = replace(placed, box=placed.box.moved(x, y))
    w, h = max(plan.w, x + placed.box.w), max(plan.h, y + placed.box.h)
    return replace(plan, w=w, h=h, things=(*plan.things, here))


def _spots(
    plan: Plan, taken: list[Box], placed: Placed, widest: float
) -> Iterable[tuple[float, float, float, float, Placed]]:
    """The places where a frame could go, each with the room that the whole needs then, and how far down it is."""
    w, h = placed.box.w, placed.box.h
    below = plan.h + GAP
    for x in dict.fromkeys((0.0, max(0.0, plan.w - w), plan.w + GAP, max(0.0, min(widest, plan.w + w + GAP) - w))):
        for y in sorted({0.0, below, *(box.y + box.h + GAP for box in taken)}):
            box = Box(x, y, w, h)
            whole = max(plan.w, x + w), max(plan.h, y + h)
            if whole[0] <= max(widest, plan.w, w) and not any(box.meets(other, GAP * 0.7) for other in taken):
                yield max(whole[0], COMFORTABLE) ** 0.6 * whole[1], y, x, y, placed
                break  # further down needs more room


def _around(curve: Curve) -> list[Box]:
    """Boxes around the pieces of an arrow, and its label."""
    found = [curve.label] if curve.label else []
    points = [*curve.points, curve.tip]
    for first in range(0, len(points) - 1, 3):
        piece = points[first : first + 4]
        xs, ys = [x for x, _ in piece], [y for _, y in piece]
        found.append(Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)))
    return found


def _moved(curve: Curve, x: float, y: float) -> Curve:
    points = tuple((px + x, py + y) for px, py in curve.points)
    label = curve.label.moved(x, y) if curve.label else None
    return Curve(points, (curve.tip[0] + x, curve.tip[1] + y), label)
