"""The texts of a process in other languages: ``texts: {de: {a text as it stands in the file: the same in German}}``.

Wherever the parser meets a text for people it says so to the :class:`Reading` (:meth:`Reading.told`), which notes it,
and, where the file is read in another language, gives the translation in its place. So a text is translated once,
however often it stands in the file, and a translation is read, refused and checked as its original is.
"""

from __future__ import annotations

from functools import partial

from flowengine.language.parser.scalars import LONGEST_TEXT
from flowengine.language.parser.session import Reading, Translation, text_key
from flowengine.language.parser.shapes import Json, MapOf, Word, every, wrong
from flowengine.language.suggest import near
from flowengine.language.yaml_reader import Node, Pairs, Scalar
from flowengine.problem import Place
from flowengine.speech.languages import LANGUAGES

MOST_MEANT = 100
"""Unknown texts of a file for which one is looked for that may be meant: each costs a look at all."""


def _language(text: str) -> str:
    if text not in LANGUAGES:
        spoken = ", ".join(f"{tag} ({name})" for tag, name in LANGUAGES.items())
        raise ValueError(f"{text[:40]!r} is no language that is spoken here; possible: {spoken}")
    return text


_TAG = Word("a language", "unknown-language", _language, f"^({'|'.join(LANGUAGES)})$", 40)
_TEXT = Word("a text", "bad-text", str, r"\S", LONGEST_TEXT)


class _Language:
    """The language of the file, which is known before its texts are read in others."""

    def read(self, node: Node, reading: Reading) -> str:
        reading.own_language = _TAG.read(node, reading)
        return reading.own_language

    def schema(self, defs: Json) -> Json:
        return _TAG.schema(defs)


class _Texts:
    """Translations, by language and by the text; where each of them stands is kept for whoever reads in it."""

    shape = MapOf(_TAG, MapOf(_TEXT, _TEXT))

    def read(self, node: Node, reading: Reading) -> dict[str, dict[str, str]]:
        if not isinstance(node, Pairs):
            raise wrong(node, "a mapping of languages to texts", reading, "write {de: {a text: the same in German}}")
        every(partial(self._of_language, name, place, one, reading) for name, (place, one) in node.pairs.items())
        return {language: {key: one.text for key, one in found.items()} for language, found in reading.texts.items()}

    def _of_language(self, name: str, place: Place, node: Node, reading: Reading) -> None:
        language = _TAG.read(Scalar(name, name, place), reading)
        if language == reading.own_language:
            message = f"the texts of the file are in {LANGUAGES[language]} themselves"
            raise reading.refuse(place, "unknown-language", message, "say 'language: …' if they are in another")
        if not isinstance(node, Pairs):
            raise wrong(node, "a mapping of texts to translations", reading)
        MapOf(_TEXT, _TEXT).read(node, reading)
        reading.texts[language] = {
            text_key(text): Translation(named, one.value, one.place)
            for text, (named, one) in node.pairs.items()
            if isinstance(one, Scalar) and isinstance(one.value, str)
        }

    def schema(self, defs: Json) -> Json:
        return self.shape.schema(defs)


LANGUAGE, TEXTS = _Language(), _Texts()


def refuse_unknown(reading: Reading) -> None:
    """Doubt translations of what the file does not say, once it is read: it was changed, or is written wrongly."""
    left = MOST_MEANT
    for found in reading.texts.values():
        for key, one in found.items():
            if key in reading.said:
                continue
            left -= 1
            meant = near(key, reading.said) if left > 0 else ""
            advice = f"did you mean '{meant}'?" if meant else "write it as it stands in the file, or leave it out"
            reading.doubt(one.named, "unknown-text", f"the file has no text {_short(key)}", advice)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")
