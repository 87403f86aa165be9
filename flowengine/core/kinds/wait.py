"""``wait``: the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flowengine.core.kinds.base import Waiting
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Timer
from flowengine.errors import InvariantBroken
from flowengine.language.parts import When
from flowengine.language.types import Wait


class Elapsing(Waiting[Wait]):
    """Waits for a span of time, or until a moment; a moment that has passed elapses at once."""

    def enter(self, spot: Spot) -> Result | None:
        due = self.over_at(spot)
        if due <= spot.now:
            return Result("elapsed")
        spot.set_timer("elapse", due, since=spot.since(self._when(self.state(spot))))
        return None

    def over_at(self, spot: Spot) -> datetime:
        return spot.at_time(self._when(self.state(spot)))

    def _when(self, state: Wait) -> When:
        when = state.until if state.for_ is None else state.for_
        if when is None:
            raise InvariantBroken("a wait has neither 'for' nor 'until'", where=state.name)
        return when

    def timing(self, state: Wait) -> object:
        return state.for_, state.until

    def timer_purpose(self, state: Wait) -> Literal["elapse"]:  # noqa: ARG002 - the protocol's signature
        return "elapse"

    def fire(self, spot: Spot, timer: Timer) -> Result | None:
        return Result("elapsed") if timer.purpose == "elapse" else super().fire(spot, timer)
