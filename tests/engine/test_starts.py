"""Jobs that start by themselves: by a message that no job waits for, and by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from waiting import join

from flowengine import Actor, Engine, SimulatedClock
from flowengine.errors import (
    Ambiguous,
    BadAnswer,
    KeyConflict,
    NotAllowed,
    NotFound,
    ProcessRefused,
    Refused,
    StaleCommand,
)
from flowengine.views.replies import Kept
from flowengine.work import due

SHOP = """
process: shop
need: Something from the shop
starts:
  message: ordered
  fields: {who: {type: string}, what: {type: string}, day: {type: string, format: date, optional: true}}
  when: message.what != "nothing"
  customer: message.who
  need: {what: message.what, order: key, asked: day(now)}
states:
  need:
    type: need
    fields: {what: {type: string, maxLength: 20}, order: {type: string}, asked: {type: string, format: date}}
    next: paid
  paid: {type: message, name: ordered, key: data.need.order, keep: P1D, within: P9D,
         on: {received: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It was not paid}
"""
REPAIRS = """
process: repairs
need: Something that works again
starts: {message: ordered, when: message.what == "repair", customer: message.who}
states:
  need: {type: need, next: mend}
  mend: {type: task, for: staff, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""
WEEKLY = """
process: weekly
need: A pitch that is ready on Saturday
zone: Europe/London
starts:
  - {every: 0 7 * * mon, customer: '"club"', need: {day: day(now)}}
  - {every: 0 9 1 * *, customer: '"club"', need: {day: day(now)}, when: day(now) != "2026-06-01"}
states:
  need: {type: need, fields: {day: {type: string, format: date}}, next: mow}
  mow: {type: task, for: staff, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""


@pytest.fixture
def clock() -> SimulatedClock:
    """A Tuesday."""
    return SimulatedClock(datetime(2026, 5, 5, 9, tzinfo=UTC))


@pytest.fixture
def engine(database_url: str, clock: SimulatedClock) -> Iterator[Engine]:
    with Engine(database_url, clock=clock) as made:
        made.add_staff("tom", "Tom")
        made.add_staff("olga", "Olga", roles=["operator"])
        yield made


def needs(engine: Engine) -> list[object]:
    """What the jobs were started with, the oldest first."""
    return [engine.data(job.id)["need"] for job in reversed(engine.jobs())]


# by a message


def test_a_message_starts_a_job(engine: Engine) -> None:
    """A message that no job waits for starts one, for the customer and with the need that it says; a new customer is
    entered."""
    engine.deploy(SHOP)
    receipt = engine.send("ordered", "17", {"who": "ada", "what": "A pan"})
    assert receipt.started
    assert receipt.states == ("paid",)
    (job,) = engine.jobs()
    assert (job.id, job.process, job.customer) == (receipt.job, "shop", "ada")
    assert needs(engine) == [{"what": "A pan", "order": "17", "asked": "2026-05-05"}]
    assert engine.history(receipt.job)[0].what == "started by the message ordered"
    assert engine.person("ada").kind == "customer"
    assert engine.audit().fine


def test_a_job_that_waits_comes_first(engine: Engine) -> None:
    """A message for which a job waits is that job's; another key starts another job, before it would be kept."""
    engine.deploy(SHOP)
    first = engine.send("ordered", "17", {"who": "ada", "what": "A pan"})
    again = engine.send("ordered", "17", {"paid": True})
    assert (again.job, again.started, again.status) == (first.job, False, "fulfilled")
    assert engine.send("ordered", "18", {"who": "ada", "what": "A pot"}).started


def test_a_condition_that_does_not_hold_starts_nothing(engine: Engine) -> None:
    """Where the condition does not hold, or cannot be evaluated, a message is kept or refused as ever."""
    engine.deploy(REPAIRS)
    for body in ({"who": "ada", "what": "pan"}, {"who": "ada"}, None, [1]):
        with pytest.raises(NotFound, match="conditions"):
            engine.send("ordered", "17", body)
    engine.deploy(SHOP)
    assert isinstance(engine.send("ordered", "17", {"who": "ada", "what": "nothing"}), Kept)
    assert engine.jobs() == []


def test_the_condition_says_which_process(engine: Engine) -> None:
    """Of two processes that start by one message, the one whose condition holds; where both hold, none."""
    engine.deploy(SHOP)
    engine.deploy(REPAIRS)
    assert engine.send("ordered", "1", {"who": "ada", "what": "A pan"}).states == ("paid",)
    with pytest.raises(Ambiguous) as error:
        engine.send("ordered", "2", {"who": "ada", "what": "repair"})
    assert error.value.possible == ("repairs", "shop")
    assert len(engine.jobs()) == 1


def test_two_processes_cannot_start_by_each_message_of_a_name(engine: Engine) -> None:
    """A process is refused, with the place, where nothing tells it from another in use; a process may replace itself,
    and one that starts by it no more is in nobody's way."""
    engine.deploy(SHOP)
    engine.deploy(SHOP + "# a comment\n")
    without = REPAIRS.replace('when: message.what == "repair", ', "")
    with pytest.raises(ProcessRefused) as error:
        engine.deploy(without)
    (problem,) = error.value.problems
    assert (problem.code, problem.place.line) == ("ambiguous-start", 4)
    assert [row.name for row in engine.processes() if row.latest] == ["shop"]
    start, end = SHOP.index("starts:"), SHOP.index("states:")
    engine.deploy(SHOP[:start] + SHOP[end:])
    engine.deploy(without)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"who": "ada", "what": 1}, "what"),
        ({"who": "ada", "what": "A pan", "colour": "red"}, "colour"),
        ({"who": "ada", "what": "A pan of more than twenty characters"}, "what"),
        ({"who": "not an id", "what": "A pan"}, "id"),
        ({"what": "A pan"}, "who"),
    ],
)
def test_a_message_that_gives_no_job_is_refused(engine: Engine, body: dict[str, object], where: str) -> None:
    """A message that breaks its fields, those of the need, or names no customer is refused with what is wrong; nothing
    has happened then."""
    engine.deploy(SHOP)
    with pytest.raises(BadAnswer) as error:
        engine.send("ordered", "17", body)
    assert where in error.value.problems
    assert engine.jobs() == []
    assert [person.id for person in engine.people("customer")] == []


def test_a_message_starts_no_job_for_staff(engine: Engine) -> None:
    """The customer is a customer: staff are none (L15); and no customer sends messages."""
    engine.deploy(SHOP)
    with pytest.raises(NotAllowed, match="not a customer"):
        engine.send("ordered", "17", {"who": "tom", "what": "A pan"})
    with pytest.raises(Refused):
        engine.send("ordered", "17", {"who": "ada", "what": "A pan"}, by=Actor(kind="customer", id="ada"))
    assert engine.jobs() == []


def test_a_customer_that_is_no_text_is_refused(engine: Engine) -> None:
    """Where nothing is known of the message before, what it gives is looked at when it comes."""
    engine.deploy(REPAIRS)
    with pytest.raises(BadAnswer, match="customer"):
        engine.send("ordered", "17", {"who": 7, "what": "repair"})


def test_a_repeated_message_starts_one_job(engine: Engine) -> None:
    """The same request key gives the same receipt, another message under it is a conflict (L3)."""
    engine.deploy(SHOP)
    body = {"who": "ada", "what": "A pan"}
    first = engine.send("ordered", "17", body, request_key="k", by="tom")
    again = engine.send("ordered", "17", body, request_key="k", by="tom")
    assert again == first
    assert again.repeated
    with pytest.raises(KeyConflict):
        engine.send("ordered", "18", body, request_key="k", by="tom")
    assert len(engine.jobs()) == 1


def test_equal_messages_at_once_start_one_job(engine: Engine, database_url: str, clock: SimulatedClock) -> None:
    """Of equal requests at once, also for a customer who is new, one starts a job and all have its receipt (L3)."""
    engine.deploy(SHOP)
    barrier, found = Barrier(4), list[str]()

    def send() -> None:
        with Engine(database_url, clock=clock) as own:
            barrier.wait(60)
            found.append(own.send("ordered", "17", {"who": "ada", "what": "A pan"}, request_key="k").job)

    threads = [Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    join(*threads)
    assert found == [engine.jobs()[0].id] * 4
    assert len(engine.jobs()) == 1


# by the clock


@pytest.fixture
def weekly(engine: Engine) -> Engine:
    engine.add_customer("club", "The club")
    engine.deploy(WEEKLY)
    return engine


def at(clock: SimulatedClock, *moment: int) -> None:
    clock.advance(datetime(*moment, tzinfo=UTC) - clock.now())  # type: ignore[arg-type, misc]  # whole numbers


def test_the_clock_starts_a_job(weekly: Engine, clock: SimulatedClock) -> None:
    """At each moment of a schedule a job starts, at the time of the process's zone, and not before."""
    first, second = weekly.schedules()
    assert (first.id, first.every, first.customer) == ("weekly/1", "0 7 * * mon", '"club"')
    assert first.due == first.next == weekly.next_due() == datetime(2026, 5, 11, 6, tzinfo=UTC)
    assert second.due == datetime(2026, 6, 1, 8, tzinfo=UTC)
    at(clock, 2026, 5, 11, 5, 59)
    assert not weekly.run_due().anything
    at(clock, 2026, 5, 11, 6)
    assert weekly.run_due().timers == 1
    assert not weekly.run_due().anything
    assert needs(weekly) == [{"day": "2026-05-11"}]
    (job,) = weekly.jobs()
    assert job.customer == "club"
    assert weekly.history(job.id)[0].what == "started by the schedule 0 7 * * mon"
    assert weekly.next_due() == datetime(2026, 5, 18, 6, tzinfo=UTC)
    assert weekly.audit().fine


def test_of_the_missed_the_last_counts(weekly: Engine, clock: SimulatedClock) -> None:
    """Where no worker ran, one job starts for the last moment that was missed, and knows that moment."""
    at(clock, 2026, 5, 28, 12)
    assert weekly.run_due().timers == 1
    assert needs(weekly) == [{"day": "2026-05-25"}]
    assert weekly.schedules()[0].due == datetime(2026, 6, 1, 6, tzinfo=UTC)


def test_a_moment_without_its_condition_passes(weekly: Engine, clock: SimulatedClock) -> None:
    """Where the condition does not hold at a moment, no job starts, and the next moment is set."""
    at(clock, 2026, 6, 1, 8)
    weekly.run_due()
    assert needs(weekly) == [{"day": "2026-06-01"}]  # the weekly one
    assert weekly.schedules()[1].due == datetime(2026, 7, 1, 8, tzinfo=UTC)


def test_deployed_again_a_schedule_goes_on(weekly: Engine, clock: SimulatedClock) -> None:
    """A new version keeps the moments of the schedules that it still has, also one that is due; a schedule that it
    does not have any more starts nothing, one that is new begins now."""
    at(clock, 2026, 5, 11, 6, 30)
    first = "  - {every: 0 7 * * mon, customer: '\"club\"', need: {day: day(now)}}\n"
    changed = WEEKLY.replace(
        "starts:\n", "starts:\n  - {every: 0 8 * * fri, customer: '\"club\"', need: {day: day(now)}}\n"
    )
    weekly.deploy(changed)
    assert [(one.every, one.due.day) for one in weekly.schedules()] == [
        ("0 8 * * fri", 15), ("0 7 * * mon", 11), ("0 9 1 * *", 1),
    ]  # fmt: skip
    weekly.run_due()
    weekly.deploy(WEEKLY)
    weekly.run_due()
    assert needs(weekly) == [{"day": "2026-05-11"}]
    weekly.deploy(WEEKLY.replace(first, ""))
    at(clock, 2026, 5, 20)
    weekly.run_due()
    assert len(weekly.jobs()) == 1
    weekly.deploy(WEEKLY[: WEEKLY.index("starts:")] + WEEKLY[WEEKLY.index("states:") :])
    assert weekly.schedules() == []
    assert weekly.next_due() is None


def test_a_customer_who_is_not_there_is_an_incident(engine: Engine, clock: SimulatedClock) -> None:
    """A job that cannot be started is an incident, is tried again by itself, and starts once it can be; other
    schedules go on."""
    engine.deploy(WEEKLY)
    other = WEEKLY.replace("process: weekly", "process: other").replace('"club"', '"ada"')
    engine.add_customer("ada")
    engine.deploy(other)
    at(clock, 2026, 5, 11, 6)
    ran = engine.run_due()
    assert (ran.timers, ran.failed) == (1, 1)
    (incident,) = engine.incidents()
    assert (incident.kind, incident.id, incident.process, incident.attempts) == ("schedule", "weekly/1", "weekly", 1)
    assert "there is nobody with the id 'club'" in incident.error
    assert incident.next == clock.now() + due.POSTPONED
    assert engine.measures().schedule_incidents == {"weekly": 1}
    schedule = next(one for one in engine.schedules() if one.id == "weekly/1")
    assert (schedule.due.day, schedule.attempts, schedule.next) == (11, 1, incident.next)
    with pytest.raises(NotFound, match="club"):
        engine.retry("weekly/1")
    engine.add_customer("club")
    clock.advance(due.POSTPONED)
    assert engine.run_due().timers == 1
    assert engine.incidents() == []
    assert len(engine.jobs(customer="club")) == 1


def test_an_operator_tries_again(engine: Engine, clock: SimulatedClock) -> None:
    """An operator starts what could not be started; once it is, there is nothing to try again."""
    engine.deploy(WEEKLY)
    at(clock, 2026, 5, 11, 6)
    engine.run_due()
    engine.add_customer("club")
    assert engine.retry_all("olga", kind="schedule").tried == ("weekly/1",)
    assert needs(engine) == [{"day": "2026-05-11"}]
    for gone, error in (("weekly/1", StaleCommand), ("weekly/9", NotFound), ("x/y", NotFound), ("weekly/²", NotFound)):
        with pytest.raises(error):
            engine.retry(gone, "olga")
    with pytest.raises(NotAllowed):
        engine.retry("weekly/1", "tom")


def test_a_need_that_is_none_is_an_incident(engine: Engine, clock: SimulatedClock) -> None:
    """What a need cannot take is found when the job is to start, and mended by a new version at once."""
    engine.add_customer("club")
    engine.deploy(WEEKLY.replace("day: day(now)", "day: string(now)"))
    at(clock, 2026, 5, 11, 6)
    assert engine.run_due().failed == 1
    assert "day" in engine.incidents()[0].error
    engine.deploy(WEEKLY)
    engine.run_due()
    assert needs(engine) == [{"day": "2026-05-11"}]


def test_a_clock_that_is_set_back_starts_nothing_again(weekly: Engine, clock: SimulatedClock) -> None:
    """A moment that comes twice, since the clock was set back, starts one job (L3)."""
    at(clock, 2026, 5, 11, 6)
    weekly.run_due()
    clock.advance(-timedelta(days=1))
    weekly.deploy(WEEKLY.replace("0 7 * * mon", "00 7 * * mon"))
    clock.advance(timedelta(days=1))
    weekly.run_due()
    assert len(weekly.jobs()) == 1
    assert weekly.incidents() == []


def test_workers_at_once_start_one_job(weekly: Engine, database_url: str, clock: SimulatedClock) -> None:
    """A moment that several see to at once starts one job (L3)."""
    at(clock, 2026, 5, 11, 6)
    barrier = Barrier(4)

    def run() -> None:
        with Engine(database_url, clock=clock) as own:
            barrier.wait(60)
            due.start_jobs(own.shell, [("weekly", 1)])  # as if all of them had claimed it

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    join(*threads)
    assert len(weekly.jobs()) == 1


def test_who_is_lost_with_a_schedule_is_replaced(weekly: Engine, clock: SimulatedClock) -> None:
    """What a worker has claimed that is lost is seen to by another, once its claim is over."""
    at(clock, 2026, 5, 11, 6)
    with weekly.database.writing() as tx:
        assert tx.schedules.claim(10, clock.now() + due.CLAIMED, clock.now()) == [("weekly", 1)]
    assert not weekly.run_due().anything
    clock.advance(due.CLAIMED)
    assert weekly.run_due().timers == 1


def test_a_suspended_process_starts_nothing(weekly: Engine, clock: SimulatedClock) -> None:
    """While a process is suspended neither a message nor the clock starts a job, which is no incident; once it goes on,
    the last moment that was missed counts."""
    weekly.deploy(SHOP)
    for name in ("weekly", "shop"):
        weekly.suspend_process(name, because="Holidays")
    with pytest.raises(NotAllowed, match="Holidays"):
        weekly.send("ordered", "17", {"who": "ada", "what": "A pan"})
    at(clock, 2026, 5, 25, 6)
    weekly.run_due()
    assert (weekly.jobs(), weekly.incidents()) == ([], [])
    assert not weekly.run_due().anything
    weekly.resume_process("weekly", because="Back again")
    clock.advance(timedelta(minutes=1))
    weekly.run_due()
    assert needs(weekly) == [{"day": "2026-05-25"}]
