"""The patience of one who tries again until something goes well."""

from __future__ import annotations

from datetime import timedelta

from flowengine.backoff import Backoff

BACKOFF = Backoff(timedelta(seconds=0.1), timedelta(seconds=5))


class Patience:
    """Counts failures in a row.

    >>> patience = Patience()
    >>> [patience.next() for _ in range(3)]
    [0.1, 0.2, 0.4]
    """

    def __init__(self) -> None:
        self._failures = 0

    def next(self) -> float:
        """It failed once more: seconds to wait now."""
        self._failures += 1
        return BACKOFF.wait(self._failures).total_seconds()

    def reset(self) -> None:
        """It went well."""
        self._failures = 0
