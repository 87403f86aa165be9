"""What the core may know of the world outside the job: an input like any other (L7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from flowengine.core.values import Actor, KeptMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a group, with what the organisation knows of him (for a vote's ``weight``)."""

    id: str
    record: Mapping[str, Any] = field(default_factory=dict)


class Attempt(NamedTuple):
    """The last attempt of a service call. ``until``: somebody may be at work on it, and has the call at least until
    then (a lease, or the time for which it was left to somebody else); None when it is over. ``leased``: it is a worker
    who has it."""

    until: datetime | None = None
    leased: bool = False


class World(Protocol):
    """Read when it is asked for, and only then."""

    @property
    def customer(self) -> Mapping[str, Any]:
        """The job's customer's record: ``id``, ``name``, ``groups`` and whatever fields the organisation keeps."""

    def group(self, name: str) -> Sequence[Member]:
        """The members of a group of customers, in a stable order. An unknown group is empty.

        The name ``customers`` means all customers there are.
        """

    def person(self, id: str) -> Actor | None:
        """Who somebody is, with his roles and groups of this moment; None where nothing is known of him here."""

    def attempt(self, call: int) -> Attempt | None:
        """The last attempt of an open service call of the job; None when nobody has ever taken it."""

    def kept(self, name: str, key: str | None) -> Sequence[KeptMessage]:
        """The messages of a name and a key (None: any) that lie outside of all jobs for who will wait for them, the
        oldest first; nobody else takes them, and none is added, until the command is carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainWorld:
    """A world from plain values, for tests and simulation."""

    customer: Mapping[str, Any] = field(default_factory=lambda: {"id": "", "name": ""})
    groups: Mapping[str, Sequence[Member]] = field(default_factory=dict)
    people: Mapping[str, Actor] = field(default_factory=dict)
    attempts: Mapping[int, Attempt | None] = field(default_factory=dict)
    messages: Sequence[KeptMessage] = ()

    def group(self, name: str) -> Sequence[Member]:
        return self.groups.get(name, ())

    def person(self, id: str) -> Actor | None:
        return self.people.get(id)

    def attempt(self, call: int) -> Attempt | None:
        return self.attempts.get(call, Attempt())

    def kept(self, name: str, key: str | None) -> Sequence[KeptMessage]:
        return [one for one in self.messages if one.name == name and key in (None, one.key)]
