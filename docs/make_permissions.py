"""Makes the table of docs/permissions.md from what the engine asks: ``python docs/make_permissions.py`` writes it, a
test holds it equal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from flowengine.people.permissions import DEAR, LINKED, LOOKS, NEVER, TABLE, Row

PAGE = Path(__file__).with_name("permissions.md")
MARK = "<!-- the table: flowengine/people/permissions.py -->\n"
KINDS = Row._fields[1:7]


def table() -> str:
    """The table as the page has it, with the verbs that only the program uses in one list below."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    own = [verb for verb, row in TABLE.items() if row[1:7] == ("-", "-", "-", "any", "-", "-")]
    yield ""
    yield f"| verb | what it does | {' | '.join(KINDS)} | scope | known by | by a link to one job |"
    yield f"|-|-|{'-|' * len(KINDS)}-|-|-|"
    for verb, row in TABLE.items():
        if verb not in own:
            linked = "yes" if verb in LINKED else NEVER
            beside = f"{_scope(verb, row)} | {DEAR.get(verb, 'link')} | {linked}"
            yield f"| `{verb}` | {row.does} | {' | '.join(row[1:7])} | {beside} |"
    yield from ("", "Only the program that holds the engine uses these, and they ask nobody who he is:", "")
    yield from (f"- `{verb}`: {TABLE[verb].does}" for verb in own)


def _scope(verb: str, row: Row) -> str:
    if verb in LOOKS:
        return "read"
    return "operate" if row.staff == NEVER and row.customer == NEVER else "act"


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text("utf-8").partition(MARK)[0] + MARK + table(), encoding="utf-8")
