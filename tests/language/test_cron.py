"""Schedules as cron has them, and what clocks that change do to them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from flowengine.language.cron import Cron

LONDON = ZoneInfo("Europe/London")


def moments(text: str, after: datetime, count: int, zone: ZoneInfo = LONDON) -> list[str]:
    """The next so many moments, in UTC."""
    cron, found = Cron.parse(text), []
    for _ in range(count):
        after = cron.next(after, zone)
        found.append(f"{after:%m-%d %H:%M}")
        assert cron.last(after, zone) == after
    return found


def test_the_days_are_those_of_the_zone() -> None:
    """Seven on a Monday is seven where the process is, in winter and in summer."""
    assert moments("0 7 * * mon", datetime(2026, 3, 20, tzinfo=UTC), 3) == ["03-23 07:00", "03-30 06:00", "04-06 06:00"]


def test_a_time_that_is_left_out_comes_once() -> None:
    """Half past one on the day on which the clock leaves that hour out is when it goes on; all of them are once."""
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert moments("30 1 * * *", before, 2) == ["03-29 01:00", "03-30 00:30"]
    assert moments("0,30 1 * * *", before, 3) == ["03-29 01:00", "03-30 00:00", "03-30 00:30"]


def test_a_time_that_comes_twice_comes_once() -> None:
    """Half past one on the day that has it twice is the first of them, from whenever one looks."""
    assert moments("30 1 * * *", datetime(2026, 10, 24, 12, tzinfo=UTC), 2) == ["10-25 00:30", "10-26 01:30"]
    between = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)  # a quarter past one, the second time
    assert moments("30 1 * * *", between, 1) == ["10-26 01:30"]


def test_an_open_hour_goes_by_the_time_that_passes() -> None:
    """Each hour is each hour, also while the clock is put back."""
    assert moments("5 * * * *", datetime(2026, 10, 25, 0, 0, tzinfo=UTC), 3) == [
        "10-25 00:05",
        "10-25 01:05",
        "10-25 02:05",
    ]


def test_the_last_of_many_is_found_at_once() -> None:
    """Years of minutes that were missed cost no more than one."""
    cron = Cron.parse("* * * * *")
    assert cron.last(datetime(2036, 1, 1, 0, 0, 30, tzinfo=UTC), LONDON) == datetime(2036, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0 7 * *", "4 fields"),
        ("0 0 7 * * mon", "6 fields"),
        ("@daily", "1 fields"),
        ("60 7 * * *", "bad minute"),
        ("0 24 * * *", "bad hour"),
        ("0 7 * * maandag", "bad day-of-week"),
        ("0 7 30 2 *", "bad day-of-month"),
        ("0 7 * * mon#6", "bad day-of-week"),
        ("0 7 1-0 * *", "bad day-of-month"),
        ("*/0 * * * *", "bad minute"),
        ("², * * * *", "bad minute"),
    ],
)
def test_what_is_no_schedule_is_refused(text: str, why: str) -> None:
    """A text that is no schedule says what is wrong with it."""
    with pytest.raises(ValueError, match=r"field|no schedule|never") as error:
        Cron.parse(text)
    assert why in str(error.value)
