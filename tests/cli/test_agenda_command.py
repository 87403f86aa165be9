"""Appointments at the command line: what is booked for a day, what is held, and when it can be said how it went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from flowengine.cli.moments import told
from flowengine.clock import SimulatedClock

if TYPE_CHECKING:
    from conftest import Flow

MEASURING = """
process: measuring
title: A suit made with you
need: A suit
zone: UTC
roles: {maker: {title: Maker}}
calendars: {room: {open: {mon-fri: "09:00-17:00"}, every: PT1H, notice: PT2H, ahead: P14D}}
promise: {by: data.need.by}
states:
  need: {type: need, fields: {by: {type: string, format: date}}, next: measure}
  measure:
    type: fitting
    ask: When can we measure you?
    title: Measuring
    with: maker
    length: PT1H
    hold: PT20M
    within: P10D
    on: {held: fulfilled, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
"""
MONDAY = datetime(2026, 5, 4, 9, tzinfo=UTC)
TUESDAY = "2026-05-05T10:00:00Z"
AT = told(datetime.fromisoformat(TUESDAY))


@pytest.fixture
def room(shop: Flow) -> Flow:
    """A job of Ada's that waits for her to book, on a Monday morning; promised for Wednesday."""
    (shop.folder / "measuring.yaml").write_text(MEASURING, "utf-8")
    shop.clock = SimulatedClock(MONDAY)
    shop.run("deploy", "measuring.yaml")
    shop.run("start", "measuring", "--set", "by=2026-05-06", who="ada")
    shop.run("people", "leave", "tess", "--because", "She moved away", "--yes", who="olga")
    return shop


def test_what_is_held_says_until_when(room: Flow) -> None:
    """In the receipt, the inbox and the track, with the command that books it; a held slot is booked without its time.
    Once it is held no longer, that is told."""
    until = told(MONDAY + timedelta(minutes=20)).rpartition(", ")[2]
    done = room.run("act", "--outcome", "hold", "--set", f"slot={TUESDAY}", who="ada").stdout
    assert "Tue 5 May 2026, 10:00 UTC is kept for you until Mon 4 May 2026, 09:20 UTC, and not booked yet." in done
    assert "Next: book Tue 5 May 2026, 10:00 UTC, which is kept for you  (until " in done
    track = room.run("track", room.json("jobs", who="ada")[0]["short"], who="ada").stdout
    assert f"{AT} is kept for you until {until}; book it with:\n    → flow act " in track
    inbox = " ".join(room.run("inbox", who="ada", env={"COLUMNS": "200"}).stdout.split())
    assert f"{AT} is kept for you until {until}" in inbox
    room.clock = SimulatedClock(MONDAY + timedelta(minutes=20))
    room.run("worker", "--once")
    (job,) = room.json("jobs", who="ada")
    track = room.run("track", job["short"], who="ada").stdout
    assert "is kept for you until" not in track
    assert "Tue 5 May 2026, 10:00 UTC is kept for you no longer" in track
    assert "What comes next: book it again while it is free, or another time" in track
    room.run("act", "--outcome", "hold", "--set", f"slot={TUESDAY}", who="ada")
    booked = room.run("act", "--outcome", "book", who="ada").stdout
    assert "Your appointment is on Tue 5 May 2026, 10:00 UTC." in booked


def test_what_lies_after_the_promise_says_so(room: Flow) -> None:
    """A program that names no time is told the first that are free, with those that are late; one is booked all the
    same."""
    error = room.json("act", "--outcome", "book", who="ada", code=1)
    assert len(error["possible"]) == 12
    assert error["possible"][0] == "--set slot=2026-05-04T11:00:00Z"
    room.clock = SimulatedClock(MONDAY + timedelta(days=2, hours=5))
    before, late = room.json("act", "--outcome", "book", who="ada", code=1)["possible"][:2]
    assert before == "--set slot=2026-05-06T16:00:00Z"
    assert late == "--set slot=2026-05-07T09:00:00Z (after the day that was promised)"
    done = room.run("act", "--outcome", "book", "--set", "slot=2026-05-07T10:00:00Z", who="ada").stdout
    assert "Your appointment is on Thu 7 May 2026, 10:00 UTC. It is after the day that was promised." in done
    track = room.run("track", room.json("jobs", who="ada")[0]["short"], who="ada").stdout
    assert ", with Tom, after the day that was promised; you may move or cancel it" in track


def test_what_is_booked_is_found_to_be_moved(room: Flow) -> None:
    """By ``act`` alone, or with the job, while nothing waits; a program names the move."""
    assert room.json("act", "--outcome", "book", "--set", f"slot={TUESDAY}", who="ada")["booked"] == TUESDAY
    (job,) = room.json("jobs", who="ada")
    for words in ((), (job["short"],)):
        error = room.json("act", *words, who="ada", code=1)
        assert (error["error"], error["possible"]) == ("UnknownOutcome", ["move", "cancel"])
    moved = room.json("act", "--outcome", "move", "--set", "slot=2026-05-05T11:00:00Z", who="ada")
    assert moved["booked"] == "2026-05-05T11:00:00Z"
    assert room.json("act", job["short"], "--outcome", "cancel", who="ada")["outcome"] == "cancel"
    assert room.json("inbox", who="ada")[0]["answered"] is False


def test_staff_see_the_time_first_and_cannot_say_before_it_how_it_went(room: Flow) -> None:
    """Neither ``held`` nor ``missed`` is offered or taken before it begins; they may move it."""
    room.run("act", "--outcome", "book", "--set", f"slot={TUESDAY}", who="ada")
    inbox = " ".join(room.run("inbox", who="tom", env={"COLUMNS": "200"}).stdout.split())
    assert f"at {AT} (in 1 day) yours" in inbox
    (item,) = room.json("inbox", who="tom")
    assert f"  {AT}: Measuring" in room.run("track", item["job"], who="tom").stdout
    for outcome in ("held", "missed"):
        error = room.json("act", "--outcome", outcome, who="tom", code=1)
        assert (error["error"], error["possible"]) == ("NotAllowed", ["wait until it has begun", "move it"])
        assert error["what"] == f"the appointment begins at {AT}, and cannot be {outcome} before"
    error = room.json("act", who="tom", code=1)
    assert (error["error"], error["possible"]) == ("UnknownOutcome", ["move"])
    assert f"the appointment begins at {AT}; until then it can only be moved" in error["what"]
    room.clock = SimulatedClock(datetime.fromisoformat(TUESDAY))
    assert room.json("act", "--outcome", "held", who="tom")["status"] == "fulfilled"


def test_an_agenda_is_told_day_by_day(room: Flow) -> None:
    """At 80 columns: when, for whom, what, with whom, the step; how it went, and an absence that is in the way."""
    room.run("act", "--outcome", "book", "--set", f"slot={TUESDAY}", who="ada")
    (item,) = room.json("inbox", who="tom")
    begins = datetime.fromisoformat(TUESDAY).astimezone()
    span = f"{begins:%H:%M}-{begins + timedelta(hours=1):%H:%M}"

    def agenda(*words: str, who: str = "tom") -> str:
        out = room.run("agenda", *words, who=who, env={"COLUMNS": "80"}).stdout
        assert max(map(len, out.splitlines())) <= 80
        return " ".join(out.split())

    assert agenda("--day", "4 May 2026") == "Nothing is booked for Mon 4 May 2026."
    assert agenda("--from", "6 May 2026", "--to", "2026-05-08") == (
        "Nothing is booked for Wed 6 May 2026 to Fri 8 May 2026."
    )
    for words in (("--day", "5 May 2026"), ("--from", "2026-05-04", "--to", "2026-05-06", "--person", "tom")):
        out = agenda(*words)
        assert "Tue 5 May 2026" in out
        assert f"{span} Ada Measuring Tom {item['short']}" in out
    assert f"{span} Ada Measuring Tom" in agenda("--day", "2026-05-05", "--role", "maker", who="olga")
    room.run("people", "away", "tom", "2026-05-05", "2026-05-05", "--because", "Ill", who="tom")
    assert "Tom is away: Ill" in agenda("--day", "2026-05-05")
    assert "away" not in agenda("--day", "2026-05-05", who="ada")
    room.clock = SimulatedClock(datetime.fromisoformat(TUESDAY))
    room.run("act", "--outcome", "held", who="tom")
    assert agenda().endswith("held")
    (found,) = room.json("agenda", who="tom")
    assert (found["start"], found["outcome"], found["customer_name"]) == (TUESDAY, "held", "Ada")
    assert room.json("agenda", "--day", "tomorrow", who="tom") == []


def test_an_agenda_says_that_there_may_be_more(room: Flow) -> None:
    """Where as many are listed as were asked for."""
    room.run("act", "--outcome", "book", "--set", f"slot={TUESDAY}", who="ada")
    out = room.run("agenda", "--day", "2026-05-05", "--limit", "1", who="tom").stdout
    assert "There may be more: --limit 1 was reached." in out
