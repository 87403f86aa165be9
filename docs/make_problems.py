"""Makes docs/problems.md from the explanations: ``python docs/make_problems.py`` writes it, a test holds it equal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from flowengine.language.explaining import Explanation, chapters

PAGE = Path(__file__).with_name("problems.md")

HEAD = """# Problems

What `flow check` and `flow deploy` refuse, by its code: what it means, why, and a small file that has it. A line with a
`-` has the fault, one with a `+` stands there when it is mended; below is what is told of it. `flow check --explain`
followed by a code shows the same. This page is made by `python docs/make_problems.py`.
"""


def page() -> str:
    """The whole page: a table of all codes, and each code explained."""
    return "\n".join([HEAD, *_tables(), *(part for about, few in chapters().items() for part in _chapter(about, few))])


def _tables() -> Iterator[str]:
    yield "| code | what it means |\n|-|-|"
    for several in chapters().values():
        for one in several:
            yield f"| [`{one.code}`](#{one.code}) | {one.means} |"
    yield ""


def _chapter(about: str, several: list[Explanation]) -> Iterator[str]:
    yield f"## {about}\n"
    for one in several:
        yield f"### {one.code}\n\n**{one.means}**\n{one.why}\n"
        if one.diff:
            yield f"```diff\n{one.diff}```\n"
        if one.beside:
            yield f"Beside it stands:\n\n```yaml\n{one.beside}```\n"
        if one.problem is not None:
            yield f"> `{str(one.problem).replace('`', chr(39))}`\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
