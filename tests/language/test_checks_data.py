"""The flow of data: what is read must be there, be seen, and fit."""

from __future__ import annotations

import pytest
from checks_samples import codes, problems, work

ASK = (
    "ask: {type: ask, fields: {x: {type: number}, y: {type: string, optional: true}}, within: P3D, "
    "on: {answered: next, expired: %s}}"
)


def deciding(when: str, before: str = "") -> str:
    """A decision on a condition, perhaps after other states."""
    return before + work(f"next: {{type: decision, rules: [{{when: '{when}', to: gone}}], else: fulfilled}}")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("data.need.count > 3", []),
        ("data.need.size > 3.0", []),
        ("data.need.cuont > 3", ["unknown-field"]),
        ("data.ned.count > 3", ["unknown-data"]),
        ("dta.need.count > 3", ["unknown-variable"]),
        ("item == 3", ["unknown-variable"]),
        ('data.need.name.first == "Ada"', ["unknown-field"]),
        ('data.need.wish == "blue"', ["maybe-missing"]),
        ('has(data.need.wish) && data.need.wish == "blue"', []),
        ('has(data.need.wish) ? data.need.wish == "blue" : false', []),
        ('!has(data.need.wish) || data.need.wish == "blue"', []),
        ('!has(data.need.wish) && data.need.wish == "blue"', ["maybe-missing"]),
        ('has(data.need.wish) || data.need.wish == "blue"', ["maybe-missing"]),
        ("has(data.need.wihs)", ["unknown-field"]),
        ("data.need.count * data.need.size > 3.0", []),
        ("double(data.need.count) * data.need.size > 3.0", []),
        ("data.need.count > 3 && data.need.name > 3", ["type-mix"]),
        ("data.need.count < 0 && data.need.name > 3", ["type-mix"]),
        ("data.need.count > 3 ? true : data.need.size + now > 2.0", ["type-mix"]),
        ("data.need.count", ["type-mix"]),
        ("date(data.need.day) < now + days(3)", []),
        ("data.need.day < now", ["type-mix"]),
        ('customer.name == "Ada" && customer.since > 3', []),
        ("job.customer == customer.id", []),
        ("job.costumer == customer.id", ["unknown-field"]),
        ("[1, 2].exists(x, x > data.need.count)", []),
        ("[1, 2].exists(x, x > data.need.name + 1)", ["type-mix"]),
    ],
)
def test_a_condition_is_held_against_the_declared_fields(when: str, expected: list[str]) -> None:
    """Each operand is read and tried alone, so that a fault shows also where CEL would skip it."""
    assert codes(deciding(when)) == expected


def test_data_is_read_only_where_every_way_has_saved_it() -> None:
    """An answer that may have expired is maybe missing; has and passed make it sure where they tell of it."""
    assert codes(deciding("data.ask.x > 1.0", work(ASK % "gone"))) == []
    assert codes(deciding("data.ask.x > 1.0", work(ASK % "next"))) == ["maybe-missing"]
    assert codes(deciding("has(data.ask) && data.ask.x > 1.0", work(ASK % "next"))) == []
    assert codes(deciding('has(data.ask) && data.ask.y != ""', work(ASK % "next"))) == ["maybe-missing"]
    assert codes(deciding('passed("ask") && data.ask.x > 1.0', work(ASK % "next"))) == ["maybe-missing"]


def test_passed_tells_that_an_answer_is_there() -> None:
    """A state that saves whichever way it ends has saved when it was passed."""
    before = work(
        "fork: {type: task, for: clerk, on: {done: mend, skip: next}}",
        "mend: {type: task, for: smith, fields: {cost: {type: number}}, next: next}",
    )
    assert codes(deciding("data.mend.cost > 2.0", before)) == ["maybe-missing"]
    assert codes(deciding('passed("mend") && data.mend.cost > 2.0', before)) == []
    assert codes(deciding('count("mend") > 0 && data.mend.cost > 2.0', before)) == []
    assert codes(deciding('count("mend") >= 0 && data.mend.cost > 2.0', before)) == ["maybe-missing"]


def test_data_is_not_read_before_it_is_saved() -> None:
    """What is saved only later is missing."""
    states = work(
        "first: {type: decision, rules: [{when: data.later.x > 1.0, to: fulfilled}], else: later}",
        "later: {type: task, for: clerk, fields: {x: {type: number}}, next: fulfilled}",
    )
    assert codes(states) == ["missing-data"]


def test_an_outcome_without_required_fields_leaves_them_out() -> None:
    """A task's fields are sure after its first outcome only, also when the answer overwrites an earlier one."""
    task = "work: {type: task, for: clerk, fields: {x: {type: number}}, on: {done: a, other: %s}}"
    a = "a: {type: decision, rules: [{when: data.work.x > 1.0, to: gone}], else: fulfilled}"
    assert codes(work(task % "gone", a)) == []
    assert codes(work(task % "a", a)) == ["maybe-missing"]


def test_what_is_set_is_there_and_has_its_shape() -> None:
    """A route's set counts as saved on that way, with the shape of its expression."""
    task = "work: {type: task, for: clerk, on: {done: {to: a, set: {n: data.need.count + 1}}, other: %s}}"
    a = "a: {type: decision, rules: [{when: data.n > 1, to: gone}], else: fulfilled}"
    assert codes(work(task % "gone", a)) == []
    assert codes(work(task % "a", a)) == ["maybe-missing"]
    assert codes(work(task % "gone", a.replace("data.n > 1", "data.n > 1.5 * data.n"))) == []
    assert codes(work(task % "gone", a.replace("data.n > 1", "data.n > '1'"))) == ["type-mix"]


def test_a_text_that_marks_the_way_tells_what_is_there() -> None:
    """Where a place is only ever set to literal texts, asking for one tells where the job came from."""
    states = work(
        "fork: {type: task, for: clerk, on: {done: fill, skip: {to: call, set: {about: '\"y\"'}}}}",
        "fill: {type: task, for: clerk, fields: {x: {type: number}}, on: {done: {to: call, set: {about: '\"x\"'}}}}",
        "call: {type: task, for: clerk, next: back}",
        "back: {type: decision, rules: [{when: 'data.about == \"%s\"', to: read}], else: fulfilled}",
        "read: {type: decision, rules: [{when: data.fill.x > 1.0, to: gone}], else: fulfilled}",
    )
    assert codes(states % "x") == []
    assert codes(states % "y") == ["maybe-missing"]
    swapped = states.replace("to: read}], else: fulfilled", "to: fulfilled}], else: read")
    assert codes(swapped % "y") == []


PARALLEL = """\
  both:
    type: parallel
    join: %s
    branches:
      left: {%s start: l, states: {l: {type: task, for: clerk, fields: {x: {type: number}}, next: done}}}
      right: {%s start: r, states: {r: {type: decision, rules: [{when: %s, to: done}], else: w},
                                    w: {type: task, for: smith, next: done}}}
    on: {joined: next}
"""


@pytest.mark.parametrize(
    ("join", "left", "right", "inside", "after", "expected"),
    [
        ("all", "", "", "true", "data.l.x > 1.0", []),
        ("1", "", "", "true", "data.l.x > 1.0", ["maybe-missing"]),
        ("2", "", "", "true", "data.l.x > 1.0", []),
        ("all", "when: data.need.count > 1,", "", "true", "data.l.x > 1.0", ["maybe-missing"]),
        ("all", "", "", "data.l.x > 1.0", "true", ["maybe-missing"]),
        ("all", "", "after: [left],", "data.l.x > 1.0", "true", []),
        ("all", "when: data.need.count > 1,", "after: [left],", "data.l.x > 1.0", "true", ["maybe-missing"]),
        ("'done > total'", "", "", "true", "true", []),
        ("'done + now > total'", "", "", "true", "true", ["type-mix"]),
    ],
)
def test_a_join_knows_what_its_branches_saved(
    join: str, left: str, right: str, inside: str, after: str, expected: list[str]
) -> None:
    """What all branches that must be done have saved is there after the join; a branch knows those it comes after."""
    assert codes(PARALLEL % (join, left, right, inside) + deciding(after)) == expected


EACH = """\
  tries:
    type: each
    of: '["a", "b"]'
    as: part
    start: t
    states:
      t: {type: task, for: clerk, ask: "%s", fields: {x: {type: number}}, within: P3D, on: {done: done, expired: done}}
    on: {joined: next}
"""


@pytest.mark.parametrize(
    ("ask", "after", "expected"),
    [
        ("{part} {item}", "size(data.tries) > 1", []),
        ("{prat}", "true", ["unknown-variable"]),
        ("{part}", "data.t.x > 1.0", ["unknown-data"]),
        ("{part}", 'data.tries.all(one, one.item == "a")', []),
        ("{part}", "data.tries.all(one, one.t.x > 1.0)", ["maybe-missing"]),
        ("{part}", "data.tries.all(one, has(one.t) && one.t.x > 1.0)", []),
        ("{part}", "data.tries.filter(one, has(one.t)).all(one, one.t.x > 1.0)", []),
        ("{part}", "data.tries.all(one, has(one.t) && one.t.z > 1.0)", ["unknown-field"]),
        ("{part}", "data.tries.filter(one, has(one.t)).map(one, [one.t]).flatten().distinct().all(t, t.x > 1.0)", []),
        ("{part}", "data.tries.map(one, [one.item]).flatten().distinct().all(t, t.z > 1.0)", ["unknown-field"]),
        ("{part}", "data.tries.distinct().flatten().all(one, one.t.x > 1.0)", ["maybe-missing"]),
    ],
)
def test_an_each_has_data_of_its_own(ask: str, after: str, expected: list[str]) -> None:
    """Inside, item and its name are known; outside, only the list of what was saved for each."""
    assert codes(EACH % ask + deciding(after)) == expected


def test_always_may_happen_anywhere_in_its_scope() -> None:
    """What always leads to knows only what is there wherever it may happen, and what its guard and fields tell."""
    states = work(
        "first: {type: task, for: clerk, fields: {x: {type: number}}, next: second}",
        "second: {type: task, for: clerk, next: last}",
        "last: {type: task, for: clerk, ask: '{data.first.x}', next: fulfilled}",
    )
    assert codes(states) == []
    assert codes(states, "always: {skip: {by: clerk, to: last}}\n") == ["maybe-missing"]
    assert codes(states, 'always: {skip: {by: clerk, when: passed("first"), to: last}}\n') == []
    assert codes(states, 'always: {skip: {by: clerk, when: at("second"), to: last}}\n') == []
    fields = "always: {skip: {by: clerk, fields: {why: {type: string}}, set: {why: data.skip.%s}, to: second}}\n"
    assert codes(states.replace("data.first.x", "data.need.name"), fields % "why") == []
    assert codes(states.replace("data.first.x", "data.need.name"), fields % "wy") == ["unknown-field"]


def test_a_choice_has_a_price_only_where_its_options_have_one() -> None:
    """The price of a choice is known from its options; from an expression it may be missing."""
    choice = "pick: {type: choice, choose: {metal: {from: %s}}, within: P3D, on: {chosen: next, expired: gone}}"
    assert codes(deciding("data.pick.price > 1.0", work(choice % "priced"))) == []
    assert codes(deciding("data.pick.price > 1.0", work(choice % "plain"))) == ["unknown-field"]
    assert codes(deciding("data.pick.price > 1.0", work(choice % '\'{["a", "b"]}\''))) == ["maybe-missing"]
    assert codes(deciding("data.pick.lead_time_days > 1.0", work(choice % "plain"))) == []
    assert codes(deciding("data.pick.metal > 1", work(choice % "plain"))) == ["type-mix"]


def test_a_services_result_is_known_only_where_it_is_declared() -> None:
    """Members of an undeclared result are not checked; those of a declared one are."""
    service = "call: {type: service, call: mend%s, on: {done: next, failed: gone}}"
    assert codes(deciding("data.call.anything > 1", work(service % ""))) == []
    declared = work(service % ", fields: {cost: {type: number}}")
    assert codes(deciding("data.call.cost > 1.0", declared)) == []
    assert codes(deciding("data.call.anything > 1", declared)) == ["unknown-field"]
    assert codes(deciding("data.call.cost > 1.0", declared.replace("failed: gone", "failed: next"))) == [
        "maybe-missing"
    ]


def test_a_race_saves_the_winners_answer() -> None:
    """After a member's outcome the data has what that member saves."""
    race = (
        "ask: {type: race, of: {yes: {type: ask, fields: {x: {type: number}}, saves: reply}, "
        "late: {type: wait, for: P3D}}, "
        "on: {yes: next, late: %s}}"
    )
    assert codes(deciding("data.reply.x > 1.0", work(race % "gone"))) == []
    assert codes(deciding("data.reply.x > 1.0", work(race % "next"))) == ["maybe-missing"]


TOLD = "tell: {type: approval, ask: 'Is it right? %s', within: P3D, on: {approved: fulfilled, expired: gone}}"


@pytest.mark.parametrize(
    ("fields", "text", "expected"),
    [
        ("cost: {type: number, show: true}", "{data.work.cost}", []),
        ("cost: {type: number}", "{data.work.cost}", ["internal-data"]),
        ("cost: {type: number}", "{data.need.name}", []),
        ("cost: {type: number}", "{data.work}", ["internal-data"]),
        ("cost: {type: number, show: true}", "{data.work}", []),
        ("cost: {type: number}", "{has(data.work.cost) ? 1 : 2}", []),
    ],
)
def test_internal_data_stays_internal(fields: str, text: str, expected: list[str]) -> None:
    """L9: a customer's step shows what staff entered only where the field is marked with show."""
    work_state = f"work: {{type: task, for: clerk, fields: {{{fields}}}, next: tell}}"
    assert codes(work(work_state, TOLD % text)) == expected


LAUNDERED = "work: {type: task, for: clerk, saves: got, fields: {cost: {type: number}, notes: {type: array}}, %s}"


@pytest.mark.parametrize(
    ("ways", "text", "expected"),
    [
        ("next: {to: tell, set: {price: data.got.cost}}", "{data.price}", ["internal-data"]),
        ("next: {to: tell, set: {price: data.got.cost * 2 + 1}}", "{data.price}", ["internal-data"]),
        ("next: {to: tell, set: {price: 'data.got.cost > 3 ? 1 : 2'}}", "{data.price}", ["internal-data"]),
        ("next: {to: tell, set: {price: data.got}}", "{data.price.cost}", ["internal-data"]),
        ("next: {to: tell, set: {told.price: data.got.cost}}", "{data.told.price}", ["internal-data"]),
        ("next: {to: tell, set: {told.price: data.got.cost, told.name: data.need.name}}", "{data.told.name}", []),
        ("next: {to: tell, set: {price: '7'}}", "{data.price}", []),
        ("next: {to: tell, set: {price: {value: data.got.cost, show: true}}}", "{data.price}", []),
        ("next: {to: tell, set: {price: {value: data.got, show: true}}}", "{data.price.cost}", []),
        ("next: {to: tell, set: {price: {value: data.got.cost, show: false}}}", "{data.price}", ["internal-data"]),
        # one of two ways
        (
            "on: {done: {to: tell, set: {a: data.got.cost}}, other: {to: tell, set: {a: '1'}}}",
            "{data.a}",
            ["internal-data"],
        ),
    ],
)
def test_what_is_made_of_internal_data_is_internal(ways: str, text: str, expected: list[str]) -> None:
    """L9: a set cannot carry inner data to customers, by whatever way, unless it is said that they may see it."""
    assert codes(work(LAUNDERED % ways, TOLD % text)) == expected


def test_a_long_chain_of_sets_keeps_data_internal() -> None:
    """Each of many places is set from another that stands behind it in the file; what is shown on the way is open."""
    first = LAUNDERED % "next: {to: s29, set: {p30: data.got.cost}}"
    chain = [
        f"s{index}: {{type: decision, else: {{to: {f's{index - 1}' if index else 'tell'}, "
        f"set: {{p{index}: data.p{index + 1}}}}}}}"
        for index in range(30)
    ]
    assert codes(work(first, *chain, TOLD % "{data.p0}")) == ["internal-data"]
    chain[7] = chain[7].replace("data.p8", "{value: data.p8, show: true}")
    assert codes(work(first, *chain, TOLD % "{data.p0}")) == []
    assert codes(work(first, *chain, TOLD % "{data.p8}")) == ["internal-data"]


def test_an_item_of_an_internal_list_is_internal() -> None:
    """Inside an each over an internal list, and in what it saves, the items stay inside as well."""
    inside = "tell_each: {type: ask, ask: 'See {note}', within: P1D, on: {answered: done, expired: done}}"
    each = f"each: {{type: each, of: data.got.notes, as: note, states: {{{inside}}}, next: tell}}"
    assert codes(work(LAUNDERED % "next: each", each, TOLD % "Yes")) == ["internal-data"]
    quiet = each.replace("{note}", "it")
    assert codes(work(LAUNDERED % "next: each", quiet, TOLD % "{data.each.map(x, x.item)}")) == ["internal-data"]
    shown = (LAUNDERED % "next: each").replace("notes: {type: array}", "notes: {type: array, show: true}")
    assert codes(work(shown, each, TOLD % "{size(data.each.map(x, x.item))}")) == []


def test_the_words_of_an_approval_are_shown_on_purpose() -> None:
    """What staff say with an approval is internal, unless it is marked; who said it stays so."""
    approval = "work: {type: approval, by: clerk, %snext: tell}"
    for marked, text, expected in (
        ("", "{data.work.words}", ["internal-data"]),
        ("show: true, ", "{data.work.words}", []),
        ("show: true, ", "{data.work.by}", ["internal-data"]),
    ):
        assert codes(work(approval % marked, TOLD % text)) == expected


def test_staff_see_everything() -> None:
    """What is internal may be shown to staff."""
    states = work(
        "work: {type: task, for: clerk, fields: {cost: {type: number}}, next: look}",
        "look: {type: task, for: smith, ask: 'It costs {data.work.cost}', next: fulfilled}",
    )
    assert codes(states) == []


def test_what_an_expression_must_give_is_checked() -> None:
    """Deadlines give spans or moments, lists give lists, preferred people are texts."""
    task = "work: {type: task, for: clerk, %s, on: {done: fulfilled, expired: gone}}"
    assert codes(work(task % "within: '{days(data.need.count)}'")) == []
    assert codes(work(task % "within: '{data.need.count}'")) == ["type-mix"]
    assert codes(work((task % "prefer: data.need.count").replace(", expired: gone", ""))) == ["type-mix"]
    assert codes((EACH % "{part}").replace('\'["a", "b"]\'', "data.need.name").replace("next", "fulfilled")) == [
        "type-mix"
    ]


def test_a_problem_stands_at_its_expression() -> None:
    """The place is that of the expression, and the message says which key it belongs to."""
    states = work(
        "work: {type: task, for: clerk, on: {done: [{to: gone, when: data.need.cuont > 3}, {to: fulfilled}]}}"
    )
    (problem,) = problems(states)
    assert problem.message == "work.done.when: data.need has no member 'cuont'"
    assert problem.hint == "did you mean 'count'?"


def test_a_branch_s_condition_is_asked_before_any_branch_has_saved() -> None:
    """Whoever reads there what another branch saves is not told to ask whether it is there, for it never is."""
    states = """\
  both:
    type: parallel
    branches:
      one: {start: a, states: {a: {type: task, for: clerk, fields: {how: {type: string}}, next: done}}}
      two: {when: data.a.how == "x", start: b, states: {b: {type: task, for: clerk, next: done}}}
    on: {joined: fulfilled}
"""
    (problem,) = problems(states)
    assert problem.code == "missing-data"
    assert problem.hint.endswith("open it after what saves it: after: [one]")
    assert codes(states.replace('when: data.a.how == "x"', "when: has(data.a)")) == ["never-holds"]
    assert codes(states.replace("{when: data.a", "{after: one, when: data.a")) == []
