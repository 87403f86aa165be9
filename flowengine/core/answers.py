"""Answers and the forms that ask for them: the door of the core for whoever shows a step to a person.

:func:`check_answer` holds an answer against fields; :func:`form` tells what can be answered on an open step.
"""

from __future__ import annotations

from datetime import datetime

from flowengine.core.draft import Draft
from flowengine.core.fields import LONGEST_ANSWER, LONGEST_TEXT, check_answer
from flowengine.core.forms import Form, FormField, FormOption, Way
from flowengine.core.kinds import KINDS
from flowengine.core.kinds.fitting import calendars_of, first_slot
from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.spot import Spot
from flowengine.core.values import Step
from flowengine.core.world import World
from flowengine.language.model import State
from flowengine.language.types import Vote

__all__ = [
    "LONGEST_ANSWER", "LONGEST_TEXT", "Form", "FormField", "FormOption", "Way", "calendars_of", "check_answer",
    "first_slot", "form", "is_secret",
]  # fmt: skip


def form(compiled: Compiled, position: Position, step: Step, now: datetime, world: World) -> Form:
    """What a person can be asked on an open step: a way for each outcome and move that is possible now.

    A fitting offers the appointments at which the room and all whom it needs are free. Raises :class:`NotFound` when
    the step's state is not one of the process.
    """
    spot = _spot(compiled, position, step, now, world)
    kind = KINDS[spot.state.type]
    return Form(
        step=step.number,
        type=spot.state.type,
        title=step.title,
        purpose=step.purpose,
        shown=step.shown,
        ways=kind.ways(spot, step),
        slots=kind.slots(spot, step),
    )


def is_secret(compiled: Compiled, step: Step) -> bool:
    """Whether nobody may be told who answers what on the step (a secret vote)."""
    state = state_of(compiled, step)
    return isinstance(state, Vote) and state.secret


def state_of(compiled: Compiled, step: Step) -> State:
    """The state (or member of a race) that a step belongs to. Raises :class:`NotFound`."""
    return compiled.at(step).member(step.member)


def _spot(compiled: Compiled, position: Position, step: Step, now: datetime, world: World) -> Spot:
    return Spot(
        process=compiled.process,
        draft=Draft(position),
        branch_id=step.branch,
        state=state_of(compiled, step),
        now=now,
        world=world,
        member=step.member,
    )
