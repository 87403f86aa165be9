"""How wide a text is in the font of the pictures, how it is broken into lines, and how it is made harmless.

The font is Inter, which lies in the package; ``docs/make_font.py`` makes it, and the table of its widths.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import NamedTuple

FONT = files("flowengine.interop.drawing") / "font"
FAMILY = "Inter"
_SPACES = re.compile(r"[^\S\u00a0]+")
_MISSING = {"narrow": 600, "wide": 1050}
"""What a letter that the font lacks is reckoned with, in thousandths of the size: some other font draws it."""


class Lettering(NamedTuple):
    """A size in pixels, and a weight: ``regular`` or ``semibold``."""

    size: float
    weight: str = "regular"

    @property
    def line(self) -> float:
        """From one line to the next."""
        return round(self.size * 1.32, 2)

    def width(self, text: str) -> float:
        """How wide a text is on one line, in pixels."""
        table = widths()[self.weight]
        return sum(table.get(char) or _other(char) for char in text) * self.size / 1000

    def wrap(self, text: str, widest: float, most: int = 3) -> tuple[str, ...]:
        """The lines of a text, none wider than ``widest`` pixels; where ``most`` do not hold it, the last ends in …"""
        lines: list[str] = []
        words = visible(text).split(" ")
        while words and len(lines) < most:
            line = words.pop(0)
            if self.width(line) > widest:
                line, rest = self._cut(line, widest)
                words.insert(0, rest)
            while words and self.width(f"{line} {words[0]}") <= widest:
                line = f"{line} {words.pop(0)}"
            lines.append(line)
        if words:
            last = f"{lines[-1]} {words[0]}"
            while last and self.width(f"{last}…") > widest:
                last = last[:-1]
            lines[-1] = f"{last.rstrip()}…"
        return tuple(lines)

    def _cut(self, word: str, widest: float) -> tuple[str, str]:
        """A word that is too wide for a line, in two; at least one letter goes into the first."""
        count = 1
        while count < len(word) and self.width(word[: count + 1]) <= widest:
            count += 1
        return word[:count], word[count:]


def visible(text: str) -> str:
    """A text on one line, in which controls, and what turns a text round, stand as what they are, as ``\\u202e``."""
    return "".join(map(_shown, _SPACES.sub(" ", text).strip()))


def is_covered(text: str) -> bool:
    """Whether the font has all letters of a text."""
    return all(char in table for table in widths().values() for char in text if char != "\n")


@cache
def widths() -> dict[str, dict[str, int]]:
    """The width of each letter, by weight, in thousandths of the size."""
    table: dict[str, dict[str, int]] = json.loads((FONT / "widths.json").read_text("ascii"))
    return table


def _shown(char: str) -> str:
    return f"\\u{ord(char):04x}" if unicodedata.category(char)[0] == "C" else char


def _other(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    wide = unicodedata.east_asian_width(char) in "WF" or unicodedata.category(char) == "So"
    return _MISSING["wide" if wide else "narrow"]
