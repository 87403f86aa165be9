"""Which words a reader is told things in."""

from __future__ import annotations

from datetime import tzinfo

from flowengine.errors import BadAnswer, NotConfigured
from flowengine.speech.languages import LANGUAGES, SOURCE
from flowengine.speech.phrases import phrase
from flowengine.speech.words import ENGLISH, Words


def words_for(language: str = "", zone: tzinfo | None = None) -> Words:
    """The words of a language (``en``, ``de``; empty: English) for a reader whose ``zone`` may be known.

    Raises BadAnswer for a language that there is not, NotConfigured where what speaks it is not installed.
    """
    if language in ("", SOURCE):
        return ENGLISH if zone is None else Words(zone)
    if language not in LANGUAGES:
        raise BadAnswer(
            {"language": phrase("%(language)s is not spoken here", language=repr(language[:20]))},
            possible=tuple(LANGUAGES),
        )
    try:
        from flowengine.speech.telling import translated
    except ModuleNotFoundError as error:
        if error.name != "babel":
            raise
        raise NotConfigured(
            f"{LANGUAGES[language]} is spoken by a library that is not installed",
            where="babel",
            possible=('pip install "needflow[web]"', "English"),
        ) from None
    return translated(language, zone)
