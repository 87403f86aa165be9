"""Event logs are read in order, and refused with their place where they are not what they should be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flowengine.errors import Refused
from flowengine.rehearsal.event_log import MOST_EVENTS, Case, Columns, Logged, read_log

XES = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <string key="concept:name" value="a log"/>
  <global scope="event"><string key="concept:name" value="none"/></global>
  <trace>
    <string key="concept:name" value="7"/>
    <event>
      <string key="concept:name" value="sew"/><date key="time:timestamp" value="2026-10-05T12:00:00.000+02:00"/>
    </event>
    <event><string key="concept:name" value="cut"/><string key="lifecycle:transition" value="start"/></event>
    <event>
      <string key="concept:name" value="cut"/><string key="lifecycle:transition" value="complete"/>
      <date key="time:timestamp" value="2026-10-05T09:00:00Z"/>
    </event>
  </trace>
  <trace></trace>
</log>
"""


def names(cases: list[Case]) -> list[tuple[str, list[str]]]:
    return [(case.name, [event.activity for event in case.events]) for case in cases]


def test_a_csv_is_read_by_its_columns_in_order_of_time() -> None:
    """Columns stand in any order, with commas, semicolons or tabs; times say the order, whatever that of the rows."""
    rows = [
        "\ufeffactivity;case;time",
        "cut;1;2026-10-05T10:00:00Z",
        "sew;2;2026-10-05",
        "ask;1;2026-10-05T09:00+01:00",
    ]
    data = "\n".join([*rows, "", ""]).encode()
    assert names(read_log(data, "csv")) == [("1", ["ask", "cut"]), ("2", ["sew"])]
    other = b"id,what\n1,b\n1,a\n"
    assert names(read_log(other, "csv", Columns(case="id", activity="what"))) == [("1", ["b", "a"])]


def test_xes_is_read_by_its_traces() -> None:
    """Only what is complete counts, moments may have zones, and a trace without a name is counted."""
    first, second = read_log(XES.encode(), "xes")
    assert names([first, second]) == [("7", ["cut", "sew"]), ("case 2", [])]
    assert first.events[1] == Logged(activity="sew", time=datetime(2026, 10, 5, 10, tzinfo=UTC))
    assert names(read_log(XES.replace("UTF-8", "utf-16").encode("utf-16"), "xes"))[0] == ("7", ["cut", "sew"])


DECLARED = (
    '<!DOCTYPE log [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    '<log><trace><string key="concept:name" value="&b;"/></trace></log>'
)


@pytest.mark.parametrize(
    ("data", "form", "said"),
    [
        (DECLARED.encode(), "xes", "a log with a document type is not read"),
        (DECLARED.encode("utf-16"), "xes", "a log with a document type is not read"),
        (b"<log><trace>", "xes", "no XML that can be read"),
        (b"<html/>", "xes", "the log is no XES"),
        (b"<log>" + b"<a>" * 99, "xes", "nested more than 32 levels deep"),
        (b"<log><trace><event/></trace></log>", "xes", "an event has no concept:name"),
        (b"", "csv", "the log has no column 'case'"),
        (b"case,activity,time\n1\n", "csv", "line 2: the row has 1 columns"),
        (b"case,activity,time\n1,,\n", "csv", "line 2: the name of a case or an activity is empty"),
        (b"case,activity,time\n1,cut,soon\n", "csv", "line 2: 'soon' is no moment"),
        (b"case,activity\n1," + b"x" * 200_000, "csv", "field larger than field limit"),
        (b"case,activity\n\xff,cut", "csv", "the log is no text in UTF-8"),
        (b"x" * 33_000_000, "csv", "a log has at most 32,000,000 bytes"),
        (b"case,activity\n" + b"1,a\n" * (MOST_EVENTS + 1), "csv", "a log has at most 500,000 events"),
    ],
)  # fmt: skip
def test_what_is_no_log_is_refused_with_its_place(data: bytes, form: str, said: str) -> None:
    """Each refusal is typed, and says what is wrong; nothing explodes (L12)."""
    with pytest.raises(Refused) as refused:
        read_log(data, form)  # type: ignore[arg-type]
    assert said in str(refused.value)
