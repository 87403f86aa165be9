"""Texts for people, with expressions in braces."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowengine.errors import ExpressionFailed
from flowengine.language.durations import Duration
from flowengine.language.expressions import PlainNames
from flowengine.language.texts import Text, plain, told
from flowengine.speech.spoken_time import last_day, moment

NAMES = PlainNames({"data": {"cloth": "navy", "price": 420.0, "parts": ["a", "b"]}})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("no braces", "no braces"),
        ("Your {data.cloth} suit", "Your navy suit"),
        ("{data.price} and {data.parts}", "420 and a, b"),
        ("{{data.cloth}}", "{data.cloth}"),
        ("{'}' + data.cloth + \"{\"}", "}navy{"),
        ('{ {"k": data.cloth}.k }', "navy"),
        ("", ""),
    ],
)
def test_a_text_is_filled_in(source: str, expected: str) -> None:
    """Expressions in braces give way to their values; doubled braces are braces."""
    assert Text(source).render(NAMES) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [("a { b", "never closed"), ("a } b", "without a '{'"), ("{}", "empty"), ("{a b}", "does not belong")],
)
def test_a_text_that_cannot_be_read_is_refused(source: str, message: str) -> None:
    """Braces that do not fit, and faults inside them, are told when the text is made."""
    with pytest.raises(ExpressionFailed, match=message):
        Text(source)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "yes"),
        (False, "no"),
        (None, ""),
        (3, "3"),
        (420.0, "420"),
        (Decimal("0.1") + Decimal("0.2"), "0.3"),
        (1234567.25, "1234567.25"),
        (1e-7, "0.0000001"),
        (datetime(2026, 5, 1, 10, 30, tzinfo=UTC), "2026-05-01 10:30"),
        (Duration(rest=timedelta(days=1, hours=2)), "1 day 2 hours"),
        (Duration(months=1, days=2, rest=timedelta(minutes=-5)), "1 month 2 days -5 minutes"),
        (Duration(), "0 seconds"),
        ({"a": 1, "b": [True]}, "a: 1, b: yes"),
    ],
)
def test_values_are_written_as_people_write_them(value: object, expected: str) -> None:
    """Numbers without noise, moments without seconds, lists with commas."""
    assert plain(value) == expected


YORK = ZoneInfo("America/New_York")
SLOT = datetime(2026, 5, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (SLOT, "Sun 10 May 2026, 22:00"),
        ("2026-05-11T02:00:00Z", "Sun 10 May 2026, 22:00"),
        ("2026-05-11T04:00:00.5+02:00", "Sun 10 May 2026, 22:00"),
        ("2026-05-10", "Sun 10 May 2026"),
        (["2026-05-10", {"at": SLOT}], "Sun 10 May 2026, at: Sun 10 May 2026, 22:00"),
        (Duration(days=3), "3 days"),
        ("P3M", "P3M"),
        ("2026-05-32", "2026-05-32"),
        ("9999-12-31", "9999-12-31"),
        ("2026-05-10 22:00", "2026-05-10 22:00"),
        ("No. 2026-05-10", "No. 2026-05-10"),
        ("20260510", "20260510"),
        (3, "3"),
    ],
)
def test_days_and_moments_are_told_in_words(value: object, expected: str) -> None:
    """In the zone of the process; also where data keep them as texts. What is part of a longer text stays exact."""
    assert told(value, YORK) == expected
    in_full = expected.replace("Sun 10", "Sunday, 10")
    assert Text("It is {data}").render(PlainNames({"data": value}, zone=YORK)) == f"It is {in_full}"


@pytest.mark.parametrize(
    ("zone", "home", "expected"),
    [
        ("America/New_York", "America/New_York", "Sun 10 May 2026, 22:00"),
        ("America/New_York", "America/Toronto", "Sun 10 May 2026, 22:00"),
        ("America/New_York", "Europe/London", "Sun 10 May 2026, 22:00 (New York)"),
        ("America/Argentina/Buenos_Aires", "UTC", "Sun 10 May 2026, 23:00 (Buenos Aires)"),
        ("Etc/GMT+5", "UTC", "Sun 10 May 2026, 21:00 (UTC-05)"),
        ("UTC", "UTC", "Mon 11 May 2026, 02:00 UTC"),
        ("Etc/UTC", "Europe/London", "Mon 11 May 2026, 02:00 UTC"),
    ],
)
def test_the_zone_is_said_where_another_could_be_meant(zone: str, home: str, expected: str) -> None:
    """Where clocks at home show another time, and of UTC always."""
    assert moment(SLOT, ZoneInfo(zone), ZoneInfo(home)) == expected


def test_a_promised_day_is_known_by_its_last_instant() -> None:
    """In the zone of the process, or in UTC, where promises ended before processes had zones; any other is none."""
    end = datetime.combine(date(2026, 5, 10), time.max, YORK).astimezone(UTC)
    assert last_day(end, YORK) == date(2026, 5, 10)
    assert last_day(datetime.combine(date(2026, 5, 10), time.max, UTC), YORK) == date(2026, 5, 10)
    assert last_day(SLOT, YORK) is None
    assert last_day(end, ZoneInfo("Asia/Tokyo")) is None


@given(st.text(max_size=100))
def test_doubled_braces_keep_any_text(words: str) -> None:
    """Any text survives when its braces are doubled."""
    assert Text(words.replace("{", "{{").replace("}", "}}")).render(NAMES) == words
