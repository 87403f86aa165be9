"""What ``import flowengine`` gives."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import flowengine

NAMES = [
    "NOTIFY",
    "PROGRAM",
    "ActingEnded",
    "ActingView",
    "Actor",
    "AddressRefused",
    "AlreadyClaimed",
    "Ambiguous",
    "AnswerRefused",
    "Archived",
    "Audit",
    "Away",
    "BadAnswer",
    "BadSignature",
    "BadToken",
    "BallotView",
    "Broadcast",
    "Clock",
    "ConnectionLost",
    "ContactView",
    "CustomerItem",
    "CustomerStep",
    "CustomerTrack",
    "Database",
    "DatabaseBusy",
    "Deployed",
    "AsyncEngine",
    "Engine",
    "Erasure",
    "ExpressionFailed",
    "FileView",
    "FlowError",
    "GiveUp",
    "Identity",
    "HandedOver",
    "MessageView",
    "MigratedAll",
    "MigrationView",
    "Handler",
    "HandlerCall",
    "HandlerDied",
    "HandlerMissing",
    "HistoryBroken",
    "HistoryLine",
    "Holdings",
    "InboxCounts",
    "InboxItem",
    "IncidentView",
    "InvariantBroken",
    "JobRow",
    "Kept",
    "KeyConflict",
    "PreviewChanged",
    "KeyMissing",
    "Later",
    "Left",
    "LeftOver",
    "Malformed",
    "NoConsent",
    "NotAllowed",
    "NotConfigured",
    "NotFound",
    "OpenConversation",
    "Outcome",
    "OutsideError",
    "Overloaded",
    "PersonView",
    "ProcessRefused",
    "Ran",
    "Receipt",
    "RetriedAll",
    "Refused",
    "RunawayProcess",
    "Scanned",
    "ScheduleView",
    "SchemaMismatch",
    "Sent",
    "Settings",
    "SignedInAsAnother",
    "SimulatedClock",
    "SlotTaken",
    "StaffItem",
    "StaffStep",
    "StaffTrack",
    "StaleCommand",
    "StepView",
    "SuspendedView",
    "StoreError",
    "SystemClock",
    "TooLarge",
    "TooMany",
    "Track",
    "TryLater",
    "UnknownOutcome",
    "Unreachable",
    "WeakIdentity",
    "Worker",
    "http_status",
    "load",
    "parse",
    "problems",
]


def test_the_public_names_are_these() -> None:
    """Adding or dropping a public name is a decision, which this list records."""
    assert sorted(flowengine.__all__) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there(name: str) -> None:
    """Each public name can be imported, and is found by ``dir``."""
    assert getattr(flowengine, name) is not None
    assert name in dir(flowengine)


def test_type_checkers_are_told_the_same_names() -> None:
    """The names that type checkers see are those that programs find, from the same modules."""
    [checked] = [
        node
        for node in ast.walk(ast.parse(Path(flowengine.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]
    seen = {
        alias.asname: getattr(import_module(node.module), alias.name)
        for node in checked.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    assert seen == {name: getattr(flowengine, name) for name in flowengine.__all__}


def test_every_error_is_public() -> None:
    """Whatever flowengine raises on purpose can be caught by a public name."""
    from flowengine import errors

    raised = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.FlowError)
    }
    assert raised <= set(flowengine.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A name that is not there fails as in any module."""
    with pytest.raises(AttributeError, match="Enjine"):
        flowengine.Enjine  # noqa: B018


def test_importing_is_light() -> None:
    """The bare import loads neither SQLAlchemy nor CEL nor transitions: the command line starts at once."""
    script = (
        "import flowengine, sys; print([m for m in ('sqlalchemy', 'cel', 'transitions', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
