"""Time as people mean it: days end in the process's zone, months and days keep the hour on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rehearsal import OPS, TOM, Rehearsal

from flowengine.core import commands as c
from flowengine.core.fields import check_answer
from flowengine.errors import BadAnswer, ExpressionFailed
from flowengine.language import parse
from flowengine.language.durations import Duration
from flowengine.language.expressions import Expression, PlainNames
from flowengine.language.parts import Field

TEXT = """
process: suit
need: A suit
zone: {zone}
roles: {{tailor: {{title: Tailor}}}}
promise: {{by: data.need.day}}
states:
  need: {{type: need, fields: {{day: {{type: string, format: date}}}}, next: hand_over}}
  hand_over: {{type: task, for: tailor, on: {{done: fulfilled}}}}
  fulfilled: {{type: fulfilled}}
"""


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def begun(text: str, begin: datetime, need: dict[str, Any] | None = None) -> Rehearsal:
    return Rehearsal(parse(text, check=False), need, begin)


@pytest.mark.parametrize(
    ("zone", "handed", "kept"),
    [
        ("America/New_York", "2026-05-10T22:30", True),
        ("America/New_York", "2026-05-11T00:00", False),
        ("Pacific/Auckland", "2026-05-10T23:59", True),
        ("Pacific/Auckland", "2026-05-11T08:00", False),
        ("UTC", "2026-05-10T23:59", True),
    ],
)
def test_a_promised_day_ends_where_the_process_is(zone: str, handed: str, kept: bool) -> None:
    """A suit handed over at 22:30 of the promised day in New York keeps the promise; at 08:00 of the next in Auckland
    it does not, although both are the other day in UTC."""
    job = begun(TEXT.format(zone=zone), local(zone, "2026-05-04T09:00"), {"day": "2026-05-10"})
    job.now = local(zone, handed)
    job.act("hand_over", by=TOM)
    assert job.position.head.promise is not None
    assert job.position.head.promise.kept is kept


LENGTHS = """
process: waits
need: To wait
zone: Europe/London
roles: {{tailor: {{title: Tailor}}}}
states:
  need: {{type: need, fields: {{d: {{type: string, optional: true}}}}, next: rest}}
  rest: {{type: wait, {wait}, on: {{elapsed: fulfilled}}}}
  fulfilled: {{type: fulfilled}}
"""


@pytest.mark.parametrize(
    ("begin", "length", "due"),
    [
        ("2024-02-29T12:00", "P1Y", "2025-02-28T12:00"),
        ("2023-02-28T12:00", "P1Y", "2024-02-28T12:00"),
        ("2026-01-31T12:00", "P1M", "2026-02-28T12:00"),
        ("2026-03-31T12:00", "P1M", "2026-04-30T12:00"),
        ("2026-12-31T12:00", "P2M", "2027-02-28T12:00"),
        ("2026-03-28T12:00", "P1D", "2026-03-29T12:00"),
        ("2026-03-28T12:00", "PT24H", "2026-03-29T13:00"),
        ("2026-10-24T12:00", "P1D", "2026-10-25T12:00"),
        ("2026-10-24T12:00", "PT24H", "2026-10-25T11:00"),
        ("2026-03-15T12:00", "P1M", "2026-04-15T12:00"),
    ],
)
def test_lengths_are_counted_by_the_calendar(begin: str, length: str, due: str) -> None:
    """Years, months and days keep the hour on the wall over clock changes and end with short months; hours are hours.
    The same in a fixed ``for``, one that is computed, and an ``until``."""
    begins, ends = local("Europe/London", begin), local("Europe/London", due)
    for wait in (f"for: {length}", f"for: '{{span(\"{length}\")}}'", f"until: 'now + span(\"{length}\")'"):
        job = begun(LENGTHS.format(wait=wait), begins)
        assert [timer.due for timer in job.timers] == [ends], wait


def test_a_date_begins_at_midnight_of_the_process() -> None:
    """A wait until a date ends as the day begins in London, which in summer is the evening before in UTC."""
    for wait in ("until: 'date(data.need.d)'", "until: data.need.d", "for: '{data.need.d}'"):
        job = begun(LENGTHS.format(wait=wait), local("Europe/London", "2026-05-04T09:00"), {"d": "2026-07-01"})
        assert [timer.due for timer in job.timers] == [datetime(2026, 6, 30, 23, tzinfo=UTC)]


ASKING = """
process: asks
need: To be asked
zone: Europe/London
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, next: first}
  first:
    type: ask
    fields: {x: {type: string}}
    within: P1M
    remind: [P1D]
    escalate: [{after: P1M, to: staff}]
    on: {answered: fulfilled, expired: fulfilled}
  fulfilled: {type: fulfilled}
always:
  late: {within: P2M, to: fulfilled}
"""


def test_deadlines_reminders_escalations_and_clocks_keep_the_hour() -> None:
    """From noon on 27 March in London each of them is due at noon there, after the clocks have gone forward."""
    job = begun(ASKING, local("Europe/London", "2026-03-28T12:00"))
    due = {timer.purpose: timer.due for timer in job.timers}
    assert due == {
        "expire": local("Europe/London", "2026-04-28T12:00"),
        "remind": local("Europe/London", "2026-03-29T12:00"),
        "escalate": local("Europe/London", "2026-04-28T12:00"),
        "always": local("Europe/London", "2026-05-28T12:00"),
    }


CHOOSING = """
process: cloth
need: Cloth
zone: Europe/London
states:
  need: {type: need, next: first}
  first:
    type: choice
    choose:
      cloth: {from: [{id: near, title: Near, lead_time: P30D}, {id: far, title: Far, lead_time: P1M},
                     {id: later, title: Later, lead_time: P1M2DT12H}]}
      more: {from: '[{"id": "m", "lead_time": "PT12H"}]', min: 0}
    within: P9D
    on: {chosen: fulfilled, expired: fulfilled}
  fulfilled: {type: fulfilled}
"""


@pytest.mark.parametrize(
    ("begin", "cloth", "days"),
    [
        ("2026-01-31T12:00", "far", 28.0),
        ("2026-03-15T12:00", "far", 31.0),
        ("2026-01-31T12:00", "near", 30.0),
        ("2026-01-31T12:00", "later", 30.5),
    ],
)
def test_lead_times_in_months_are_as_long_as_the_months_are(begin: str, cloth: str, days: float) -> None:
    """A month from the end of January is 28 days, one from mid March 31, whatever the clocks do meanwhile."""
    job = begun(CHOOSING, local("Europe/London", begin))
    job.act("first", answer={"cloth": cloth, "more": "m"})
    assert job.data["first"]["lead_time_days"] == days


WRONG = {
    "date": ["0000-01-01", "0999-12-31", "9999-12-31", "2026-02-30", "2026-5-1"],
    "date-time": ["2026-06-30T23:59:60Z", "2026-06-30t10:00:00z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"],
    "time": ["23:59:60Z", "10:00:00z", "25:00:00Z", "10:00:00"],
    "duration": ["P9000Y", "P101Y", "1h", "P"],
}


@pytest.mark.parametrize(("format", "text"), [(form, text) for form, texts in WRONG.items() for text in texts])
def test_a_format_takes_what_can_be_reckoned_with(format: str, text: str) -> None:
    """Dates, moments and lengths that a later state could not work with are refused, nested ones too, and it is said
    what is possible."""
    inner = {"type": "string", "format": format}
    fields = (
        Field(name="x", type="string", title="X", schema={"format": format}, optional=True),
        Field(name="xs", type="array", title="Xs", schema={"items": inner}, optional=True),
        Field(name="o", type="object", title="O", schema={"properties": {"x": inner}}, optional=True),
    )
    for answer, where in (({"x": text}, "x"), ({"xs": [text]}, "xs.0"), ({"o": {"x": text}}, "o.x")):
        with pytest.raises(BadAnswer) as refused:
            check_answer(fields, answer)
        assert "as " in refused.value.problems[where]


DEADLINE = """
process: late
need: Something
states:
  need: {type: need, fields: {d: {type: string}}, next: first}
  first: {type: ask, fields: {x: {type: string}}, within: '{date(data.need.d) + days(1)}',
          on: {answered: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""


@pytest.mark.parametrize("day", ["9999-12-31", "9999-12-31T23:59:59Z", "0000-01-01", "soon", "0001-01-01"])
def test_a_deadline_that_cannot_be_computed_refuses_who_would_enter_the_state(day: str) -> None:
    """Nothing is lost: the act is refused with what is wrong, where, and who can mend it; no bare OverflowError."""
    with pytest.raises(ExpressionFailed) as failed:
        begun(DEADLINE, datetime(2026, 5, 4, tzinfo=UTC), {"d": day})
    assert failed.value.where == "date(data.need.d) + days(1)"
    assert any("set_data" in one for one in failed.value.possible)


@pytest.mark.parametrize(
    "expression",
    [
        'timestamp("0001-01-01T00:00:00Z").getHours("America/New_York")',
        'date("9999-12-31T23:59:59Z").getFullYear("Asia/Tokyo")',
        'day(date("0001-01-01T00:00:00Z"))',
        'date("0001-01-01T00:00:00+14:00")',
        'date("9999-12-31") + days(2)',
        'date("9999-12-31") + span("P1M")',
        'date("0001-01-02") - span("P1Y")',
        'date("9999-12-31T23:59:59-10:00")',
    ],
)
def test_reckoning_beyond_the_range_is_a_failure_of_the_expression(expression: str) -> None:
    """A year before 1 or after 9999, in any zone, is ExpressionFailed."""
    with pytest.raises(ExpressionFailed):
        Expression(expression).value(PlainNames(zone=ZoneInfo("America/New_York")))


PROMISING = """
process: promising
need: Something
promise: {by: data.plan.day}
states:
  need: {type: need, fields: {a: {type: string}}, next: plan}
  plan: {type: ask, fields: {day: {type: string}}, within: P9D, on: {answered: more, expired: fulfilled}}
  more: {type: ask, fields: {x: {type: string}}, within: P9D, on: {answered: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""


def test_a_promise_that_cannot_be_read_is_refused() -> None:
    """Before its data is there nothing is promised; data that give no moment are refused, and the step stays open."""
    job = begun(PROMISING, datetime(2026, 5, 4, tzinfo=UTC), {"a": "x"})
    assert job.position.head.promise is None
    for day in ("next week", "9999-12-31", ""):
        with pytest.raises(ExpressionFailed, match="the promise cannot be read"):
            job.act("plan", answer={"day": day})
    assert job.standing == ["plan"]
    job.act("plan", answer={"day": "2026-05-20"})
    assert job.position.head.promise is not None
    with pytest.raises(ExpressionFailed, match="the promise cannot be read"):
        job.do(c.SetData(by=OPS, place="plan.day", value="whenever", because="x"))
    job.act("more", answer={"x": "y"})
    assert job.status == "fulfilled"


@pytest.mark.parametrize("seed", range(40))
def test_a_day_on_keeps_the_hour_on_the_wall(seed: int) -> None:
    """In zones with odd clock changes, days added keep the time of day unless that hour is skipped; hours are exact."""
    zone = ZoneInfo(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland"][seed % 4])
    begin = datetime(2026, 1, 1, 15, 30, tzinfo=zone) + timedelta(days=9 * seed)
    begin = begin.replace(hour=15).astimezone(UTC)
    for days in range(1, 9):
        there = Duration(days=days).after(begin, zone).astimezone(zone)
        assert (there.hour, there.minute) == (15, 30)
        assert (there.date() - begin.astimezone(zone).date()).days == days
        assert Duration(rest=timedelta(hours=24 * days)).after(begin, zone) - begin == timedelta(days=days)
