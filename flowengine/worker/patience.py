"""How long to wait after something went wrong: longer each time, up to a bound, until something goes well."""

from __future__ import annotations

FIRST, LONGEST = 0.1, 5.0
"""Seconds."""


class Patience:
    """Waits of one who tries again.

    >>> patience = Patience()
    >>> [patience.next() for _ in range(3)]
    [0.1, 0.2, 0.4]
    """

    def __init__(self) -> None:
        self._next = FIRST

    def next(self) -> float:
        """Seconds to wait now."""
        wait, self._next = self._next, min(self._next * 2, LONGEST)
        return wait

    def reset(self) -> None:
        """It went well."""
        self._next = FIRST
