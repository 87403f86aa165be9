"""Feeds of appointments over HTTP, as calendar programs read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import vobject

if TYPE_CHECKING:
    from served_app import Door

FITTING = """
process: fitting
title: Measuring
need: A suit
zone: Europe/London
roles: {tailor: {title: Tailor}}
calendars: {shop: {open: {mon-fri: "09:00-17:00"}, every: PT1H, notice: PT2H, ahead: P14D}}
states:
  need: {type: need, fields: {}, next: measure}
  measure:
    type: fitting
    ask: When?
    with: tailor
    length: PT1H
    within: P10D
    on: {held: fulfilled, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
"""
TUESDAY = datetime(2026, 5, 5, 9, tzinfo=UTC)


def test_a_feed_is_read_by_its_address_alone(door: Door) -> None:
    """As iCalendar; not sent again while it is as it was; for nobody once it has ended, and never kept by others."""
    door.engine.deploy(FITTING)
    door.engine.add_staff("tom", "Tom", ["tailor"])
    door.engine.start("fitting", by="ada")
    (step,) = door.engine.inbox("ada")
    door.engine.act(step.id, "book", {"slot": TUESDAY.isoformat()}, by="ada")
    feed = door.engine.make_feed(by="ada")
    answer = door.client.get(feed.path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert "private" in answer.headers["cache-control"]
    assert vobject.readOne(answer.text).vevent.dtstart.value == TUESDAY
    again = door.client.get(feed.path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    door.engine.end_feed(feed.id, by="ada")
    gone = door.client.get(feed.path, headers={"if-none-match": answer.headers["etag"]})
    missing = door.client.get("/calendars/flow_" + "A" * 43 + ".ics")
    assert gone.status_code == missing.status_code == 404
    assert gone.text == missing.text
    token = door.client.get(f"/calendars/{door.token}.ics")
    assert token.text == missing.text
