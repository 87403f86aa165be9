"""Appointments as iCalendar, read back by another library than the one that wrote them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from flowengine.interop.ical import Occasion, Party, written

AT = datetime(2026, 5, 5, 9, tzinfo=UTC)


def occasion(**more: object) -> Occasion:
    usual = {"uid": "a.1@flowengine", "sequence": 4, "start": AT, "end": AT + timedelta(hours=1), "stamp": AT}
    return Occasion(**(usual | {"zone": "Europe/London", "summary": "Measuring"} | more))  # type: ignore[arg-type]


def read(text: str) -> vobject.base.Component:
    (calendar,) = vobject.readComponents(text)
    return calendar


def test_an_appointment_is_read_back() -> None:
    """When it is, in the zone of its place, what for, and which of several tellings of it counts."""
    calendar = read(
        written([occasion(description="With Tom\nhttps://flow.example/jobs/a", url="https://flow.example")])
    )
    event = calendar.vevent
    assert event.dtstart.value == AT
    assert event.dtend.value == AT + timedelta(hours=1)
    assert event.dtstart.value.utcoffset() == timedelta(hours=1)
    assert (event.uid.value, event.sequence.value) == ("a.1@flowengine", "4")
    assert event.summary.value == "Measuring"
    assert event.description.value == "With Tom\nhttps://flow.example/jobs/a"
    assert (event.status.value, calendar.method.value) == ("CONFIRMED", "PUBLISH")
    assert calendar.vtimezone.tzid.value == "Europe/London"


@pytest.mark.parametrize(
    "start",
    [
        datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
        datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
        datetime(2027, 10, 30, 23, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 2, 30, tzinfo=UTC),
    ],
)
def test_in_the_nights_when_clocks_change_it_is_the_same_moment(start: datetime) -> None:
    """By the rules that stand in the file itself, not by what the reader knows of the zone."""
    event = read(written([occasion(start=start, end=start + timedelta(hours=1))])).vevent
    assert event.dtstart.value.astimezone(UTC) == start


def test_an_invitation_names_both_and_a_cancellation_takes_it_out() -> None:
    """The receiver need not answer, for he knows already; what is cancelled is so by its own UID."""
    organiser, ada = Party("Tailor, & Sons", "suits@example.org"), Party("Ada", "ada@example.org")
    asked = read(written([occasion()], "REQUEST", organiser=organiser, attendee=ada))
    assert asked.method.value == "REQUEST"
    assert asked.vevent.organizer.value == "mailto:suits@example.org"
    assert asked.vevent.organizer.params["CN"] == ["Tailor, & Sons"]
    assert asked.vevent.attendee.value == "mailto:ada@example.org"
    assert asked.vevent.attendee.params["RSVP"] == ["FALSE"]
    gone = read(written([occasion(sequence=5, cancelled=True)], "CANCEL", organiser=organiser, attendee=ada))
    assert (gone.method.value, gone.vevent.status.value, gone.vevent.sequence.value) == ("CANCEL", "CANCELLED", "5")
    assert gone.vevent.uid.value == asked.vevent.uid.value


@given(
    st.text(max_size=300),
    st.text(max_size=300),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=80),
)
def test_no_text_breaks_a_file(summary: str, description: str, name: str) -> None:
    """Whatever people have written stays in its field: one event, and no line longer than 75 bytes."""
    summary, description, name = (one.encode("utf-8", "replace").decode() for one in (summary, description, name))
    text = written([occasion(summary=summary, description=description)], name=name)
    assert text.count("\r\nBEGIN:VEVENT\r\n") == 1
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    event = read(text).vevent
    plain = "".join(sign if sign.isprintable() else " " for sign in summary)
    assert event.summary.value.strip() == " ".join(plain.split())[:200].strip()
    assert event.uid.value == "a.1@flowengine"


def test_a_line_cannot_be_smuggled_in() -> None:
    """Line breaks and quotes in what people write, and in their names."""
    evil = 'x\r\nATTENDEE:mailto:eve@example.org\r\n";X-A="'
    text = written(
        [occasion(summary=evil, description=evil, location=evil)],
        "REQUEST",
        organiser=Party(evil, "suits@example.org"),
        attendee=Party(evil, "ada@example.org"),
    )
    event = read(text).vevent
    assert [one.value for one in event.attendee_list] == ["mailto:ada@example.org"]
    assert not hasattr(event, "x_a")
