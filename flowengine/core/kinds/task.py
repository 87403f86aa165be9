"""``task``: work for a role, for named people or for anyone, with outcomes of the designer's own."""

from __future__ import annotations

from flowengine.core.draft import replace
from flowengine.core.kinds.asking import Answering
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Step
from flowengine.errors import ExpressionFailed
from flowengine.language.types import Task


class Working(Answering[Task]):
    """Waits for somebody to do the work. ``not_by`` and ``prefer`` are settled when the step opens."""

    def enter(self, spot: Spot) -> Result | None:
        state = self.state(spot)
        excluded = self._excluded(spot)
        step = spot.open_step(
            state.audience,
            due=spot.due(),
            excluded=excluded,
            preferred=self._preferred(spot, excluded) if state.prefer is not None else None,
        )
        spot.set_deadlines(step)
        return None

    def renewed(self, spot: Spot, before: Spot, step: Step) -> Step:
        step, now, was = super().renewed(spot, before, step), self.state(spot), self.state(before)
        if (now.not_by, now.prefer) == (was.not_by, was.prefer):
            return step
        excluded = self._excluded(spot)
        preferred = self._preferred(spot, excluded) if now.prefer is not None else None
        return replace(step, excluded=excluded, preferred=preferred)

    def _excluded(self, spot: Spot) -> tuple[str, ...]:
        if not self.state(spot).not_by:
            return ()
        names, excluded = spot.names(), dict[str, None]()
        for one in self.state(spot).not_by:
            who = names.by(one) if isinstance(one, str) else one.value(names)
            if not isinstance(who, str | None):
                raise ExpressionFailed(f"gives {who!r}, not a person's id", where=str(one))
            if who:
                excluded[who] = None
        return tuple(excluded)

    def _preferred(self, spot: Spot, excluded: tuple[str, ...]) -> str | None:
        prefer = self.state(spot).prefer
        assert prefer is not None, "only asked of a task that prefers somebody"
        who = prefer.value(spot.names())
        if not isinstance(who, str):
            raise ExpressionFailed(f"gives {who!r}, not a person's id", where=prefer.source)
        return who if who and who not in excluded else None
