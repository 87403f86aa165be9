"""flowengine: flows that begin with a customer's need and end with its fulfilment, the customer taking part in between.

The names below are the public ones. They are imported when they are first used, so that ``import flowengine`` and the
command line start at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowengine.clock import Clock, SimulatedClock, SystemClock
    from flowengine.core.values import Actor
    from flowengine.engine import Engine
    from flowengine.errors import (
        AlreadyClaimed,
        Ambiguous,
        BadAnswer,
        BadToken,
        ConnectionLost,
        DatabaseBusy,
        ExpressionFailed,
        FlowError,
        HandlerDied,
        HandlerMissing,
        HistoryBroken,
        InvariantBroken,
        KeyConflict,
        NotAllowed,
        NotConfigured,
        NotFound,
        OutsideError,
        ProcessRefused,
        Refused,
        RunawayProcess,
        SchemaMismatch,
        SlotTaken,
        StaleCommand,
        StoreError,
        UnknownOutcome,
        Unreachable,
    )
    from flowengine.language import load, parse, problems
    from flowengine.runtime.handlers import NOTIFY, GiveUp, Handler, HandlerCall, Later, Outcome, TryLater
    from flowengine.runtime.settings import Settings
    from flowengine.store import Database
    from flowengine.views.replies import (
        Archived,
        Audit,
        Deployed,
        HistoryLine,
        InboxItem,
        IncidentView,
        JobRow,
        PersonView,
        Ran,
        Receipt,
        RetriedAll,
        StepView,
        Track,
    )
    from flowengine.worker import Worker

__version__ = "0.1.0"

_HOMES = {
    "flowengine.clock": ("Clock", "SimulatedClock", "SystemClock"),
    "flowengine.core.values": ("Actor",),
    "flowengine.engine": ("Engine",),
    "flowengine.runtime.handlers": ("NOTIFY", "GiveUp", "Handler", "HandlerCall", "Later", "Outcome", "TryLater"),
    "flowengine.runtime.settings": ("Settings",),
    "flowengine.views.replies": (
        "Archived", "Audit", "Deployed", "HistoryLine", "InboxItem", "IncidentView", "JobRow", "PersonView", "Ran",
        "Receipt", "RetriedAll", "StepView", "Track",
    ),
    "flowengine.errors": (
        "AddressRefused", "AlreadyClaimed", "Ambiguous", "AnswerRefused", "BadAnswer", "BadSignature",
        "BadToken", "ConnectionLost", "DatabaseBusy", "ExpressionFailed", "FlowError", "HandlerDied",
        "HandlerMissing", "HistoryBroken", "InvariantBroken", "KeyConflict", "NotAllowed", "NotConfigured",
        "NotFound", "OutsideError", "ProcessRefused", "Refused", "RunawayProcess", "SchemaMismatch",
        "SlotTaken", "StaleCommand", "StoreError", "UnknownOutcome", "Unreachable",
    ),
    "flowengine.language": ("load", "parse", "problems"),
    "flowengine.store": ("Database",),
    "flowengine.worker": ("Worker",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "NOTIFY",
    "Actor",
    "AddressRefused",
    "AlreadyClaimed",
    "Ambiguous",
    "AnswerRefused",
    "Archived",
    "Audit",
    "BadAnswer",
    "BadSignature",
    "BadToken",
    "Clock",
    "ConnectionLost",
    "Database",
    "DatabaseBusy",
    "Deployed",
    "Engine",
    "ExpressionFailed",
    "FlowError",
    "GiveUp",
    "Handler",
    "HandlerCall",
    "HandlerDied",
    "HandlerMissing",
    "HistoryBroken",
    "HistoryLine",
    "InboxItem",
    "IncidentView",
    "InvariantBroken",
    "JobRow",
    "KeyConflict",
    "Later",
    "NotAllowed",
    "NotConfigured",
    "NotFound",
    "Outcome",
    "OutsideError",
    "PersonView",
    "ProcessRefused",
    "Ran",
    "Receipt",
    "Refused",
    "RetriedAll",
    "RunawayProcess",
    "SchemaMismatch",
    "Settings",
    "SimulatedClock",
    "SlotTaken",
    "StaleCommand",
    "StepView",
    "StoreError",
    "SystemClock",
    "Track",
    "TryLater",
    "UnknownOutcome",
    "Unreachable",
    "Worker",
    "load",
    "parse",
    "problems",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'flowengine' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
