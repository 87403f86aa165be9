"""``decision``: nobody is waited for; the rules say where it goes on."""

from __future__ import annotations

from flowengine.core.kinds.base import Waiting
from flowengine.core.spot import Result, Spot
from flowengine.language.types import Decision


class Deciding(Waiting[Decision]):
    """Is over as soon as it is entered, with the outcome that has no name."""

    def enter(self, spot: Spot) -> Result | None:  # noqa: ARG002 - the protocol's signature
        return Result("")
