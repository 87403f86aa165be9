"""``flow check --explain``: what a code means, a small file that has the fault, and the file mended."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flowengine.cli import show
from flowengine.cli.problem_lines import excerpts, show_problems
from flowengine.cli.safe_text import harmless
from flowengine.language.explaining import Explanation

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def listed(chapters: dict[str, list[Explanation]]) -> list[dict[str, str]]:
    """All codes as plain values: ``code``, ``means``, and ``about``, the kind of fault."""
    return [{"code": one.code, "means": one.means, "about": about} for about, few in chapters.items() for one in few]


def show_codes(console: Console, chapters: dict[str, list[Explanation]]) -> None:
    """All codes with what they mean, by their kinds."""
    for about, several in chapters.items():
        show.line(console, (about, "bold"))
        table = Table(show_header=False, box=None, pad_edge=True)
        table.add_column(no_wrap=True, style="red")
        table.add_column()
        for one in several:
            table.add_row(one.code, one.means)
        console.print(table)
        console.print()
    show.line(console, "flow check --explain CODE shows a file that has the fault, and the file mended.", pasted=True)


def show_explanation(console: Console, one: Explanation) -> None:
    """What it means and why it is refused; the file with its fault marked and told, and the file mended."""
    show.line(console, (f"{one.code}: ", "bold red"), (one.means, "bold"))
    console.print()
    show.line(console, _LINK.sub(r"\1", " ".join(one.why.split())))
    if not one.diff:
        return
    saved = "" if one.encoding == "utf-8" else f", saved as {one.encoding}"
    console.print()
    show.line(console, ("With the fault", "bold"), f"{saved}:")
    _show_file(console, one, "-", "red")
    if one.problem is not None:
        show_problems(console, [one.problem], "")
    if one.beside:
        console.print()
        show.line(console, ("Beside it stands:", "bold"))
        for number, line in enumerate(one.beside.splitlines(), 1):
            console.print(Text(f"  {number:>5} | {line}"), soft_wrap=True)
    console.print()
    show.line(console, ("Mended:", "bold"))
    _show_file(console, one, "+", "green")


def _show_file(console: Console, one: Explanation, sign: str, style: str) -> None:
    """The lines of one of the two files; those that the other does not have are marked, and a caret shows the place."""
    problem = one.problem if sign == "-" else None
    lines = list(_lines(one, sign))
    for number, (line, marked) in enumerate(lines, 1):
        at = problem is not None and problem.place.line == number
        margin = ">" if marked or at else " "
        console.print(
            Text(f"{margin} {number:>5} | {harmless(line)}", style=style if margin == ">" else ""), soft_wrap=True
        )
        if at and problem is not None:
            console.print(Text(excerpts([line for line, _ in lines], problem)[1], style=style), soft_wrap=True)


def _lines(one: Explanation, sign: str) -> Iterator[tuple[str, bool]]:
    for line in one.diff.splitlines():
        if line[0] in (" ", sign):
            yield line[1:], line[0] == sign
