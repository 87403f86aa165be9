"""Conditions on finitely many cases: what is never taken, what is covered, what may fail, and nothing beside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from bounds import in_time
from checks_samples import ENDS, GONE, HEAD, work
from drawing import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowengine.language import parse, problems
from flowengine.language.checks import abstraction, check, decisions
from flowengine.language.expressions import Expression, PlainNames
from flowengine.language.model import Process
from flowengine.problem import Problem

FIELDS = """\
      n: {type: integer}
      some: {type: integer, minimum: 1, maximum: 9}
      size: {type: number}
      part: {type: number, exclusiveMinimum: 0}
      speed: {type: string, enum: [normal, urgent]}
      yes: {type: boolean}
      text: {type: string}
      wish: {type: string, optional: true, enum: [tea, coffee]}
      day: {type: string, format: date}
      stay: {type: string, format: duration}
      digits: {type: string, enum: ["1", "20"]}
      mixed: {type: string, enum: ["1", "many"]}
      names: {type: array, items: {type: string}, maxItems: 9}
      sizes: {type: array, items: {type: integer}}
      guests: {type: array, items: {type: string}, minItems: 1}
"""


def process(states: str, fields: str = FIELDS) -> Process:
    first = states.strip().split(":")[0]
    need = f"  need:\n    type: need\n    fields:\n{fields}    next: {first}\n"
    return parse(f"{HEAD}states:\n{need}{states}{ENDS}{GONE}", "sample.yaml", check=False)


def found(states: str) -> list[Problem]:
    """What the checks find, but for an end that the sample does not lead to."""
    return [one for one in check(process(states)) if one.code != "unreachable-state"]


def codes(states: str) -> list[str]:
    return [one.code for one in found(states)]


def routes(*guards: str) -> str:
    """A state that code ends, with these ways on, each with a condition."""
    ways = ", ".join(f"{{to: fulfilled, when: {json.dumps(one)}}}" for one in guards)
    return work(f"next: {{type: service, call: mend, on: {{done: [{ways}], again: next}}}}")


def rules(*guards: str) -> str:
    """A decision with these rules."""
    ways = ", ".join(f"{{to: gone, when: {json.dumps(one)}}}" for one in guards)
    return work(
        "first: {type: task, for: clerk, on: {done: next, over: fulfilled}}",
        f"next: {{type: decision, rules: [{ways}], else: fulfilled}}",
    )


def shown(expression: str) -> str:
    """A task that shows the value of an expression."""
    value = json.dumps("{" + expression + "}")
    return work(f"next: {{type: task, for: clerk, shows: {{That: {value}}}, next: fulfilled}}")


COVERED = [
    ("data.need.n > 3", "data.need.n <= 3"),
    ("data.need.n > 3", "data.need.n < 4"),
    ("3 < data.need.n", "!(data.need.n > 3)"),
    ("data.need.size > 3.5", "data.need.size < 3.5", "data.need.size == 3.5"),
    ("data.need.some >= 1",),
    ("data.need.part > 0",),
    ('data.need.speed == "normal"', 'data.need.speed == "urgent"'),
    ('data.need.speed in ["normal", "urgent"]',),
    ('data.need.speed == "normal"', 'data.need.speed != "normal" && data.need.yes', "!data.need.yes"),
    ("data.need.yes", "!data.need.yes"),
    ("data.need.yes == true", "data.need.yes == false"),
    ("has(data.need.wish)", "!has(data.need.wish)"),
    ('has(data.need.wish) && data.need.wish == "tea"', "has(data.need.wish)", "!has(data.need.wish)"),
    ("size(data.need.names) > 0", "data.need.names.size() == 0"),
    ("size(data.need.guests) >= 1",),
    ('count("next") > 2', 'count("next") <= 2'),
    ('passed("next")',),
    ("data.need.n > data.need.size", "data.need.size >= data.need.n"),
    ("date(data.need.day) > now", "date(data.need.day) <= now"),
    ("data.need.names.exists(x, x == data.need.text)", "!data.need.names.exists(x, x == data.need.text)"),
    ("data.need.yes ? data.need.n > 3 : data.need.n > 4", "data.need.n <= 4"),
    ('outcome == "done"',),
    ('data.need.text < "m"', 'data.need.text >= "m"'),
]
OPEN = {
    ("data.need.n > 3", "data.need.n < 3"): "when data.need.n is 3",
    ("data.need.size >= 4", "data.need.size <= 3"): "when data.need.size is 3.5",
    ("data.need.some > 1",): "when data.need.some is 1",
    ("data.need.part > 1",): "when data.need.part is 0.5",
    ('data.need.speed == "normal"',): "when data.need.speed is 'urgent'",
    ('data.need.text == "a"', 'data.need.text == "b"'): "when data.need.text is another text",
    ("data.need.yes",): "when data.need.yes is no",
    ('has(data.need.wish) && data.need.wish == "tea"', "!has(data.need.wish)"): "when has(data.need.wish) is true",
    ("data.need.n > data.need.size", "data.need.n < data.need.size"): "when data.need.n is equal to data.need.size",
    ("size(data.need.names) > 4", "size(data.need.names) > 0"): "when size(data.need.names) is 0",
}


@pytest.mark.parametrize("guards", COVERED, ids="; ".join)
def test_ways_that_cover_all_cases_need_no_last_one(guards: tuple[str, ...]) -> None:
    """Opposite conditions, all values of an enum, all of an interval: where one holds in each case, nothing is told."""
    assert codes(routes(*guards)) == []


@pytest.mark.parametrize("guards", OPEN, ids="; ".join)
def test_ways_that_leave_a_case_out_are_told_with_it(guards: tuple[str, ...]) -> None:
    """A set of conditions of which none may hold is refused, with values for which that is so."""
    (problem,) = found(routes(*guards))
    assert problem.code == "no-fallback"
    assert OPEN[guards].replace("has(data.need.wish) is true", "data.need.wish is") in problem.message


NEVER = {
    'data.need.speed == "urgnet"': "did you mean 'urgent'?",
    'data.need.speed != "urgnet"': "did you mean 'urgent'?",
    'data.need.yes && data.need.speed in ["normal", "urgnt"]': "did you mean 'urgent'?",
    'has(data.need.wish) && data.need.wish == "cofee"': "did you mean 'coffee'?",
    "data.need.some == 0": "",
    "data.need.some > 9": "",
    'data.need.n == "3"': "number",
    "data.need.n > 3 && data.need.n < 4": "",
    "data.need.n > 3 && data.need.n < 3": "",
    "data.need.yes && !data.need.yes": "",
    "data.need.text == null": "has(",
    "size(data.need.guests) == 0": "",
    'count("next") < 0': "",
    "has(data.need.wish) && !has(data.need)": "",
}


@pytest.mark.parametrize("guard", NEVER)
def test_a_condition_that_never_holds_is_told(guard: str) -> None:
    """A misspelt value of an enum, bounds that exclude each other, and values outside the declared ones are refused."""
    (problem,) = found(rules(guard))
    assert problem.code == "never-holds"
    assert NEVER[guard] in problem.hint


def test_a_misspelt_value_is_found_wherever_it_is_compared() -> None:
    """Also outside of ways on: in what is shown, in a place that is only set to some texts, in the id of an option."""
    assert codes(shown('data.need.speed == "urgnet" ? 1 : 2')) == ["never-holds"]
    pick = work(
        "pick: {type: choice, choose: {wood: {from: plain}}, within: P3D, on: {chosen: next, expired: gone}}",
        "next: {type: decision, rules: [{when: 'data.pick.wood == \"%s\"', to: gone}], else: fulfilled}",
    )
    assert codes(pick % "oak") == []
    assert codes(pick % "oka") == ["never-holds"]
    good, bad = (f"{{to: next, set: {{how: \"'{how}'\"}}}}" for how in ("good", "bad"))
    placed = work(
        f"work: {{type: task, for: clerk, on: {{good: {good}, bad: {bad}}}}}",
        "next: {type: decision, rules: [{when: 'data.how == \"%s\"', to: gone}], else: fulfilled}",
    )
    assert codes(placed % "bad") == []
    assert codes(placed % "bald") == ["never-holds"]


def test_a_place_that_grows_has_no_bounds() -> None:
    """Of a place that is set from itself, and of one that copies others in turn, nothing is said of its values."""
    states = work(
        "work: {type: task, for: clerk, on: {done: {to: next, set: {tries: '1', copy: data.need.some}}}}",
        "next: {type: decision, rules: [{when: data.tries > 5, to: gone}, {when: data.copy > 99, to: gone}], else: on}",
        "on: {type: task, for: clerk, on: {done: {to: next, set: {tries: data.tries + 1, copy: data.tries}},",
        "  over: fulfilled}}",
    )
    assert codes(states) == []


DEAD = [
    ("data.need.n > 3", "data.need.n > 4"),
    ("data.need.n >= 3", "data.need.n < 3", "data.need.yes"),
    ("data.need.yes", "data.need.yes && data.need.n == 3"),
    ('data.need.speed == "normal"', 'data.need.speed == "urgent"', "data.need.n > 3"),
    ('data.need.speed != "normal"', 'data.need.speed == "urgent"'),
    ('data.need.text == "a" || data.need.n > 3', 'data.need.text == "a"'),
]


@pytest.mark.parametrize("guards", DEAD, ids="; ".join)
def test_a_way_behind_others_that_hold_whenever_it_does_is_told(guards: tuple[str, ...]) -> None:
    """The last of these conditions can never decide, and is refused; without it there is no problem."""
    assert codes(rules(*guards)) == ["dead-route"]
    assert codes(rules(*guards[:-1])) == []


def test_the_narrower_condition_comes_first() -> None:
    """What is dead behind a wider condition is right before it."""
    assert codes(rules("data.need.n > 4", "data.need.n > 3")) == []


def test_what_cannot_be_decided_is_not_refused() -> None:
    """Too many cases: nothing is said of dead ways, and a last way without a condition is asked for, as ever."""
    many = [f"data.need.n * {number} > {number} || data.need.size * {number} < 1" for number in range(1, 120)]
    big = " && ".join(many[:12])
    assert codes(rules(big, f"({big}) && data.need.yes")) in ([], ["dead-route"])
    assert codes(routes(*many)) == ["no-fallback"]
    assert in_time(lambda: codes(rules(*many))) == []


FAILS = {
    "data.need.names[0]": "size(data.need.names) is 0",
    "data.need.guests[1]": "size(data.need.guests) is 1",
    "data.need.names[data.need.n]": "size(data.need.names) is 0",
    "size(data.need.names) > 0 ? data.need.names[1] : data.need.text": "size(data.need.names) is 1",
    "100 / data.need.n": "data.need.n is 0",
    "100 % data.need.n": "data.need.n is 0",
    "100 / data.need.size": "data.need.size is 0",
    "100 / size(data.need.names)": "size(data.need.names) is 0",
    '100 / count("next")': 'count("next") is 0',
    "data.need.n < 5 ? 100 / data.need.n : 0": "data.need.n is 0",
    "data.need.n > 0 ? 0 : 100 / data.need.n": "data.need.n is 0",
    "data.need.sizes.map(x, 10 / x)": "x is 0",
    "day(date(data.need.text))": "cannot be read",
    "now + span(data.need.text)": "cannot be read",
    "int(data.need.text)": "cannot be read",
    "int(data.need.mixed)": "data.need.mixed is 'many'",
    "decimal(data.need.text)": "cannot be read",
    "max(data.need.sizes)": "size(data.need.sizes) is 0",
    "min(data.need.sizes.filter(x, x > 3))": "size(",
    "min(data.need.sizes.map(x, x + 1))": "size(",
    "min(data.need.sizes.distinct())": "size(",
}
SAFE = [
    "data.need.guests[0]",
    "size(data.need.names) > 0 ? data.need.names[0] : data.need.text",
    "size(data.need.names) == 0 ? data.need.text : data.need.names[0]",
    "data.need.names.size() > 2 ? data.need.names[2] : data.need.text",
    "[data.need.n, 2][1]",
    "(data.need.names + [data.need.text])[0]",
    "data.need.n != 0 ? 100 / data.need.n : 0",
    "data.need.n != 0 && 100 / data.need.n > 3",
    "100 / data.need.n > 3 && data.need.n > 0",
    "data.need.n == 0 || 100 / data.need.n > 3",
    "100 / data.need.some",
    "100 / data.need.part",
    "100 / 3",
    "100 / (data.need.n + 1)",
    "100 / dyn(data.need.n)",
    "data.need.n == data.need.some ? 100 / data.need.n : 0",
    "data.need.n * 2 > 1 ? 100 / data.need.n : 0",
    "data.need.names.exists(x, size(x) > 1) ? data.need.names[0] : data.need.text",
    "data.need.names.map(x, 100 / size(data.need.names))",
    "data.need.sizes.filter(x, x > 0).map(x, x * 2)",
    "data.need.sizes.map(x, x > 0, 10 / x)",
    "day(date(data.need.day))",
    "now + span(data.need.stay)",
    "int(data.need.digits)",
    'data.need.mixed != "many" ? int(data.need.mixed) : 0',
    'data.need.text.matches("^[0-9]{1,9}$") ? int(data.need.text) : 0',
    "max(data.need.n, 3)",
    "max(data.need.sizes + [0])",
    "max(data.need.guests.map(x, size(x)))",
    'data.need.text.split(",")[0]',
]


@pytest.mark.parametrize("expression", FAILS)
def test_what_may_fail_is_told_with_the_values(expression: str) -> None:
    """An operation that can fail on values that the fields allow is refused, with such values and how to guard it."""
    (problem,) = found(shown(expression))
    assert problem.code == "may-fail"
    assert FAILS[expression] in problem.message
    assert problem.hint


@pytest.mark.parametrize("expression", SAFE)
def test_what_is_guarded_or_cannot_fail_is_let_through(expression: str) -> None:
    """A condition around it, whichever way it is written, or the field's own schema is enough."""
    assert codes(shown(expression)) == []


def test_conditions_before_an_expression_guard_it() -> None:
    """What earlier ways, the way's own condition, or a condition elsewhere rule out need not be asked again."""
    assert codes(rules("data.need.n == 0", "100 / data.need.n > 3")) == []
    assert codes(rules("data.need.yes", "100 / data.need.n > 3")) == ["may-fail"]
    placed = "next: {type: decision, rules: [{when: %s, to: gone, set: {x: 100 / data.need.n}}], else: fulfilled}"
    assert codes(work(placed % "data.need.n > 2")) == []
    assert codes(work(placed % "data.need.n > -2")) == ["may-fail"]
    asked = rules("size(data.need.names) == 0").replace("else: fulfilled", "else: talk")
    talk = 'talk: {type: task, for: clerk, shows: {First: "{data.need.names[0]}"}, next: fulfilled}'
    assert codes(asked + work(talk)) == []


CHOICE = (
    "pick: {type: choice, choose: {one: {from: '{data.need.%s}'%s}}, within: P3D, "
    "on: {chosen: fulfilled, expired: gone}}"
)


def test_there_is_something_to_choose_from() -> None:
    """Options that an expression gives are at least one, or a condition asks for them, or none need be chosen."""
    assert codes(work(CHOICE % ("guests", ""))) == []
    assert codes(work(CHOICE % ("names", ", min: 0"))) == []
    (problem,) = found(work(CHOICE % ("names", "")))
    assert problem.code == "may-fail"
    assert "for example when size(data.need.names) is 0" in problem.message
    asked = rules("size(data.need.names) == 0").replace("else: fulfilled", "else: pick")
    assert codes(asked + work(CHOICE % ("names", ""))) == []


# judges

PLACES: dict[str, tuple[str, list[Any]]] = {
    "n": ("{type: integer, minimum: -2, maximum: 3}", list(range(-2, 4))),
    "size": ("{type: number, minimum: 0, maximum: 2}", [Decimal(one) / 4 for one in range(9)]),
    "speed": ("{type: string, enum: [a, b, c]}", ["a", "b", "c"]),
    "text": ("{type: string}", ["", "a", "b", "c", "bb", "z"]),
    "yes": ("{type: boolean}", [True, False]),
}
"""Fields, each with values among which there is one for each case that the conditions below can tell apart."""
NUMBERS = st.tuples(
    st.sampled_from(["n", "size"]), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.sampled_from([0, 1, 2])
).map(lambda parts: f"data.need.{parts[0]} {parts[1]} {parts[2]}")
TEXTS = st.tuples(st.sampled_from(["speed", "text"]), st.sampled_from(["==", "!="]), st.sampled_from(["a", "b"])).map(
    lambda parts: f'data.need.{parts[0]} {parts[1]} "{parts[2]}"'
)
LISTS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map(
    lambda ids: f"data.need.speed in {json.dumps(ids)}"
)
GUARDS = st.recursive(
    NUMBERS | TEXTS | LISTS | st.just("data.need.yes"),
    lambda inner: st.one_of(
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} && {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} || {two[1]})"),
        st.tuples(inner, inner, inner).map(lambda three: f"({three[0]} ? {three[1]} : {three[2]})"),
    ),
    max_leaves=4,
)


@contextmanager
def patient() -> Iterator[None]:
    """All cases are looked at: what is not decided within the usual bound is another test's."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (abstraction, decisions):
            patch.setattr(module, "BUDGET", abstraction.ALLOWANCE)
        yield


@settings(max_examples=examples(80), deadline=None)
@given(st.lists(GUARDS, min_size=1, max_size=4, unique=True))
@example(
    [
        '!(!((data.need.n < 0 ? data.need.text == "a" : data.need.text == "b")))',
        "!((data.need.n < 0 || (data.need.size < 0 || data.need.yes)))",
        '!((data.need.yes && data.need.speed == "a"))',
        '!(!((data.need.speed == "a" && data.need.yes)))',
    ]
)
def test_what_is_decided_is_what_trying_all_values_gives(guards: list[str]) -> None:
    """Never, dead and covered: for random conditions, the same as by evaluating them on every value there is."""
    fields = "".join(f"      {name}: {schema}\n" for name, (schema, _) in PLACES.items())
    mentioned = [name for name in PLACES if any(f"need.{name}" in one for one in guards)]
    expressions = [Expression(one) for one in guards]
    taken: list[set[int]] = [set(), set()]
    stuck = False
    for values in product(*(PLACES[name][1] for name in mentioned)):
        names = PlainNames({"data": {"need": dict(zip(mentioned, values, strict=True))}})
        true = [index for index, one in enumerate(expressions) if one.holds(names)]
        taken[0].update(true)
        taken[1].update(true[:1])
        stuck = stuck or not true
    expected = {"never-holds" for index in range(len(guards)) if index not in taken[0]} | {
        "dead-route" for index in range(len(guards)) if index in taken[0] and index not in taken[1]
    }
    with patient():
        decided = {one.code for one in check(process(rules(*guards), fields))} - {"unreachable-state"}
        open_ended = {one.code for one in check(process(routes(*guards), fields))} & {"no-fallback"}
    assert decided == expected
    assert open_ended == ({"no-fallback"} if stuck else set())


HERE = Path(__file__).parent
FILES = [*sorted((HERE.parents[1] / "processes").glob("*.yaml")), *sorted((HERE / "realistic").glob("*.yaml"))]
LITERAL = re.compile(r"""(?:==|!=) "([a-z_]{3,})\"""")
TEXTS_OF_OTHERS = re.compile(r"^texts:\n(?: .*\n|\n)*", re.MULTILINE)
"""The translations, which the files have at the end."""


def untranslated(path: Path) -> str:
    """A shipped file without its translations, which a changed text would not be found by."""
    return TEXTS_OF_OTHERS.sub("", path.read_text())


def misspelt() -> list[tuple[str, int, str]]:
    """Each comparison with a text in the shipped files."""
    return [(path.stem, one.start(1), one.group(1)) for path in FILES for one in LITERAL.finditer(untranslated(path))]


@pytest.mark.parametrize(("name", "at", "value"), misspelt())
def test_a_misspelt_value_in_a_real_process_is_refused(name: str, at: int, value: str) -> None:
    """Wherever a real process compares with one of some values, or an outcome with one, a wrong letter is found."""
    (path,) = (one for one in FILES if one.stem == name)
    text = untranslated(path)
    wrong = value[:-2] + value[-1] + "x"
    told = problems(text[:at] + wrong + text[at + len(value) :], path.name)
    assert [one.code for one in told] in (["never-holds"], ["unknown-outcome"])
    assert repr(wrong) in told[0].message


def test_a_thousand_decisions_are_checked_in_time() -> None:
    """A thousand states, each with conditions that cover, take well under the bound of a file (L12)."""
    lines = []
    for number in range(1000):
        after = f"s{number + 1}" if number < 999 else "fulfilled"
        ways = (
            f"{{to: {after}, when: data.need.n > {number} && data.need.yes}}, "
            f"{{to: {after}, when: data.need.n <= {number}}}, {{to: gone, when: '!data.need.yes'}}"
        )
        lines.append(f"s{number}: {{type: service, call: mend, on: {{done: [{ways}]}}}}")
    big = process(work(*lines))
    assert [one.code for one in in_time(lambda: check(big))] == []
