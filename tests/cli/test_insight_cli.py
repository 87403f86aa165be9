"""``flow insight``: what all jobs have taught, near and far, in tables and for programs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from flowengine import Engine, SimulatedClock
from flowengine.insight.cells import bucket

if TYPE_CHECKING:
    from conftest import Flow

PARCELS = """
process: parcels_out
title: Parcels
need: Something goes out
roles: {maker: {title: Maker}}
states:
  need: {type: need, fields: {what: {type: string}}, next: how}
  how: {type: choice, ask: How?, choose: {way: {from: [bike, train]}}, within: P9D, on: {chosen: pack, expired: gone}}
  pack: {type: task, for: maker, title: Pack it, next: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody said how}
"""
SENDERS = list({bucket(f"sender-{number}"): f"sender-{number}" for number in range(30)}.values())[:12]


@pytest.fixture
def sent(shop: Flow) -> Flow:
    """A shop in which twelve customers have sent a parcel: packing took two days, and waits once more."""
    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    with Engine(shop.near, clock=clock, handlers={}) as engine:
        engine.deploy(PARCELS)

        def send(who: str, way: str) -> str:
            engine.start("parcels_out", by=who, need={"what": "a box"})
            engine.act(engine.inbox(who)[0].id, "chosen", {"way": way}, by=who)
            return next(one.id for one in engine.inbox("tom", limit=200) if one.process == "parcels_out")

        for number, who in enumerate(SENDERS):
            engine.add_customer(who)
            step = send(who, "bike" if number < 7 else "train")
            clock.advance(timedelta(days=2))
            engine.act(step, "done", by="tom")
        engine.insight("parcels_out")
        send(SENDERS[0], "bike")
        clock.advance(timedelta(days=5))
    shop.clock = clock
    return shop


def test_a_person_is_shown_tables(sent: Flow) -> None:
    """Choices with their shares, and waits with whom they were for."""
    told = sent.run("insight", "parcels_out", who="tom").stdout
    assert "Parcels (parcels_out), 2026-05" in told
    assert any(line.split() == ["How", "way:", "Bike", "8", "13"] for line in told.splitlines()), told
    (packing,) = (line for line in told.splitlines() if line.startswith("Pack it") and "Maker" in line)
    assert packing.split() == ["Pack", "it", "Maker", "12", "2", "days", "2", "days"]


def test_a_program_is_given_all_of_it(sent: Flow) -> None:
    """As JSON, and as rows of a spreadsheet; not as both."""
    found = sent.json("insight", "parcels_out", who="tom")
    assert (found["since"], found["until"], found["split"], found["behind"]) == ("2026-05", "2026-05", "", 0)
    chosen = next(table for table in found["tables"] if table["measure"] == "chosen")
    assert [(row["value"], row["count"], row["of"]) for row in chosen["rows"]] == [
        ("way=bike", 8, 13),
        ("way=train", 5, 13),
    ]
    rows = list(csv.DictReader(io.StringIO(sent.run("insight", "parcels_out", "--csv", who="tom").stdout)))
    assert {row["measure"] for row in rows} == {table["measure"] for table in found["tables"]}
    assert "leave one out" in sent.run("insight", "parcels_out", "--csv", "--json", who="tom", code=2).output


def test_months_narrow_it(sent: Flow) -> None:
    """Of a month in which nothing was done there is nothing to tell."""
    told = sent.run("insight", "parcels_out", "--since", "2026-06", who="tom").stdout
    assert "nothing is told of fewer than 5 customers" in told
    by_month = sent.run("insight", "parcels_out", "--by", "month", who="tom").stdout
    assert "Month" in by_month


def test_counted_anew_it_is_the_same(sent: Flow) -> None:
    """An operator has all counted anew, and is told the same; it is noted that he has."""
    before = sent.json("insight", "parcels_out", who="olga")
    assert sent.json("insight", "parcels_out", "--rebuild", who="olga") == before
    (deed, *_) = sent.json("administration", "--limit", "1", who="olga")
    assert "counted anew" in deed["what"]


def test_where_several_processes_are_in_use_one_is_named(sent: Flow) -> None:
    """Wrong use says which there are."""
    assert "parcels_out" in sent.run("insight", who="tom", code=2).output


def test_an_inbox_says_what_is_usual(sent: Flow) -> None:
    """Beside a step that has waited five days stands that it usually takes two, in the list and before it is done."""
    told = sent.run("inbox", "--process", "parcels_out", who="tom").stdout
    assert "usually 2 days, here for 5 days" in told
    (item,) = sent.json("inbox", "--process", "parcels_out", who="tom")
    assert item["usual"] == pytest.approx(172_800, rel=0.045)
