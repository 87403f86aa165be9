"""The page on permissions shows the table that the engine asks."""

from __future__ import annotations

from pathlib import Path

from flowengine.people.permissions import TABLE, Row

PAGE = Path(__file__).parents[2] / "docs/permissions.md"
MARK = "<!-- the table: flowengine/people/permissions.py -->\n"


def table() -> str:
    """The table as the page has it, with the verbs that only the program uses in one line below."""
    kinds = Row._fields[1:7]
    own = [verb for verb, row in TABLE.items() if row[1:7] == ("-", "-", "-", "any", "-", "-")]
    lines = ["", f"| verb | what it does | {' | '.join(kinds)} |", f"|-|-|{'-|' * len(kinds)}"]
    lines += [f"| `{verb}` | {row.does} | {' | '.join(row[1:7])} |" for verb, row in TABLE.items() if verb not in own]
    lines += ["", "Only the program that holds the engine uses these, and they ask nobody who he is:", ""]
    lines += [f"- `{verb}`: {TABLE[verb].does}" for verb in own]
    return "\n".join(lines) + "\n"


def test_the_page_shows_the_table() -> None:
    """What the page says of permissions is what the engine asks."""
    assert PAGE.read_text("utf-8").partition(MARK)[2] == table()
