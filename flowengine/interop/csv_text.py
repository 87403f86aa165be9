"""Tables as CSV, of which no cell does anything to who opens them in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet takes for a formula."""


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV, their heads first. What a spreadsheet would take for a formula has an apostrophe before it."""
    out = io.StringIO(newline="")
    written = csv.writer(out, lineterminator="\r\n")
    written.writerows([harmless_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def harmless_cell(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if FORMULA.match(cell) else cell
