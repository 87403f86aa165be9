"""Closed calendars, files and feeds at the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import vobject

from flowengine.clock import SimulatedClock

if TYPE_CHECKING:
    from conftest import Flow

FITTING = """
process: fitting
title: Measuring
need: A suit
zone: UTC
roles: {maker: {title: Maker}}
calendars: {room: {open: {mon-fri: "09:00-17:00"}, every: PT1H, notice: PT2H, ahead: P14D}}
states:
  need: {type: need, fields: {}, next: measure}
  measure:
    type: fitting
    ask: When?
    with: maker
    length: PT1H
    within: P10D
    on: {held: fulfilled, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
"""
MONDAY = datetime(2026, 5, 4, 9, tzinfo=UTC)
TUESDAY = "2026-05-05T10:00:00Z"


@pytest.fixture
def room(shop: Flow) -> Flow:
    """Ada has an appointment on Tuesday."""
    (shop.folder / "fitting.yaml").write_text(FITTING, "utf-8")
    shop.clock = SimulatedClock(MONDAY)
    shop.run("deploy", "fitting.yaml")
    shop.run("start", "fitting", who="ada")
    shop.run("act", "--outcome", "book", "--set", f"slot={TUESDAY}", who="ada")
    return shop


def test_a_calendar_is_closed_and_opened_again(room: Flow) -> None:
    """What is booked for then is listed; for how long is said, and why."""
    done = room.run("calendar", "close", "room", "2026-05-05", "2026-05-06", "--because", "A burst pipe", who="tom")
    assert "room is closed from Tue 5 May 2026" in done.stdout
    assert "A burst pipe" in done.stdout
    assert "Booked for then; to be moved, or given back:" in done.stdout
    (closed,) = room.json("calendar", "list", who="tom")
    assert (closed["calendar"], closed["by"], closed["why"]) == ("room", "tom", "A burst pipe")
    left = room.run("calendar", "open", "room", "2026-05-05", who="tom")
    assert "Closed at no time ahead" in left.stdout


def test_appointments_are_saved_for_a_calendar_program(room: Flow) -> None:
    """To a new file, or to the output; what is there is not written over."""
    (job,) = room.json("jobs", who="ada")
    room.run("calendar", "save", job["short"], "--to", "mine.ics", who="ada")
    event = vobject.readOne((room.folder / "mine.ics").read_text("utf-8")).vevent
    assert event.dtstart.value == datetime(2026, 5, 5, 10, tzinfo=UTC)
    again = room.run("calendar", "save", job["short"], "--to", "mine.ics", who="ada", code=2)
    assert "is there already" in again.stderr
    printed = room.run("agenda", "--day", "2026-05-05", "--ics", "-", who="tom").stdout
    assert vobject.readOne(printed).vevent.summary.value.startswith("Measure")


def test_a_feed_is_made_and_ended(room: Flow) -> None:
    """Its address is shown once."""
    made = room.json("feed", "create", who="ada")
    assert made["path"] == f"/calendars/{made['secret']}.ics"
    shown = room.run("feed", "create", who="ada").stdout
    assert "https://YOUR-SERVER/calendars/flow_" in shown
    listed = room.run("feed", "list", who="ada").stdout
    assert made["id"] in listed
    assert made["secret"] not in listed
    room.run("feed", "end", made["id"], who="ada")
    assert made["id"] not in room.run("feed", "list", who="ada").stdout
    assert "You have no feeds." in room.run("feed", "list", who="tom").stdout
