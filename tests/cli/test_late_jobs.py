"""What is late is said at the command line, in words and in red, to its customer, to staff and to operators."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from terminal import Terminal

if TYPE_CHECKING:
    from conftest import Flow

CHAIR = """
process: chair
title: A chair made with you
need: A chair
roles: {maker: {title: Maker}}
promise: {by: data.need.by}
states:
  need: {type: need, fields: {by: {type: string, format: date}}, next: build}
  build: {type: task, for: maker, phase: Being built, next: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
always:
  withdraw: {by: customer, to: gone}
"""
DAY, TOLD = "2020-05-10", "Sun 10 May 2020"


@pytest.fixture
def late(shop: Flow) -> str:
    """A chair that was promised for long ago; its short id."""
    (shop.folder / "chair.yaml").write_text(CHAIR, "utf-8")
    shop.run("deploy", "chair.yaml", who="olga")
    return str(shop.json("track", shop.json("start", "chair", "--set", f"by={DAY}", who="ada")["job"])["short"])


def test_its_customer_and_the_house_read_that_it_is_late(shop: Flow, late: str) -> None:
    """Where it is: a sentence for its customer; inside, since when."""
    told = f"The day we promised, {TOLD}, has passed. We are still at work on it: Being built"
    assert told in shop.run("track", late, who="ada").stdout
    assert f"Promised for {TOLD}, late since then (" in shop.run("track", late, who="tom").stdout
    assert shop.json("track", late, who="ada")["promise"] == {
        "by": "2020-05-10T23:59:59.999999Z", "first": "2020-05-10T23:59:59.999999Z", "kept": None, "late": True,
        "status": "late", "words": told, "expected": None, "asked": None, "agreed_by": "",
    }  # fmt: skip


def test_late_jobs_are_listed(shop: Flow, late: str) -> None:
    """By themselves; the column is there where something is promised."""
    shop.start()
    assert "Promised" not in shop.run("jobs", "--process", "workshop").stdout
    shown = shop.run("jobs", "--late").stdout
    assert "Promised" in shown
    assert f"{TOLD}, late" in shown
    assert [row["short"] for row in shop.json("jobs", "--late")] == [late]
    assert [row["short"] for row in shop.json("jobs", "--late", who="ada")] == [late]
    assert shop.json("jobs", "--late", who="ben") == []
    shop.run("withdraw", late, "--yes", who="ada")
    assert "There are no such jobs." in shop.run("jobs", "--late").stdout
    assert f"{TOLD}, broken" in shop.run("jobs", "--status", "ended").stdout


@pytest.mark.parametrize("also", ["--took-part", "--status=ended", "--stuck"])
def test_late_jobs_are_open_ones_of_ones_own(shop: Flow, also: str) -> None:
    """What cannot be together is told as such."""
    assert "Wrong use" in shop.run("jobs", "--late", also, who="olga", code=2).output


def test_an_inbox_marks_what_is_late_or_soon_will_be(shop: Flow, late: str) -> None:
    """Beside the step, in words; a day that is far off is not told."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    for day in (tomorrow, tomorrow + timedelta(days=30)):
        shop.run("start", "chair", "--set", f"by={day}", who="ada")
    first, second, third = shop.run("inbox", who="tom").stdout.splitlines()[2:5]
    assert late in first
    assert f"late since {TOLD}" in first
    assert "promised for" in second
    assert "promised for" not in third
    items = shop.json("inbox", who="tom")
    assert [item["late"] for item in items] == [True, False, False]
    assert items[0]["promise"] == "2020-05-10T23:59:59.999999Z"


def test_operators_have_an_incident_that_is_not_tried_again(shop: Flow, late: str) -> None:
    """It says for when it was promised, and for whom it waits; what to do is to see to it."""
    shown = " ".join(shop.run("incidents").stdout.split())
    assert f"{late} promise Build chair build 0 see to it it was promised for {TOLD}, and waits for Maker" in shown
    refused = shop.run("retry", late, who="olga", code=1).output
    assert "a job is not tried again" in refused
    assert f"{late}.NUMBER" in refused


def test_what_is_late_is_red_as_well(shop: Flow, late: str) -> None:
    """At a terminal; what is promised still is green."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    job = shop.json("start", "chair", "--set", f"by={tomorrow}", who="ada")["job"]
    at = ("--at", f"sqlite:///{shop.folder}/flow.db")
    for which, words, colour in ((late, "The day we promised", 31), (job, "Promised for", 32)):
        with Terminal(shop.folder, *at, "--as", "ada", "track", which) as terminal:
            terminal.expect(words)
            assert f"\x1b[{colour}m{words}" in terminal.raw
