"""The people of a trial: a customer, a few others like her, and some for each role."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowengine.core.values import Actor, Seating
from flowengine.core.world import MADE_UP_FILES, Member, PlainWorld, Worker
from flowengine.language.model import Process

CUSTOMERS = {"ada": "Ada", "ben": "Ben", "cleo": "Cleo", "dev": "Dev"}
"""The customers there are, by id; they are the members of every group. The job is the first one's; of the others
one may do something, and two may look at it."""

OF_A_ROLE = 3
"""How many people have each role, so that somebody else is there where a process asks for another."""

STAFF = "staff"
"""Who is asked where any of the staff may do it, and no role is named in the whole process."""


class Cast:
    """Who there is, by id, and what they are called."""

    def __init__(self, process: Process) -> None:
        groups = tuple(process.groups)
        self.people = {id: Actor(kind="customer", id=id, groups=groups) for id in CUSTOMERS}
        self.names: dict[str, str] = dict(CUSTOMERS)
        for role in process.roles or (STAFF,):
            self._fill(role, process.roles[role].title if role in process.roles else "Staff")
        self.customer = self.people["ada"]

    def _fill(self, role: str, title: str) -> list[Actor]:
        found = []
        for number in range(1, OF_A_ROLE + 1):
            one = Actor(kind="staff", id=f"{role}_{number}", roles=(role,))
            self.people[one.id] = one
            self.names[one.id] = title if number == 1 else f"{title} {number}"
            found.append(one)
        return found

    @property
    def staff(self) -> list[Actor]:
        return [one for one in self.people.values() if one.kind == "staff"]

    def who(self, seating: Seating) -> Sequence[Actor]:
        """Those who can take a place, in the order in which they are asked; whom a process names by himself is there
        too."""
        kind, _, name = seating.partition(":")
        if kind == "person":
            return (self._person(name),)
        if kind == "role":
            found = [one for one in self.people.values() if name in one.roles]
            return found or self._fill(name, name)
        if kind == "staff":
            return self.staff
        customers = [one for one in self.people.values() if one.kind == "customer"]
        return [*customers, *self.staff] if kind == "anyone" else customers

    def _person(self, id: str) -> Actor:
        if id not in self.people:
            self.people[id] = Actor(kind="staff", id=id)
            self.names[id] = id
        return self.people[id]

    def world(self, process: Process) -> PlainWorld:
        """What a process sees of them: all are there all day."""
        members = [Member(id=id) for id in CUSTOMERS]
        staff: dict[Seating, Sequence[Worker]] = {f"role:{role}": self._workers(role) for role in process.roles}
        return PlainWorld(
            customer={"id": "ada", "name": CUSTOMERS["ada"], "groups": list(process.groups)},
            groups=dict.fromkeys((*process.groups, "customers"), members),
            people=self.people,
            names=self.names,
            uploads=MADE_UP_FILES,
            staff=staff | {"staff": [Worker(id=one.id) for one in self.staff]},
        )

    def _workers(self, role: str) -> list[Worker]:
        return [Worker(id=one.id) for one in self.who(f"role:{role}")]

    def asked(self, seatings: Sequence[Seating], first: str | None = None) -> Iterator[Sequence[Actor]]:
        """Those of each place, one after another; who is preferred stands first."""
        for seating in seatings:
            yield sorted(self.who(seating), key=lambda one: one.id != first) if first else self.who(seating)
