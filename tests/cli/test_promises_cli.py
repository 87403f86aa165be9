"""Promises, previews and receipts at a terminal, in plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Flow

COAT = """
process: coat
title: A coat made with you
need: A coat
currency: GBP
roles: {maker: {title: Maker}}
promise: {by: data.need.by}
states:
  need: {type: need, fields: {by: {type: string, format: date}}, next: choose}
  choose: {type: ask, ask: Which colour?, fields: {colour: {type: string}}, within: P9D, takes: P1D,
           on: {answered: sew, expired: gone}}
  sew: {type: task, for: maker, phase: Being sewn, takes: P4D, next: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
always:
  rethink: {by: customer, title: Another colour, when: '!passed("sew")', otherwise: it is sewn, to: choose}
"""


@pytest.fixture
def coat(shop: Flow) -> str:
    """A coat of which the colour is chosen, promised for a day that is far away."""
    (shop.folder / "coat.yaml").write_text(COAT, "utf-8")
    shop.run("deploy", "coat.yaml")
    job = str(shop.json("start", "coat", "--set", "by=2099-06-30", who="ada")["job"])
    shop.json("act", job, "--set", "colour=red", who="ada")
    return job


def test_a_change_is_shown_before_it_is_made(shop: Flow, coat: str) -> None:
    """What is asked again, what is not asked any more, what was promised, and nothing is done by looking."""
    shown = shop.run("change", coat, "rethink", "--preview", who="ada").stdout
    for words in (
        "Another colour",
        "You are asked again: Which colour?",
        "The promise stands: Promised for Tue 30 Jun 2099",
    ):
        assert words in shown
    assert shop.json("change", coat, "rethink", "--preview", who="ada")["redone"] == ["Which colour?"]
    assert shop.json("track", coat, who="ada")["where"][0]["words"] == "Being sewn"
    shop.run("change", coat, "rethink", "--yes", who="ada")
    assert [one["title"] for one in shop.json("inbox", who="ada")] == ["Which colour?"]


def test_a_repeated_change_is_made_once(shop: Flow, coat: str) -> None:
    """Under one key, also when what was looked at is over by now (L3)."""
    first = shop.json("change", coat, "rethink", "--yes", "--key", "k", who="ada")
    again = shop.json("change", coat, "rethink", "--yes", "--key", "k", who="ada")
    assert (again["seq"], again["repeated"]) == (first["seq"], True)


def test_another_date_is_asked_listed_and_accepted(shop: Flow, coat: str) -> None:
    """Staff ask, the list says so, the customer accepts on a step."""
    asked = shop.run("promise", "ask", coat, "--to", "12 Aug 2099", "--because", "The wool is late", who="tom").stdout
    assert "asked is Wed 12 Aug 2099 instead" in asked
    assert "without an answer the promise stands" in asked
    listed = shop.run("promises", who="tom").stdout
    assert "asked: Wed 12 Aug 2099" in listed
    assert shop.json("promises", "--count", who="tom") == [{"process": "coat", "state": "asked", "count": 1}]
    (step,) = [one for one in shop.json("inbox", who="ada") if one["asked"] == "new_date"]
    shop.run("act", step["short"], "--outcome", "accepted", "--yes", who="ada")
    assert shop.json("promises", "--state", "open", who="tom")[0]["promise"]["by"].startswith("2099-08-12")
    assert "agreed" in shop.run("history", coat, who="tom").stdout


def test_when_it_is_expected_is_told(shop: Flow, coat: str) -> None:
    """To the customer where the job is, to those inside beside the step and in lists, with the jobs that say so."""
    assert re.search(r"Expected between \w+ \d+ \w+ \d{4} and ", shop.run("track", coat, who="ada").stdout)
    assert "as the process says" not in shop.run("track", coat, who="ada").stdout
    assert "as the process says" in shop.run("track", coat, who="tom").stdout
    assert re.search(r"Promised +Expected +Begun", shop.run("jobs", "--status", "open", who="tom").stdout)
    (row,) = shop.json("promises", who="tom")
    assert sorted(row["expected"]) == ["jobs", "latest", "soonest", "words"]
    (listed,) = [one for one in shop.json("jobs", who="tom") if one["id"] == coat]
    assert (listed["expected"], listed["expected"]["jobs"]) == (row["expected"], 0)
    assert shop.json("track", coat, who="ada")["expected"]["jobs"] is None
    (mine,) = [one for one in shop.json("jobs", who="ada") if one["id"] == coat]
    assert mine["expected"] is None


def test_a_receipt_is_saved_and_checked(shop: Flow, coat: str) -> None:
    """By itself, and against the history; what is spoilt, and what the history does not have, is told."""
    listed = shop.json("receipt", "list", coat, who="ada")
    assert [one["seq"] for one in listed] == [1, 2]
    file = shop.folder / "receipt.json"
    shop.run("receipt", "save", f"{coat}.2", "--to", str(file), who="ada")
    assert "is there already" in shop.run("receipt", "save", coat, "--to", str(file), who="ada", code=1).stderr
    held = shop.run("receipt", "verify", str(file)).stdout
    assert "It holds: entry 2" in held
    assert 'What was answered: {"colour":"red"}' in held
    (shop.folder / "spoilt.json").write_bytes(file.read_bytes().replace(b"red", b"ref"))
    assert "not as it was saved" in shop.run("receipt", "verify", str(shop.folder / "spoilt.json"), code=1).stdout
    (shop.folder / "cut.json").write_bytes(file.read_bytes()[:500])
    assert shop.json("receipt", "verify", str(shop.folder / "cut.json"), code=1)["verdict"] == "unreadable"
    other = shop.json("start", "coat", "--set", "by=2099-06-30", who="ada")["job"]
    assert shop.json("receipt", "verify", str(file), "--job", other, code=1)["verdict"] == "other_job"


def test_a_receipt_is_checked_against_the_history(shop: Flow, coat: str) -> None:
    """With --at: the history has the entry still, or it is one of another database."""
    file = shop.folder / "receipt.json"
    shop.run("receipt", "save", f"{coat}.2", "--to", str(file), who="ada")
    here, there = "sqlite:///flow.db", f"sqlite:///{shop.folder / 'other.db'}"
    assert "has it still" in shop.run("receipt", "verify", str(file), "--at", here, who="ada").stdout
    shop.run("db", "create", "--at", there)
    assert shop.json("receipt", "verify", str(file), "--at", there, code=1)["verdict"] == "not_in_chain"


def test_what_was_looked_at_is_done_or_nothing(shop: Flow, coat: str) -> None:
    """The preview tells the command with its digest: done unasked as it was shown, and refused once that is changed."""
    shown = shop.run("change", coat, "rethink", "--preview", who="ada").stdout
    command = shown.partition("Just that, or nothing: flow ")[2].split()
    assert command[:4] == ["change", coat, "rethink", "--seen"]
    digest = shop.json("change", coat, "rethink", "--preview", who="ada")["digest"]
    assert digest.startswith(command[4])
    other = f"{int(digest[0], 16) ^ 1:x}{digest[1:16]}"
    refused = shop.run("change", coat, "rethink", "--seen", other, who="ada", code=1).stderr
    assert "it has changed meanwhile; nothing was done" in refused
    assert "look again" in refused
    for wrong in (("--seen", "abc"), ("--seen", digest, "--preview")):
        shop.run("change", coat, "rethink", *wrong, who="ada", code=2)
    assert shop.json("track", coat, who="ada")["where"][0]["words"] == "Being sewn"
    shop.run(*command[:5], who="ada")
    assert [one["title"] for one in shop.json("inbox", who="ada")] == ["Which colour?"]


def test_an_outcome_says_which_step_is_meant(shop: Flow, coat: str) -> None:
    """Of several that wait, the one that can end so; what is asked already is told with how to take it back."""
    shop.run("change", coat, "rethink", "--yes", who="ada")
    asked = ("promise", "ask", coat, "--to", "12 Aug 2099", "--because", "The wool is late")
    shop.run(*asked, who="tom")
    assert "flow takeback " in shop.run(*asked, who="tom", code=1).stderr
    assert "name one" in shop.run("act", coat, "--set", "colour=blue", who="ada", code=1).stderr
    shop.run("act", coat, "--outcome", "accepted", who="ada")
    assert [one["title"] for one in shop.json("inbox", who="ada")] == ["Which colour?"]
