"""Processes that are tried out without a database."""

from __future__ import annotations

import os

from flowengine.language import Process, parse


def for_trials(source: str | bytes, file: str) -> Process:
    """The process of a text, as the installation would have it that the environment names: in its time zone where the
    file has none. Raises ProcessRefused with all problems, and NotConfigured."""
    from flowengine.runtime.settings import Settings

    return parse(source, file).settled(Settings.from_environment(os.environ).zone)
