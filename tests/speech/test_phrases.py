"""Phrases: texts that know how they are told in another language, and are texts to everything else."""

from __future__ import annotations

import pytest

from flowengine import exact
from flowengine.speech.phrases import phrase


def test_a_phrase_is_kept_as_its_text() -> None:
    """Wherever it is stored or sent, it is the English text that it is; what is no text is refused as before."""
    late = phrase("%(who)s is late", who="Ada")
    assert exact.encode({"why": late, "ways": [late]}) == b'{"why":"Ada is late","ways":["Ada is late"]}'
    assert exact.builtins({"why": late}) == {"why": "Ada is late"}
    for take in (exact.encode, exact.builtins):
        with pytest.raises(TypeError, match="unsupported"):
            take(object())
