"""What the core may know of the world outside the job: an input like any other (L7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, NamedTuple, Protocol

from flowengine.core.boxes import Box, Electorate
from flowengine.core.seatings import as_himself, seatings
from flowengine.core.values import Actor, KeptMessage, Seating, Standing
from flowengine.errors import NotAllowed
from flowengine.exact import Number
from flowengine.language.parts import FILE_KINDS


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


class Upload(NamedTuple):
    """A file that somebody has uploaded: its kind, what he calls it, and whether it was refused when it was looked
    at."""

    kind: str
    name: str
    refused: bool = False


MADE_UP_FILES = {f"file-{number:032x}": Upload(kind, f"a made up {kind}") for number, kind in enumerate(FILE_KINDS, 1)}
"""A file of each kind that is none, for trials and simulation."""


CLOSED = ""
"""The job of what is no appointment: a time in which the calendar has none."""


class Appointment(NamedTuple):
    """A time that is booked, or held: a seat of a calendar's, or a person's."""

    start: datetime
    end: datetime
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filler:
    """Somebody who fills a seating. ``name`` is his id where none is known."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A member of staff, and when he can be met.

    ``hours`` are his working hours by weekday (0 is Monday) in ``zone``, or in that of the calendar where it is empty;
    None: whenever the calendar is open. ``away`` are the beginnings and ends of his absences.
    """

    id: str
    hours: Mapping[int, tuple[tuple[time, time], ...]] | None = None
    zone: str = ""
    away: tuple[tuple[datetime, datetime], ...] = ()


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
        """Who somebody is, with his roles and groups of this moment; None where nothing is known of him here. Raises
        NotAllowed for one who has left."""

    def name(self, id: str) -> str:
        """A person's name; the id of somebody who has none, or is not known."""

    def fillers(self, seating: Seating, most: int) -> Sequence[Filler]:
        """The first ``most`` of those who fill the seating of a role or a group, in the order of their ids."""

    def upload(self, id: str) -> Upload | None:
        """The file of that id, where who asks has uploaded it himself, and it is in no other job; else None."""

    def attempt(self, call: int) -> Attempt | None:
        """The last attempt of an open service call of the job; None when nobody has ever taken it."""

    def kept(self, name: str, key: str | None) -> Sequence[KeptMessage]:
        """The messages of a name and a key (None: any) that lie outside of all jobs for who will wait for them, the
        oldest first; nobody else takes them, and none is added, until the command is carried out."""

    def workers(self, seatings: Sequence[Seating]) -> Sequence[Worker]:
        """The known people who fill one of these seatings (a role, a person, or all staff), each once."""

    def booked(
        self, whose: Sequence[str], start: datetime, end: datetime, now: datetime, *, alone: bool = False
    ) -> Mapping[str, Sequence[Appointment]]:
        """The appointments that overlap the time from ``start`` to ``end``, of calendars (by their names) and of people
        (by their seatings); what was held until ``now`` or before is none. ``alone``: nobody else books or frees any of
        theirs until the command is carried out."""

    def freeze(self, step: int, voters: str | Sequence[tuple[str, Number]], *, secret: bool) -> Electorate | None:
        """Who may vote on the step that is being opened, from now on and whoever joins or leaves: a group by its name,
        each member with the weight 1, or people with their weights. None where the world keeps no ballot boxes: then
        the step has a seat for each."""

    def standing(self, step: int) -> Standing:
        """How the vote of a step with a box stands, as far as that is kept while it runs: of a secret vote that is
        neither shown nor closed early, only how much is cast."""

    def box(self, step: int) -> Box:
        """All papers in the box of a step; nothing is put into it until the command is carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainWorld:
    """A world from plain values, for tests and simulation."""

    customer: Mapping[str, Any] = field(default_factory=lambda: {"id": "", "name": ""})
    groups: Mapping[str, Sequence[Member]] = field(default_factory=dict)
    people: Mapping[str, Actor] = field(default_factory=dict)
    attempts: Mapping[int, Attempt | None] = field(default_factory=dict)
    messages: Sequence[KeptMessage] = ()
    staff: Mapping[Seating, Sequence[Worker]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    appointments: Mapping[str, Sequence[Appointment]] = field(default_factory=dict)
    uploads: Mapping[str, Upload] = field(default_factory=dict)

    def group(self, name: str) -> Sequence[Member]:
        return self.groups.get(name, ())

    def person(self, id: str) -> Actor | None:
        return self.people.get(id)

    def name(self, id: str) -> str:
        return self.names.get(id, id)

    def fillers(self, seating: Seating, most: int) -> Sequence[Filler]:
        found = sorted(id for id, one in self.people.items() if seating in seatings(one))
        return [Filler(id=id, name=self.names.get(id, id)) for id in found[:most]]

    def upload(self, id: str) -> Upload | None:
        return self.uploads.get(id)

    def attempt(self, call: int) -> Attempt | None:
        return self.attempts.get(call, Attempt())

    def freeze(
        self,
        step: int,  # noqa: ARG002 - ballots are seats here
        voters: str | Sequence[tuple[str, Number]],  # noqa: ARG002
        *,
        secret: bool,  # noqa: ARG002
    ) -> Electorate | None:
        return None

    def standing(self, step: int) -> Standing:
        raise NotImplementedError(f"step {step} has no box here")

    def box(self, step: int) -> Box:
        raise NotImplementedError(f"step {step} has no box here")

    def kept(self, name: str, key: str | None) -> Sequence[KeptMessage]:
        return [one for one in self.messages if one.name == name and key in (None, one.key)]

    def workers(self, seatings: Sequence[Seating]) -> Sequence[Worker]:
        return list({worker.id: worker for whom in seatings for worker in self.staff.get(whom, ())}.values())

    def booked(
        self,
        whose: Sequence[str],
        start: datetime,
        end: datetime,
        now: datetime,  # noqa: ARG002 - nothing is held here
        *,
        alone: bool = False,  # noqa: ARG002 - nobody else is there
    ) -> Mapping[str, Sequence[Appointment]]:
        return {
            name: [one for one in self.appointments.get(name, ()) if one.start < end and one.end > start]
            for name in whose
        }


def fills(world: World, id: str, seating: Seating) -> bool:
    """Whether that is the exact id (L15) of somebody who is known here, has not left, and fills the seating."""
    try:
        actor = world.person(id)
    except NotAllowed:
        return False
    return actor is not None and actor.id == id and seating in seatings(as_himself(actor))
