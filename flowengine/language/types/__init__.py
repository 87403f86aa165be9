"""The types of states, each in a file, or with those like it: what other rooms ask of a type stands there, once.

A type is a class below :class:`~flowengine.language.model.State`, whose attributes and methods say where it differs
from the usual. The parser and the JSON Schema, the checks, the core, views and pictures read them from the state.
"""

from __future__ import annotations

from flowengine.language.model import State
from flowengine.language.types.approval import Approval
from flowengine.language.types.choice import Choice
from flowengine.language.types.decision import Decision
from flowengine.language.types.ends import End, Ended, Fulfilled
from flowengine.language.types.feedback import Feedback
from flowengine.language.types.fitting import Fitting
from flowengine.language.types.forks import Branch, Each, Parallel, Stage
from flowengine.language.types.message import Message
from flowengine.language.types.questions import Ask, Need
from flowengine.language.types.race import Race
from flowengine.language.types.service import Call, Service
from flowengine.language.types.task import Task
from flowengine.language.types.tell import Tell
from flowengine.language.types.vote import Vote
from flowengine.language.types.wait import Wait

__all__ = [
    "TYPES", "Approval", "Ask", "Branch", "Call", "Choice", "Decision", "Each", "End", "Ended", "Feedback", "Fitting",
    "Fulfilled", "Message", "Need", "Parallel", "Race", "Service", "Stage", "Task", "Tell", "Vote", "Wait",
]  # fmt: skip

TYPES: dict[str, type[State]] = {
    cls.type: cls
    for cls in (
        Need, Choice, Ask, Fitting, Approval, Vote, Feedback, Task, Service, Wait, Message, Call,
        Race, Parallel, Each, Stage, Decision, Tell, Fulfilled, Ended,
    )
}  # fmt: skip
"""All types by name, in the order in which editors offer them."""
