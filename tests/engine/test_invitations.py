"""Appointments in people's own calendars: what a mail carries, files and feeds; reminders; closed calendars."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import vobject
from mail_server import MailServer

from flowengine import (
    NOTIFY,
    BadAnswer,
    BadToken,
    Database,
    Engine,
    HandlerCall,
    NotAllowed,
    NotFound,
    SimulatedClock,
    SlotTaken,
)
from flowengine.runtime.settings import Settings

MEASURING = """
process: measuring
title: A suit made with you
need: A suit
zone: Europe/London
roles: {tailor: {title: Tailor}}
calendars:
  shop: {open: {mon-fri: "09:00-17:00"}, every: PT1H, notice: PT2H, ahead: P14D, seats: 2}
states:
  need: {type: need, fields: {wish: {type: string, optional: true}}, next: measure}
  measure:
    type: fitting
    ask: When can we measure you?
    title: Measuring
    with: tailor
    length: PT1H
    hold: PT20M
    remind_before: [P1D, PT2H]
    within: P10D
    on: {held: fulfilled, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
  withdrawn: {type: ended, because: You withdrew}
always:
  withdraw: {by: customer, to: withdrawn}
"""
TUESDAY = datetime(2026, 5, 5, 9, tzinfo=UTC)
"""Ten o'clock in London."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def told() -> list[dict[str, Any]]:
    """What the handler of notices was told."""
    return []


@pytest.fixture
def engine(database: Database, clock: SimulatedClock, mail: MailServer, told: list[dict[str, Any]]) -> Iterator[Engine]:
    settings = Settings(
        mail=f"smtp://127.0.0.1:{mail.port}", mail_from="Tailor <suits@example.org>", url="https://flow.example"
    )
    with Engine(database, clock=clock, settings=settings) as engine:

        @engine.handler(NOTIFY)
        def notify(call: HandlerCall) -> None:
            told.append(call.input)

        engine.deploy(MEASURING)
        engine.add_customer("ada", "Ada Żółw", contact="ada@example.org")
        engine.add_staff("tom", "Tom", ["tailor"], contact="tom@example.org")
        engine.run_due()
        yield engine


def begin(engine: Engine) -> str:
    """Begin a job of Ada's; the step on which she books."""
    job = engine.start("measuring", by="ada").job
    return next(item.id for item in engine.inbox("ada") if item.job == job)


def act(engine: Engine, step: str, move: str, slot: datetime | None = None, by: str = "ada") -> None:
    engine.act(step, move, {"slot": slot.isoformat()} if slot else {}, by=by)
    settle(engine)


def settle(engine: Engine) -> None:
    while engine.run_due().anything:
        pass


def invitation(letter: EmailMessage) -> Any:
    """The calendar that a mail carries, both ways; None where it has none."""
    parts = [part for part in letter.walk() if part.get_content_type() == "text/calendar"]
    if not parts:
        return None
    shown, attached = parts
    assert attached.get_filename() == "appointment.ics"
    assert shown.get_content() == attached.get_content()
    calendar = vobject.readOne(attached.get_content())
    assert shown.get_param("method") == calendar.method.value
    return calendar


def to(mail: MailServer, whom: str) -> list[EmailMessage]:
    return [letter for letter in mail.letters if whom in str(letter["To"])]


def test_a_booking_a_move_and_a_cancellation_keep_one_uid(engine: Engine, mail: MailServer) -> None:
    """Each with a larger SEQUENCE, for the customer and for who meets him; what is only held is not told."""
    step = begin(engine)
    act(engine, step, "hold", TUESDAY)
    act(engine, step, "book", TUESDAY)
    act(engine, step, "move", TUESDAY + DAY)
    act(engine, step, "cancel")
    hers = [(str(one["Subject"]), invitation(one)) for one in to(mail, "ada@")]
    assert [subject for subject, _ in hers] == [
        "When can we measure you?",
        "Your appointment: Tue 5 May 2026, 10:00",
        "Your appointment has changed: Wed 6 May 2026, 10:00",
        "Cancelled: Wed 6 May 2026, 10:00",
    ]
    booked, moved, gone = (calendar for _, calendar in hers[1:])
    assert [one.method.value for one in (booked, moved, gone)] == ["REQUEST", "REQUEST", "CANCEL"]
    assert len({one.vevent.uid.value for one in (booked, moved, gone)}) == 1
    numbers = [int(one.vevent.sequence.value) for one in (booked, moved, gone)]
    assert numbers == sorted(set(numbers))
    assert [one.vevent.dtstart.value for one in (booked, moved)] == [TUESDAY, TUESDAY + DAY]
    assert booked.vevent.summary.value == "Measuring"
    assert "With Tom" in booked.vevent.description.value
    his = [invitation(one) for one in to(mail, "tom@")]
    assert [one.method.value for one in his] == ["REQUEST", "REQUEST", "CANCEL"]
    assert {one.vevent.uid.value for one in his} == {booked.vevent.uid.value}
    assert his[0].vevent.summary.value == "Measuring: Ada Żółw"


def test_a_withdrawal_takes_the_appointment_out_of_calendars(engine: Engine, mail: MailServer, told: Any) -> None:
    """Whichever way it goes away."""
    step = begin(engine)
    act(engine, step, "book", TUESDAY)
    engine.withdraw(step.partition(".")[0], by="ada")
    settle(engine)
    for whom in ("ada@", "tom@"):
        methods = [calendar.method.value for one in to(mail, whom) if (calendar := invitation(one)) is not None]
        assert methods == ["REQUEST", "CANCEL"]
    assert [one["why"] for one in told if one.get("appointment")] == ["booked", "cancelled"]


def test_who_books_again_after_it_was_missed_has_another_appointment(
    engine: Engine, mail: MailServer, clock: SimulatedClock
) -> None:
    """The missed one stays in the calendar as it was."""
    step = begin(engine)
    act(engine, step, "book", TUESDAY)
    clock.set(TUESDAY)
    act(engine, engine.inbox("tom")[0].id, "missed", by="tom")
    act(engine, step, "book", TUESDAY + DAY)
    uids = [calendar.vevent.uid.value for one in to(mail, "ada@") if (calendar := invitation(one)) is not None]
    assert len(set(uids)) == 2
    job = engine.appointment_file(step.partition(".")[0], by="ada")
    assert job.appointments == 2
    assert {one.vevent.uid.value for one in vobject.readComponents(job.text)} <= set(uids)


def test_the_customer_is_reminded_of_an_appointment(engine: Engine, mail: MailServer, clock: SimulatedClock) -> None:
    """As long before it as the file says; of one that was moved, before the new time; of none that was given back."""
    step = begin(engine)
    act(engine, step, "book", TUESDAY)
    act(engine, step, "move", TUESDAY + DAY)
    before = len(mail.letters)
    clock.set(TUESDAY - HOUR)
    settle(engine)
    assert len(mail.letters) == before
    clock.set(TUESDAY)
    settle(engine)
    (letter,) = mail.letters[before:]
    assert str(letter["Subject"]) == "Reminder: Measuring"
    body = letter.get_body(("plain",))
    assert body is not None
    assert "A reminder of your appointment:" in body.get_content()
    assert "On Wed 6 May 2026, 10:00" in body.get_content()
    assert invitation(letter).vevent.dtstart.value == TUESDAY + DAY
    act(engine, step, "cancel")
    before = len(mail.letters)
    clock.set(TUESDAY + DAY - HOUR)
    settle(engine)
    assert len(mail.letters) == before


# files and feeds


def test_a_feed_has_the_appointments_of_who_made_it(engine: Engine) -> None:
    """A customer's own, and those that a member of staff has with customers; by its secret alone, until it ends."""
    engine.add_customer("ben", "Ben")
    step = begin(engine)
    act(engine, step, "book", TUESDAY)
    hers, his = engine.make_feed(by="ada"), engine.make_feed(by="tom")
    assert hers.secret not in repr(hers)
    assert hers.url == f"https://flow.example/calendars/{hers.secret}.ics"
    calendar = vobject.readOne(engine.read_feed(hers.secret).text)
    assert (calendar.vevent.summary.value, calendar.vevent.dtstart.value) == ("Measuring", TUESDAY)
    assert vobject.readOne(engine.read_feed(his.secret).text).vevent.summary.value == "Measuring: Ada Żółw"
    assert engine.read_feed(engine.make_feed(by="ben").secret).appointments == 0
    assert [one.id for one in engine.feeds(by="ada")] == [hers.id]
    with pytest.raises(NotFound):
        engine.end_feed(hers.id, by="tom")
    assert engine.end_feed(hers.id, by="ada") == []
    engine.leave("tom", because="He retired")
    for secret in (hers.secret, his.secret, "flow_" + "x" * 43, ""):
        with pytest.raises(BadToken):
            engine.read_feed(secret)


def test_a_file_of_a_job_is_for_who_may_see_it(engine: Engine) -> None:
    """Foreign and missing alike."""
    engine.add_customer("ben", "Ben")
    job = begin(engine).partition(".")[0]
    assert engine.appointment_file(job, by="ada").appointments == 0
    with pytest.raises(NotFound, match="there is no job"):
        engine.appointment_file(job, by="ben")


def test_an_agenda_is_saved(engine: Engine) -> None:
    """What is booked, not what is only held."""
    act(engine, begin(engine), "book", TUESDAY)
    act(engine, begin(engine), "hold", TUESDAY + DAY)
    found = engine.agenda_file(TUESDAY, TUESDAY + 3 * DAY, by="tom")
    assert found.appointments == 1
    assert vobject.readOne(found.text).vevent.dtstart.value == TUESDAY


# closed calendars


def test_a_closed_calendar_offers_nothing(engine: Engine) -> None:
    """Nor books; what was booked before stays so, and is told; opened again it offers what it did."""
    step, other = begin(engine), begin(engine)
    act(engine, other, "book", TUESDAY)
    before = engine.step(step, by="ada").slots
    closed = engine.close_calendar("shop", date(2026, 5, 5), date(2026, 5, 5), "A burst pipe", by="tom")
    assert [one.job for one in closed.appointments] == [other.partition(".")[0]]
    assert (closed.start, closed.end) == (datetime(2026, 5, 4, 23, tzinfo=UTC), datetime(2026, 5, 5, 23, tzinfo=UTC))
    there = engine.step(step, by="ada").slots
    assert there == tuple(one for one in before if one.date() != date(2026, 5, 5))
    with pytest.raises(SlotTaken, match="closed then") as refused:
        engine.act(step, "book", {"slot": (TUESDAY + HOUR).isoformat()}, by="ada")
    assert not [one for one in refused.value.possible if one.startswith("2026-05-05")]
    assert [one.why for one in engine.closures("shop", by="tom")] == ["A burst pipe"]
    assert engine.open_calendar("shop", date(2026, 5, 5), by="tom") == []
    act(engine, step, "book", TUESDAY + HOUR)


def test_closing_is_refused_with_words(engine: Engine) -> None:
    """A calendar that is not there, times that are none, customers."""
    day = date(2026, 5, 5)
    with pytest.raises(NotFound, match="did you mean shop"):
        engine.close_calendar("shopp", day, day, by="tom")
    with pytest.raises(BadAnswer):
        engine.close_calendar("shop", day, date(2026, 5, 4), by="tom")
    with pytest.raises(BadAnswer, match="over already"):
        engine.close_calendar("shop", date(2020, 5, 5), date(2020, 5, 5), by="tom")
    with pytest.raises(BadAnswer, match="offset"):
        engine.close_calendar("shop", TUESDAY.replace(tzinfo=None), day, by="tom")
    with pytest.raises(BadAnswer, match="too far"):
        engine.close_calendar("shop", day, date.max, by="tom")
    with pytest.raises(NotFound, match="not closed"):
        engine.open_calendar("shop", day, by="tom")
    with pytest.raises(NotAllowed):
        engine.close_calendar("shop", day, day, by="ada")
