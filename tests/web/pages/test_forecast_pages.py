"""What to order today, on a page: a table, a form for the stock, plots, and all rows for a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from house import House

from flowengine.interop.plots import can_plot

SHELF = """
process: shelf
title: A <b>shelf
need: A shelf
roles: {joiner: {title: Joiner}}
options: {wood: [{id: oak, title: "Oak <i>", lead_time: P5D}, {id: elm, title: Elm}]}
states:
  need: {type: need, next: choose}
  choose: {type: choice, choose: {wood: {from: wood}}, within: P9D, on: {chosen: saw, expired: gone}}
  saw: {type: task, for: joiner, uses: choose.wood, next: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nothing was chosen}
"""


@pytest.fixture
def shelf(house: House) -> House:
    """A house in which twelve shelves of oak were chosen; half of them are sawn."""
    engine = house.engine
    engine.deploy(SHELF)
    engine.add_staff("bea", "Bea", roles=["joiner"])
    engine.add_customer("ada", "Ada")
    for number in range(12):
        engine.start("shelf", by="ada")
        engine.act(engine.inbox("ada")[0].id, "chosen", {"wood": "oak"}, by="ada")
        house.clock.advance(timedelta(days=1))
        if number >= 6:
            engine.act(engine.inbox("bea")[0].id, "done", by="bea")
    return house


def test_staff_are_told_what_to_hold(shelf: House) -> None:
    """Which processes use something up, and of one of them each option with its reason."""
    bea = shelf.visitor("bea")
    assert "/ops/forecast" in bea.get("/work").text
    assert "/ops/forecast/shelf" in bea.get("/ops/forecast").text
    assert "/ops/forecast/shelf" in shelf.visitor("olga").get("/ops/processes/shelf").text
    page = bea.get("/ops/forecast/shelf")
    assert page.status_code == 200
    assert "Oak &lt;i&gt;" in page.text
    assert "hold " in page.text
    assert "6 are chosen and not used yet" in page.text
    assert "write lead_time: P10D" in page.text


def test_what_to_order_is_told_of_a_stock_that_is_typed(shelf: House) -> None:
    """The pieces stand in the table, and what was typed in its boxes."""
    page = shelf.visitor("bea").post("/ops/forecast/shelf", {"on_hand:wood.oak": "1", "service": "90"})
    assert page.status_code == 200
    assert "<strong>" in page.text
    assert 'name="on_hand:wood.oak" value="1"' in page.text
    assert 'name="service" value="90"' in page.text


def test_a_stock_comes_as_a_file(shelf: House) -> None:
    """CSV or JSON; what is in it stands in the boxes."""
    bea = shelf.visitor("bea")
    page = bea.post("/ops/forecast/shelf", {"service": "95"}, files={"stock": ("s.csv", b"option;on_hand\noak;7\n")})
    assert 'name="on_hand:wood.oak" value="7"' in page.text
    page = bea.post(
        "/ops/forecast/shelf", {"service": "95"}, files={"stock": ("s.json", b'[{"option":"oak","on_hand":8}]')}
    )
    assert 'name="on_hand:wood.oak" value="8"' in page.text


@pytest.mark.parametrize(
    ("typed", "file", "words"),
    [
        ({"on_hand:wood.oak": "<much>"}, None, "&#39;&lt;much&gt;&#39; is no number"),
        ({"owed:wood.oak": "1"}, None, "Oak &lt;i&gt;: on_hand: how many there are is missing"),
        ({"on_hand:wood.oak": "-1"}, None, "is not from 0"),
        ({"on_hand:wood.ash": "1"}, None, "there is no option"),
        ({"service": "high"}, None, "is no number"),
        ({"service": "100"}, None, "is no share between 0 and 1"),
        ({"service": "nan"}, None, "is no share between 0 and 1"),
        ({}, b"option,on_hand\noak,1\noak,2\n", "line 3: oak stands in line 2 already"),
        ({}, b'option,on_hand\n"oak,1\n', "line 2: is no CSV"),
        ({}, b"\x00\xff", "is not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    shelf: House, typed: dict[str, str], file: bytes | None, words: str
) -> None:
    """At the box, or by the line of the file."""
    files = None if file is None else {"stock": ("stock.csv", file)}
    page = shelf.visitor("bea").post("/ops/forecast/shelf", {"service": "95"} | typed, files=files)
    assert page.status_code == 422
    assert words in page.text.replace("&#34;", '"')


def test_rows_go_into_a_spreadsheet(shelf: House) -> None:
    """Without a stock, and with the one that was typed."""
    bea = shelf.visitor("bea")
    answer = bea.get("/ops/forecast/shelf/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="forecast-shelf.csv"'
    (oak, _) = csv.DictReader(io.StringIO(answer.text))
    assert (oak["option"], oak["pieces"], oak["chosen"]) == ("oak", "", "6")
    answer = bea.post("/ops/forecast/shelf", {"service": "95", "on_hand:wood.oak": "0", "as": "csv"})
    (oak, _) = csv.DictReader(io.StringIO(answer.text))
    assert oak["pieces"] == oak["level"] != "0"


def test_a_process_that_says_nothing_of_it_says_what_to_write(shelf: House) -> None:
    """In place of a table."""
    shelf.engine.deploy(SHELF.replace("process: shelf", "process: plain").replace(" uses: choose.wood,", ""))
    bea = shelf.visitor("bea")
    page = bea.get("/ops/forecast/plain")
    assert "uses: choose.wood" in page.text
    assert "/ops/forecast/plain" not in bea.get("/ops/forecast").text
    assert bea.get("/ops/forecast/nothing").status_code == 404


def test_customers_find_no_such_page(shelf: House) -> None:
    """To them there is none."""
    ada = shelf.visitor("ada")
    for address in ("/ops/forecast", "/ops/forecast/shelf", "/ops/forecast/shelf/csv", "/ops/forecast/shelf/plot?of=x"):
        assert ada.get(address).status_code == 404
    assert ada.post("/ops/forecast/shelf", {"service": "95"}).status_code == 404


@pytest.mark.skipif(not can_plot(), reason="the library pygal is not installed: pip install needflow[plots]")
def test_plots_stand_at_addresses_of_their_own(shelf: House) -> None:
    """What is known beside what is expected, week by week; nothing in them runs."""
    bea = shelf.visitor("bea")
    assert "/ops/forecast/shelf/plot?of=wood.oak" in bea.get("/ops/forecast/shelf").text
    answer = bea.get("/ops/forecast/shelf/plot?of=wood.oak")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert {one.tag.rpartition("}")[2] for one in ElementTree.fromstring(answer.text).iter()}.isdisjoint({"script"})
    assert "week 8" in answer.text
    assert bea.get("/ops/forecast/shelf/plot?of=wood.elm").status_code == 404
