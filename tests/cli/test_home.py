"""``flow`` alone: to each who says who he is, what is his; to nobody, how to begin."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from flowengine.cli import flow

if TYPE_CHECKING:
    from conftest import Flow


def test_a_customer_sees_what_waits_for_him_and_his_jobs(shop: Flow) -> None:
    """Each with the command that leads on, which works when it is pasted."""
    job = shop.start()
    shown = shop.run(who="ada").stdout
    assert "Ada  " in shown
    assert "Waits for you\n  Which wood should it be?  Workshop, until " in shown
    assert "Your open jobs\n  Workshop: Your choice\n" in shown
    commands = [line.split("→ ")[1] for line in shown.splitlines() if "→ " in line]
    assert [shlex.split(one)[1] for one in commands] == ["act", "track"]
    assert all(job in one and "--as ada" in one for one in commands)
    assert "Your choice" in shop.run(*shlex.split(commands[1])[1:3], who="ada").stdout


def test_a_customer_sees_what_he_has_booked(shop: Flow) -> None:
    """It waits for him no longer, and may be moved."""
    job = shop.start()
    shop.run("act", job, "--set", "wood=oak", "--set", "legs=4", "--set", "extras=", who="ada")
    first, *_ = shop.free(job, "ada")
    shop.run("act", job, "--outcome", "book", "--set", f"slot={first}", who="ada")
    shown = shop.run(who="ada").stdout
    assert "Nothing waits for you.\nWhat you have booked\n" in shown
    assert "→ to move it or cancel it: flow act " in shown
    told = shop.json(who="ada")
    assert (told["waiting"], next(one["start"] for one in told["booked"])[:16]) == ([], first[:16])
    assert [row["id"] for row in told["jobs"]] == [shop.json("jobs")[0]["id"]]
    assert told["me"]["name"] == "Ada"


IDEA = """
process: idea
need: An idea
states:
  need: {type: need, fields: {title: {type: string}}, next: talk}
  talk: {type: task, open_to: customers, within: P5D, on: {done: say, expired: say}}
  say: {type: tell, to: everyone, say: "What became of it: {data.need.title}", next: fulfilled}
  fulfilled: {type: fulfilled}
"""


def test_a_customer_sees_what_he_took_part_in(shop: Flow) -> None:
    """By what he was told, with the command that shows it; others see nothing of it."""
    (shop.folder / "idea.yaml").write_text(IDEA)
    shop.run("deploy", str(shop.folder / "idea.yaml"))
    shop.run("people", "add", "cid", "--name", "Cid")
    shop.run("start", "idea", "--set", "title=A bag", who="ada")
    step = next(one["short"] for one in shop.json("inbox", who="ben") if one["process"] == "idea")
    shop.run("act", step, who="ben")
    job = step.partition(".")[0]
    shown = shop.run(who="ben").stdout
    assert f"You took part in\n  Idea: What became of it: A bag\n    → flow track {job} " in shown
    assert [one["short"] for one in shop.json(who="ben")["took_part"]] == [job]
    assert "You took part in" not in shop.run(who="cid").stdout
    assert shop.json(who="ada")["took_part"] == []


def test_staff_see_the_head_of_their_inbox_and_todays_appointments(shop: Flow) -> None:
    """Who it is for stands beside; a customer's jobs are no list of theirs."""
    job = shop.visited_with_wish("A table")
    shown = shop.run(who="tom").stdout
    assert "Waits for you\n  Build the table  Workshop, for Ada\n" in shown
    assert f"→ flow act {job}." in shown
    assert "Appointments today: " in shown
    assert "Your open jobs" not in shown
    assert shop.json(who="tom")["jobs"] == [], "those that he began"
    assert "Nothing waits for you." in shop.run(who="olga").stdout


def test_staff_see_their_next_appointment(shop: Flow) -> None:
    """Where there is none today."""
    job = shop.start()
    shop.run("act", job, "--set", "wood=oak", "--set", "legs=4", "--set", "extras=", who="ada")
    last = shop.free(job, "ada")[-1]
    shop.run("act", job, "--outcome", "book", "--set", f"slot={last}", who="ada")
    shown = shop.run(who="tom").stdout
    assert "Nothing waits for you.\nAppointments today: none\n  The next: " in shown
    assert ", for Ada" in shown


def test_much_is_shown_shortly(shop: Flow) -> None:
    """The head of it, and where the rest is."""
    for number in range(10):
        shop.start(wish=f"table {number}")
    shown = shop.run(who="ada").stdout
    assert shown.count("Which wood") == 8
    assert "and 2 more: flow inbox" in shown
    assert "and more: flow jobs" in shown


def test_nobody_sees_how_to_begin(empty: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """The help, and the first steps; with --json, that it must be said who asks."""
    done = CliRunner().invoke(flow, [])
    assert done.exit_code == 0
    assert "Usage: " in done.output
    for command in ("flow demo", "flow new my_shop", "flow --as ID"):
        assert command in done.output
    done = CliRunner().invoke(flow, ["--json"])
    assert (done.exit_code, json.loads(done.output)["error"]) == (2, "WrongUse")
    monkeypatch.setenv("FLOW_AS", "ada")
    done = CliRunner().invoke(flow, ["--json"])
    assert (done.exit_code, json.loads(done.output)["error"]) == (1, "NotFound")
    assert not (empty.folder / "flow.db").exists()


def test_somebody_who_is_not_known_is_told_so(shop: Flow) -> None:
    """And how one becomes known; nothing is entered by looking."""
    error = shop.json(who="zoe", code=1)
    assert error["error"] == "NotFound"
    assert "nobody with the id 'zoe' is known here yet" in error["what"]
    assert any("start PROCESS" in one for one in error["possible"])
    assert "zoe" not in [one["id"] for one in shop.json("people", "list")]


def test_my_jobs_are_those_that_i_began(shop: Flow) -> None:
    """Of staff those that they began, of a customer his own; nobody has none."""
    job = shop.visited()
    receipt = shop.json("start", "workshop", "--for", "ben", "--set", "wish=A stool", "--set", "width=40", who="tess")
    assert [row["id"] for row in shop.json("jobs", "--mine", who="tess")] == [receipt["job"]]
    assert shop.json("jobs", "--mine", who="tom") == []
    assert [row["short"] for row in shop.json("jobs", "--mine", who="ada")] == [job]
    assert len(shop.json("jobs", who="tom")) == 2


def test_my_jobs_are_those_that_i_began_and_nobodys_are_none(shop: Flow) -> None:
    """Who does not say who he is has none of his own."""
    assert "Say who you are" in shop.run("jobs", "--mine", code=2).stderr
    assert "--stuck takes --process" in shop.run("jobs", "--mine", "--stuck", who="olga", code=2).stderr
