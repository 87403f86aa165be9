"""How the pages look: a name, a logo and a few colours make them another house's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from flowengine.errors import NotConfigured

LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "paper": "#fbf9f5", "card": "#ffffff", "ink": "#1d2433", "soft": "#5a6273", "thread": "#23406e",
        "on-thread": "#ffffff", "you": "#7d2a5c", "you-paper": "#fbf0f6", "done": "#2d6a4f", "done-paper": "#e9f3ed",
        "late": "#7d5200", "late-paper": "#fdf3dc", "bad": "#b3261e",
    }
)  # fmt: skip
DARK: Mapping[str, str] = MappingProxyType(
    {
        "paper": "#14171d", "card": "#1d222b", "ink": "#ebe8e1", "soft": "#a9b0bd", "thread": "#8fb2ea",
        "on-thread": "#14171d", "you": "#f2a6d0", "you-paper": "#2e1d29", "done": "#86cfa8", "done-paper": "#1b2e25",
        "late": "#f0c36a", "late-paper": "#33290f", "bad": "#ff9b8f",
    }
)  # fmt: skip
"""The colours: ``thread`` is the house's own, ``you`` marks what waits for the reader."""

READ_ON = (
    ("ink", "paper"), ("ink", "card"), ("soft", "paper"), ("soft", "card"), ("thread", "paper"), ("thread", "card"),
    ("on-thread", "thread"), ("card", "you"), ("you", "you-paper"), ("ink", "you-paper"), ("done", "done-paper"),
    ("late", "late-paper"), ("ink", "late-paper"), ("ink", "done-paper"), ("bad", "card"), ("you", "card"),
)  # fmt: skip
"""Which colour is read on which: WCAG 2.2 AA wants a contrast of 4.5 for texts."""

LEAST_CONTRAST = 4.5
_COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the pages of an installation look.

    ``name`` is said at the top and in titles, ``logo`` the address of a picture beside it (of this site: the pages
    load nothing from elsewhere). ``tokens`` are colours (``#rrggbb``) for some of :data:`LIGHT`, ``dark`` for readers
    who like it dark. Raises NotConfigured for what is no colour, and for colours that cannot be read on each other.
    """

    name: str = "flowengine"
    logo: str = ""
    tokens: Mapping[str, str] = field(default_factory=dict, hash=False)
    dark: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for given, standard, where in ((self.tokens, LIGHT, "tokens"), (self.dark, DARK, "dark")):
            for name, colour in given.items():
                if name not in standard:
                    raise NotConfigured(f"no page has a colour {name!r}", where=where, possible=tuple(standard))
                if not _COLOUR.fullmatch(colour):
                    raise NotConfigured(f"{colour!r} is no colour", where=f"{where}.{name}", possible=("#23406e",))
            whole = {**standard, **given}
            for front, back in READ_ON:
                found = contrast(whole[front], whole[back])
                if found < LEAST_CONTRAST:
                    what = f"{front} {whole[front]} cannot be read on {back} {whole[back]}: a contrast of {found:.1f}"
                    raise NotConfigured(what, where=where, possible=(f"a contrast of {LEAST_CONTRAST}",))

    def css(self) -> str:
        """Its colours as a style sheet."""
        light, dark = _variables({**LIGHT, **self.tokens}), _variables({**DARK, **self.dark})
        return f":root{{{light}}}\n@media(prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21, as WCAG 2.2 reckons it."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _variables(colours: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())
