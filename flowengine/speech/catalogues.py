"""Texts in the reader's language: catalogues as gettext has them, read as they are written.

``python -m flowengine.speech.catalogues`` brings the catalogues up to what the pages say: texts that are new stand
there with nothing, those that are gone are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from babel.support import NullTranslations, Translations

from flowengine.speech.languages import LANGUAGES, SOURCE

ROOMS = (
    "client", "commands", "core", "engine", "insight", "interop", "language", "outside", "people", "post", "reading",
    "runtime", "speech", "store", "views", "web",
)  # fmt: skip
"""Where texts are said to people. The terminal's own words are English."""

HERE = Path(__file__).parent
HOUSE = HERE.parent
METHODS = [("web/pages/templates/**.html", "jinja2"), *((f"{room}/**.py", "python") for room in ROOMS)]
OPTIONS = {"web/pages/templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}}


@cache
def texts(language: str) -> NullTranslations:
    """The catalogue of a language; that of one that is not there says everything as it is written."""
    if language == SOURCE or language not in LANGUAGES:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, written(language))
    compiled.seek(0)
    return Translations(compiled)


def written(language: str) -> Catalog:
    """A catalogue as its file has it."""
    with (HERE / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


KEYWORDS: Mapping[str, tuple[int, int] | None] = {
    "_": None, "gettext": None, "say": None, "phrase": None,
    "ngettext": (1, 2), "say_many": (1, 2), "phrase_many": (1, 2),
}  # fmt: skip
"""What texts are said by."""


def said() -> Catalog:
    """All that people are told, as a catalogue without translations."""
    found = Catalog()
    for name, _line, message, comments, _context in extract_from_dir(HOUSE, METHODS, OPTIONS, keywords=KEYWORDS):
        found.add(message, auto_comments=comments, locations=[(name, 0)])
    return found


def _update() -> None:
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        path = HERE / f"{language}.po"
        catalogue = written(language) if path.exists() else Catalog(locale=language, fuzzy=False)
        catalogue.update(said(), no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            write_po(file, catalogue, width=120, omit_header=True, sort_output=True, no_location=True)


if __name__ == "__main__":
    _update()
