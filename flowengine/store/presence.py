"""Which workers have shown lately that they are there: a named text each, which nothing is decided by."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from flowengine.store.codec import decode, text
from flowengine.store.named_texts import DatabaseSettings

_PREFIX = "worker "
FORGOTTEN = timedelta(days=1)
"""After so long in silence nobody is told of a worker any more."""


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """A worker that was there ``at`` a moment; ``where`` is its machine and process."""

    id: str
    where: str
    at: datetime


def show(settings: DatabaseSettings, worker: str, where: str, now: datetime) -> None:
    """A worker is there; those that have been silent for long are forgotten."""
    settings.put(_PREFIX + worker, text(Present(id=worker, where=where, at=now)))
    for one in seen(settings):
        if one.at < now - FORGOTTEN:
            leave(settings, one.id)


def leave(settings: DatabaseSettings, worker: str) -> None:
    """A worker is there no more."""
    settings.drop(_PREFIX + worker)


def seen(settings: DatabaseSettings) -> list[Present]:
    """The workers that have shown that they are there, and have not left, who was seen last first."""
    found = (decode(value, Present) for value in settings.beginning(_PREFIX))
    return sorted(found, key=lambda one: one.at, reverse=True)
