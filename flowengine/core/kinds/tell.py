"""``tell``: the words are said, and the job goes on."""

from __future__ import annotations

from flowengine.core import events as e
from flowengine.core.kinds.base import Waiting
from flowengine.core.spot import Result, Spot
from flowengine.language.types import Tell


class Telling(Waiting[Tell]):
    """Is over as soon as it is entered: the event holds the words as they are now, and for whom they are."""

    def enter(self, spot: Spot) -> Result | None:
        state = self.state(spot)
        to = spot.seatings(state.to)
        words, shown, others = spot.title(), spot.shown(), spot.in_others()
        spot.draft.record(
            e.Told(branch=spot.branch_id, state=state.name, to=to, words=words, shown=shown, others=others)
        )
        return Result("told")
