"""Plots in SVG: bars, and lines over months; drawn by the library pygal. The one file that imports it.

Nothing in a picture runs, and it holds nothing but what it shows: the script and the comments that the library writes
into it are taken out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from flowengine.distribution import installing
from flowengine.errors import NotConfigured
from flowengine.interop.drawing.colours import DARK, LIGHT, Palette

_WIDE, _ROW, _HIGH = 720, 34, 300
_LONGEST = 34
"""Characters of a label that are shown; all of it is told in the table beside the plot."""


def _colours(palette: Palette) -> list[str]:
    return [palette.here, palette.late, *(border for _, border in palette.kinds.values())]


def _theme(palette: Palette) -> str:
    lines = "".join(
        f".color-{place}{{fill:{colour} !important;stroke:{colour} !important}}"
        for place, colour in enumerate(_colours(palette))
    )
    ink = f"text{{fill:{palette.ink} !important}}.axis .line,.axis .guide.line{{stroke:{palette.line}}}"
    return f"{ink}{lines}.line{{fill:none !important}}"


_CSS = (
    ".background,.plot .background{fill:transparent}"
    f"{_theme(LIGHT)}@media (prefers-color-scheme: dark){{{_theme(DARK)}}}"
)


@cache
def can_plot() -> bool:
    """Whether the library is here."""
    return _library() is not None


@cache
def _library() -> Any:
    """The library, or None. What it puts into the way of all imports, to find maps, is taken out again: nothing here
    draws maps, and Python warns of it."""
    try:
        import pygal
    except ImportError:
        return None
    sys.meta_path[:] = [one for one in sys.meta_path if not type(one).__module__.startswith("pygal")]
    return pygal


def bars(rows: Sequence[tuple[str, float]], words: Callable[[float], str]) -> str:
    """A bar for each row, its label and value, from the top; ``words`` say a value. Raises NotConfigured where the
    library is missing."""
    chart = _chart(
        "HorizontalBar",
        60 + _ROW * max(1, len(rows)),
        words,
        print_values=True,
        show_x_guides=False,
        show_y_guides=False,
        show_x_labels=False,
    )
    chart.x_labels = [_short(label) for label, _ in reversed(rows)]
    chart.add("", [value for _, value in reversed(rows)])
    return _svg(chart)


def lines(places: Sequence[str], series: Mapping[str, Sequence[float | None]], words: Callable[[float], str]) -> str:
    """A line for each of the series over the same places (months); None where nothing is told. Raises NotConfigured
    where the library is missing."""
    several = len(series) > 1
    chart = _chart(
        "Line",
        _HIGH,
        words,
        show_legend=several,
        legend_at_bottom=True,
        print_values=not several,
        allow_interruptions=True,
        margin_right=72,
        include_x_axis=True,
        stroke_style={"width": 2},
    )
    chart.x_labels = list(places)
    chart.range = (0, max([1.0, *(one * 1.15 for values in series.values() for one in values if one is not None)]))
    for name, values in series.items():
        chart.add(_short(name), list(values))
    return _svg(chart)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _chart(kind: str, height: int, words: Callable[[float], str], **more: Any) -> Any:
    pygal = _library()
    if pygal is None:
        raise NotConfigured("plots need the library pygal", possible=(installing("plots"),))
    style = pygal.style.Style(
        background="transparent",
        plot_background="transparent",
        font_family="system-ui, sans-serif",
        colors=tuple(_colours(LIGHT)),
        label_font_size=13,
        value_font_size=13,
        opacity="0.4",
        transition="0s",
    )
    settings = {"show_legend": False, "disable_xml_declaration": True, "js": (), "margin": 8} | more
    css = ("file://style.css", "file://graph.css", f"inline:{_CSS}")
    chart = getattr(pygal, kind)(style=style, css=css, width=_WIDE, height=height, no_prefix=True, **settings)
    chart.value_formatter = lambda value: words(value) if value is not None else ""
    chart.uuid = "plot"
    chart.add_xml_filter(_still)
    return chart


def _still(root: Any) -> Any:
    """Without the script and the comments."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag.rpartition("}")[2] == "script":
                parent.remove(child)
    return root


def _svg(chart: Any) -> str:
    text: str = chart.render(is_unicode=True)
    return text
