"""The kinds of states: what each type waits for, one kind a file.

:data:`KINDS` has the kind of each type of state that waits. Decisions, races, forks, stages and ends wait for nothing
of their own; ``advance`` does them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flowengine.core.kinds.approval import Approving
from flowengine.core.kinds.asking import Asking
from flowengine.core.kinds.base import Waiting
from flowengine.core.kinds.choice import Choosing
from flowengine.core.kinds.feedback import Rating
from flowengine.core.kinds.fitting import Fitted
from flowengine.core.kinds.message import Receiving, awaits
from flowengine.core.kinds.service import Calling, Delegating
from flowengine.core.kinds.task import Working
from flowengine.core.kinds.vote import Voting
from flowengine.core.kinds.wait import Elapsing

__all__ = ["KINDS", "Waiting", "awaits"]

KINDS: Mapping[str, Waiting[Any]] = MappingProxyType(
    {
        "need": Asking(),
        "choice": Choosing(),
        "ask": Asking(),
        "fitting": Fitted(),
        "approval": Approving(),
        "vote": Voting(),
        "feedback": Rating(),
        "task": Working(),
        "service": Calling(),
        "wait": Elapsing(),
        "message": Receiving(),
        "call": Delegating(),
    }
)
"""The kinds by the type of the state. Kinds keep nothing: all that is kept is in the job."""
