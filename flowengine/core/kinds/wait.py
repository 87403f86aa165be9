"""``wait``: the clock."""

from __future__ import annotations

from flowengine.core.kinds.base import Waiting
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Timer
from flowengine.errors import InvariantBroken
from flowengine.language.types import Wait


class Elapsing(Waiting[Wait]):
    """Waits for a span of time, or until a moment; a moment that has passed elapses at once."""

    def enter(self, spot: Spot) -> Result | None:
        state = self.state(spot)
        when = state.until if state.for_ is None else state.for_
        if when is None:
            raise InvariantBroken("a wait has neither 'for' nor 'until'", where=state.name)
        due = spot.at_time(when)
        if due <= spot.now:
            return Result("elapsed")
        spot.set_timer("elapse", due, since=spot.since(when))
        return None

    def fire(self, spot: Spot, timer: Timer) -> Result | None:
        return Result("elapsed") if timer.purpose == "elapse" else super().fire(spot, timer)
