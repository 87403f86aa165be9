"""Functions on texts, lists and time, and the macros."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flowengine.errors import ExpressionFailed
from flowengine.language.durations import Duration
from flowengine.language.expressions import Expression, PlainNames

NOW = datetime(2026, 3, 28, 11, 30, tzinfo=UTC)


def value(source: str, zone: str = "UTC", **names: Any) -> Any:
    return Expression(source).value(PlainNames({"now": NOW, **names}, zone=ZoneInfo(zone)))


@pytest.mark.parametrize(
    "source",
    [
        "size('éé') == 2 && 'éé'.size() == 2 && size('😀') == 1",
        "'Ada'.contains('d') && 'Ada'.startsWith('A') && 'Ada'.endsWith('da') && ''.contains('')",
        "'abcabc'.indexOf('c') == 2 && 'abcabc'.indexOf('c', 3) == 5 && 'abc'.indexOf('z') == -1",
        "'abcabc'.lastIndexOf('c') == 5 && 'abcabc'.lastIndexOf('c', 4) == 2 && 'abc'.lastIndexOf('') == 3",
        "'abc'.charAt(1) == 'b' && 'abc'.charAt(3) == ''",
        "'tailor'.substring(2) == 'ilor' && 'tailor'.substring(0, 4) == 'tail' && 'a'.substring(1) == ''",
        "'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && 'a'.split(',', 0) == []",
        "'abc'.split('') == ['a', 'b', 'c'] && 'abc'.split('', 2) == ['a', 'bc']",
        "['a', 'b'].join() == 'ab' && ['a', 'b'].join('-') == 'a-b' && [].join('-') == ''",
        "'aaa'.replace('a', 'b') == 'bbb' && 'aaa'.replace('a', 'b', 1) == 'baa' && 'ab'.replace('', '-') == '-a-b-'",
        "' a \\n'.trim() == 'a' && 'ÄaZ'.lowerAscii() == 'Äaz' && 'äaz'.upperAscii() == 'äAZ'",
        "'a-17'.matches('[0-9]+$') && !'a'.matches('^b') && 'x'.matches(r'^\\w$')",
        "string(true) == 'true' && string('a') == 'a' && string(now) == '2026-03-28T11:30:00Z'",
        "string(span('P1M')) == 'P1M' && string(duration('90m')) == 'PT1H30M' && string(days(1.5)) == 'P1DT12H'",
        "type(1) == 'int' && type(1.5) == 'double' && type(now) == 'google.protobuf.Timestamp' && dyn(1) == 1",
    ],
)
def test_texts(source: str) -> None:
    """Texts are counted and cut by characters, searched, changed and made of other values."""
    assert value(source) is True


@pytest.mark.parametrize(
    "source",
    [
        "[1, 2].all(x, x > 0) && ![1, 2].all(x, x > 1) && [].all(x, false)",
        "[1, 2].exists(x, x > 1) && ![].exists(x, true) && [1, 2, 3].exists_one(x, x == 2)",
        "![1, 1].exists_one(x, x == 1) && [1, 2, 3].filter(x, x > 1) == [2, 3]",
        "[1, 2].map(x, x * 2) == [2, 4] && [1, 2].map(x, x > 1, x * 2) == [4]",
        "[1, 'a'].exists(x, x > 0) && [0, 'a'].exists(x, x == 'a') && ![1, 'a'].all(x, x < 0)",
        "[[1, 2], [3]].map(x, x.map(x, x + 1)) == [[2, 3], [4]]",
        "[1, 2].map(x, [10].map(y, x + y)) == [[11], [12]]",
        "[1].map(a, [2].map(b, [3].map(c, a + b + c)))[0][0][0] == 6",
        "{'b': 1, 'a': 2}.map(k, k) == ['b', 'a'] && {'a': 1}.all(k, k == 'a')",
        "[1] + [2.0] == [1, 2] && [{'a': [1]}] == [{'a': [1.0]}] && [1, 2] != [2, 1] && {'a': 1} != {'b': 1}",
        "[1, 'a', 1.0, [2], [2.0], 'a'].distinct() == [1, 'a', [2]] && [].distinct() == []",
        "[[1, 2], [], [3, [4]]].flatten() == [1, 2, 3, [4]] && [1, [2]].flatten() == [1, 2] && [].flatten() == []",
        "(false && 1 / 0 > 1) == false && (1 / 0 > 1 && false) == false && (1 / 0 > 1 || true)",
        "has(d.a.b) == false && has(d.x.y) && !has(d.x.z) && d.x['y'] == null",
        "'x' in d && !('z' in d) && 2 in [1, 2.0] && null in [null] && d['x'].y == null",
    ],
)
def test_lists_and_conditions(source: str) -> None:
    """Macros, membership and equality; one side or one entry decides, even where another fails."""
    assert value(source, d={"x": {"y": None}}) is True


@pytest.mark.parametrize(
    "source",
    [
        "date('2024-01-31') + span('P1M') == date('2024-02-29')",
        "date('2024-03-31') - span('P1M') == date('2024-02-29')",
        "date('2024-02-29') + span('P1Y') == date('2025-02-28') && now + span('P1Y') == date('2027-03-28T11:30:00Z')",
        "now + days(1) - now == duration('24h') && days(1) == span('PT24H') && days(1) + days(2) == span('P3D')",
        "span('P1M') + span('P1D') == span('P1M1D') && span('P1Y') == span('P12M') && span('P1M') > span('P27D')",
        "sum([days(1), span('PT1H')]) == span('P1DT1H') && max(days(1), days(2)) == days(2) && days(-1) < days(0)",
        "(now - date('2026-03-27')).getHours() == 35 && duration('1h30m').getMinutes() == 90",
        "duration('1.5s').getMilliseconds() == 500 && duration('-90m') == days(0) - duration('1h30m')",
        "now.getFullYear() == 2026 && now.getMonth() == 2 && now.getDate() == 28 && now.getDayOfMonth() == 27",
        "now.getDayOfWeek() == 6 && now.getDayOfYear() == 86 && now.getMinutes() == 30 && now.getSeconds() == 0",
        "now.getHours('Europe/Berlin') == 12 && now.getHours('-02:00') == 9 && now.getHours() == 11",
        "timestamp('2026-03-28T11:30:00Z') == now && int(now) == 1774697400 && timestamp(1774697400) == now",
        "date('2016-12-31T23:59:60Z') == date('2017-01-01') && date('2026-03-28t11:30:00z') == now && date(now) == now",
        "day(now) == '2026-03-28' && day('2026-03-28T23:00:00Z') == '2026-03-28' && 'at ' + string(now) != ''",
    ],
)
def test_time(source: str) -> None:
    """Months and days follow the calendar, the rest is exact; parts of moments are told in a zone."""
    assert value(source) is True


def test_days_are_those_of_the_zone() -> None:
    """Dates, times of day and days over a change of the clocks are those of the zone; 24 hours are 24 hours."""
    berlin = "Europe/Berlin"  # clocks go forward in the night from 28 to 29 March 2026
    assert value("date('2026-03-28')", berlin) == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert value("now + days(1)", berlin) == datetime(2026, 3, 29, 10, 30, tzinfo=UTC)
    assert value("now + span('PT24H')", berlin) == datetime(2026, 3, 29, 11, 30, tzinfo=UTC)
    assert value("now + span('P1M')", berlin) == datetime(2026, 4, 28, 10, 30, tzinfo=UTC)
    assert value("day(date('2026-03-28T23:30:00Z'))", berlin) == "2026-03-29"
    assert value("now.getHours()", berlin) == 12
    assert value("day(date('2026-03-29') + days(1))", berlin) == "2026-03-30"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("now + days(3000000)", "value"),
        ("now - span('P9999Y')", "value"),
        ("days(100000000)", "value"),
        ("duration('9999999999999s')", "value"),
        ("duration('1e10h')", "value"),
        ("date('0000-01-01')", "value"),
        ("date('2026-13-01')", "value"),
        ("timestamp('2026-03-28')", "value"),
        ("timestamp(1e15)", "value"),
        ("span('P1M') < days(30)", "value"),
        ("span('P1M').getHours()", "value"),
        ("now.getHours(z)", "value"),
        ("now.getHours('')", "missing"),
        ("duration('1h').getDate()", "type"),
        ("now + now", "type"),
        ("now * 2", "type"),
        ("now > '2026-01-01'", "type"),
        ("'abc'.charAt(4)", "value"),
        ("'abc'.substring(2, 1)", "value"),
        ("'a'.indexOf('a', 0.5)", "value"),
        ("['a', 1].join()", "type"),
        ("size(1)", "type"),
        ("[1].exists(x, x)", "type"),
        ("1.all(x, true)", "type"),
        ("true ? 1 : 2 ? 3 : 4", ""),
        ("1 ? 2 : 3", "type"),
        ("1 && true", "type"),
        ("!1", "type"),
        ("{true: 1}", "type"),
        ("{'a': 1, 'a': 2}", "value"),
        ("[1][1]", "value"),
        ("[1][0.5]", "type"),
        ("[1]['a']", "type"),
        ("{'a': 1}[true]", "missing"),
        ("1 in 2", "type"),
        ("'a' in 'abc'", "type"),
        ("now.a", "type"),
        ("nothing", "missing"),
        ("now.getHours('Nowhere/At_all')", "missing"),
        ("size()", "syntax"),
        ("size(1, 2)", "syntax"),
        ("contains('a', 'b')", "syntax"),
        ("'a'.date()", "syntax"),
        ("'a'.matches('(')", "syntax"),
        (r"'a'.matches(r'(a)\1')", "syntax"),
        ("'a'.matches('a{1000000}')", "syntax"),
        ("'\\ud800'", "syntax"),
    ],
)
def test_what_fails_says_of_which_kind_it_is(source: str, kind: str) -> None:
    """A failure has the kind by which programs tell it, and nothing saturates or gives something near."""
    if not kind:
        assert value(source) == 1
        return
    with pytest.raises(ExpressionFailed) as caught:
        value(source, z="Europe/Lundon")
    assert caught.value.kind == kind
    assert caught.value.where


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("1 + d.a.b.c > 2", "d.a.b"),
        ("true && d.x.y + 1 > 0", "d.x.y + 1"),
        ("[1, 2].map(x, x / (x - 1))", "x / (x - 1)"),
        ("size(d.x) > 1 || size(5) > 1", "size(5)"),
        ("'a' + d.a", "'a' + d.a"),
        ("now.getHours('Nowhere/At_all') > 2", "'Nowhere/At_all'"),
    ],
)
def test_a_failure_says_where_it_arose(source: str, part: str) -> None:
    """The span of a failure is the part at fault, and its message names the character where that begins."""
    with pytest.raises(ExpressionFailed) as caught:
        value(source, d={"x": {"y": "t"}, "a": {}})
    span = caught.value.span
    assert span is not None
    assert source[slice(*span)] == part
    assert (f"(character {span[0] + 1})" in caught.value.what) is (span[0] > 0)


@pytest.mark.parametrize(
    ("span", "written"),
    [
        (Duration(), "PT0S"),
        (Duration(months=14, days=3), "P14M3D"),
        (Duration(rest=timedelta(days=2)), "PT48H"),
        (Duration(days=1, rest=timedelta(hours=1, seconds=1.5)), "P1DT1H1.5S"),
        (Duration(rest=timedelta(minutes=-5, microseconds=-1)), "PT-5M-0.000001S"),
    ],
)
def test_a_length_is_written_as_it_is_read(span: Duration, written: str) -> None:
    """Calendar months and days, and the exact rest, stand apart in the text, and are read again as they were."""
    assert str(span) == written
    if "-" not in written:
        assert Duration.parse(written) == span
