"""``flow forecast``: what to order today, near and far, in a table and for programs."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

import pytest

from flowengine import Engine

if TYPE_CHECKING:
    from conftest import Flow


@pytest.fixture
def chosen(shop: Flow) -> Flow:
    """A shop in which Ada waits for a table of oak, and a file with what is there."""
    with Engine(shop.near, handlers={}) as engine:
        engine.start("workshop", by="ada", need={"wish": "For two", "width": 80})
        engine.act(engine.inbox("ada")[0].id, "chosen", {"wood": "oak", "legs": 4, "extras": []}, by="ada")
    (shop.folder / "stock.csv").write_text("option,on_hand\noak,0\n", encoding="utf-8")
    return shop


@pytest.mark.parametrize("shop", ["near", "far"], indirect=True)
def test_it_is_told_what_to_order(chosen: Flow) -> None:
    """A table, and below it the reason of each option."""
    told = chosen.run("forecast", "workshop", "--stock", "stock.csv", who="tom").stdout
    assert told.startswith("A table made with you (workshop), ")
    assert re.search(r"Oak: order \d+: 1 is chosen and not used yet, of which ", told.replace("\n", " "))
    assert "Pine: the process does not say how long it takes to come" in told.replace("\n", " ")


def test_without_a_stock_it_is_told_how_much_to_hold(chosen: Flow) -> None:
    """No column of what to order; where one process alone is in use, it need not be named."""
    told = chosen.run("forecast", who="tom").stdout
    assert "Oak: hold " in told
    assert " Order " not in told


def test_programs_and_spreadsheets_get_all_rows(chosen: Flow) -> None:
    """As JSON, with the weeks that are ahead, and as CSV; a stock may come as JSON, or from another program."""
    found = chosen.json("forecast", "workshop", "--stock", "stock.csv", "--service", "0.9", who="tom")
    assert found["service"] == 0.9
    (oak,) = (row for row in found["rows"] if row["option"] == "oak")
    assert (oak["pieces"], oak["on_hand"], oak["lead_time"], len(oak["weeks"])) == (oak["level"], 0, 10, 8)
    (chosen.folder / "stock.json").write_text(json.dumps([{"option": "oak", "on_hand": 9}]), encoding="utf-8")
    told = chosen.run("forecast", "workshop", "--stock", "stock.json", "--csv", who="tom").stdout
    rows = {row["option"]: row for row in csv.DictReader(io.StringIO(told))}
    assert (rows["oak"]["pieces"], rows["oak"]["on_hand"], rows["pine"]["level"]) == ("0", "9", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("option,on_hand\noak,0\nok,2\n", "line 3: there is no option 'ok'"),
        ("option,on_hand\noak,0\noak,2\n", "line 3: oak stands in line 2 already"),
        ('option,on_hand\n"oak,0\n', "line 2: is no CSV"),
        ("option,on_hand\noak,much\n", "line 2: on_hand: 'much' is no whole number"),
    ],
)
def test_a_broken_stock_is_refused_by_its_lines(chosen: Flow, text: str, words: str) -> None:
    """With the file, the line, and what is possible; nothing is told as if all were well."""
    (chosen.folder / "stock.csv").write_text(text, encoding="utf-8")
    told = chosen.run("forecast", "workshop", "--stock", "stock.csv", who="tom", code=1)
    assert words in told.stderr
    assert "where: stock.csv" in told.stderr
    assert told.stdout == ""
