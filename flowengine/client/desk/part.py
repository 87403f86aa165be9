"""What each part of a desk has: a way to ask by a verb's name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class Part(ABC):
    """A part of a desk: the verbs of one noun."""

    @abstractmethod
    def _ask(self, verb: str, /, *given: Any, **named: Any) -> Any:
        """Ask by the verb's name, for the desk's identity."""
