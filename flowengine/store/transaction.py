"""One transaction: an object for each noun, all on the same channel."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType

from flowengine.core.draft import Draft
from flowengine.store.archive import Archive
from flowengine.store.bookings import Bookings
from flowengine.store.calls import Calling, Calls
from flowengine.store.channel import Channel
from flowengine.store.history import Entry, History
from flowengine.store.jobs import Jobs, StoredJob
from flowengine.store.named_texts import DatabaseSettings
from flowengine.store.outbox import Outbox
from flowengine.store.people import People
from flowengine.store.processes import Processes
from flowengine.store.receipts import Receipts
from flowengine.store.save import UNMARKED, Saved, save
from flowengine.store.steps import Steps
from flowengine.store.timers import Timers
from flowengine.store.tokens import Tokens
from flowengine.store.work import Work, ahead


class Transaction:
    """What can be read and written together.

    As a context manager it only marks where its use ends; who opened it commits (:class:`~flowengine.store.Database`,
    or the application whose transaction was joined).
    """

    __slots__ = ("channel", "outbox", "saved", "trace", "wakes")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.outbox = Outbox(channel)
        self.saved: list[Saved] = []
        """What was written to histories: how to find out whether a commit was kept whose answer was lost."""
        self.trace = ""
        """The W3C traceparent that the calls it opens are given."""
        self.wakes = False
        """Whether this leaves work that is due at once, for which a worker in this process may be woken."""

    @property
    def processes(self) -> Processes:
        return Processes(self.channel)

    @property
    def people(self) -> People:
        return People(self.channel)

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.channel)

    @property
    def history(self) -> History:
        return History(self.channel)

    @property
    def receipts(self) -> Receipts:
        return Receipts(self.channel)

    @property
    def steps(self) -> Steps:
        return Steps(self.channel)

    @property
    def timers(self) -> Timers:
        return Timers(self.channel)

    @property
    def calls(self) -> Calls:
        return Calls(self.channel)

    @property
    def bookings(self) -> Bookings:
        return Bookings(self.channel)

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.channel)

    @property
    def archive(self) -> Archive:
        return Archive(self.channel)

    @property
    def settings(self) -> DatabaseSettings:
        return DatabaseSettings(self.channel)

    def ahead(self, now: datetime) -> Work:
        """When the next of each kind of due work is due, in one query."""
        return ahead(self.channel, now)

    def save(self, job: StoredJob | None, draft: Draft, entry: Entry, calling: Calling = UNMARKED) -> Saved:
        """Write what a command came to (L2). ``job`` is the job as it was locked, None for a new one.

        Raises SlotTaken when a slot was booked in the meantime, StoreError when the job has changed since it was read.
        """
        saved = save(self.channel, job, draft, entry, calling)
        self.saved.append(saved)
        return saved

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.channel.flush()
