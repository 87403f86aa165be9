"""flowengine: flows that begin with a customer's need and end with its fulfilment, the customer taking part in between.

The names below are the public ones. They are imported when they are first used, so that ``import flowengine`` and the
command line start at once; type checkers read the first list, programs the second, and a test holds them equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine.distribution import __version__ as __version__

if TYPE_CHECKING:
    from flowengine.asynchronous import AsyncEngine as AsyncEngine
    from flowengine.clock import Clock as Clock, SimulatedClock as SimulatedClock, SystemClock as SystemClock
    from flowengine.core.values import Actor as Actor
    from flowengine.engine import Engine as Engine
    from flowengine.errors import (
        AddressRefused as AddressRefused,
        AlreadyClaimed as AlreadyClaimed,
        Ambiguous as Ambiguous,
        AnswerRefused as AnswerRefused,
        BadAnswer as BadAnswer,
        BadSignature as BadSignature,
        BadToken as BadToken,
        ConnectionLost as ConnectionLost,
        DatabaseBusy as DatabaseBusy,
        ExpressionFailed as ExpressionFailed,
        FlowError as FlowError,
        HandlerDied as HandlerDied,
        HandlerMissing as HandlerMissing,
        HistoryBroken as HistoryBroken,
        InvariantBroken as InvariantBroken,
        KeyConflict as KeyConflict,
        KeyMissing as KeyMissing,
        Malformed as Malformed,
        NoConsent as NoConsent,
        NotAllowed as NotAllowed,
        NotConfigured as NotConfigured,
        NotFound as NotFound,
        OutsideError as OutsideError,
        Overloaded as Overloaded,
        PreviewChanged as PreviewChanged,
        ProcessRefused as ProcessRefused,
        Refused as Refused,
        RunawayProcess as RunawayProcess,
        SchemaMismatch as SchemaMismatch,
        SignedInAsAnother as SignedInAsAnother,
        SlotTaken as SlotTaken,
        StaleCommand as StaleCommand,
        StoreError as StoreError,
        TooLarge as TooLarge,
        TooMany as TooMany,
        UnknownOutcome as UnknownOutcome,
        Unreachable as Unreachable,
        WeakIdentity as WeakIdentity,
        http_status as http_status,
    )
    from flowengine.language import load as load, parse as parse, problems as problems
    from flowengine.outside.files import Scanned as Scanned
    from flowengine.people.identities import Identity as Identity
    from flowengine.people.permissions import PROGRAM as PROGRAM
    from flowengine.runtime.handlers import (
        NOTIFY as NOTIFY,
        GiveUp as GiveUp,
        Handler as Handler,
        HandlerCall as HandlerCall,
        Later as Later,
        Outcome as Outcome,
        TryLater as TryLater,
    )
    from flowengine.runtime.settings import Settings as Settings
    from flowengine.store import Database as Database
    from flowengine.views.ballots import BallotView as BallotView
    from flowengine.views.conversation import (
        FileView as FileView,
        MessageView as MessageView,
        OpenConversation as OpenConversation,
        Sent as Sent,
    )
    from flowengine.views.replies import (
        Archived as Archived,
        Audit as Audit,
        Away as Away,
        Broadcast as Broadcast,
        CustomerItem as CustomerItem,
        CustomerStep as CustomerStep,
        CustomerTrack as CustomerTrack,
        Deployed as Deployed,
        Erasure as Erasure,
        HistoryLine as HistoryLine,
        Holdings as Holdings,
        InboxCounts as InboxCounts,
        InboxItem as InboxItem,
        IncidentView as IncidentView,
        JobRow as JobRow,
        Kept as Kept,
        Left as Left,
        LeftOver as LeftOver,
        MigratedAll as MigratedAll,
        MigrationView as MigrationView,
        PersonView as PersonView,
        Ran as Ran,
        Receipt as Receipt,
        HandedOver as HandedOver,
        RetriedAll as RetriedAll,
        ScheduleView as ScheduleView,
        StaffItem as StaffItem,
        StaffStep as StaffStep,
        StaffTrack as StaffTrack,
        StepView as StepView,
        SuspendedView as SuspendedView,
        Track as Track,
    )
    from flowengine.views.parties import (
        ActingEnded as ActingEnded,
        ActingView as ActingView,
        ContactView as ContactView,
    )
    from flowengine.worker import Worker as Worker
else:
    from importlib import import_module as _import_module

    _HOMES = {
        "flowengine.clock": ("Clock", "SimulatedClock", "SystemClock"),
        "flowengine.core.values": ("Actor",),
        "flowengine.asynchronous": ("AsyncEngine",),
        "flowengine.engine": ("Engine",),
        "flowengine.runtime.handlers": ("NOTIFY", "GiveUp", "Handler", "HandlerCall", "Later", "Outcome", "TryLater"),
        "flowengine.runtime.settings": ("Settings",),
        "flowengine.views.ballots": ("BallotView",),
        "flowengine.outside.files": ("Scanned",),
        "flowengine.views.conversation": ("FileView", "MessageView", "OpenConversation", "Sent"),
        "flowengine.views.replies": (
            "Archived",
            "Audit",
            "Away",
            "Broadcast",
            "CustomerItem",
            "CustomerStep",
            "CustomerTrack",
            "Deployed",
            "Erasure",
            "HandedOver",
            "HistoryLine",
            "Holdings",
            "InboxCounts",
            "InboxItem",
            "IncidentView",
            "JobRow",
            "Kept",
            "Left",
            "LeftOver",
            "MigratedAll",
            "MigrationView",
            "PersonView",
            "Ran",
            "Receipt",
            "RetriedAll",
            "ScheduleView",
            "StaffItem",
            "StaffStep",
            "StaffTrack",
            "StepView",
            "SuspendedView",
            "Track",
        ),
        "flowengine.errors": (
            "AddressRefused",
            "AlreadyClaimed",
            "Ambiguous",
            "AnswerRefused",
            "BadAnswer",
            "BadSignature",
            "BadToken",
            "ConnectionLost",
            "DatabaseBusy",
            "ExpressionFailed",
            "FlowError",
            "HandlerDied",
            "HandlerMissing",
            "HistoryBroken",
            "InvariantBroken",
            "KeyConflict",
            "KeyMissing",
            "Malformed",
            "NoConsent",
            "NotAllowed",
            "NotConfigured",
            "NotFound",
            "OutsideError",
            "Overloaded",
            "PreviewChanged",
            "ProcessRefused",
            "Refused",
            "RunawayProcess",
            "SchemaMismatch",
            "SignedInAsAnother",
            "SlotTaken",
            "StaleCommand",
            "StoreError",
            "TooLarge",
            "TooMany",
            "UnknownOutcome",
            "Unreachable",
            "WeakIdentity",
            "http_status",
        ),
        "flowengine.language": ("load", "parse", "problems"),
        "flowengine.people.identities": ("Identity",),
        "flowengine.people.permissions": ("PROGRAM",),
        "flowengine.store": ("Database",),
        "flowengine.views.parties": ("ActingEnded", "ActingView", "ContactView"),
        "flowengine.worker": ("Worker",),
    }  # fmt: skip
    _HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

    __all__ = sorted(_HOME_OF)

    def __getattr__(name):
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module 'flowengine' has no attribute {name!r}")
        value = getattr(_import_module(home), name)
        globals()[name] = value
        return value

    def __dir__():
        return sorted({*globals(), *__all__})
