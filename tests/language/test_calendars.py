"""Calendars in the file: public holidays, zones, and working times, read, or refused with what would be right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bounds import in_time
from checks_samples import codes, problems, work

from flowengine.errors import ExpressionFailed, ProcessRefused
from flowengine.interop.labels import when
from flowengine.language import parse
from flowengine.language import problems as all_problems
from flowengine.language.checks import left_out
from flowengine.language.durations import Duration, Working
from flowengine.language.expressions import Expression, PlainNames
from flowengine.language.public_holidays import public_holidays

OFFICE = 'open: {mon-fri: "09:00-17:00"}, every: PT30M'


def whole(states: str, calendars: str = f"shop: {{{OFFICE}}}", zone: str = "") -> str:
    """A process of these states and calendars."""
    return (
        f"process: sample\nneed: Something\nroles: {{tailor: Tailor}}\n{zone}calendars:\n  {calendars}\nstates:\n"
        f"  need: {{type: need, fields: {{day: {{type: string, format: date}}}}, next: work}}\n{states}"
        "  fulfilled: {type: fulfilled}\n"
    )


def task(more: str = "within: {working: P3D}") -> str:
    return f"  work: {{type: task, for: tailor, {more}, on: {{done: fulfilled, expired: fulfilled}}}}\n"


def said(text: str) -> list[str]:
    """The problems of a file, with their places, without its name."""
    return [str(problem).removeprefix("sample.yaml:") for problem in all_problems(text, "sample.yaml")]


def closed(what: str) -> str:
    return f"shop: {{{OFFICE}, closed: {what}}}"


# what is read


def test_working_time_may_stand_wherever_a_length_of_time_does() -> None:
    """Deadlines, reminders, escalations, estimates, waits and the clocks of a scope are counted in working time."""
    states = (
        "  work:\n    type: task\n    for: tailor\n    within: {working: P3D}\n"
        "    remind: [{working: PT6H, calendar: shop}, P2D, {every: {working: P1D}, first: {working: PT2H}, most: 9}]\n"
        "    escalate: {after: {working: P1D}, to: tailor}\n"
        "    takes: {working: P2D}\n    on: {done: rest, expired: fulfilled}\n"
        "  rest: {type: wait, for: {working: P1DT2H}, next: fulfilled}\n"
    )
    always = "always: {late: {within: {working: P20D}, to: fulfilled}}\n"
    process = parse(whole(states) + always)
    work, rest = process.root.states["work"], process.root.states["rest"]
    assert work.within == Working(Duration(days=3), "shop")
    once, twice, often = work.remind
    assert (once.after, once.every) == (Working(Duration.parse("PT6H"), "shop"), None)
    assert (twice.after, twice.every) == (Duration(days=2), None)
    assert (often.after, often.every) == (Working(Duration.parse("PT2H"), "shop"), Working(Duration(days=1), "shop"))
    assert work.escalate[0].after == Working(Duration(days=1), "shop")
    assert work.takes == Working(Duration(days=2), "shop")
    assert next(rest.lengths) == Working(Duration.parse("P1DT2H"), "shop")
    assert process.root.always[0].within == Working(Duration(days=20), "shop")


def test_pictures_and_estimates_know_working_time() -> None:
    """A label says that the days are working days; five of them count as a week where time is estimated."""
    states = task("takes: {working: P5D}")
    assert when(Working(Duration(days=3), "shop")) == "3 working days"
    assert left_out(parse(whole(states.replace(", expired: fulfilled", "")))).time.days == 7


def test_a_calendar_has_the_zone_of_its_process_unless_it_names_one() -> None:
    """Hours are those of the process's zone; a process that names none has the installation's once it is in use."""
    process = parse(whole(task(), zone="zone: Europe/London\n"))
    assert process.calendars["shop"].clock == ZoneInfo("Europe/London")
    own = f"shop: {{zone: Asia/Tokyo, {OFFICE}}}"
    assert parse(whole(task(), own, "zone: Europe/London\n")).calendars["shop"].zone == "Asia/Tokyo"
    nowhere = parse(whole(task()))
    assert nowhere.calendars["shop"].clock is UTC
    assert nowhere.settled("Europe/Berlin").calendars["shop"].zone == "Europe/Berlin"
    assert process.settled("Europe/Berlin") == process


def test_days_on_which_it_is_closed_are_listed_or_public_holidays() -> None:
    """A list of dates, or the holidays of a country or a part of one, with further dates."""
    listed = parse(whole(task(), closed('["2026-12-24"]'))).calendars["shop"]
    assert (listed.closed, listed.holidays) == ({date(2026, 12, 24)}, "")
    english = parse(whole(task(), closed('{holidays: GB-ENG, also: ["2026-12-24"]}'))).calendars["shop"]
    assert (english.closed, english.holidays) == ({date(2026, 12, 24)}, "GB-ENG")
    assert [english.is_open(date(2026, 12, day)) for day in (23, 24, 25, 26, 28, 29)] == [True, *[False] * 4, True]
    assert parse(whole(task(), closed("{holidays: NO}"))).calendars["shop"].holidays == "NO"  # Norway, not false


# what is refused


@pytest.mark.parametrize(
    ("within", "calendars", "at", "problem"),
    [
        ("{working: P1M}", "[]", "P1M", "bad-duration: 'P1M': working time is counted in days and hours"),
        ("{working: P2W}", "[]", "P2W", "bad-duration: 'P2W': working time is counted in days and hours"),
        ("{working: PT0S}", "[]", "PT0S", "bad-duration: 'PT0S' is no time at all"),
        ("{working: P10000D}", "[]", "P10000D", "bad-duration: 'P10000D' is too long; at most 2,500 working days"),
        ("{working: PT99999H}", "[]", "PT99999H", "bad-duration: 'PT99999H' is too long"),
        ("{workin: P3D}", "[]", "workin", "unknown-key: a working time has no key 'workin' (did you mean 'working'?)"),
        ("{calendar: shop}", "[]", "{calendar", "missing-key: a working time needs the key 'working'"),
        ("[P3D]", "[]", "[P3D]", "wrong-type: this must be a duration, an expression in braces or {working: …}, not a"),
        (
            "{working: P3D, calendar: shp}",
            "[]",
            "{working",
            "unknown-calendar: there is no calendar 'shp' (did you mean 'shop'?)",
        ),
        ("P3D", "{holidays: gb}", "gb", "bad-name: 'gb' is not a country's code; write it as GB, or with a part"),
        (
            "P3D",
            "{holidays: GB-ENGL}",
            "holidays",
            "unknown-holidays: the library 'holidays' knows no part 'ENGL' of GB (possible: GB-ENG)",
        ),
        ("P3D", "{holidays: ZZ}", "holidays", "unknown-holidays: the library 'holidays' knows no country 'ZZ'"),
        ("P3D", "{also: []}", "{also", "missing-key: closed days needs the key 'holidays'"),
        ("P3D", "{holidays: GB, also: ['2026-2-1']}", "'2026-2", "bad-date: '2026-2-1' is not a date"),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(within: str, calendars: str, at: str, problem: str) -> None:
    """Lengths that are no working time, calendars that are not there, countries that nobody knows."""
    text = whole(task(f"within: {within}"), closed(calendars))
    (found,) = all_problems(text, "sample.yaml")
    assert f"{found.code}: {found.message} ({found.hint})".startswith(problem)
    assert text.splitlines()[found.place.line - 1][found.place.column - 1 :].startswith(at)


def test_of_several_calendars_working_time_names_one() -> None:
    """Where there are several, the file says which; the problem names them."""
    (found,) = said(whole(task(), f"shop: {{{OFFICE}}}\n  other: {{{OFFICE}}}"))
    assert found.endswith("missing-key: working time needs the key 'calendar' (possible: shop, other)")


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ("within: {working: P3D}, remind: {working: P3D}", ["late-reminder"]),
        ("within: {working: P3D}, escalate: {after: {working: P4D}, to: tailor}", ["late-reminder"]),
        ("within: {working: P3D}, remind: {every: {working: P1D}, first: {working: P5D}}", ["late-reminder"]),
        ("within: {working: P3D}, remind: {every: {working: PT30M}}", ["bad-duration"]),
        ("within: {working: P3D}, remind: {every: {working: P1D, calendar: shp}}", ["unknown-calendar"]),
        ("within: {working: P3D}, remind: [{working: P2D}, {working: PT99H}, P9D, {every: {working: P1D}}]", []),
    ],
)
def test_reminders_in_working_time_come_before_the_deadline(more: str, codes: list[str]) -> None:
    """One in the same calendar that is as long as the deadline is refused; what cannot be compared is let through."""
    assert [problem.code for problem in all_problems(whole(task(more)))] == codes


def test_working_time_needs_a_calendar() -> None:
    """In a process without calendars there is no working time."""
    (found,) = said(whole(task()).replace(f"calendars:\n  shop: {{{OFFICE}}}\n", ""))
    assert "missing-key: working time needs the key 'calendar' (the process has no calendars" in found


def test_a_calendar_that_cannot_be_read_is_one_problem() -> None:
    """What is wrong with a calendar is told once, and not again of each working time that is counted in it."""
    (found,) = said(whole(task(), f"shop: {{zone: Mars/Base, {OFFICE}}}"))
    assert "bad-zone" in found


@pytest.mark.parametrize("length", ["PT100H", "P2000DT100H"])
def test_a_calendar_that_does_not_open_for_so_long_is_refused(length: str) -> None:
    """A minute a week is not enough for a hundred hours: said at check, within bounds (L12)."""
    minute = 'shop: {open: {mon: "09:00-09:01"}, every: PT30M}'
    (found,) = in_time(lambda: said(whole(task(f"within: {{working: {length}}}"), minute)))
    assert found.startswith(f"8:43: never-open: the calendar 'shop' is not open for {length} within 20,000 days")


def test_many_calendars_that_hardly_open_are_checked_in_time() -> None:
    """Each costs a walk through many days; together they are too much, and that is said within bounds (L12)."""
    names = [f"shop{number}" for number in range(300)]
    minute = "\n  ".join(f'{name}: {{open: {{mon: "09:00-09:01"}}, every: PT30M}}' for name in names)
    reminders = ", ".join(f"{{working: PT100H, calendar: {name}}}" for name in names)
    found = in_time(lambda: said(whole(task(f"within: P3D, remind: [{reminders}]"), minute)))
    assert "never-open" in found[0]
    assert any("too-large" in one for one in found)


def test_a_large_process_may_count_working_time_everywhere() -> None:
    """The same length in a calendar is tried once, however many states have it."""
    states = "".join(
        f"  {'work' if not number else f'work{number}'}: {{type: task, for: tailor, within: {{working: P30D}}, "
        f"on: {{done: work{number + 1}, expired: fulfilled}}}}\n"
        for number in range(600)
    )
    last = "  work600: {type: task, for: tailor, next: fulfilled}\n"
    assert in_time(lambda: said(whole(states + last, closed('["2026-12-24"]')))) == []


def test_a_year_that_nobody_knows_is_refused() -> None:
    """Where the library knows no holidays of a year, the calendar is not taken to be open."""
    (found,) = said(whole(task("within: {working: P2000D}"), closed("{holidays: LK}")))
    assert "never-open: the library 'holidays'" in found
    assert "knows no holidays of LK in 20" in found
    with pytest.raises(ExpressionFailed, match="knows no holidays of GB in 2200"):
        public_holidays("GB", 2200)


@pytest.fixture
def without_the_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As where the extra is not installed."""
    public_holidays.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    yield
    public_holidays.cache_clear()


@pytest.mark.usefixtures("without_the_library")
def test_a_missing_library_is_a_problem_that_says_what_to_install() -> None:
    """A calendar with public holidays is refused where nobody knows them, and is never taken to be open."""
    text = whole(task(), closed("{holidays: GB-ENG}"))
    (found,) = said(text)
    assert found == (
        "5:65: unknown-holidays: public holidays come from the library 'holidays', which is not installed "
        "(possible: pip install 'needflow[holidays]')"
    )
    with pytest.raises(ProcessRefused):
        parse(text)
    calendar = parse(text, check=False).calendars["shop"]
    with pytest.raises(ExpressionFailed, match=r"not installed .*needflow\[holidays\]"):
        calendar.is_open(date(2026, 12, 25))
    assert said(whole(task())) == []


# expressions


def value(source: str, **more: Any) -> Any:
    calendars = parse(whole(task(), closed('["2026-12-25"]'))).calendars
    names = {"now": datetime(2026, 6, 5, 10, 30, tzinfo=UTC), **more}
    return Expression(source).value(PlainNames(names, zone=ZoneInfo("Europe/London"), calendars=calendars))


def test_working_days_in_expressions() -> None:
    """They are added to a moment, or taken from one, and counted between two."""
    assert value('now + workdays("shop", 3)') == datetime(2026, 6, 10, 10, 30, tzinfo=UTC)
    assert value('workdays("shop", 3) + now') == value('now + workdays("shop", 3)')
    assert value('now - workdays("shop", 2)') == datetime(2026, 6, 3, 10, 30, tzinfo=UTC)
    assert value('now + workdays("shop", -2)') == value('now - workdays("shop", 2)')
    assert value('day(date("2026-12-28") - workdays("shop", 2))') == "2026-12-23"
    assert value('workdays_between("shop", now, "2026-06-12")') == 5
    assert value('workdays_between("shop", "2026-06-12", now)') == -5
    assert value('workdays("shop", 3)') == Working(Duration(days=3), "shop")
    assert value('workdays("shop", 3) == workdays("shop", 3) && workdays("shop", 3) != workdays("shop", 2)') is True


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('now + workdays("shp", 3)', "there is no calendar 'shp'"),
        (
            'now + workdays("shop", 1.5)',
            "1.5 is no number of working days; whole ones are possible, from -2,500 to 2,5",
        ),
        ('now + workdays("shop", 2501)', "2501 is no number of working days"),
        ('workdays("shop", 1) + span("P1D")', "'+' does not go with a working time and a length of time; working time"),
        ('workdays("shop", 1) < workdays("shop", 2)', "'<' does not go with a working time and a working time"),
        ('string(workdays("shop", 1))', "string() takes a text"),
        ('workdays_between("shop", "1900-01-01", now)', "working days are counted over at most 20,000 days"),
        ('range.all(x, now + workdays("shop", 2500) > now)', "takes too many steps"),
    ],
)
def test_what_goes_wrong_with_working_days(source: str, why: str) -> None:
    """An unknown calendar, no whole number, what has no order, and too much of it."""

    def fail() -> str:
        with pytest.raises(ExpressionFailed) as failed:
            value(source, range=list(range(100)))
        return str(failed.value)

    assert why in in_time(fail)


def until(source: str) -> str:
    return work(f"work: {{type: wait, until: '{source}', next: fulfilled}}")


def test_a_calendar_in_an_expression_must_be_there() -> None:
    """A misspelt one is a problem with the name that was meant; it is written as a literal text."""
    (found,) = problems(until('now + workdays("shpo", 3)'))
    assert (found.code, found.hint) == ("unknown-calendar", "did you mean 'shop'?")
    assert codes(until("now + workdays(data.need.name, data.need.count)")) == ["unknown-calendar"]
    assert codes(until('now + workdays("shop", data.need.count)')) == []
    assert codes(until('now + workdays("shop", 9999)')) == ["never-open"]


def test_a_working_time_is_typed() -> None:
    """It is a length for a deadline, and nothing that could be kept, said or compared."""
    assert codes(work("work: {type: wait, for: '{workdays(\"shop\", data.need.count)}', next: fulfilled}")) == []
    assert codes(until('date(data.need.day) - workdays("shop", 2)')) == []
    assert codes(until('workdays("shop", 2)')) == ["type-mix"]
    assert codes(until('now + workdays("shop", data.need.name)')) == ["type-mix"]
    kept = "work: {type: task, for: clerk, on: {done: {to: fulfilled, set: {late: 'workdays(\"shop\", 2)'}}}}"
    assert codes(work(kept)) == ["type-mix"]
    assert codes(until('workdays_between("shop", now, now)')) == ["type-mix"]
