"""How the pages look: a name, a logo and a few colours make them another house's."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from flowengine.errors import NotConfigured
from flowengine.interop.theme import DARK, LIGHT

READ_ON = (
    ("ink", "paper"), ("ink", "card"), ("soft", "paper"), ("soft", "card"), ("thread", "paper"), ("thread", "card"),
    ("on-thread", "thread"), ("card", "you"), ("you", "you-paper"), ("ink", "you-paper"), ("done", "done-paper"),
    ("late", "late-paper"), ("ink", "late-paper"), ("ink", "done-paper"), ("bad", "card"), ("you", "card"),
)  # fmt: skip
"""Which colour is read on which: WCAG 2.2 AA wants a contrast of 4.5 for texts."""

FILE = "look.toml"
PICTURES = {
    ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"
}  # fmt: skip
"""Kinds of pictures that pages show, by the ends of their names."""

LEAST_CONTRAST = 4.5
_COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the pages of an installation look.

    ``name`` is said at the top and in titles, ``logo`` is the picture beside it. It lies in ``folder``, as do those
    that options name (``picture: navy.jpg``): the pages load nothing from elsewhere; ``templates`` below it holds
    templates in the place of ours. ``tokens`` are colours (``#rrggbb``) for some of :data:`LIGHT`, ``dark`` for readers
    who like it dark. Raises NotConfigured for what is no colour, for colours that cannot be read on each other, and for
    a logo that is not there.
    """

    name: str = "flowengine"
    logo: str = ""
    folder: Path | None = None
    tokens: Mapping[str, str] = field(default_factory=dict, hash=False)
    dark: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.logo and self.logo not in self.pictures():
            raise NotConfigured(
                f"there is no picture {self.logo!r}", where="logo", possible=tuple(self.pictures()) or ("a folder",)
            )
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

    @classmethod
    def read(cls, folder: Path) -> Look:
        """The look in a folder: ``look.toml`` with ``name``, ``logo``, and tables ``tokens`` and ``dark``; its pictures
        and templates beside it. Raises NotConfigured."""
        try:
            found = tomllib.loads((folder / FILE).read_text("utf-8"))
        except OSError as error:
            raise NotConfigured(f"there is no {FILE}: {error.strerror}", where=str(folder)) from None
        except ValueError as error:  # TOML's and Unicode's are such
            raise NotConfigured(f"{FILE} is no TOML: {error}", where=str(folder)) from None
        try:
            return msgspec.convert({**found, "folder": folder}, _Read).look()
        except msgspec.ValidationError as error:
            raise NotConfigured(str(error), where=FILE, possible=("name", "logo", "[tokens]", "[dark]")) from None

    def pictures(self) -> dict[str, Path]:
        """The pictures of the house, by their names."""
        if self.folder is None:
            return {}
        return {path.name: path for path in sorted(self.folder.iterdir()) if path.suffix.lower() in PICTURES}

    @property
    def templates(self) -> Path | None:
        """Where the house's own templates are; None where it has none."""
        found = self.folder / "templates" if self.folder is not None else None
        return found if found is not None and found.is_dir() else None

    def css(self) -> str:
        """Its colours as a style sheet."""
        light, dark = _variables({**LIGHT, **self.tokens}), _variables({**DARK, **self.dark})
        return f":root{{{light}}}\n@media(prefers-color-scheme:dark){{:root{{{dark}}}}}\n"

    def icon(self) -> str:
        """What stands beside a page's title where the house has no logo: the thread, in its colour, as SVG."""
        light, dark = ({**LIGHT, **self.tokens}["thread"], {**DARK, **self.dark}["thread"])
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><style>path,circle{fill:none;stroke-width:3;'
            f"stroke-linecap:round;stroke:{light}}}@media(prefers-color-scheme:dark){{path,circle{{stroke:{dark}}}}}"
            '</style><path d="M2 16h8"/><circle cx="16" cy="16" r="5"/>'
            '<path d="M22 16h8" stroke-dasharray="2 5"/></svg>'
        )


class _Read(msgspec.Struct, forbid_unknown_fields=True):
    """What a file says of a look."""

    folder: Path
    name: str = "flowengine"
    logo: str = ""
    tokens: dict[str, str] = {}
    dark: dict[str, str] = {}

    def look(self) -> Look:
        return Look(name=self.name, logo=self.logo, folder=self.folder, tokens=self.tokens, dark=self.dark)


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
