"""How a vote stands while it runs, as far as it may be told."""

from __future__ import annotations

from flowengine.core import live
from flowengine.core.values import Branch, Poll, Step
from flowengine.language.model import State
from flowengine.views.replies import OptionTally, TallyView


def tally(id: str, step: Step, state: State, branch: Branch) -> TallyView | None:
    """How the vote of a step stands, whose ``state`` and ``branch`` these are; None where nothing may be told."""
    poll = branch.inners.get(step.member)
    shown = live.shown(state.shown_while_it_runs, poll) if isinstance(poll, Poll) else None
    if not isinstance(poll, Poll) or shown is None:
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
