"""Between which days and moments an answer may lie is told beforehand, as far as it is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flowengine import Engine, SimulatedClock

TEXT = """
process: visit
need: A visit
zone: Europe/Berlin
states:
  need:
    type: need
    fields:
      day: {type: string, format: date, earliest: "{now + days(14)}", latest: "2030-03-01"}
      at: {type: string, format: date-time, earliest: now, optional: true}
      own: {type: string, format: date, latest: "{date(customer.record.until)}", optional: true}
    next: when
  when:
    type: ask
    ask: When?
    fields: {fetched: {type: string, format: date, earliest: now, latest: "{date(data.need.day) - days(7)}"}}
    within: P60D
    on: {answered: fulfilled, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody came}
always:
  later:
    by: customer
    title: Later
    fields: {day: {type: string, format: date, earliest: "{date(data.need.day)}"}}
    to: when
"""


def test_bounds_are_told_before_an_answer_is_refused(engine: Engine, clock: SimulatedClock) -> None:
    """Of the need, of a step and of an offer, by the clock and the data of now; what is not known yet is not told."""
    clock.advance(datetime(2029, 10, 5, 22, 30, tzinfo=UTC) - clock.now())  # past midnight in Berlin
    engine.deploy(TEXT)
    day, at, own = engine.need("visit").questions
    assert (day.earliest, day.latest) == ("2029-10-20", "2030-03-01")
    assert (at.earliest, at.latest) == ("2029-10-05T22:30:00Z", "")
    assert (own.earliest, own.latest) == ("", ""), "whose record it is, is not known"
    job = engine.start("visit", by="ada", need={"day": "2029-12-24"}).job
    clock.advance(timedelta(days=1))
    (item,) = engine.inbox("ada")
    (way,) = engine.step(item.id, by="ada").form.ways
    assert (way.fields[0].earliest, way.fields[0].latest) == ("2029-10-07", "2029-12-17")
    (asked,) = engine.offer(job, "later", by="ada").questions
    assert (asked.earliest, asked.latest) == ("2029-12-24", "")
