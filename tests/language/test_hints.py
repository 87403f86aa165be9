"""What is written elsewhere, or hardly meant, is answered with what is written here."""

from __future__ import annotations

import json

import pytest
from checks_samples import source, work

from flowengine.language import parse, problems
from flowengine.problem import Problem

WHICH = "which: {type: decision, rules: [{when: %s, to: fulfilled}], else: gone}"
EXPRESSIONS = {
    'not passed("need")': "'not' is no sign; write '!'",
    "not (data.need.count > 3)": "there is no function 'not'; write '!'",
    "data.need.count > 3 and data.need.count < 5": "'and' is no sign; write '&&'",
    "data.need.count > 3 OR data.need.count < 5": "'OR' is no sign; write '||'",
    "data.need.count = 3": "'=' alone; to compare, write '=='",
    "data.need.count === 3": "'===' has one '=' too many; write '=='",
    "data.need.count !== 3": "'!==' has one '=' too many; write '!='",
    "data.need.count <> 3": "'<>' is no sign; write '!='",
    "data.need.count => 3": "'=>' is no sign; write '>='",
    "data.need.count =< 3": "'=<' is no sign; write '<='",
    'data.need.name is "oak"': "'is' is no sign; write '=='",
    'data.need.name equals "oak"': "'equals' is no sign; write '=='",
    "data.need.name == “oak”": "'“' is no quote here; write '\"'",
    "data.need.name == oak": 'a text needs quotes: "oak"',
    'data.need.name in ("oak", "elm")': "a list stands in square brackets; write [a, b]",
    "data.need.name == None": "'None' is no value; write !has(data.x)",
    "True": "'True' is no value; write true",
    "now > 2026-12-12": 'a date is no number; write date("2026-12-12")',
    "now() > date(data.need.day)": "there is no function 'now'; write now, without brackets",
    "today() == data.need.day": "there is no function 'today'; write day(now)",
    "len(data.need.name) > 3": "there is no function 'len'; write size(…)",
    "data.need.name.length > 3": "write size(data.need.name)",
    "exists(data.need.wish)": "there is no function 'exists'; write has(data.x)",
    "if(data.need.count > 3, true, false)": "there is no 'if'; write 'condition ? this : that'",
    "{data.need.count > 3}": "an expression stands here without braces",
    "need.count > 3": "write data.need",
    "passed(need)": 'as a text (for example passed("need"))',
    "the customer is happy": "a text in an expression needs quotes of its own",
}


def told(*states: str) -> list[Problem]:
    """What reading and checking tell of a file with these states."""
    return problems(source(work(*states)), "sample.yaml")


@pytest.mark.parametrize("written", EXPRESSIONS)
def test_an_expression_in_another_tongue_is_told_what_is_written_here(written: str) -> None:
    """Signs, values and functions of other languages, and texts without quotes, give one problem with the mend."""
    (problem,) = told(WHICH % json.dumps(written, ensure_ascii=False))
    assert EXPRESSIONS[written] in str(problem)


def test_only_what_is_written_as_a_date_is_taken_for_one() -> None:
    """Numbers that are taken from one another, and a date in quotes, are let be."""
    for written in ("data.need.count - 12 - 25 > 3", 'data.need.day == "2026-12-25"', "data.need.count > 2026-2-1"):
        assert told(WHICH % json.dumps(written)) == []


def test_a_condition_with_an_exclamation_mark_is_told_to_stand_in_quotes() -> None:
    """YAML makes a tag of it: that is the one problem, and its hint says what to do."""
    (problem,) = told(WHICH % "!passed('need')")
    assert (problem.code, problem.hint) == ("tag", "put a text or a condition that begins with '!' in quotes")


TASK = "work: {type: task, for: clerk, ask: %s, next: fulfilled}"


@pytest.mark.parametrize("inside", ["data.need.name", " data.need.name ", "customer.name", "job.id", "now"])
def test_double_braces_that_people_would_read_are_told(inside: str) -> None:
    """What is an expression in other languages' templates is refused, with how it is written here."""
    (problem,) = told(TASK % json.dumps(f"Hello {{{{{inside}}}}}!"))
    assert problem.code == "bad-text"
    assert f"people would read '{{{inside}}}'" in problem.message
    assert problem.hint == f"write {{{inside.strip()}}} for its value"


@pytest.mark.parametrize("text", ["As {{cut}}", "{{ {data.need.name} }}", "{{database}}", "{{{data.need.name}}}"])
def test_braces_that_are_meant_as_such_are_let_be(text: str) -> None:
    """Double braces stand for braces."""
    assert told(TASK % json.dumps(text)) == []


def test_a_dollar_sign_before_braces_stands_before_numbers_only() -> None:
    """Of `${…}` people would read the sign: it is refused before what is no number, and a price keeps it."""
    (problem,) = told(TASK % json.dumps("Hello ${data.need.name}"))
    assert (problem.code, problem.hint) == ("bad-text", "leave the '$' out")
    assert "'data.need.name' is a text, and people would read the '$' before it" in problem.message
    assert told(TASK % json.dumps("It costs ${data.need.size}, ${data.need.count * 2} for two")) == []


def test_a_text_has_no_statements() -> None:
    """What begins as in a template language is told what stands here instead."""
    (problem,) = told(TASK % json.dumps("{% if data.need.count > 3 %}Many{% endif %}"))
    assert (problem.code, problem.hint) == ("bad-expression", "a text has no statements; write {… ? … : …}")


FITTING = "fit: {type: fitting, with: smith, length: %s, within: P14D, on: {held: fulfilled, expired: gone}}"
SERVICE = "mend: {type: service, call: mend, %s, next: fulfilled}"
WAIT = "rest: {type: wait, for: %s, next: fulfilled}"
MONTHS = {
    FITTING % "P30M": "'P30M' is 30 months (write PT30M for minutes)",
    FITTING % "P1M": "'P1M' is 1 month (write PT1M for minutes)",
    FITTING % "PT30M, hold: P5M": "'P5M' is 5 months (write PT5M for minutes)",
    SERVICE % "limit: P5M": "'P5M' is 5 months (write PT5M for minutes)",
    SERVICE % "retry: {first: PT1S, longest: P2M}": "'P2M' is 2 months (write PT2M for minutes)",
    WAIT % "P45M": "'P45M' is 45 months (write PT45M for minutes, or P3Y9M for the months)",
    WAIT % "P24M": "'P24M' is 24 months (write PT24M for minutes, or P2Y for the months)",
}


@pytest.mark.parametrize("state", MONTHS)
def test_months_that_were_meant_as_minutes_are_told(state: str) -> None:
    """No appointment and no attempt takes a month, and nobody counts years in months: minutes stand behind a T."""
    (problem,) = told(state)
    assert problem.code == "bad-duration"
    assert str(problem).endswith(MONTHS[state])


@pytest.mark.parametrize("length", ["P1M", "P12M", "P1Y6M", "PT45M", "P6M"])
def test_months_that_may_be_meant_are_let_be(length: str) -> None:
    """A wait of a few months is one."""
    assert told(WAIT % length) == []


def test_a_reminder_in_months_is_told_as_such() -> None:
    """A reminder behind the deadline may be one in minutes."""
    (problem,) = told((FITTING % "PT5M").replace("within", "remind: [P5M], within"))
    assert problem.code == "late-reminder"
    assert problem.hint.startswith("P5M is 5 months; write PT5M for minutes, or put it before P14D")


def test_what_is_hardly_meant_is_still_read_where_it_is_in_use() -> None:
    """L6: a version that was taken before is read as it was, for its jobs go on."""
    written = source(work(FITTING % "P30M, ask: 'Hello {{customer.name}}'"))
    assert [one.code for one in problems(written)] == ["bad-duration", "bad-text"]
    assert parse(written, check=False).root.states["fit"].ask is not None


LOOK = "look: {type: task, for: clerk, %son: {done: which, bad: which}}"


@pytest.mark.parametrize("fields", ["", "fields: {note: {type: string}}, "])
@pytest.mark.parametrize("read", ["data.look.outcome", "look.outcome"])
def test_an_outcome_that_is_read_as_data_is_told_the_function(fields: str, read: str) -> None:
    """How a task ended is no part of its answer."""
    (problem,) = told(LOOK % fields, WHICH % json.dumps(f'{read} == "bad"'))
    assert problem.hint == 'how it ended is outcome("look")'


def test_an_outcome_that_is_saved_may_be_read_as_data() -> None:
    """An approval's answer has it, and so may a field of that name."""
    asked = "look: {type: approval, by: clerk, on: {approved: which, declined: which}}"
    assert told(asked, WHICH % json.dumps('data.look.outcome == "declined"')) == []
    field = LOOK % "fields: {outcome: {type: string}}, "
    assert {one.code for one in told(field, WHICH % json.dumps('data.look.outcome == "bad"'))} <= {"maybe-missing"}


def test_what_is_never_there_yet_is_told() -> None:
    """`has` of what only a later state saves would be false for every job."""
    later = "later: {type: task, for: clerk, fields: {x: {type: string}}, next: %s}"
    (problem,) = told(WHICH.replace("gone", "later") % "has(data.later)", later % "fulfilled")
    assert problem.code == "never-holds"
    assert "has(data.later) is never true here: nothing has saved data.later yet" in problem.message
    assert told(WHICH.replace("gone", "later") % "has(data.later)", later % "which") == []


FLAGS = {"yes": "true", "on": "true", "Yes": "true", "no": "false", "off": "false"}


@pytest.mark.parametrize("word", FLAGS)
def test_a_word_for_true_or_false_is_told_the_value(word: str) -> None:
    """YAML 1.2 takes yes, no, on and off for texts."""
    (problem,) = told(
        f"work: {{type: task, for: clerk, fields: {{x: {{type: string, optional: {word}}}}}, next: fulfilled}}"
    )
    assert (problem.code, problem.hint) == ("wrong-type", f"write {FLAGS[word]}")


PLACES = {
    "an unquoted comma": (
        "ask: {type: ask, ask: Now, and how?, fields: {}, within: P1D, on: {answered: fulfilled, expired: gone}}",
        "in braces, a text with a comma stands in quotes",
    ),
    "a way of a race's member": (
        "any: {type: race, of: {a: {type: task, for: clerk, next: gone}, b: {type: wait, for: P1D}}, next: fulfilled}",
        "the race's own 'on' says where its members lead",
    ),
    "true for outcomes": ("work: {type: task, for: clerk, on: true}", "write {outcome: state}, or next: state"),
    "a number of minutes": (WAIT % "4", "write P4D for days, PT4H for hours or PT4M for minutes"),
    "a number of days to remind": (
        (FITTING % "PT5M").replace("within", "remind: [3], within"),
        "write P3D for days, PT3H for hours or PT3M for minutes",
    ),
    "a tab": ("work:\n\ttype: task", "indent with spaces"),
    "a text with a star": (TASK % "*hot", "write the value out, and a text that begins with '*' in quotes"),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_slip_in_the_file_is_one_problem_with_its_mend(name: str) -> None:
    """What is easily written wrongly is told in one problem, in words for it."""
    states, hint = PLACES[name]
    (problem,) = told(states)
    assert hint in problem.hint


def test_a_branch_may_be_a_state() -> None:
    """A state that stands where a branch does is a branch of that state alone."""
    branches = "branches: {a: {type: task, for: clerk}, b: {type: wait, for: P1D}}"
    assert told(f"both: {{type: parallel, {branches}, next: fulfilled}}") == []
