"""Which words a reader is told things in."""

from __future__ import annotations

from datetime import tzinfo

from flowengine.errors import BadAnswer
from flowengine.speech.languages import LANGUAGES, SOURCE
from flowengine.speech.phrases import phrase
from flowengine.speech.words import ENGLISH, Words


def words_for(language: str = "", zone: tzinfo | None = None) -> Words:
    """The words of a language (``en``, ``de``; empty: English) for a reader whose ``zone`` may be known.

    Raises BadAnswer for a language that there is not.
    """
    if language in ("", SOURCE):
        return ENGLISH if zone is None else Words(zone)
    if language not in LANGUAGES:
        raise BadAnswer(
            {"language": phrase("%(language)s is not spoken here", language=repr(language[:20]))},
            possible=tuple(LANGUAGES),
        )
    from flowengine.speech.telling import translated  # Babel takes a while to load, and English does without it

    return translated(language, zone)
