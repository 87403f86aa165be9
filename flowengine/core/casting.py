"""Ballots that no command casts: what one says, judged as an act on the step would be, and how a vote stands by what
lies in its box."""

from __future__ import annotations

from typing import NamedTuple

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.flow import Flow
from flowengine.core.kinds.papers import abstains, recounted
from flowengine.core.kinds.vote import Voting, certain, standing_poll
from flowengine.core.steps import at_work, find, not_kept_from
from flowengine.core.values import Json, Poll
from flowengine.language.types import Vote

__all__ = ["Cast", "abstains", "cast", "certain", "is_certain", "recounted", "standing_poll"]


class Cast(NamedTuple):
    """A ballot as it is put into the box of a vote: the move, what is kept of it, and what is told of it."""

    state: Vote
    poll: Poll
    move: str
    paper: dict[str, Json]
    events: list[e.AnyEvent]


def cast(flow: Flow, command: c.Act, *, voted: bool) -> Cast:
    """A ballot on a step with a box. Raises what acting on the step raises; ``voted``: there is one of his before."""
    _, step = find(flow, command.step)
    not_kept_from(flow, step, command.by)
    kind, spot = at_work(flow, step)
    assert isinstance(kind, Voting), "a step with a box is that of a vote"
    move, paper = kind.cast(spot, step, command, voted=voted)
    state = kind.state(spot)
    told = "vote" if state.secret else move
    moved = e.Moved(branch=step.branch, step=step.number, move=told, by=command.by.id)
    if state.thanks:
        flow.thank(step.branch, state.thanks_for(told), told)
    return Cast(state, kind.poll(spot), move, paper, [moved, *flow.draft.events])


def is_certain(flow: Flow, number: int) -> bool:
    """Whether a vote that closes early can close, by all its papers: none comes to them any more meanwhile."""
    _, step = find(flow, number)
    kind, spot = at_work(flow, step)
    return isinstance(kind, Voting) and kind.is_certain(spot, step)
