"""What is still to be translated of a process, as a file says it."""

from __future__ import annotations

import re

from flowengine import exact
from flowengine.language.model import Process
from flowengine.language.parser.session import text_key

_PLAIN = re.compile(r"[^\W\d_](?:[^\n:#{}\[\]\"\\]|:(?=\S))*")


def block(process: Process, language: str) -> str:
    """The texts of a process that are still to be said in a language, as a file says them, to be filled in; empty where
    there are none."""
    lines = [f'    {_written(one)}: ""' for one in process.untranslated(language)]
    return "\n".join(("texts:", f"  {language}:", *lines, "")) if lines else ""


def _written(text: str) -> str:
    """A text as a key of YAML: as it is, where it cannot be taken for anything else."""
    key = text_key(text)
    plain = _PLAIN.fullmatch(key) and key.lower() not in ("true", "false", "null") and key[-1:] != ":"
    if plain:
        return key
    return "'" + key.replace("'", "''") + "'" if key.isprintable() else exact.ascii_text(key)
