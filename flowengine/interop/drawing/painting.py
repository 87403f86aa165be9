"""A plan as SVG. Texts stand as texts, each as wide as the plan reckoned, whatever font the reader has; no styles but
by classes, no scripts, no ids, so that several pictures can stand on a page whose policy allows neither."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from flowengine.interop.drawing.arranging import LABEL, MARK, PAD, SMALL, Drawn, Placed, Plan, lettering
from flowengine.interop.drawing.colours import CLASS, MARKS, WORDS
from flowengine.interop.drawing.lettering import Lettering, visible
from flowengine.interop.drawing.scene import Card, Exit, Frame, Picture, Thing

MARGIN = 20
_HEADING = Lettering(20, "semibold")
_NEED = Lettering(13)
_TAG = Lettering(10, "semibold")
_INKS = {"title": "title ink", "row": "ink", "late": "late", "crowd": "crowd"}
_LEAST = 380
"""Pixels that the text above and below a picture has at least."""


def paint(picture: Picture, plan: Plan, style: str = "") -> str:
    """The SVG. ``style`` goes into a style element of its own; without it the page has to have the styles."""
    wide = max(plan.w, _LEAST)
    head, top = _head(picture, wide)
    body = list(_plan(plan, (wide - plan.w) / 2, top))
    foot, below = _legend(picture, wide, top + plan.h + 18)
    w, h = wide + 2 * MARGIN, below + 2 * MARGIN
    version = quoteattr(f"{picture.name} {picture.version}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{CLASS}" data-process={version} role="img" '
        f'width="{w:.0f}" height="{h:.0f}" viewBox="0 0 {w:.0f} {h:.0f}">',
        f"<title>{_text(picture.title)}</title><desc>{_text(described(picture))}</desc>",
        f"<style>{style}</style>" if style else "",
        f'<rect class="paper" width="{w:.0f}" height="{h:.0f}" rx="10"/>',
        f'<g transform="translate({MARGIN} {MARGIN})">',
        *head,
        *body,
        *foot,
        "</g></svg>",
    ]
    found = "\n".join(part for part in parts if part) + "\n"
    # with links in it, a picture is more than one image to those who hear it
    return found.replace('role="img"', 'role="group"', 1) if "<a href=" in found else found


def described(picture: Picture) -> str:
    """The picture in words, for those who hear it: the way from the need to the end."""
    told = [
        f"{thing.title}{_after(thing.name, picture)}" for thing in picture.scene.things if not isinstance(thing, Exit)
    ]
    return f"{picture.need}. On the usual way: {'; '.join(told)}."


def _after(name: str, picture: Picture) -> str:
    """Where a thing's arrows lead, in words."""
    titles = {thing.name: thing.title for thing in picture.scene.things if not isinstance(thing, Exit)}
    ways = [
        f"{titles[arrow.target]}{f' ({arrow.label})' if arrow.label else ''}"
        for arrow in picture.scene.arrows
        if arrow.source == name and arrow.target in titles
    ]
    return f", then {' or '.join(ways)}" if ways else ""


# above and below


def _head(picture: Picture, wide: float) -> tuple[list[str], float]:
    parts, y = [], 0.0
    for text in _HEADING.wrap(picture.title, wide, 2):
        parts.append(_line(text, 0, y, _HEADING, "heading ink"))
        y += _HEADING.line
    for said in (picture.need, *picture.notes):
        for text in _NEED.wrap(said, wide, 2):
            parts.append(_line(text, 0, y, _NEED, "need soft"))
            y += _NEED.line
    return parts, y + 20


def _legend(picture: Picture, wide: float, y: float) -> tuple[list[str], float]:
    """What the marks mean that are used, in as many rows as are needed, and where the last ends."""
    parts: list[str] = []
    x = 0.0
    kinds, deadlines, passed = _used(picture.scene.things, picture.scene.asides)
    words = [(_mark(kind, 0, 0), WORDS[kind]) for kind in MARKS if kind in kinds]
    if deadlines:
        words.append((_clock(1, 2), "when its time is over"))
    if passed:
        words.append(('<g class="ahead task"><rect class="box" y="2" width="14" height="10" rx="3"/></g>', "not yet"))
    for mark, text in words:
        room = MARK + 5 + SMALL.width(text) + 16
        if x and x + room > wide:
            x, y = 0, y + 20
        parts.append(f'<g transform="translate({x:.1f} {y:.1f})">{mark}{_line(text, MARK + 5, 0, SMALL, "soft")}</g>')
        x += room
    return parts, y + 16


def _used(things: tuple[Thing, ...], asides: tuple[Frame, ...]) -> tuple[set[str], bool, bool]:
    """The kinds of states in a scene; whether any has a deadline, and whether any is still to come."""
    kinds: set[str] = set()
    deadlines = ahead = False
    for thing in (*things, *asides):
        if isinstance(thing, Exit):
            continue
        deadlines |= any(line.kind == "late" for line in thing.lines)
        ahead |= thing.standing == "ahead"
        if isinstance(thing, Card):
            kinds |= {thing.kind, *(member.kind for member in thing.members)}
        else:
            inside = _used(thing.scene.things, thing.scene.asides)
            kinds, deadlines, ahead = kinds | inside[0], deadlines | inside[1], ahead | inside[2]
    return kinds, deadlines, ahead


# what is in it


def _plan(plan: Plan, x: float, y: float) -> Iterator[str]:
    """What is in a plan: frames and cards first, arrows over them, so that no label is hidden."""
    yield f'<g transform="translate({x:.1f} {y:.1f})">'
    for placed in plan.things:
        yield from _placed(placed)
    for drawn in plan.arrows:
        yield from _arrow(drawn)
    yield "</g>"


def _placed(placed: Placed) -> Iterator[str]:
    thing, box = placed.thing, placed.box
    if isinstance(thing, Exit):
        middle = box.w / 2
        yield f'<circle class="exit" cx="{box.x + middle:.1f}" cy="{box.y + middle:.1f}" r="{middle:.0f}"/>'
        return
    kind = thing.kind if isinstance(thing, Card) else f"frame {thing.kind}"
    classes = f"{kind} {thing.standing}".rstrip()
    yield f'<g class="{classes}" transform="translate({box.x:.1f} {box.y:.1f})">'
    yield f"<title>{_text(_spoken(thing))}</title>"
    if thing.link:
        yield f"<a href={quoteattr(thing.link)}>"
    round_ = box.h / 2 if kind in ("fulfilled", "ended") and box.h < 46 else 7
    yield f'<rect class="box" width="{box.w:.1f}" height="{box.h:.1f}" rx="{round_:.1f}"/>'
    if thing.standing == "here":
        w, h = box.w + 8, box.h + 8
        yield f'<rect class="ring" x="-4" y="-4" width="{w:.1f}" height="{h:.1f}" rx="{round_ + 4:.1f}"/>'
    for mark, x, y in placed.marks:
        yield _mark(mark, x, y + (2 if y < PAD else 0))
    for row in placed.rows:
        yield _line(row.text, row.x, row.y, lettering(row.kind), _INKS.get(row.kind.partition(" ")[0], "soft"))
        if row.kind == "late first":
            yield _clock(PAD - 1, row.y + 2)
        elif row.kind == "crowd first":
            yield f'<circle class="crowd" cx="{PAD + 4}" cy="{row.y + 7:.1f}" r="4"/>'
    if thing.link:
        yield "</a>"
    if thing.standing in ("here", "passed"):
        yield from _standing(thing.standing, box.w)
    if placed.inside is not None:
        yield from _plan(placed.inside, *placed.at)
    yield "</g>"


def _standing(standing: str, wide: float) -> Iterator[str]:
    """A tag on the border that says in words, or with a hook, what the border says."""
    text = "here now" if standing == "here" else "✓"
    room = _TAG.width(text) + 12
    yield f'<rect class="pill" x="{wide - room - 6:.1f}" y="-9" width="{room:.1f}" height="16" rx="8"/>'
    yield f'<text class="tag on" x="{wide - room / 2 - 6:.1f}" y="2.6">{text}</text>'


def _spoken(thing: Card | Frame) -> str:
    """A card or frame in words, as it is heard, or read where a mouse rests."""
    words = [thing.title]
    if isinstance(thing, Frame) and thing.note:
        words.append(thing.note)
    words += [line.text for line in thing.lines]
    if isinstance(thing, Card):
        words += [f"{member.title}: {member.who}" for member in thing.members]
    standing = {"here": "the job is here now", "passed": "passed", "ahead": "not yet"}.get(thing.standing, "")
    return ". ".join(word for word in (*words, standing) if word)


def _arrow(drawn: Drawn) -> Iterator[str]:
    points, tip, arrow = drawn.curve.points, drawn.curve.tip, drawn.arrow
    path = f"M{_at(points[0])}" + "".join(
        f"C{_at(points[i])} {_at(points[i + 1])} {_at(points[i + 2])}" for i in range(1, len(points) - 2, 3)
    )
    yield f'<g class="arrow{" back" if arrow.back else ""}"><path class="way" d="{path}"/>{_head_of(points[-1], tip)}'
    if drawn.label and drawn.curve.label is not None:
        yield from _label(drawn)
    yield "</g>"


def _label(drawn: Drawn) -> Iterator[str]:
    box = drawn.curve.label
    assert box is not None, "looked at before"
    x, w = box.x + 4, box.w - 8  # not over the arrow beside it
    yield f'<rect class="plate" x="{x:.1f}" y="{box.y:.1f}" width="{w:.1f}" height="{box.h:.1f}" rx="3"/>'
    for number, text in enumerate(drawn.label):
        y = box.y + 2 + number * LABEL.line
        yield _line(text, box.x + box.w / 2, y, LABEL, "label soft")


def _head_of(end: tuple[float, float], tip: tuple[float, float]) -> str:
    """The head of an arrow: a triangle from where its line ends to its tip."""
    dx, dy = tip[0] - end[0], tip[1] - end[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1
    sx, sy = -dy / length * 3.6, dx / length * 3.6
    left, right = (end[0] + sx, end[1] + sy), (end[0] - sx, end[1] - sy)
    return f'<path class="head" d="M{_at(left)}L{_at(tip)}L{_at(right)}z"/>'


def _mark(kind: str, x: float, y: float) -> str:
    return f'<path class="{kind} mark" transform="translate({x:.1f} {y:.1f})" d="{MARKS[kind]}"/>'


def _clock(x: float, y: float) -> str:
    return f'<path class="small" transform="translate({x:.1f} {y:.1f}) scale(.72)" d="{MARKS["clock"]}"/>'


def _line(text: str, x: float, y: float, lettering: Lettering, kind: str) -> str:
    """A text on one line below ``y``, exactly as wide as was reckoned."""
    base = y + lettering.line / 2 + lettering.size * 0.36
    width = f' textLength="{lettering.width(text):.1f}" lengthAdjust="spacingAndGlyphs"' if text else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{base:.1f}"{width}>{escape(text)}</text>'


def _text(text: str) -> str:
    return escape(visible(text))


def _at(point: tuple[float, float]) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"
