"""A position read from the database only as far as it is asked for, and kept for the length of the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowengine.core.position import MemoryPosition
from flowengine.core.values import ROOT, Branch, Head, Json, Seat
from flowengine.store import branches, calls, steps, timers
from flowengine.store.channel import Channel
from flowengine.store.codec import decode, plain
from flowengine.store.query import Query


class LazyPosition:
    """Where a stored job stands: a :class:`~flowengine.core.position.Position`.

    Head, root branch and data came with the job's row.
    """

    def __init__(self, channel: Channel, job: str, head: str, root: str | None, data: str) -> None:
        self._channel = channel
        self._job = job
        self._written = (head, root, data)
        self._head: Head | None = None
        self._root: Branch | None = None
        self._data: dict[str, Json] | None = None
        self._branches: dict[str, Branch | None] = {}

    @property
    def head(self) -> Head:
        if self._head is None:
            self._head = decode(self._written[0], Head)
        return self._head

    @property
    def data(self) -> Mapping[str, Json]:
        if self._data is None:
            self._data = decode(self._written[2], dict)
        return self._data

    @property
    def root(self) -> Branch | None:
        if self._root is None and self._written[1] is not None:
            self._root = decode(self._written[1], Branch)
        return self._root

    def branch(self, branch: str) -> Branch | None:
        if branch == ROOT:
            return self.root
        if branch not in self._branches:
            row = self._channel.one(branches.GET, {"job_id": self._job, "id": plain(branch)})
            self._branches[branch] = decode(row[0], Branch) if row else None
        return self._branches[branch]

    def children(self, branch: str) -> Iterable[Branch]:
        rows = self._channel.rows(branches.CHILDREN, {"job_id": self._job, "parent": plain(branch)})
        found = [decode(row[0], Branch) for row in rows]
        self._branches.update((child.id, child) for child in found)
        return found

    def branch_of_step(self, step: int) -> str | None:
        if self.root and any(open_.number == step for open_ in self.root.steps):
            return ROOT
        return self._owner(steps.BRANCH, {"of_job": self._job, "of_number": step})

    def branch_of_timer(self, timer: int) -> str | None:
        if self.root and any(set_.number == timer for set_ in self.root.timers):
            return ROOT
        return self._owner(timers.BRANCH, {"job_id": self._job, "number": timer})

    def branch_of_call(self, call: int) -> str | None:
        if self.root and any(open_.number == call for open_ in self.root.calls):
            return ROOT
        return self._owner(calls.BRANCH, {"job_id": self._job, "number": call})

    def _owner(self, query: Query, values: dict[str, str | int]) -> str | None:
        row = self._channel.one(query, values)
        return row[0] if row else None

    def seat(self, step: int, audience: str) -> Seat | None:
        values = {"of_job": self._job, "of_number": step, "whom": plain(audience)}
        row = self._channel.one(steps.SEAT, values)
        return decode(row[0], Seat) if row and row[0] is not None else None

    def seats(self, step: int) -> Iterable[Seat]:
        rows = self._channel.rows(steps.SEATS, {"of_job": self._job, "of_number": step})
        return [decode(row[0], Seat) for row in rows]

    def whole(self) -> MemoryPosition:
        """All of it, in memory."""
        rows = self._channel.rows(branches.ALL, {"job_id": self._job})
        found = {ROOT: self.root} if self.root else {}
        found |= {branch.id: branch for branch in (decode(row[0], Branch) for row in rows)}
        seated = {
            step.number: {seat.audience: seat for seat in self.seats(step.number)}
            for branch in found.values()
            for step in branch.steps
            if step.seats
        }
        return MemoryPosition(self.head, dict(self.data), found, seated)
