"""Ids of jobs: UUIDv7, so that they sort by time, and the short forms that people are shown."""

from __future__ import annotations

import uuid_utils

SHOWN = 8
"""How many digits of the short form people are shown."""


def new_id() -> str:
    """A fresh job id: 36 characters of text."""
    return str(uuid_utils.uuid7())


def short(job: str) -> str:
    """The short form of a job id: its last 12 hexadecimal digits. People are shown the first eight of them."""
    return job[-12:]


def shown(job: str) -> str:
    """The short form as people are shown it."""
    return job[-12:][:SHOWN]
