"""The kinds of states: what each type waits for, one kind a file.

:data:`KINDS` has the kind of each type of state that is something by itself. Races, forks, stages and ends only hold
others, or end the job; ``advance`` does them.
"""

from __future__ import annotations

from typing import Any

from flowengine.core.kinds.agreeing import Agreeing
from flowengine.core.kinds.approval import Approving
from flowengine.core.kinds.asking import Asking
from flowengine.core.kinds.base import Waiting
from flowengine.core.kinds.call import Delegating
from flowengine.core.kinds.choice import Choosing
from flowengine.core.kinds.decision import Deciding
from flowengine.core.kinds.feedback import Rating
from flowengine.core.kinds.fitting import Fitted
from flowengine.core.kinds.message import Receiving
from flowengine.core.kinds.replying import Replying
from flowengine.core.kinds.service import Calling
from flowengine.core.kinds.task import Working
from flowengine.core.kinds.tell import Telling
from flowengine.core.kinds.vote import Voting
from flowengine.core.kinds.wait import Elapsing

__all__ = ["KINDS", "Waiting"]

KINDS: dict[str, Waiting[Any]] = {
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
    "decision": Deciding(),
    "tell": Telling(),
    "question": Replying(),
    "new_date": Agreeing(),
}
"""The kinds by the type of the state. Kinds keep nothing: all that is kept is in the job."""
