"""Whatever is booked, moved, given back and handed over, nobody is in two places, and no room is too full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from drawing import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from flowengine import Engine, SimulatedClock
from flowengine.core.values import Booking
from flowengine.errors import Refused

BEGIN = datetime(2026, 5, 4, 8, tzinfo=UTC)
CALENDARS = {"shop": 3, "garden": 1, "van": 2}
"""Calendars with their seats; each has a grid, a length and an audience of its own."""

MEETING = """
process: at_{name}
title: A meeting
need: An hour
roles: {{tailor: {{title: Tailor}}, cutter: {{title: Cutter}}}}
calendars:
  {name}: {{zone: UTC, open: {{mon-fri: "09:00-11:00"}}, every: {every}, ahead: P2D, seats: {seats}}}
states:
  need: {{type: need, next: meet}}
  meet:
    type: fitting
    with: {who}
    length: {length}
    hold: PT45M
    within: P3D
    on: {{held: meet, missed: meet, expired: gone}}
  gone: {{type: ended, because: Nobody came}}
  fulfilled: {{type: fulfilled}}
always:
  withdraw: {{by: customer, to: gone}}
  done: {{by: customer, to: fulfilled}}
"""
PROCESSES = [
    MEETING.format(name="shop", every="PT30M", seats=3, length="PT1H", who="tailor"),
    MEETING.format(name="garden", every="PT20M", seats=1, length="PT40M", who="[tailor, cutter]"),
    MEETING.format(name="van", every="PT30M", seats=2, length="PT30M", who="cutter"),
]
CUSTOMERS = ("ada", "ben", "cid")
STAFF = {"tess": ["tailor"], "tom": ["tailor", "cutter"], "cleo": ["cutter"]}

DOING = (
    "begin", "hold", "book", "book", "book", "move", "cancel", "withdraw", "held", "missed", "claim", "assign", "away",
    "back", "hours", "time", "work",
)  # fmt: skip
DEEDS = st.tuples(
    st.sampled_from(DOING),
    st.sampled_from(CUSTOMERS),
    st.sampled_from(list(STAFF)),
    st.integers(0, 11),
)


class Town:
    """Customers and staff who do what they like; what is refused changes nothing."""

    def __init__(self, engine: Engine, clock: SimulatedClock) -> None:
        self.engine, self.clock = engine, clock

    def do(self, what: str, customer: str, worker: str, number: int) -> None:
        engine, slot = self.engine, BEGIN + timedelta(hours=1, minutes=10 * number)
        if what == "begin":
            engine.start(f"at_{list(CALENDARS)[number % 3]}", by=customer)
        elif what == "time":
            self.clock.advance(timedelta(minutes=15 * (number + 1)))
        elif what == "work":
            engine.run_due()
        elif what == "away":
            before = self.appointments(worker)
            away = engine.add_absence(worker, slot, slot + timedelta(minutes=40))
            told = {one.start for one in away.appointments}
            now = self.clock.now()
            assert told == {start for start, end in before if start < away.end and end > max(away.start, now)}
        elif what == "back":
            for absence in engine.person(worker).absences:
                engine.remove_absence(worker, absence.start)
        elif what == "hours":
            engine.set_hours(worker, {"mon-fri": "09:00-10:00"} if number % 2 else None)
        else:
            self._on_a_step(what, customer, worker, number, slot)

    def _on_a_step(self, what: str, customer: str, worker: str, number: int, slot: datetime) -> None:
        engine, theirs = self.engine, what in ("held", "missed", "claim", "assign")
        items = engine.inbox(worker if theirs else customer, everything=True)
        if not items:
            return
        step, job = items[number % len(items)].id, items[number % len(items)].job
        if what == "withdraw":
            engine.withdraw(job, by=customer)
        elif what == "claim":
            engine.claim(step, by=worker)
        elif what == "assign":
            engine.assign(step, list(STAFF)[number % 3], by="olga")
        elif theirs:
            engine.act(step, what, by=worker)
        elif what == "cancel" or (what == "book" and number == 0):
            engine.act(step, what, by=customer)
        else:
            free = engine.step(step, customer).slots
            at = free[number % len(free)] if free and number % 3 else slot
            if at in free and what in engine.step(step, customer).possible:
                self._must(step, what, at, customer)
            else:
                engine.act(step, what, {"slot": at.isoformat()}, by=customer)

    def _must(self, step: str, what: str, at: datetime, customer: str) -> None:
        """What is offered can be had."""
        try:
            self.engine.act(step, what, {"slot": at.isoformat()}, by=customer)
        except Refused as error:
            raise AssertionError(f"{at} was offered, and refused") from error

    def appointments(self, whose: str) -> list[tuple[datetime, datetime]]:
        return [(start, end) for _, start, end, people in self._booked() if whose in people]

    def _booked(self) -> Iterator[tuple[str, datetime, datetime, tuple[str, str]]]:
        """What the jobs themselves hold or have booked now."""
        with self.engine.shell.reading() as tx:
            jobs = [tx.jobs.get(row.id) for row in tx.jobs.list(status="open", limit=1000)]
        now = self.clock.now()
        for job in jobs:
            root = job.position.branch("main")
            assert root is not None
            one = root.inners[""]
            assert isinstance(one, Booking)
            held = any(timer.number == one.hold and timer.due > now for timer in root.timers)
            if one.slot is not None and one.end is not None and (one.phase == "booked" or held):
                yield one.calendar, one.slot, one.end, (job.customer, one.staff)

    def check(self) -> None:
        booked = list(self._booked())
        for calendar, start, end, people in booked:
            assert people[1] in STAFF or people[1] == "olga", "somebody meets him"
            beside = [one for one in booked if one[1] <= start < one[2]]
            assert sum(one[0] == calendar for one in beside) <= CALENDARS[calendar]
            for person in people:
                assert sum(person in one[3] for one in beside) == 1, f"{person} is in two places at {start}"
            assert end > start


@settings(max_examples=examples(12), deadline=None)
@given(st.lists(DEEDS, min_size=5, max_size=60))
def test_nobody_is_in_two_places(deeds: list[tuple[str, str, str, int]]) -> None:
    """After each of any deeds, over several calendars, nobody has two appointments at one time, no calendar more than
    it has seats, and each has somebody who holds it; what is offered can be booked."""
    clock = SimulatedClock(BEGIN)
    with Engine("sqlite://", clock=clock, handlers={}) as engine:
        for process in PROCESSES:
            engine.deploy(process)
        for worker, roles in STAFF.items():
            engine.add_staff(worker, roles=roles)
        engine.add_staff("olga", roles=["operator"])
        town = Town(engine, clock)
        for customer in CUSTOMERS:
            for process in CALENDARS:
                engine.start(f"at_{process}", by=customer)
        for deed in deeds:
            with suppress(Refused):
                town.do(*deed)
            town.check()
        assert engine.audit().fine
