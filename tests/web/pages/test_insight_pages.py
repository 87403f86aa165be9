"""Operators: what all jobs have taught, in tables, in plots, and for a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from house import House

from flowengine.insight.cells import bucket
from flowengine.interop.plots import can_plot
from flowengine.views.insight import _WORDS, MEASURES, OTHERS
from flowengine.web.pages.ops_insight import FIXED

BROUGHT = list({bucket(f"guest-{number}"): f"guest-{number}" for number in range(30)}.values())[:12]
MINUTES = 3


@pytest.fixture
def taught(busy: House) -> House:
    """A house in which twelve customers had something fetched, each of them twice in different months."""
    engine = busy.engine
    for month in (0, 40):
        busy.clock.advance(timedelta(days=month))
        for number, who in enumerate(BROUGHT):
            engine.add_customer(who, f"=Guest {number}")
            job = engine.start("fetching", need={"what": f"a box {number}"}, customer=who, by="tom").job
            engine.run_due()
            busy.clock.advance(timedelta(hours=2 + number % 3))
            step = next(one for one in engine.inbox(by="mia", limit=200) if one.job == job)
            engine.act(step.id, "brought", {"said": "Thanks", "kilos": 2}, by="mia")
    return busy


def test_what_all_jobs_have_taught_is_on_a_page(taught: House) -> None:
    """Waits with their usual durations, ends, and a link to all rows; months narrow it."""
    olga = taught.visitor("olga")
    assert "/ops/insight/fetching" in olga.get("/ops/processes/fetching").text
    page = olga.get("/ops/insight/fetching")
    assert page.status_code == 200
    for words in ("Where jobs waited, and for whom", "<td>Bring</td>", "<td>Tailor</td>", "3 hours", "/csv?of=all"):
        assert words in page.text
    july = olga.get("/ops/insight/fetching?since=2026-07&until=2026-08")
    assert "There is nothing to tell yet." in july.text
    months = olga.get("/ops/insight/fetching?split=month").text
    assert "2026-05" in months
    assert "2026-06" in months


def test_what_cannot_be_read_is_said_at_its_box(taught: House) -> None:
    """A month that is none is refused with what is possible; what was typed is still there."""
    olga = taught.visitor("olga")
    page = olga.get("/ops/insight/fetching?since=%3Cmay%3E&split=month")
    assert page.status_code == 422
    assert "is no month" in page.text
    assert 'value="&lt;may&gt;"' in page.text
    assert olga.get("/ops/insight/fetching?split=colour").status_code == 422
    assert olga.get("/ops/insight/nothing").status_code == 404


def test_rows_go_into_a_spreadsheet(taught: House) -> None:
    """As CSV, under a name of their own."""
    answer = taught.visitor("olga").get("/ops/insight/fetching/csv?of=all&split=month")
    assert answer.headers["content-disposition"] == 'attachment; filename="insight-fetching.csv"'
    heads, *rows = csv.reader(io.StringIO(answer.text))
    assert heads[:3] == ["measure", "state", "title"]
    assert {row[0] for row in rows} >= {"started", "wait", "ended"}


@pytest.mark.skipif(not can_plot(), reason="the library pygal is not installed: pip install needflow[plots]")
def test_plots_stand_at_addresses_of_their_own(taught: House) -> None:
    """Each plot that a page shows is an SVG in which nothing runs; of another measure there is none."""
    olga = taught.visitor("olga")
    page = olga.get("/ops/insight/fetching?split=month").text
    assert "/plot?of=wait&amp;split=month" in page
    for address in ("plot?of=visit", "plot?of=wait&split=month", "plot?of=started&split=month"):
        answer = olga.get(f"/ops/insight/fetching/{address}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml"), address
        assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
        tags = {one.tag.rpartition("}")[2] for one in ElementTree.fromstring(answer.text).iter()}
        assert "script" not in tags
        assert len(answer.content) < 30_000
    assert olga.get("/ops/insight/fetching/plot?of=rated").status_code == 404


@pytest.mark.parametrize("person", ["tom", "ada"])
def test_others_find_no_such_page(taught: House, person: str) -> None:
    """Neither the page, nor rows, nor plots."""
    other = taught.visitor(person)
    for path in ("", "/csv", "/plot?of=wait"):
        assert other.get(f"/ops/insight/fetching{path}").status_code == 404


def test_the_worklist_says_what_is_usual(taught: House) -> None:
    """Beside a step stands how long it usually takes, and how long it has waited here."""
    taught.visitor("olga").get("/ops/insight/fetching")  # counts what there is
    taught.clock.advance(timedelta(minutes=MINUTES))
    engine = taught.engine
    job = engine.start("fetching", need={"what": "a trunk"}, customer=BROUGHT[0], by="tom").job
    engine.run_due()
    taught.clock.advance(timedelta(minutes=MINUTES))
    mia = taught.visitor("mia")
    assert "usually 3 hours" in mia.get("/work").text
    step = next(one for one in engine.inbox(by="mia", limit=200) if one.job == job)
    assert "Usually this takes 3 hours; it has waited here for 3 minutes." in mia.get(f"/work/{step.id}").text


def test_the_page_has_words_for_all_that_is_told() -> None:
    """Titles of tables and fixed values are told in the reader's language."""
    assert {one.title for one in MEASURES.values()} | set(_WORDS.values()) | {OTHERS, "left early"} == FIXED
