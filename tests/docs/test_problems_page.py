"""The page of problems is made from the explanations, whole and up to date."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from flowengine.language.explaining import CODES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "problems.md").read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    """The page is what the explanations give now; otherwise run ``python docs/make_problems.py``."""
    assert runpy.run_path(str(DOCS / "make_problems.py"))["page"]() == PAGE


def test_the_table_lists_every_code_and_leads_to_its_words() -> None:
    """The table has exactly the codes that there are, with what each means, and each has its heading."""
    table = dict(re.findall(r"^\| \[`([a-z0-9-]+)`\]\(#\1\) \| (.*) \|$", PAGE, re.MULTILINE))
    assert table == CODES
    assert sorted(re.findall(r"^### (.*)$", PAGE, re.MULTILINE)) == sorted(CODES)


def test_its_links_lead_somewhere() -> None:
    """Each link names a page of the docs, and a heading of it."""
    links = re.findall(r"\]\(([a-z-]+\.md)(?:#([\w-]+))?\)", PAGE)
    assert links
    for page, heading in links:
        text = (DOCS / page).read_text(encoding="utf-8")
        titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        assert not heading or heading in {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in titles}
