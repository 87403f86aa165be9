"""Tables that fit the window: no id is broken, and no word; what finds no room is left out, the least needed first.

A cell is wrapped behind blanks, and behind the signs that join words in names (``_ - /``). Where a table is not read
in a window, each row is one line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from flowengine.cli.safe_text import harmless

ID = "bold cyan"

GAP = 2
"""Blanks between columns."""

LEAST = 8
"""Where even the columns that are needed find no room, none is made narrower than this."""

_PIECE = re.compile(r"\s*[^\s_/-]*(?:[_/-]+|\s+|$)")
"""What is not broken: a word, with what it is joined by."""


def cell(value: object, style: str = "") -> Text:
    """A harmless text for a table or a line."""
    return Text(harmless(value), style=style)


def draw(
    console: Console, heads: Sequence[str], rows: Iterable[Sequence[object]], *, dropped: Sequence[int] = ()
) -> None:
    """Rows below their heads. The first column is an id, and stays whole; ``dropped`` are the columns that may be left
    out, the first of them first."""
    cells = [[one if isinstance(one, Text) else cell(one) for one in row] for row in rows]
    for row in cells:
        row[0].stylize_before(ID)
    wide = console.width if console.is_terminal or "COLUMNS" in os.environ else None
    shown, widths = _columns([[cell(head, "bold") for head in heads], *cells], wide, list(dropped))
    for number, row in enumerate([[cell(head, "bold") for head in heads], *cells]):
        for line in _lines([row[index] for index in shown], widths):
            console.print(line, soft_wrap=True, no_wrap=True)
        if number == 0:
            console.print(Text("  ".join("─" * width for width in widths), style="dim"), soft_wrap=True)


def _columns(rows: Sequence[Sequence[Text]], wide: int | None, dropped: list[int]) -> tuple[list[int], list[int]]:
    """The columns that are shown, and how wide each is."""
    shown = list(range(len(rows[0])))
    natural = [max(row[index].cell_len for row in rows) for index in shown]
    shown = [index for index in shown if natural[index] and any(row[index].plain for row in rows[1:])] or shown
    if wide is None:
        return shown, [natural[index] for index in shown]
    least = [max(_longest(row[index].plain, whole=index == 0) for row in rows) for index in range(len(natural))]
    while _sum(least, shown) > wide and any(index in shown for index in dropped):
        shown.remove(next(index for index in dropped if index in shown))
    while (over := _sum(least, shown) - wide) > 0:  # a long word in a narrow window: nothing helps but to break it
        longest = max(shown[1:] or shown, key=lambda index: least[index])
        if least[longest] <= LEAST or longest == 0:
            break
        least[longest] = max(LEAST, least[longest] - over)
    room = wide - _sum(least, shown)
    while room > 0:
        narrow = [index for index in shown if least[index] < natural[index]]
        if not narrow:
            break
        tightest = min(narrow, key=lambda index: least[index])
        least[tightest] += 1
        room -= 1
    return shown, [least[index] for index in shown]


def _sum(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[index] for index in shown) + GAP * (len(shown) - 1)


def _longest(text: str, *, whole: bool) -> int:
    return cell_len(text) if whole else max((cell_len(piece.strip()) for piece in _pieces(text)), default=0)


def _pieces(text: str) -> Iterator[str]:
    return (found[0] for found in _PIECE.finditer(text) if found[0])


def _lines(row: Sequence[Text], widths: Sequence[int]) -> Iterator[Text]:
    wrapped = [_wrapped(one, width) for one, width in zip(row, widths, strict=True)]
    for parts in zip_longest(*wrapped, fillvalue=Text()):
        line = Text()
        for index, (part, width) in enumerate(zip(parts, widths, strict=True)):
            line.append_text(part)
            if index < len(widths) - 1:
                line.append(" " * (width - part.cell_len + GAP))
        line.rstrip()
        yield line


def _wrapped(text: Text, width: int) -> list[Text]:
    """The text in lines of at most that width, broken between its pieces; a piece that is longer still, anywhere."""
    breaks, start, used = [], 0, 0
    for piece in _pieces(text.plain):
        size = cell_len(piece.rstrip())
        if used and used + size > width:
            breaks.append(start)
            used = 0
        rest = piece
        while cell_len(rest.rstrip()) > width > 0:
            cut = next(at for at in range(len(rest), 0, -1) if cell_len(rest[:at]) <= width)
            start, rest = start + cut, rest[cut:]
            breaks.append(start)
            used = 0
        used += cell_len(rest)
        start += len(rest)
    lines = list(text.divide(breaks)) if breaks else [text.copy()]
    for line in lines:
        line.rstrip()
    return lines
