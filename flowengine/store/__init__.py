"""The store: the one package that imports SQLAlchemy. SQLite by default, or PostgreSQL."""

from flowengine.store.calls import AWAITED, Calling, ClaimedCall
from flowengine.store.database import Database
from flowengine.store.files import StoredFile
from flowengine.store.history import Entry
from flowengine.store.ids import new_id, short, shown
from flowengine.store.jobs import ListedJob, StoredJob
from flowengine.store.outbox import OutboxMessage, Page
from flowengine.store.people import Absence, Person
from flowengine.store.processes import StoredProcess
from flowengine.store.queues import Incident
from flowengine.store.schedules import StoredSchedule
from flowengine.store.steps import WaitingStep
from flowengine.store.tokens import StoredToken
from flowengine.store.transaction import Saved, Transaction

__all__ = [
    "AWAITED",
    "Absence",
    "Calling",
    "ClaimedCall",
    "Database",
    "Entry",
    "Incident",
    "ListedJob",
    "OutboxMessage",
    "Page",
    "Person",
    "Saved",
    "StoredFile",
    "StoredJob",
    "StoredProcess",
    "StoredSchedule",
    "StoredToken",
    "Transaction",
    "WaitingStep",
    "new_id",
    "short",
    "shown",
]
