"""Problems explained: what a code means, why it is refused, a small file that has the fault, and the file mended.

The texts stand in ``explained/``, a file for each kind of fault: below the heading of a code a paragraph, and a diff of
the two files. What each code means in one sentence stands with those who report it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from flowengine.errors import NotFound
from flowengine.language import parse, problems
from flowengine.language.checks.codes import CODES as OF_CHECKS
from flowengine.language.checks.starts import clashes
from flowengine.language.parser.codes import CODES as OF_READING
from flowengine.language.suggest import near
from flowengine.problem import Problem

CODES = OF_READING | OF_CHECKS
"""Every code there is, with what it means."""

_FILE = "tea.yaml"
_CHAPTERS = ("text", "values", "names", "ways", "waiting", "data", "starts")
_SECTION = re.compile(r"^## ([a-z0-9-]+)\n\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One code explained. Of a fault that is not in a file's text, as that it cannot be read, there is no example."""

    code: str
    why: str
    """Why it is refused and what is done about it, as Markdown."""
    diff: str = ""
    """The example: lines that begin with ``-`` have the fault, those with ``+`` stand there instead."""
    encoding: str = "utf-8"
    """How the file with the fault is saved."""
    beside: str = ""
    """Another file that must be there for it to be a fault."""

    @property
    def means(self) -> str:
        return CODES[self.code]

    @property
    def faulty(self) -> str:
        return self._without("+")

    @property
    def mended(self) -> str:
        return self._without("-")

    def _without(self, sign: str) -> str:
        return "".join(f"{line[1:]}\n" for line in self.diff.splitlines() if not line.startswith(sign))

    @property
    def problems(self) -> list[Problem]:
        """All that is told of the faulty file, and of what stands beside it."""
        if self.beside:
            return clashes(parse(self.faulty, _FILE), [parse(self.beside)])
        return problems(self.faulty.encode(self.encoding), _FILE) if self.diff else []

    @property
    def problem(self) -> Problem | None:
        """What is told of the fault; None where no file shows it."""
        return next((one for one in self.problems if one.code == self.code), None)

    def to_json(self) -> dict[str, Any]:
        """As plain values; ``problem`` is None, and the files are empty, where no file shows the fault."""
        problem = self.problem
        return {
            "code": self.code,
            "means": self.means,
            "why": " ".join(self.why.split()),
            "faulty": self.faulty,
            "encoding": self.encoding,
            "mended": self.mended,
            "beside": self.beside,
            "problem": problem.to_json() if problem else None,
        }


def explain(code: str) -> Explanation:
    """The explanation of a code. Raises :class:`NotFound` where there is no such code, with the one that was meant."""
    found = _explained().get(code)
    if found is None:
        meant = near(code, CODES)
        raise NotFound("there is no such code of a problem", where=code[:60], possible=(meant,) if meant else (*CODES,))
    return found


def chapters() -> dict[str, list[Explanation]]:
    """All codes explained, under the headings of their kinds."""
    return {heading: list(_sections(text)) for heading, text in _texts()}


@cache
def _explained() -> dict[str, Explanation]:
    return {one.code: one for several in chapters().values() for one in several}


def _texts() -> Iterator[tuple[str, str]]:
    for name in _CHAPTERS:
        heading, _, text = (
            resources.files(__package__).joinpath("explained", f"{name}.md").read_text("utf-8").partition("\n")
        )
        yield heading.removeprefix("# "), text


def _sections(text: str) -> Iterator[Explanation]:
    for code, body in _SECTION.findall(text):
        blocks = {kind: (info, inner) for kind, info, inner in _BLOCK.findall(body)}
        encoding, diff = blocks.get("diff", ("", ""))
        why = body.partition("```")[0].strip()
        yield Explanation(code, why, diff, encoding or "utf-8", blocks.get("yaml", ("", ""))[1])
