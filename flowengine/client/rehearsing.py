"""Processes that are tried out without a database."""

from __future__ import annotations

import os

from flowengine.language import Process, parse
from flowengine.speech.readers import words_for


def for_trials(source: str | bytes, file: str, language: str = "") -> Process:
    """The process of a text, as the installation would have it that the environment names: in its time zone where the
    file has none; told in a ``language``, where the file has texts in it. Raises ProcessRefused with all problems, and
    NotConfigured."""
    from flowengine.runtime.settings import Settings

    process = parse(source, file).settled(Settings.from_environment(os.environ).zone)
    return process.put_in_use(process.version, words_for).in_language(language)
