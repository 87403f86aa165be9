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
    assert shop.json("end", job, *WHY)["because"] == "By phone"
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
