"""Problems of a process file with the line they are on."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from flowengine.cli.safe_text import harmless
from flowengine.problem import Problem

if TYPE_CHECKING:
    from rich.console import Console

WIDEST = 110
"""Characters of a source line that are shown around the caret."""


def show_problems(console: Console, problems: Iterable[Problem], source: str | None = None) -> None:
    """Each problem with its line and a caret. Without ``source`` the lines are read from the problems' files."""
    from rich.text import Text

    for file, group in groupby(problems, key=lambda problem: problem.file):
        lines = (source if source is not None else _read(file)).split("\n")
        for problem in group:
            place = f"{harmless(file)}:{problem.place.line}:{problem.place.column}"
            message = harmless(problem.message)
            console.print(Text.assemble((place, "bold"), ": ", (problem.code, "red"), ": ", message), soft_wrap=True)
            for excerpt in excerpts(lines, problem):
                console.print(Text(excerpt, style="dim"), soft_wrap=True)
            if problem.hint:
                console.print(Text.assemble(("    hint: ", "green"), harmless(problem.hint)), soft_wrap=True)


def excerpts(lines: list[str], problem: Problem) -> list[str]:
    """The source line, cut to what fits, and a caret below the column; nothing when there is no such line."""
    number, column = problem.place.line, problem.place.column
    if not 1 <= number <= len(lines):
        return []
    line = lines[number - 1].rstrip("\r")
    first = max(0, column - 1 - WIDEST // 2) if column > WIDEST - 10 else 0
    before = harmless(line[first : column - 1].replace("\t", " "))
    after = harmless(line[column - 1 : first + WIDEST].replace("\t", " "))
    margin = f"  {number:>5} | "
    return [f"{margin}{before}{after}", " " * len(margin) + " " * _cells(before) + "^"]


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _read(file: str) -> str:
    try:
        return Path(file).read_bytes()[:4_000_000].decode("utf-8", "replace")
    except OSError:
        return ""
