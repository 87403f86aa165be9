"""end, move, set, call and act --for: an operator's hands, at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Flow

WHY = ("--because", "By phone")


def test_an_operator_acts_for_somebody(shop: Flow) -> None:
    """The answer is typed by the step's questions; the history names both; --for and --because go together."""
    job = shop.start()
    step = shop.step(job, "ada")
    shop.run("act", step, "--for", "ada", "--set", "wood=oak", "--set", "legs=4", who="olga", code=2)
    receipt = shop.json(
        "act", step, "--for", "Ada", "--set", "wood=oak", "--set", "legs=4", *WHY, "--key", "k", who="olga"
    )
    assert receipt["acted"] == "choose"
    assert shop.json(
        "act", step, "--for", "Ada", "--set", "wood=oak", "--set", "legs=4", *WHY, "--key", "k", who="olga"
    )["repeated"]
    assert "for Ada" in shop.json("history", job)[-1]["what"]
    assert shop.json("act", step, "--for", "ada", *WHY, who="tom", code=1)["error"] == "NotAllowed"


def test_a_job_is_set_moved_and_ended(shop: Flow) -> None:
    """Each is done with its reason; --dry only says what would be."""
    job = shop.start()
    shop.run("set", job, "need.width", "90", *WHY)
    assert shop.json("history", job)[-1]["what"] == "set need.width to 90 (because: By phone)"
    assert shop.json("set", job, "need.width", "wide", *WHY, code=1)["error"] == "BadAnswer"
    assert "It would be done" in shop.run("move", job, "build", "--dry", *WHY).stdout
    assert shop.json("move", job, "build", *WHY)["states"] == ["build"]
    assert shop.json("end", job, "--yes", *WHY)["because"] == "By phone"
    assert shop.json("jobs")[0]["status"] == "ended"


def test_a_call_is_completed_failed_and_skipped(shop: Flow) -> None:
    """A call is named as flow incidents and flow jobs --stuck show it."""
    for words, states in ((("complete", "--result", '{"order": "W-2"}'), ["build"]), (("skip",), ["build"])):
        job = shop.start()
        shop.run("act", job, "--set", "wood=pine", "--set", "legs=4", who="ada")
        shop.run("move", job, "buy", *WHY)
        call = next(one for one in shop.json("jobs", "--stuck") if one["short"] == job)["waits"]
        call = next(one["id"] for one in call if one["kind"] == "call")
        done = shop.json("call", words[0], call, *words[1:], *WHY)
        assert done["states"] == states
    assert shop.json("call", "fail", call, *WHY, code=1)["error"] == "StaleCommand"


def test_deadlines_and_timers_are_taken_in_hand(shop: Flow) -> None:
    """What is set is listed with its id; a deadline is moved from now or to a moment, and a timer fired or dropped."""
    job = shop.start()
    step = shop.step(job, "ada")
    before = shop.json("timers", job)
    (due,) = [one for one in before if one["purpose"] == "expire"]
    assert due["step"].endswith(step.partition(".")[2])
    assert "expire" in shop.run("timers", job).stdout
    shop.run("deadline", step, "--to", "P90D", *WHY, "--key", "k")
    assert shop.json("deadline", due["short"], "--to", "P80D", *WHY, code=1)["error"] == "StaleCommand"
    shop.run("deadline", step, "--to", "2999-01-01T09:00+01:00", *WHY)
    (moved,) = [one for one in shop.json("timers", job) if one["purpose"] == "expire"]
    assert moved["due"] == "2999-01-01T08:00:00Z"
    assert shop.json("timer", "drop", moved["short"], *WHY, code=1)["error"] == "NotAllowed"
    assert shop.json("timer", "fire", moved["short"], "--dry", *WHY)["states"] != ["choose"]
    assert shop.json("timer", "fire", moved["short"], *WHY)["acted"] == ""
    assert "before its time" in shop.json("history", job)[-1]["what"]


def test_claims_are_handed_over(shop: Flow) -> None:
    """Who is away is named as people name him; what was handed over is counted."""
    shop.run("people", "add", "eva", "--role", "maker")
    job = shop.start()
    shop.run("act", job, "--set", "wood=oak", "--set", "legs=4", who="ada")
    shop.run("move", job, "build", *WHY)
    step = shop.step(job, "tom")
    shop.run("claim", step, who="tom")
    assert "1 step." in shop.run("handover", "tom", "eva", "--dry", *WHY).stdout
    assert len(shop.json("handover", "tom", "eva", *WHY)["handed"]) == 1
    assert shop.json("inbox", who="eva")[0]["short"] == step


def test_a_job_and_a_process_are_suspended_and_resumed(shop: Flow) -> None:
    """The customer reads that the job is paused, and why; both are told by the lists."""
    job = shop.start()
    assert "It would be done" in shop.run("suspend", job, "--dry", *WHY, who="olga").stdout
    shop.run("suspend", job, *WHY, "--key", "k", who="olga")
    assert "Paused since" in shop.run("track", job, who="ada").stdout
    assert shop.json("act", job, "--set", "wood=oak", "--set", "legs=4", who="ada", code=1)["error"] == "NotAllowed"
    assert "(suspended)" in shop.run("jobs").stdout
    assert "suspended by Olga: By phone" in shop.run("jobs", "--stuck").stdout
    shop.run("resume", job, *WHY, who="olga")
    assert "Paused" not in shop.run("track", job, who="ada").stdout
    assert shop.json("suspend", "--process", "workshop", *WHY, who="olga")["suspended"]["because"] == "By phone"
    assert "suspended since" in shop.run("processes").stdout
    refused = shop.json("start", "workshop", "--set", "wish=x", "--set", "width=80", who="ben", code=1)
    assert "no job of workshop begins" in refused["what"]
    shop.run("resume", "--process", "workshop", *WHY, who="olga")
    shop.start()


def test_somebody_leaves(shop: Flow) -> None:
    """Found as people name him; what becomes of his steps is told, and he is nobody who acts any more."""
    shop.run("people", "add", "eva", "--role", "maker")
    job = shop.start()
    shop.run("act", job, "--set", "wood=oak", "--set", "legs=4", who="ada")
    shop.run("move", job, "build", *WHY)
    shop.run("claim", shop.step(job, "tom"), who="tom")
    assert "tom would leave" in shop.run("people", "leave", "Tom", "--to", "eva", "--dry", *WHY).stdout
    told = shop.run("people", "leave", "Tom", "--to", "eva", "--yes", *WHY).stdout
    assert "tom has left" in told
    assert "handed over: 1 step" in told
    assert "has left" in shop.run("people", "list").stdout
    assert "tom has left" in shop.run("inbox", who="tom", code=1).stderr
    assert shop.step(job, "eva")


def test_who_is_not_there_is_told_by_a_command(shop: Flow) -> None:
    """What a program is told to call, a person at a terminal is told to type."""
    job = shop.start()
    told = shop.run("act", job, "--for", "nobody", *WHY, who="olga", code=1)
    assert "find_person" not in told.stderr
