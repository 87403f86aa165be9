"""One job that is played in memory: who may do what, answers, time, and going back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flowengine.errors import BadAnswer, ExpressionFailed
from flowengine.language import load, parse
from flowengine.rehearsal.made_up import MadeUp
from flowengine.rehearsal.trial import Move, Trial

PROCESSES = Path(__file__).parents[2] / "processes"
BEGIN = datetime(2026, 10, 5, 9, tzinfo=UTC)

HEAD = """
process: sample
title: A sample
need: Something
roles: {tailor: {title: Tailor}, cutter: {title: Cutter}}
states:
  need: {type: need, ask: What?, next: first}
"""


def trial(states: str) -> Trial:
    made = Trial(parse(f"{HEAD}{states}\n  fulfilled: {{type: fulfilled}}\n", check=False), BEGIN)
    made.begin({})
    return made


def move(trial: Trial, name: str) -> Move:
    return next(one for one in trial.moves() if one.name == name)


def names(trial: Trial) -> list[str]:
    return [one.name for one in trial.moves()]


def test_a_need_that_is_not_stated_rightly_begins_nothing() -> None:
    """A refused need leaves the trial where it was: not begun."""
    suit = Trial(load(PROCESSES / "bespoke_suit.yaml"), BEGIN)
    with pytest.raises(BadAnswer, match="needed_by"):
        suit.begin({"occasion": "A wedding"})
    assert not suit.has_begun


def test_each_move_says_who_does_it_and_what_it_asks() -> None:
    """Of the suit's first state the customer's choice and the next thing that is due are told, in words too."""
    suit = Trial(load(PROCESSES / "bespoke_suit.yaml"), BEGIN)
    suit.begin(MadeUp().answer(suit.asked_first, BEGIN))
    assert names(suit) == ["ada choose_cloth", "ada withdraw", "time"]
    choose = suit.moves()[0]
    assert suit.words(choose) == "Ada: Choose your cloth"
    assert suit.words(suit.moves()[-1]).startswith("let time pass until Thu 8 Oct 2026, 10:00 (a reminder")
    (way,) = suit.ways(choose)
    assert (way.outcome, [field.name for field in way.fields]) == ("chosen", ["cloth"])
    taken = suit.take(choose, "chosen", {"cloth": "grey_worsted"})
    assert taken.told == ("chose Cloth: Grey worsted",)
    assert (suit.states, suit.places) == (("choose_style",), ("Choosing your suit",))


def test_going_back_is_being_where_one_was() -> None:
    """Back brings the position, the moves and the time of before; at the beginning there is nothing before."""
    made = trial("  first: {type: ask, ask: A?, within: P1D, fields: {}, on: {answered: second, expired: fulfilled}}\n"
                 "  second: {type: task, for: tailor, on: {done: fulfilled}}")  # fmt: skip
    before = made.position
    made.take(move(made, "time"))
    assert (made.is_over, made.now) == (True, datetime(2026, 10, 6, 9, tzinfo=UTC))
    assert made.moves() == []
    assert made.back()
    assert (made.position, made.now, len(made.taken)) == (before, BEGIN, 1)
    made.take(move(made, "ada first"), "answered")
    assert names(made) == ["tailor_1 second", "time"]
    assert made.back()
    assert not made.back()


def test_a_service_answers_each_way_that_it_knows_and_is_tried_again() -> None:
    """A failure without a way is an incident, after which an operator has it tried again."""
    made = trial("  first: {type: service, call: mill, on: {done: fulfilled, sold_out: fulfilled}}")
    assert names(made) == ["first done", "first failed", "first sold_out", "time"]
    made.take(move(made, "first failed"))
    assert names(made) == ["retry first", "time"]
    made.take(move(made, "retry first"))
    made.take(move(made, "first sold_out"))
    assert made.is_over
    assert made.troubles == ()


def test_a_service_answers_only_what_the_file_has_a_way_for() -> None:
    """Where code has answers of its own and none is ``done``, it is not said to be; that it fails is possible."""
    ways = "on: {yes: fulfilled, no: fulfilled, expired: fulfilled}"
    made = trial(f"  first: {{type: service, call: ask, within: P1D, {ways}}}")
    assert names(made) == ["first failed", "first yes", "first no", "time"]


def test_another_person_is_there_where_one_is_asked_for() -> None:
    """Who has done the first task is not offered the second, which must be done by another."""
    made = trial("  first: {type: task, for: tailor, on: {done: second}}\n"
                 "  second: {type: task, for: tailor, not_by: first, on: {done: fulfilled}}")  # fmt: skip
    made.take(move(made, "tailor_1 first"), "done")
    assert names(made) == ["tailor_2 second", "time"]


def test_time_passes_over_what_takes_longer() -> None:
    """A wait that nobody ends becomes an incident once, is told as such, and goes on; then no time is left to pass."""
    made = trial("  first: {type: task, for: tailor, on: {done: fulfilled}}")
    assert made.words(move(made, "time")).endswith("(first takes longer than it should)")
    taken = made.take(move(made, "time"))
    assert taken.told == ("it takes so long that somebody has to look: First",)
    assert (made.now, made.states, names(made)) == (BEGIN + timedelta(days=7), ("first",), ["tailor_1 first"])
    assert made.troubles == ()


def test_messages_and_items_are_moves_too() -> None:
    """What comes from outside, and one item more, can be let happen with what they bring."""
    made = trial("  first: {type: message, name: dried, fields: {ok: {type: boolean}}, on: {received: second}}\n"
                 "  second:\n    type: each\n    of: '[1]'\n    more: true\n    start: do\n    next: fulfilled\n"
                 "    states: {do: {type: task, for: tailor, on: {done: done}}}")  # fmt: skip
    came = move(made, "message dried")
    assert [field.name for field in made.ways(came)[0].fields] == ["ok"]
    made.take(came, answer={"ok": True})
    assert made.position.data["first"] == {"ok": True}
    made.take(move(made, "add second"), answer={"item": 2})
    assert names(made) == ["tailor_1 do", "tailor_1 do", "add second", "time"]
    assert [made.words(one) for one in made.moves()][1].endswith("[2]")


def test_appointments_are_booked_once_and_time_leads_to_them() -> None:
    """Who is met has no other appointment then; time passes until it begins, and only then it can be held or missed."""
    suit = Trial(load(PROCESSES / "bespoke_suit.yaml"), BEGIN)
    suit.begin(MadeUp().answer(suit.asked_first, BEGIN))
    for name in ("ada choose_cloth", "ada choose_style"):
        chosen = move(suit, name)
        suit.take(chosen, "chosen", MadeUp().answer(suit.ways(chosen)[0].fields, BEGIN))
    suit.take(move(suit, "ada confirm"), "approved")
    suit.take(move(suit, "take_deposit done"), answer={"receipt": "R-1"})
    slot = suit.form(move(suit, "ada measure")).slots[0]
    suit.take(move(suit, "ada measure"), "book", {"slot": slot.isoformat()})
    tailor = move(suit, "tailor_1 measure")
    assert tailor.can == ("move",)
    suit.take(move(suit, "time"))
    assert suit.now == slot
    assert move(suit, "tailor_1 measure").can == ("held", "missed")


def test_an_expression_that_fails_is_noted_and_changes_nothing() -> None:
    """A guard that cannot be evaluated is a trouble, with its place; one of the clock's is put off for a day."""
    made = trial("  first: {type: task, for: tailor, within: P1D, on: {done: [{to: fulfilled, when: data.no > 1}],"
                 " expired: [{to: fulfilled, when: data.none}]}}")  # fmt: skip
    before = made.position
    with pytest.raises(ExpressionFailed):
        made.take(move(made, "tailor_1 first"), "done")
    assert made.position is before
    made.take(move(made, "time"))
    assert [one.where for one in made.troubles] == ["tailor_1 first", "time"]
    assert made.states == ("first",)
    assert move(made, "time").at == datetime(2026, 10, 7, 9, tzinfo=UTC)


def test_the_summary_is_plain_values() -> None:
    """What a program reads: where the job is, what could happen, and what was done."""
    made = trial("  first: {type: task, for: tailor, ask: Sew, on: {done: fulfilled}}")
    made.take(move(made, "tailor_1 first"), "done")
    told = made.summary()
    assert (told["status"], told["end"], told["moves"]) == ("fulfilled", "fulfilled", [])
    assert [(one["move"], one["outcome"]) for one in told["taken"]] == [
        ("ada need", "stated"),
        ("tailor_1 first", "done"),
    ]
