"""Days and moments as people type them, on a Wednesday: the clock of the command is simulated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import click
import pytest

from flowengine.cli import flow
from flowengine.cli.terminal import Terminal
from flowengine.cli.typed_moments import clock_in, typed_day, typed_moment
from flowengine.cli.typed_values import typed
from flowengine.clock import SimulatedClock
from flowengine.core.forms import FormField

DAY = FormField(name="x", title="X", type="string", format="date", schema={"type": "string", "format": "date"})
MOMENT = FormField(
    name="x", title="X", type="string", format="date-time", schema={"type": "string", "format": "date-time"}
)


class _Berlin(Terminal):
    """The terminal of somebody in Berlin."""

    @property
    def zone(self) -> str:
        return "Europe/Berlin"


@pytest.fixture(autouse=True)
def on_a_wednesday() -> Iterator[None]:
    """It is Wed 2 Dec 2026, 23:30 in Berlin."""
    clock = SimulatedClock(datetime(2026, 12, 2, 22, 30, tzinfo=UTC))
    with click.Context(flow, obj=_Berlin(clock=clock)):
        yield


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("30 Nov 2026", "2026-11-30"),
        ("Mon 30 November 2026", "2026-11-30"),
        ("mon, 30 nov 2026", "2026-11-30"),
        ("30.11.2026", "2026-11-30"),
        ("1. 3. 2027", "2027-03-01"),
        ("30.11.26", "2026-11-30"),
        ("30.11.", "2027-11-30"),
        ("2 Dec", "2026-12-02"),
        ("1 Dec", "2027-12-01"),
        ("Dec 4", "2026-12-04"),
        ("December 4th, 2026", "2026-12-04"),
        ("1st of March", "2027-03-01"),
        ("29 Feb", "2028-02-29"),
        ("30/11", "2027-11-30"),
        ("11/30/2026", "2026-11-30"),
        ("5/5", "2027-05-05"),
        ("today", "2026-12-02"),
        ("Tomorrow", "2026-12-03"),
        ("day after tomorrow", "2026-12-04"),
        ("friday", "2026-12-04"),
        ("on Fri", "2026-12-04"),
        ("wednesday", "2026-12-09"),
        ("next friday", "2026-12-11"),
        ("next monday", "2026-12-07"),
        ("in 3 days", "2026-12-05"),
        ("in a week", "2026-12-09"),
        ("in two weeks", "2026-12-16"),
        ("2027-01-28", "2027-01-28"),
    ],
)
def test_a_day_is_typed_as_people_write_it(text: str, iso: str) -> None:
    """As it is shown, by its number and month in either order, or from today; a day without a year is the next one."""
    assert typed(DAY, text) == iso


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5/11", "this can be 5 Nov 2027 or 11 May 2027: type the one you mean like that"),
        ("1-2-2027", "this can be 1 Feb 2027 or 2 Jan 2027"),
        ("Fri 28 Jan 2027", "28 January 2027 is a Thursday"),
        ("31 Feb 2027", "there is no 31 February 2027"),
        ("31.02.", "there is no 31 February"),
        ("2027-02-31", "there is no day 2027-02-31"),
        ("0000-01-01", "there is no day 0000-01-01"),
        ("99/99", "there is no day 99/99"),
        ("28 Ja 2027", "must be a day, as 1 May 2027, friday, in 3 days, or 2027-05-01"),
        ("2027-W04-4", "must be a day, as"),
        ("next week", "must be a day, as"),
        ("soon", "must be a day, as"),
        ("٣٠ Nov 2026", "must be a day, as"),
    ],
)
def test_what_may_be_another_day_is_refused_with_both(text: str, said: str) -> None:
    """Numbers that countries read in two orders, a wrong weekday and days that there are not are told."""
    with pytest.raises(ValueError, match=re.escape(said)):
        typed(DAY, text)


@pytest.mark.parametrize(
    "text",
    [
        "28 Jan 2027, 15:00", "Thu 28 Jan 2027 15:00", "2027-01-28 15:00", "2027-01-28T15:00", "28 Jan at 15:00",
        "28.1.2027 3pm", "28 jan 3 p.m.", "3pm on 28 jan", "15:00, 28 January 2027", "28 Jan 2027 14:00 UTC",
    ],
)  # fmt: skip
def test_a_time_of_day_is_that_of_the_persons_clock(text: str) -> None:
    """A moment that names no zone is meant as the clock of who types shows it."""
    assert typed(MOMENT, text) == "2027-01-28T14:00:00Z"


def test_a_moment_that_names_its_zone_is_taken_as_it_is() -> None:
    """ISO 8601 with an offset means itself."""
    assert typed(MOMENT, "2027-01-28T15:00:00+09:00") == "2027-01-28T15:00:00+09:00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("28 Jan 2027", "say the time too, as 28 Jan 2027, 15:00"),
        ("28 Jan 2027, 25:00", "must be a day and a time"),
        ("28 Jan 2027, 13pm", "must be a day and a time"),
        ("15:00", "must be a day and a time, as 1 May 2027, 10:00, or friday 3pm"),
        ("5/11 15:00", "this can be 5 Nov 2027 or 11 May 2027"),
        ("28 Mar 2027, 02:30", "clocks are put forward on Sun 28 Mar 2027, and 02:30 is left out"),
    ],
)
def test_half_a_moment_is_refused(text: str, said: str) -> None:
    """A day without a time, a time without a day, and a time that clocks leave out are told."""
    with pytest.raises(ValueError, match=re.escape(said)):
        typed(MOMENT, text)


def test_a_day_of_the_week_with_a_time() -> None:
    """Days from today take a time too."""
    assert typed_moment("friday 3pm") == "2026-12-04T14:00:00Z"
    assert typed_moment("in 3 days at 10:15") == "2026-12-05T09:15:00Z"
    assert typed_day("x") == "x"


def test_a_time_of_day_alone() -> None:
    """Where the day is known, an hour is enough."""
    times = [clock_in(text) for text in ("10", "10:00", "10am", "3 PM", "12am", "25", "x")]
    assert [f"{one:%H:%M}" if one else "" for one in times] == ["10:00", "10:00", "10:00", "15:00", "00:00", "", ""]
