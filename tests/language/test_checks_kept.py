"""What a round cannot change stays: no job is kept by moments that are over, or by lists that are short (L1, L8)."""

from __future__ import annotations

import pytest
from checks_samples import codes, problems, work

LATE = "late: {type: task, for: clerk, next: %s}"
MAKE = "make: {type: task, for: smith, within: '{%s}', on: {done: fulfilled, expired: late}}"


def test_a_round_that_a_deadline_keeps_a_job_in_is_refused() -> None:
    """Once the day is over the task is over each time it is come to, so that only the way to be late is left."""
    (problem,) = problems(work(MAKE % "date(data.need.day)", LATE % "make"))
    assert problem.code == "no-way-out"
    assert "once date(data.need.day) is over, no way leads out any more: make, late" in problem.message
    assert "set data.need anew in it" in problem.hint


@pytest.mark.parametrize(
    "late",
    [
        LATE % "{to: make, set: {need.day: day(now + days(2))}}",
        "late: {type: task, for: clerk, on: {done: make, hopeless: fulfilled}}",
        "late: {type: task, for: clerk, next: [{to: make, when: count('late') < 3}, fulfilled]}",
        "late: {type: task, for: clerk, fields: {day: {type: string, format: date}}, saves: need, next: make}",
    ],
    ids=["sets it anew", "another outcome", "a count", "asks anew"],
)
def test_a_round_that_leads_out_or_changes_the_day_is_fine(late: str) -> None:
    """Where the round sets the day anew, or another way leads out of it, nobody is kept."""
    assert codes(work(MAKE % "date(data.need.day)", late)) == []


@pytest.mark.parametrize("when", ["now + days(2)", "days(data.need.count)"])
def test_a_deadline_that_counts_from_now_keeps_nobody(when: str) -> None:
    """A length, and a moment that is made of now, are there anew each time."""
    assert codes(work(MAKE % when, LATE % "make")) == []


def test_what_may_happen_at_any_time_leads_out() -> None:
    """An entry of always that ends the job is a way out, as it is elsewhere."""
    always = "always:\n  stop: {by: clerk, to: gone}\n"
    assert codes(work(MAKE % "date(data.need.day)", LATE % "make"), always) == []


def test_data_that_a_branch_beside_changes_do_not_stay() -> None:
    """What another branch may set meanwhile is not known to stay."""
    branches = (
        "both: {type: parallel, next: fulfilled, branches: {a: {states: {"
        + (MAKE % "date(data.plan.day)").replace("fulfilled", "done")
        + ", "
        + LATE % "make"
        + "}}, b: {states: {plan: {type: task, for: clerk, fields: {day: {type: string, format: date}}, next: done}}}}}"
    )
    before = "plan_it: {type: task, for: clerk, saves: plan, fields: {day: {type: string, format: date}}, next: both}"
    assert "no-way-out" not in codes(work(before, branches))


def test_a_wait_until_a_day_that_is_over_is_no_wait() -> None:
    """A round of a decision and a wait until a day goes on without waiting once the day is over."""
    states = work(
        "rest: {type: wait, until: data.need.day, next: enough}",
        "enough: {type: decision, rules: [{when: data.need.size > 3, to: fulfilled}], else: rest}",
    )
    assert "endless-loop" in codes(states)
    assert "endless-loop" not in codes(states.replace("data.need.day", "now + days(1)"))


def test_a_deadline_of_a_member_of_a_race_stays_over_as_well() -> None:
    """A race that a wait until a day ends is left by it at once, each time."""
    race = (
        "race: {type: race, of: {word: {type: task, for: clerk}, over: {type: wait, until: data.need.day}}, "
        "on: {word: fulfilled, over: late}}"
    )
    assert codes(work(race, LATE % "race")) == ["no-way-out"]


def test_a_deadline_around_the_round_ends_it() -> None:
    """A clock around the states takes the job out of the round."""
    inner = (MAKE % "date(data.need.day)").replace("fulfilled", "done") + ", " + LATE % "make"
    stage = "all: {type: stage, within: P9D, on: {done: fulfilled, expired: fulfilled}, states: {%s}}"
    assert codes(work(stage % inner)) == []
    assert codes(work(stage.replace("within: P9D, ", "").replace(", expired: fulfilled", "") % inner)) == ["no-way-out"]


def test_a_message_that_was_kept_is_taken_though_the_day_is_over() -> None:
    """What came early is there before any clock is asked."""
    wait = (
        "wait: {type: message, name: word, %swithin: '{date(data.need.day)}', on: {received: fulfilled, expired: late}}"
    )
    assert codes(work(wait % "", LATE % "wait")) == ["no-way-out"]
    assert codes(work(wait % "keep: P3D, ", LATE % "wait")) == []


@pytest.mark.parametrize(("join", "found"), [("all", ["no-way-out"]), ("1", [])])
def test_a_join_that_needs_others_only_takes_a_branch_out_of_its_round(join: str, found: list[str]) -> None:
    """What another branch comes to ends the round, where the join does not wait for this one."""
    inside = (MAKE % "date(data.need.day)").replace("fulfilled", "done") + ", " + LATE % "make"
    other = "b: {states: {other: {type: task, for: clerk, next: done}}}"
    both = (
        f"both: {{type: parallel, join: {join}, next: fulfilled, branches: {{a: {{states: {{{inside}}}}}, {other}}}}}"
    )
    assert codes(work(both)) == found


OFFERS = (
    "offers: {type: each, of: %s, next: enough, states: {"
    "ask: {type: message, name: offer, within: %s, fields: {price: {type: number}}, "
    "on: {received: look, expired: done}}, "
    "look: {type: task, for: clerk, fields: {valid: {type: boolean}}, next: done}}}"
)
ENOUGH = "enough: {type: decision, rules: [{when: %s, to: fulfilled}], else: %s}"
VALID = "data.offers.filter(o, has(o.look) && o.look.valid)"
DAY = "'{date(data.need.day)}'"
LIST = "list: {type: task, for: clerk, fields: {of: {type: array, items: {type: string}%s}}, next: %s}"


@pytest.mark.parametrize(
    ("when", "found"),
    [
        (f"'size({VALID}) > 0'", ["no-way-out"]),
        ("'data.offers.exists(o, has(o.look) && o.look.valid)'", ["no-way-out"]),
        (f"'data.need.count > 3 && size({VALID}) > 0'", ["no-way-out"]),
        ("size(data.offers) > 0", []),
        (f"'data.need.count > 3 || size({VALID}) > 0'", []),
        ("'!data.offers.exists(o, has(o.look) && o.look.valid)'", []),
        ("'data.offers.all(o, has(o.look))'", []),
        ("'data.offers.exists(o, !has(o.look))'", []),
    ],
)
def test_what_items_can_save_no_more_is_in_no_result(when: str, found: list[str]) -> None:
    """Once the day is over no offer comes any more, so that a round which ends with some valid ones never does."""
    states = (LIST % (", minItems: 1", "offers"), OFFERS % ("data.list.of", DAY), ENOUGH % (when, "offers"))
    assert codes(work(*states)) == found


def test_the_moment_inside_an_each_is_named() -> None:
    """The problem stands at the each, and names the moment and the round."""
    states = (LIST % ("", "offers"), OFFERS % ("data.list.of", DAY), ENOUGH % (f"'size({VALID}) > 0'", "offers"))
    (problem,) = problems(work(*states))
    assert problem.message == (
        "once date(data.need.day) is over, so that no result of 'offers' has look, no way leads out any more: "
        "offers, enough"
    )
    assert problem.hint == "lead out of the round when the time is over, or set data.need anew in it"


PAUSE = "pause: {type: task, for: clerk, %s}"


@pytest.mark.parametrize(
    ("within", "back", "more"),
    [
        (DAY, "gone", ()),
        (DAY, "{to: offers, set: {need.day: day(now)}}", ()),
        ("P3D", "offers", ()),
        (DAY, "pause", (PAUSE % "on: {done: offers, none: fulfilled}",)),
        (DAY, "pause", (PAUSE % "saves: offers, fields: {n: {type: number}}, next: offers",)),
    ],
    ids=["no round", "the day anew", "a length", "another way out", "saved by another"],
)
def test_results_that_may_still_come_keep_nobody(within: str, back: str, more: tuple[str, ...]) -> None:
    """Where the round changes the day, has none, or leads out otherwise, it ends."""
    states = (LIST % (", minItems: 1", "offers"), OFFERS % ("data.list.of", within))
    assert codes(work(*states, ENOUGH % (f"'size({VALID}) > 0'", back), *more)) == []


@pytest.mark.parametrize(
    ("bounds", "when", "found"),
    [
        ("", "size(data.offers) > 0", ["no-way-out"]),
        (", minItems: 1", "size(data.offers) > 0", []),
        (", minItems: 1", "size(data.offers) > 1", ["no-way-out"]),
        (", minItems: 1", f"'size({VALID}) > 1'", ["no-way-out"]),
        (", minItems: 2", f"'size({VALID}) > 1'", []),
        (", minItems: 2", f"'size({VALID}.map(o, o.item)) >= 3'", ["no-way-out"]),
        (", minItems: 1", "'size(data.offers) > 1 || data.need.count > 3'", []),
        (", minItems: 1", "size(data.offers) < 2", []),
    ],
)
def test_of_a_short_list_there_are_few_results(bounds: str, when: str, found: list[str]) -> None:
    """A round that ends when there are more results than the list has items never does, where it is answered once."""
    states = (LIST % (bounds, "offers"), OFFERS % ("data.list.of", "P3D"), ENOUGH % (when, "offers"))
    assert codes(work(*states)) == found


def test_a_short_list_is_told_with_a_way() -> None:
    """The problem stands at the each, says how many items the list may have, and how a job comes there."""
    states = (LIST % (", minItems: 1", "offers"), OFFERS % ("data.list.of", "P3D"))
    (problem,) = problems(work(*states, ENOUGH % ("size(data.offers) > 1", "offers")))
    assert problem.message == (
        "where data.list.of has 1 item, by need -> list -> offers, so that 'offers' has no more results, "
        "no way leads out any more: offers, enough"
    )
    assert problem.hint == "lead out of it then, ask for more of data.list.of (minItems), or set data.list anew in it"


@pytest.mark.parametrize(
    ("to", "back", "more"),
    [
        ("[{to: offers, when: size(data.list.of) > 1}, gone]", "offers", ()),
        ("[{to: offers, when: 'data.list.of.exists(one, one == \"a\")'}, gone]", "offers", ()),
        ("offers", "list", ()),
        ("offers", "other", ("other: {type: task, for: clerk, saves: list, fields: {of: {type: array, items: {type: "
                             "string}}}, next: offers}",)),
        ("offers", "other", ("other: {type: task, for: clerk, on: {done: offers, none: gone}}",)),
        ("{to: offers, set: {list.of: 'data.list.of + [\"one\", \"more\"]'}}", "offers", ()),
    ],
    ids=["asked before", "of what is in it", "asked anew", "by another", "another way out", "set"],
)  # fmt: skip
def test_a_list_that_may_be_longer_or_grows_keeps_nobody(to: str, back: str, more: tuple[str, ...]) -> None:
    """Nothing is refused where the list is asked for anew, or a condition has seen to it that it is long enough."""
    states = (LIST % ("", to), OFFERS % ("data.list.of", "P3D"), ENOUGH % ("size(data.offers) > 1", back))
    assert codes(work(*states, *more)) == []


@pytest.mark.parametrize(("beside", "found"), [("note", ["no-way-out"]), ("list", []), ("offers", ["two-writers"])])
def test_what_a_branch_beside_saves_anew_does_not_stay(beside: str, found: list[str]) -> None:
    """Another branch may ask for the list at any time; that it saves results is told as such."""
    fields = "fields: {of: {type: array, items: {type: string}}}"
    inside = (
        OFFERS % ("data.list.of", "P3D"),
        ENOUGH.replace("fulfilled", "done") % ("size(data.offers) > 1", "offers"),
    )
    other = f"b: {{states: {{more: {{type: task, for: clerk, saves: {beside}, {fields}, next: done}}}}}}"
    both = f"both: {{type: parallel, next: fulfilled, branches: {{a: {{states: {{{', '.join(inside)}}}}}, {other}}}}}"
    assert codes(work(LIST % ("", "both"), both)) == found


def test_there_are_no_more_results_than_the_list_may_have() -> None:
    """A condition that asks for more of them than the list may have never holds; items that are added may be more."""
    states = (
        LIST % (", maxItems: 2", "offers"),
        OFFERS % ("data.list.of", "P3D"),
        ENOUGH % ("size(data.offers) > 2", "gone"),
    )
    assert codes(work(*states)) == ["never-holds"]
    more = states[1].replace("of: data.list.of", "of: data.list.of, more: true")
    assert codes(work(states[0], more, states[2])) == []


@pytest.mark.parametrize(
    "waiting",
    [
        "wait: {type: message, name: word, keep: P3D, within: %s, on: {received: fulfilled, expired: wait}}",
        "wait: {type: call, process: sample, within: %s, on: {fulfilled: fulfilled, ended: fulfilled, expired: wait}}",
        "wait: {type: each, of: '[1, 2]', within: %s, on: {joined: fulfilled, expired: wait}, states: {w: {type: task, "
        "for: clerk, next: done}}}",
        "wait: {type: race, of: {a: {type: task, for: clerk}, b: {type: message, name: word, within: %s}}, on: {a: "
        "fulfilled, b.received: fulfilled, b.expired: wait}}",
    ],
    ids=["kept messages", "a call", "an each", "a member of a race"],
)
def test_a_round_that_may_wait_no_more_spins(waiting: str) -> None:
    """What may lead out as the state is entered need not be there, so that the round turns without waiting."""
    assert "endless-loop" in codes(work(waiting % DAY))
    assert "endless-loop" not in codes(work(waiting % "P3D"))
