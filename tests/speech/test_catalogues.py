"""The texts in each language: what stands in their holes, and what goes on from one to another."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from flowengine.language.types import TYPES
from flowengine.speech import catalogues
from flowengine.speech.languages import LANGUAGES, SOURCE
from flowengine.speech.readers import words_for
from flowengine.views.answered import THANKS

OTHERS = [language for language in LANGUAGES if language != SOURCE]
HOLE = re.compile(r"%\((\w+)\)s")


def _texts(language: str) -> Iterator[tuple[str, str]]:
    for message in catalogues.written(language):
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        translated = message.string if isinstance(message.string, tuple) else (message.string,)
        yield from ((originals[-1], one) for one in translated if message.id)


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_names_only_what_its_original_is_given(language: str) -> None:
    """It may leave something out; what it names is there, and nothing else in it is taken for a hole."""
    wrong = []
    for original, translated in _texts(language):
        holes = dict.fromkeys(HOLE.findall(original), "x")
        try:
            said = translated % {**holes, "num": "2"} if holes else translated
        except (KeyError, ValueError, TypeError):
            wrong.append(translated)
            continue
        wrong += [translated] if "%(" in said else []
    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_space_around_a_text_stays(language: str) -> None:
    """Pieces that follow others begin and end with the same space in each language."""
    ends = [
        (original, one)
        for original, one in _texts(language)
        if (original[-1:] == " ") != (one[-1:] == " ") or (original[:1] == " " and one[:1] not in " :,;")
    ]
    assert ends == []


@pytest.mark.parametrize("language", OTHERS)
def test_thanks_can_be_taken_off(language: str) -> None:
    """Staff are not thanked: each reply that thanks begins with the same words, in each language."""
    words = words_for(language)
    thanking = [text for one in TYPES.values() for text in one.replies.values() if text.startswith(str(THANKS))]
    assert len(thanking) > 5
    assert [text for text in thanking if not words.say(text).startswith(words.say(THANKS))] == []
