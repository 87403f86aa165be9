"""The page on permissions shows the table that the engine asks."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_shows_the_table() -> None:
    """What the page says of permissions is what the engine asks; otherwise run ``python docs/make_permissions.py``."""
    made = runpy.run_path(str(DOCS / "make_permissions.py"))
    assert (DOCS / "permissions.md").read_text("utf-8").partition(made["MARK"])[2] == made["table"]()
