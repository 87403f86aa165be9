"""The marks and colours of pictures. What a state is, is told by its mark and its border; the colour repeats it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

from flowengine.interop import theme
from flowengine.interop.drawing.lettering import FAMILY

MARKS: Mapping[str, str] = {
    "customer": "M7 1.2a2.9 2.9 0 1 0 0 5.8a2.9 2.9 0 1 0 0-5.8zM1.6 13c0-3.1 2.3-4.8 5.4-4.8s5.4 1.7 5.4 4.8z",
    "task": "M3 2.4h8v10.6h-8zM5.2 1.2h3.6v2.4h-3.6zM5.2 6.8h3.6M5.2 9.6h3.6",
    "code": "M7 4.4a2.6 2.6 0 1 0 0 5.2a2.6 2.6 0 1 0 0-5.2zM7 .9v2M7 11.1v2M.9 7h2M11.1 7h2M2.7 2.7l1.4 1.4"
    "M9.9 9.9l1.4 1.4M11.3 2.7l-1.4 1.4M4.1 9.9l-1.4 1.4",
    "clock": "M7 1.2a5.8 5.8 0 1 0 0 11.6a5.8 5.8 0 1 0 0-11.6zM7 3.7v3.5l2.4 1.5",
    "message": "M1.2 2.8h11.6v8.4h-11.6zM1.2 3.2l5.8 4.4l5.8-4.4",
    "decision": "M7 1l6 6l-6 6l-6-6z",
    "tell": "M1.2 2h11.6v7.4h-6.2l-3 2.9v-2.9h-2.4z",
    "several": "M1.4 2.6h4.2l5.2 4.4M1.4 11.4h4.2l5.2-4.4M1.4 7h11.2",
    "fulfilled": "M7 1.2a5.8 5.8 0 1 0 0 11.6a5.8 5.8 0 1 0 0-11.6zM4.2 7.2l2 2l3.6-4.2",
    "ended": "M7 1.2a5.8 5.8 0 1 0 0 11.6a5.8 5.8 0 1 0 0-11.6zM4.9 4.9h4.2v4.2h-4.2z",
}
"""The outlines of the marks, in a square of 14 pixels."""

WORDS: Mapping[str, str] = {
    "customer": "the customer",
    "task": "staff",
    "code": "code",
    "clock": "the clock",
    "message": "a message",
    "decision": "decided by itself",
    "tell": "is told",
    "several": "the first of several",
    "fulfilled": "fulfilled",
    "ended": "ended otherwise",
}
"""What the marks mean, as the legend says it."""


CLASS = "flow-picture"
"""The class of a picture, within which its styles count."""
_SELECTORS = re.compile(r"[^{}]+(?=\{)")


class Palette(NamedTuple):
    """The colours of one theme: of paper and ink, and for each kind of state its fill and its border."""

    paper: str
    ink: str
    soft: str
    line: str
    late: str
    here: str
    frame: str
    kinds: Mapping[str, tuple[str, str]]


def _palette(house: Mapping[str, str], line: str, kinds: Mapping[str, tuple[str, str]]) -> Palette:
    """The house's colours, and what only pictures have: lines, and fills and borders of kinds of states, each a colour
    or the name of one of the house's."""
    found = {kind: tuple(house.get(one, one) for one in both) for kind, both in kinds.items()}
    return Palette(
        paper=house["paper"], ink=house["ink"], soft=house["soft"], line=line, late=house["late"],
        here=house["thread"], frame=house["card"], kinds=cast("Mapping[str, tuple[str, str]]", found),
    )  # fmt: skip


LIGHT = _palette(
    theme.LIGHT,
    line="#cfc8b8",
    kinds={
        "customer": ("#fbe9f3", "you"), "task": ("#eaf1fb", "#4a6b99"), "code": ("#eceef1", "#6b7480"),
        "clock": ("#f1ecfa", "#7a62a8"), "message": ("#f1ecfa", "#7a62a8"), "decision": ("card", "#4a6b99"),
        "tell": ("late-paper", "late"), "several": ("card", "#6b7480"), "fulfilled": ("#dff1e6", "done"),
        "ended": ("#fbe6e3", "#a8322a"),
    },
)  # fmt: skip
DARK = _palette(
    theme.DARK,
    line="#434b5a",
    kinds={
        "customer": ("#3a2132", "you"), "task": ("#1f2c3f", "thread"), "code": ("#2a2f37", "soft"),
        "clock": ("#2c2540", "#bfa8ee"), "message": ("#2c2540", "#bfa8ee"), "decision": ("card", "thread"),
        "tell": ("late-paper", "late"), "several": ("card", "soft"), "fulfilled": ("#1b3327", "done"),
        "ended": ("#3b1f1d", "bad"),
    },
)  # fmt: skip

_SHAPE = (
    f'text{{font-family:{FAMILY},system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-size:11px}}'
    ".title{font-size:13px;font-weight:600}.heading{font-size:20px;font-weight:600}.need{font-size:13px}"
    ".label{font-size:10.5px;text-anchor:middle}.tag{font-size:10px;font-weight:600;text-anchor:middle}"
    ".box{stroke-width:1.3}.customer>.box,.fulfilled>.box{stroke-width:2}.mark{stroke-width:1.3;stroke-linejoin:round}"
    ".way{fill:none;stroke-width:1.3}.back>.way{stroke-dasharray:5 3}.frame>.box{stroke-width:1.2}"
    ".aside>.box,.ends>.box,.always>.box{stroke-dasharray:2 4}.ahead>.box{stroke-dasharray:6 4}"
    ".ring{fill:none;stroke-width:3.5}"
)


def stylesheet() -> str:
    """The styles of pictures, for a page that shows them embedded: light, and dark where the reader wants it so. They
    touch nothing else on the page."""
    light, dark = _SELECTORS.sub(_within, _SHAPE + _theme(LIGHT)), _SELECTORS.sub(_within, _theme(DARK))
    return f"{light}@media(prefers-color-scheme:dark){{{dark}}}"


def _within(selectors: re.Match[str]) -> str:
    return ",".join(f".{CLASS} {one}" for one in selectors[0].split(","))


def alone(palette: Palette) -> str:
    """The styles of one theme, for programs that know no media."""
    return _SHAPE + _theme(palette)


def _theme(palette: Palette) -> str:
    """The colours of a theme, as rules."""
    return "".join(_rules(palette))


def _rules(palette: Palette) -> Iterator[str]:
    p = palette
    for name, colour in {"paper": p.paper, "ink": p.ink, "soft": p.soft, "late": p.late, "crowd": p.here}.items():
        yield f".{name}{{fill:{colour}}}"
    yield f".way{{stroke:{p.soft}}}.head,.exit{{fill:{p.soft}}}.small{{fill:none;stroke:{p.late};stroke-width:1.1}}"
    yield f".plate{{fill:{p.paper}}}.group .plate{{fill:{p.frame}}}.branch .plate,.aside .plate{{fill:{p.paper}}}"
    yield f".frame>.box{{fill:{p.frame};stroke:{p.line}}}.branch>.box{{fill:{p.paper}}}"
    yield f".aside>.box,.ends>.box,.always>.box{{fill:{p.paper};stroke:{p.soft}}}"
    for kind, (fill, stroke) in p.kinds.items():
        filled = stroke if kind == "customer" else "none"
        yield f".{kind}>.box{{fill:{fill};stroke:{stroke}}}.{kind}.mark{{fill:{filled};stroke:{stroke}}}"
    yield f".ahead>.box{{fill:{p.paper}}}.ring{{stroke:{p.here}}}.pill{{fill:{p.here}}}.on{{fill:{p.paper}}}"
