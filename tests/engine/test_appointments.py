"""An appointment needs a free room and free people: the customer, and somebody of the staff who meets him."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from flowengine import BadAnswer, Engine, ExpressionFailed, NotAllowed, NotFound, Refused, SimulatedClock, SlotTaken
from flowengine.views.replies import CustomerItem, StaffItem, StaffStep

MEETING = """
process: {name}
title: A meeting
need: An hour
roles: {{tailor: {{title: Tailor}}, cutter: {{title: Cutter}}, ghost: {{title: A role that nobody has}}}}
calendars:
  {calendar}: {{zone: UTC, open: {{mon-fri: "09:00-12:00"}}, every: PT30M, ahead: P7D, seats: {seats}}}
states:
  need: {{type: need, next: meet}}
  meet:
    type: fitting
    with: {who}
    calendar: {calendar}
    length: PT1H
    hold: PT20M
    within: P14D
    on: {{held: again, missed: meet, expired: gone}}
  again:
    type: fitting
    with: {who}
    calendar: {calendar}
    length: PT1H
    within: P14D
    on: {{held: fulfilled, missed: again, expired: gone}}
  fulfilled: {{type: fulfilled}}
  gone: {{type: ended, because: Nobody came}}
always:
  withdraw: {{by: customer, to: gone}}
"""
TUESDAY = datetime(2026, 5, 5, 9, tzinfo=UTC)
HALF, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)


class Meetings:
    """Appointments of several customers on one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def deploy(self, name: str = "meeting", calendar: str = "shop", seats: int = 2, who: str = "tailor") -> None:
        self.engine.deploy(MEETING.format(name=name, calendar=calendar, seats=seats, who=who))

    def begin(self, who: str, process: str = "meeting") -> str:
        """Begin a job; gives the step in which its customer books."""
        job = self.engine.start(process, by=who).job
        return next(item.id for item in self.engine.inbox(who) if item.job == job)

    def do(self, step: str, who: str, move: str, slot: datetime | None = None) -> None:
        self.engine.act(step, move, {"slot": slot.isoformat()} if slot else {}, by=who)

    def book(self, who: str, slot: datetime, process: str = "meeting") -> str:
        step = self.begin(who, process)
        self.do(step, who, "book", slot)
        return step

    def free(self, step: str, who: str, slot: datetime) -> bool:
        return slot in self.engine.step(step, who).slots

    def met_by(self, step: str, who: str) -> str:
        return self.engine.step(step, who).booked_with

    def held_by(self, step: str) -> str:
        """The step of those who meet the customer, of the job of his own step."""
        job = step.partition(".")[0]
        return next(one.id for one in self.engine.track(job, "olga").waiting if one.id != step)


@pytest.fixture
def meetings(engine: Engine) -> Meetings:
    """Tom is the only tailor."""
    found = Meetings(engine)
    found.deploy()
    return found


def test_a_customer_is_in_one_place_at_a_time(meetings: Meetings) -> None:
    """A customer has no two appointments at overlapping times, over all jobs, processes and calendars; none is offered
    to him, and one that he asks for is refused with those that are free."""
    meetings.deploy("other", "garden", who="ghost")
    meetings.book("ada", TUESDAY)
    step = meetings.begin("ada", "other")
    for slot, free in ((TUESDAY - HALF, False), (TUESDAY, False), (TUESDAY + HALF, False), (TUESDAY + HOUR, True)):
        assert meetings.free(step, "ada", slot) is free
    with pytest.raises(SlotTaken, match="the customer has another appointment then") as refused:
        meetings.do(step, "ada", "book", TUESDAY + HALF)
    assert refused.value.possible[0] == "2026-05-04T09:00:00Z"
    assert len(refused.value.possible) == 10
    assert "2026-05-05T10:00:00Z" in refused.value.possible
    meetings.book("ben", TUESDAY + HALF, "other")
    meetings.do(step, "ada", "book", TUESDAY + HOUR)


def test_a_member_of_staff_is_in_one_place_at_a_time(meetings: Meetings) -> None:
    """With two seats and one tailor, two customers are not met at one time, in this calendar or in another."""
    meetings.deploy("other", "garden")
    meetings.book("ada", TUESDAY)
    for process in ("meeting", "other"):
        step = meetings.begin("ben", process)
        assert not meetings.free(step, "ben", TUESDAY + HALF)
        with pytest.raises(SlotTaken, match="nobody who could meet the customer is free then") as refused:
            meetings.do(step, "ben", "book", TUESDAY + HALF)
        for possible in refused.value.possible:
            assert meetings.free(step, "ben", datetime.fromisoformat(possible))


def test_each_appointment_has_a_member_of_staff_and_a_seat(meetings: Meetings) -> None:
    """Two tailors meet two customers at one time, the third finds the room full; each is told whom he meets."""
    engine = meetings.engine
    engine.add_staff("tess", "Tess", roles=["tailor"])
    ada, ben = meetings.book("ada", TUESDAY), meetings.book("ben", TUESDAY)
    assert [meetings.met_by(ada, "ada"), meetings.met_by(ben, "ben")] == ["Tess", "Tom"]
    engine.add_staff("tilda", "Tilda", roles=["tailor"])
    engine.add_customer("cid")
    with pytest.raises(SlotTaken, match="booked by another"):
        meetings.book("cid", TUESDAY)


def test_where_nobody_is_known_the_room_decides(meetings: Meetings) -> None:
    """A role that no known person has, or an appointment that anyone may hold, takes a seat and the customer."""
    for name, who in (("ghosts", "ghost"), ("anybody", "[tailor, anyone]")):
        meetings.deploy(name, name, who=who)
        ada = meetings.book("ada", TUESDAY + (DAY if name == "ghosts" else HOUR), name)
        meetings.book("ben", TUESDAY + (DAY if name == "ghosts" else HOUR), name)
        assert meetings.met_by(ada, "ada") == ""


def test_the_appointment_is_in_the_inbox_of_who_holds_it(meetings: Meetings) -> None:
    """Who is booked sees when and that it is kept for him; the customer sees with whom; strangers see neither."""
    engine = meetings.engine
    engine.add_staff("tess", "Tess", roles=["tailor"])
    step = meetings.book("ada", TUESDAY)
    (item,) = engine.inbox("tess")
    assert isinstance(item, StaffItem)
    assert (item.appointment, item.preferred, item.customer_name) == (TUESDAY, True, "Ada")
    assert [(one.id, one.preferred) for one in engine.inbox("tom")] == [(item.id, False)]
    seen = engine.step(item.id, "tess")
    assert isinstance(seen, StaffStep)
    assert seen.appointment == TUESDAY
    (mine,) = engine.inbox("ada", everything=True)
    assert isinstance(mine, CustomerItem)
    assert (mine.booked, mine.booked_with) == (TUESDAY, "Tess")
    (waiting,) = engine.track(step.partition(".")[0], "ada").waiting
    assert (waiting.booked, waiting.booked_with) == (TUESDAY, "Tess")
    meetings.do(step, "ada", "move", TUESDAY + DAY)
    (item,) = engine.inbox("tess")
    assert isinstance(item, StaffItem)
    assert item.appointment == TUESDAY + DAY
    meetings.do(step, "ada", "cancel")
    assert engine.inbox("tess") == []
    assert meetings.met_by(step, "ada") == ""
    assert engine.audit().fine


def test_who_met_the_customer_before_meets_him_again(meetings: Meetings, clock: SimulatedClock) -> None:
    """Who held an earlier appointment of the job comes first; else who has the fewest on that day; else the first by
    id."""
    engine = meetings.engine
    engine.add_staff("tess", "Tess", roles=["tailor"])
    first = meetings.book("ada", TUESDAY)
    assert meetings.met_by(first, "ada") == "Tess", "the first by id"
    second = meetings.book("ben", TUESDAY + HOUR)
    assert meetings.met_by(second, "ben") == "Tom", "who has fewer on that day"
    clock.set(TUESDAY + 2 * HOUR)
    engine.act(meetings.held_by(second), "held", by="tom")
    later = next(item.id for item in engine.inbox("ben"))
    for who in ("cid", "dan"):
        engine.add_customer(who)
        meetings.book(who, TUESDAY + DAY)
    meetings.do(later, "ben", "book", TUESDAY + DAY + HOUR)
    assert meetings.met_by(later, "ben") == "Tom", "who met him before"


def test_a_move_keeps_who_meets_the_customer_where_he_is_free(meetings: Meetings) -> None:
    """A moved appointment stays with the same person, also to a time that overlaps the old one, unless he is busy."""
    engine = meetings.engine
    engine.add_staff("tess", "Tess", roles=["tailor"])
    meetings.book("ada", TUESDAY + 2 * HOUR)  # with Tess
    step = meetings.book("ben", TUESDAY)  # with Tom
    assert meetings.met_by(step, "ben") == "Tom"
    assert not meetings.free(step, "ben", TUESDAY), "his own"
    assert meetings.free(step, "ben", TUESDAY + HALF)
    meetings.do(step, "ben", "move", TUESDAY + HALF)
    assert meetings.met_by(step, "ben") == "Tom"
    engine.add_absence("tom", TUESDAY + HOUR, TUESDAY + DAY)
    held = meetings.held_by(step)
    engine.claim(held, by="tom")
    meetings.do(step, "ben", "move", TUESDAY + HOUR)
    assert meetings.met_by(step, "ben") == "Tess"
    (item,) = [one for one in engine.inbox("tess") if one.id == held]
    assert (item.preferred, item.claimed) == (True, ""), "he who had claimed it is not to hold it any more"


# working hours and absences


def test_working_hours_bound_what_is_offered(meetings: Meetings) -> None:
    """Slots are offered only while somebody who can hold them works, in the zone of his hours; without hours he works
    whenever the calendar is open."""
    engine = meetings.engine
    step = meetings.begin("ada")
    whole = engine.step(step, "ada").slots
    engine.set_hours("tom", {"mon-wed": "11:00-12:00, 12:00-12:30", "thu": "09:00-10:30"}, zone="Europe/Berlin")
    offered = engine.step(step, "ada").slots
    assert {(one.weekday(), one.hour, one.minute) for one in offered} == {
        *((day, hour, minute) for day in range(3) for hour, minute in ((9, 0), (9, 30))),
    }  # 9:00 to 10:30 UTC; on Thursday he works until the shop opens
    with pytest.raises(SlotTaken, match="nobody who could meet the customer is free"):
        meetings.do(step, "ada", "book", TUESDAY + HOUR)
    engine.set_hours("tom", {"mon-fri": "09:00-12:00"})
    assert engine.step(step, "ada").slots == whole, "in the calendar's zone"
    engine.add_staff("tom", roles=["tailor"])
    assert engine.person("tom").hours == {"mon-fri": "09:00-12:00"}, "kept when he is entered anew"
    engine.add_staff("tom", roles=["tailor"], zone="Asia/Tokyo")
    engine.set_hours("tom", {"mon-fri": "18:00-19:00"})
    assert {slot.hour for slot in engine.step(step, "ada").slots} == {9}, "in his own zone"
    engine.set_hours("tom")
    assert engine.step(step, "ada").slots == whole
    engine.leave("tom", because="He went abroad")
    engine.add_staff("tim", roles=["tailor"])
    meetings.do(step, "ada", "book", TUESDAY)
    assert meetings.met_by(step, "ada") == "tim", "who has left meets nobody"


def test_an_absence_takes_what_is_offered_and_names_what_is_booked(meetings: Meetings) -> None:
    """While he is away nothing is offered with him. What is booked stays, and is told to who says that he is away;
    when he is back it is offered again."""
    engine = meetings.engine
    step, other = meetings.book("ada", TUESDAY), meetings.begin("ben")
    away = engine.add_absence("tom", date(2026, 5, 5), date(2026, 5, 6), "Holiday")
    assert (away.start, away.end) == (datetime(2026, 5, 5, tzinfo=UTC), datetime(2026, 5, 7, tzinfo=UTC))
    assert [(one.job, one.start, one.end) for one in away.appointments] == [
        (step.partition(".")[0], TUESDAY, TUESDAY + HOUR)
    ]
    assert meetings.met_by(step, "ada") == "Tom"
    assert {slot.day for slot in engine.step(other, "ben").slots} == {4, 7, 8, 11}
    assert {slot.day for slot in engine.step(step, "ada").slots} == {4, 7, 8, 11}, "it can be moved to when he is there"
    (kept,) = engine.person("tom").absences
    assert (kept.start, kept.why) == (away.start, "Holiday")
    assert engine.add_absence("tom", date(2026, 5, 5), date(2026, 5, 5)).end == datetime(2026, 5, 6, tzinfo=UTC)
    assert len(engine.person("tom").absences) == 1, "said anew from the same beginning"
    engine.remove_absence("tom", date(2026, 5, 5))
    assert meetings.free(other, "ben", TUESDAY + HOUR)
    with pytest.raises(NotFound, match="no absence of tom begins at"):
        engine.remove_absence("tom", date(2026, 5, 5))


def test_what_is_no_working_time_is_refused(meetings: Meetings) -> None:
    """Hours, zones, days and people that are none are refused with what is possible, and nothing is changed."""
    engine = meetings.engine
    before = engine.person("tom")
    refused: list[tuple[type[Refused], Callable[[], object]]] = [
        (BadAnswer, lambda: engine.set_hours("tom", {"monday": "09:00-12:00"})),
        (BadAnswer, lambda: engine.set_hours("tom", {"mon": "9-12"})),
        (BadAnswer, lambda: engine.set_hours("tom", {"mon-fri": "09:00-12:00", "wed": "09:00-12:00"})),
        (BadAnswer, lambda: engine.set_hours("tom", {"mon": 9})),  # type: ignore[dict-item]
        (BadAnswer, lambda: engine.set_hours("tom", {"mon": "09:00-12:00"}, zone="Nowhere")),
        (BadAnswer, lambda: engine.add_absence("tom", date(2026, 5, 6), date(2026, 5, 5))),
        (BadAnswer, lambda: engine.add_absence("tom", TUESDAY, TUESDAY)),
        (BadAnswer, lambda: engine.add_absence("tom", TUESDAY.replace(tzinfo=None), TUESDAY)),
        (BadAnswer, lambda: engine.add_absence("tom", date(2026, 5, 6), date.max)),
        (BadAnswer, lambda: engine.add_absence("tom", TUESDAY, TUESDAY + HOUR, "x" * 1000)),
        (NotAllowed, lambda: engine.set_hours("ada", {"mon": "09:00-12:00"})),
        (NotFound, lambda: engine.add_absence("nobody", TUESDAY, TUESDAY + HOUR)),
    ]
    for kind, ask in refused:
        with pytest.raises(kind) as error:
            ask()
        assert error.value.possible or isinstance(error.value, BadAnswer)
    assert engine.person("tom") == before


def test_staff_say_when_they_work_themselves(meetings: Meetings) -> None:
    """A member of staff sets his own hours and absences, not those of others; operators set those of all."""
    engine = meetings.engine
    engine.set_hours("tom", {"mon": "09:00-12:00"}, by="tom")
    engine.add_absence("tom", TUESDAY, TUESDAY + HOUR, by="tom")
    engine.remove_absence("tom", TUESDAY, by="olga")
    for who in ("cleo", "ada"):
        with pytest.raises(NotAllowed, match="only staff and operators may") as refused:
            engine.set_hours("tom", by=who)
        assert "operator" in refused.value.possible[0]


# holds


def test_a_hold_that_is_over_blocks_nobody(meetings: Meetings, clock: SimulatedClock) -> None:
    """Once its time is over by the clock, a held slot and its people are free, though no worker ran (L13): another
    books it, the job that held it is not touched, and its customer is told when he comes late."""
    engine = meetings.engine
    ada, ben = meetings.begin("ada"), meetings.begin("ben")
    meetings.do(ada, "ada", "hold", TUESDAY)
    clock.advance(timedelta(minutes=20) - timedelta(microseconds=1))
    with pytest.raises(SlotTaken):
        meetings.do(ben, "ben", "book", TUESDAY)
    clock.advance(timedelta(microseconds=1))
    assert meetings.free(ben, "ben", TUESDAY)
    assert engine.step(ada, "ada").possible == ("hold", "book")
    meetings.do(ben, "ben", "book", TUESDAY)
    with pytest.raises(BadAnswer, match="Tue 5 May 2026, 09:00 UTC is held for you no more"):
        meetings.do(ada, "ada", "book")
    with pytest.raises(SlotTaken):
        meetings.do(ada, "ada", "book", TUESDAY)
    engine.run_due()
    with pytest.raises(BadAnswer, match="Tue 5 May 2026, 09:00 UTC is held for you no more"):
        meetings.do(ada, "ada", "book")
    assert meetings.met_by(ben, "ben") == "Tom"
    meetings.do(ada, "ada", "book", TUESDAY + HOUR)
    assert engine.audit().fine


def test_who_held_a_slot_too_long_may_take_it_again(meetings: Meetings, clock: SimulatedClock) -> None:
    """Where nobody has booked it meanwhile, the slot is still to be had, and by its own customer too."""
    ada = meetings.begin("ada")
    meetings.do(ada, "ada", "hold", TUESDAY)
    clock.advance(HOUR)
    meetings.do(ada, "ada", "hold", TUESDAY)
    clock.advance(HOUR)
    meetings.do(ada, "ada", "book", TUESDAY)
    assert meetings.engine.step(ada, "ada").booked == TUESDAY
    meetings.engine.run_due()
    assert meetings.engine.step(ada, "ada").booked == TUESDAY
    assert meetings.engine.audit().fine


def test_a_hold_does_not_outlast_its_slot(meetings: Meetings, clock: SimulatedClock) -> None:
    """A slot that begins soon is held until it begins."""
    clock.set(datetime(2026, 5, 4, 9, 50, tzinfo=UTC))
    ada = meetings.begin("ada")
    meetings.do(ada, "ada", "hold", datetime(2026, 5, 4, 10, tzinfo=UTC))
    clock.advance(timedelta(minutes=11))
    with pytest.raises(BadAnswer, match="is held for you no more"):
        meetings.do(ada, "ada", "book")


def test_a_held_slot_that_is_booked_stays(meetings: Meetings, clock: SimulatedClock) -> None:
    """What is booked in time is booked for good."""
    ada, ben = meetings.begin("ada"), meetings.begin("ben")
    meetings.do(ada, "ada", "hold", TUESDAY)
    meetings.do(ada, "ada", "book")
    clock.advance(2 * HOUR)
    assert not meetings.free(ben, "ben", TUESDAY)
    with pytest.raises(SlotTaken):
        meetings.do(ben, "ben", "book", TUESDAY)


# what frees


def _move(meetings: Meetings, step: str) -> None:
    meetings.do(step, "ada", "move", TUESDAY + 2 * DAY)


def _cancel(meetings: Meetings, step: str) -> None:
    meetings.do(step, "ada", "cancel")


def _withdraw(meetings: Meetings, step: str) -> None:
    meetings.engine.withdraw(step.partition(".")[0], by="ada")


def _end(meetings: Meetings, step: str) -> None:
    meetings.engine.end(step.partition(".")[0], "The shop burnt down", by="olga")


def _another_state(meetings: Meetings, step: str) -> None:
    meetings.engine.move(step.partition(".")[0], "again", because="He was here", by="olga")


def _moved_by_staff(meetings: Meetings, step: str) -> None:
    meetings.engine.act(meetings.held_by(step), "move", {"slot": (TUESDAY + 2 * DAY).isoformat()}, by="tom")


def _migrated_and_cancelled(meetings: Meetings, step: str) -> None:
    """In the new version the calendar has other seats, and who holds it another role."""
    meetings.deploy(seats=4, who="cutter")
    meetings.engine.migrate(step.partition(".")[0], by="olga")
    meetings.do(step, "ada", "cancel")


@pytest.mark.parametrize(
    "way", [_move, _cancel, _withdraw, _end, _another_state, _moved_by_staff, _migrated_and_cancelled]
)
@pytest.mark.parametrize("first", ["book", "hold"])
def test_whichever_way_it_is_left_room_and_people_are_free(
    meetings: Meetings, first: str, way: Callable[[Meetings, str], None]
) -> None:
    """What a job gives back, it gives back whole: the seat, the customer, and who was to meet him."""
    meetings.deploy(seats=1)
    step = meetings.begin("ada")
    meetings.do(step, "ada", first, TUESDAY)
    if first == "hold" and way in (_move, _moved_by_staff):
        meetings.do(step, "ada", "book")
    way(meetings, step)
    meetings.deploy(seats=1)
    meetings.book("ben", TUESDAY)
    meetings.deploy("other", "garden", who="ghost")
    meetings.book("ada", TUESDAY, "other")
    assert meetings.engine.audit().fine


def test_missed_and_expired_appointments_bind_nobody(meetings: Meetings, clock: SimulatedClock) -> None:
    """Who was missed books anew, with the same people; a job that expired holds nothing."""
    step = meetings.book("ada", TUESDAY)
    clock.set(TUESDAY + HOUR)
    meetings.engine.act(meetings.held_by(step), "missed", by="tom")
    again = next(item.id for item in meetings.engine.inbox("ada"))
    meetings.do(again, "ada", "hold", TUESDAY + DAY)
    clock.advance(20 * DAY)
    meetings.engine.run_due()
    assert meetings.engine.jobs()[0].because == "Nobody came"
    ben = meetings.begin("ben")
    meetings.do(ben, "ben", "book", datetime(2026, 5, 26, 9, tzinfo=UTC))


# who holds it


def test_an_appointment_goes_to_who_takes_it(meetings: Meetings) -> None:
    """Who claims an appointment, or is assigned to it, is booked for it; the other is free; the customer is told."""
    engine = meetings.engine
    engine.add_staff("tess", "Tess", roles=["tailor"])
    step = meetings.book("ada", TUESDAY)
    held = meetings.held_by(step)
    assert meetings.met_by(step, "ada") == "Tess"
    engine.claim(held, by="tom")
    assert meetings.met_by(step, "ada") == "Tom"
    assert meetings.met_by(meetings.book("ben", TUESDAY), "ben") == "Tess"
    with pytest.raises(NotAllowed, match="tess has another appointment at Tue 5 May 2026, 09:00 UTC") as refused:
        engine.assign(held, "tess", by="tom")
    assert refused.value.possible == ("somebody who is free then", "have the customer move the appointment first")
    assert meetings.met_by(step, "ada") == "Tom"
    engine.assign(held, "olga", by="olga")
    assert meetings.met_by(step, "ada") == "Olga"
    assert engine.audit().fine


def test_what_is_only_tried_says_what_would_come_of_it(meetings: Meetings) -> None:
    """An operator who only tries to book, or to hand over, is told as if he had, and nothing is booked."""
    engine = meetings.engine
    engine.add_staff("tess", "Tess", roles=["tailor"])
    step, other = meetings.book("ada", TUESDAY), meetings.begin("ben")
    slot = {"slot": TUESDAY.isoformat()}
    tried = engine.act_for(other, "ben", "book", slot, because="By phone", by="olga", dry=True)
    assert tried.outcome == "book"
    meetings.book("ben", TUESDAY)
    with pytest.raises(SlotTaken):
        engine.act_for(other, "ben", "book", slot, because="By phone", by="olga", dry=True)
    held = meetings.held_by(step)
    engine.claim(held, by="tess")
    told = engine.hand_over("tess", "tom", because="Ill", by="olga", dry=True)
    assert list(told.refused) == [held]
    assert meetings.met_by(step, "ada") == "Tess"


def test_who_holds_his_own_appointment_needs_nobody(meetings: Meetings) -> None:
    """An appointment that the customer may hold himself takes a seat and him."""
    meetings.deploy("own", "garden", who="[customer, tailor]")
    step = meetings.book("ada", TUESDAY, "own")
    assert meetings.met_by(step, "ada") == ""
    held = meetings.held_by(step)
    meetings.engine.claim(held, by="ada")
    assert meetings.met_by(step, "ada") == ""
    with pytest.raises(SlotTaken):
        meetings.book("ada", TUESDAY, "own")


def test_whom_it_is_with_may_depend_on_data(meetings: Meetings) -> None:
    """Where the persons whom an appointment is with cannot be told, the step can be looked at, nothing is offered, and
    a booking is refused with why; where they can, they are who must be free."""
    engine = meetings.engine
    for name, whom in (("wrong", "data.need"), ("right", '["olga", "nobody"]')):
        meetings.deploy(name, name, who=f"{{people: {whom!r}}}")
    step = meetings.begin("ada", "wrong")
    assert engine.step(step, "ada").slots == ()
    with pytest.raises(ExpressionFailed, match="not a list of person ids"):
        meetings.do(step, "ada", "book", TUESDAY)
    engine.add_absence("olga", TUESDAY, TUESDAY + HOUR)
    step = meetings.begin("ada", "right")
    assert not meetings.free(step, "ada", TUESDAY)
    meetings.do(step, "ada", "book", TUESDAY + HOUR)
    assert meetings.met_by(step, "ada") == "Olga"


def test_a_handover_tells_which_appointments_the_other_cannot_have(meetings: Meetings) -> None:
    """Handing over what somebody has claimed leaves him what the other is elsewhere for, and says so."""
    engine = meetings.engine
    engine.add_staff("tess", "Tess", roles=["tailor"])
    held = {meetings.held_by(meetings.book(who, slot)) for who, slot in (("ada", TUESDAY), ("ben", TUESDAY + DAY))}
    for one in held:
        engine.claim(one, by="tom")
    engine.add_customer("cid")
    meetings.book("cid", TUESDAY)  # with Tess
    told = engine.hand_over("tom", "tess", because="Ill", by="olga")
    assert len(told.handed) == 1
    ((_, why),) = told.refused.items()
    assert "tess has another appointment" in why
