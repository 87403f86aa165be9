"""How a vote stands while it runs, as far as it may be told: the one place that says so, for whatever shows it."""

from __future__ import annotations

from flowengine.core import live
from flowengine.core.values import Poll, Step
from flowengine.language.model import State
from flowengine.views.replies import OptionTally, TallyView


def visible_tally(id: str, step: Step, state: State, poll: Poll | None) -> TallyView | None:
    """How the vote of a step stands, whose ``state`` and ``poll`` of this moment these are; None where nothing may be
    told."""
    shown = live.shown(state.shown_while_it_runs, poll) if poll is not None else None
    if poll is None or shown is None:
        return None
    options = (OptionTally(id=id, title=title, votes=shown.tally.get(id, 0)) for id, title in poll.options)
    return TallyView(
        step=id,
        title=step.title,
        cast=shown.cast,
        abstained=shown.abstained,
        voters=poll.voters,
        options=tuple(options),
    )
