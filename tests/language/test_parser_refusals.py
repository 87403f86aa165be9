"""Every problem that the parser can find, with its place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from language_samples import HEAD, REFUSED, one, task, unmarked

import flowengine.language as language
import flowengine.language.yaml_reader as yaml_reader
from flowengine.errors import ProcessRefused
from flowengine.language import load, parse, problems
from flowengine.language.parser.codes import CODES
from flowengine.language.parser.fields import FORMATS
from flowengine.language.parser.process import read_process
from flowengine.problem import Problem


def found(text: str | bytes) -> list[Problem]:
    process, listed = read_process(text, "f.yaml")
    assert (process is None) == bool(listed)
    return listed


@pytest.mark.parametrize(("code", "marked"), REFUSED)
def test_a_problem_has_its_code_and_its_place(code: str, marked: str) -> None:
    """What is wrong is reported under a stable code at the line and column where it stands."""
    text, (line, column) = unmarked(marked)
    listed = found(text)
    assert (code, line, column) in [(one.code, one.place.line, one.place.column) for one in listed], listed


def test_every_code_is_shown_by_an_example() -> None:
    """Each code of the table is given by an example, or has a test of its own."""
    tested_alone = {"unreadable-file", "too-large", "too-many-problems", "not-utf8", "unknown-text"}
    assert {code for code, _ in REFUSED} | tested_alone == set(CODES)


def test_every_code_in_the_source_is_in_the_table() -> None:
    """The parser gives no code that the table does not explain."""
    package = Path(language.__file__).parent
    files = [
        *(package / "parser").glob("*.py"),
        *(package / "types").glob("*.py"),
        Path(yaml_reader.__file__),
    ]
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8"))))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    words = {text for text in texts if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", text)}
    assert words - set(FORMATS) - {"utf-8"} <= set(CODES)


def test_all_problems_of_a_file_are_found_at_once() -> None:
    """One reading reports every problem, in the order of the file."""
    text = HEAD + "colour: red\nstates:\n  a: {type: tsak}\n  b: {type: wait, for: 3 days}\n  c: {type: ended}\n"
    assert [problem.code for problem in found(text)] == ["unknown-key", "unknown-type", "bad-duration", "missing-key"]
    text = task("title: 1, ask: '{', within: x, remind: [y, z], fields: {A: {}, b: {type: strin, optinal: true}}")
    assert len(found(text)) == 9


def test_a_problem_is_written_as_editors_understand_it() -> None:
    """A problem reads ``file:line:column: code: message (hint)``."""
    (problem,) = found(task("nxet: a"))
    assert str(problem) == "f.yaml:4:30: unknown-key: a task has no key 'nxet' (did you mean 'next'?)"
    assert problem.to_json() == {
        "file": "f.yaml",
        "line": 4,
        "column": 30,
        "code": "unknown-key",
        "message": "a task has no key 'nxet'",
        "hint": "did you mean 'next'?",
    }


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (one("{type: Task, for: a}"), "did you mean 'task'?"),
        (one("{type: fiting}"), "did you mean 'fitting'?"),
        (
            one("{type: zzz}"),
            "possible: need, choice, ask, fitting, approval, vote, feedback, task, service, wait",
        ),
        (task("fields: {x: {type: strng}}"), "did you mean 'string'?"),
        (one("{type: vote, of: members, options: [a]}"), "write {group: members}"),
        (task("title: 12"), "put it in quotes"),
        (one("{type: stage, states: {it: {type: fulfilled}}}"), "the first is in line 4"),
        (HEAD + "need: twice\n", "the first one is in line 2"),
    ],
)
def test_a_hint_says_what_would_be_right(text: str, hint: str) -> None:
    """Where a name is near it is named, else what is possible is listed."""
    assert any(problem.hint.startswith(hint) for problem in found(text)), found(text)


def test_a_name_is_refused_with_one_that_would_do() -> None:
    """A name with capitals or spaces is answered with how it would be written."""
    (problem,) = found(HEAD + "states: {Call Customer: {type: fulfilled}}\n")
    assert "for example call_customer" in problem.message


def test_reading_stops_after_many_problems() -> None:
    """A file with thousands of problems lists the first two hundred, and says so."""
    text = HEAD + "states:\n" + "".join(f"  s{i}: {{type: tsak}}\n" for i in range(1_000))
    listed = found(text)
    assert len(listed) == 201
    assert listed[-1].code == "too-many-problems"


def test_several_calendars_need_a_choice() -> None:
    """A fitting takes the only calendar by itself, and must name one of several."""
    calendar = "{zone: UTC, open: {mon: '09:00-10:00'}, every: PT30M}"
    states = "states: {f: {type: fitting, with: a, length: PT30M}}\n"
    assert found(HEAD + f"calendars: {{a: {calendar}}}\n" + states) == []
    (problem,) = found(HEAD + f"calendars: {{a: {calendar}, b: {calendar}}}\n" + states)
    assert (problem.code, problem.hint) == ("missing-key", "possible: a, b")


def test_the_refusal_carries_all_problems() -> None:
    """``parse`` raises one error with every problem; ``problems`` returns the same list."""
    text = HEAD + "states:\n  a: {type: tsak}\n  b: {type: wait}\n"
    with pytest.raises(ProcessRefused) as refused:
        parse(text, "f.yaml")
    assert list(refused.value.problems) == problems(text, "f.yaml")
    assert len(refused.value.problems) == 2
    assert str(refused.value).splitlines()[0].startswith("f.yaml:4:13: unknown-type: ")


def test_a_file_that_cannot_be_read_is_a_problem_of_that_file(tmp_path: Path) -> None:
    """A missing file and a directory are refused by name, like any other problem."""
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ProcessRefused) as refused:
            load(path)
        (problem,) = refused.value.problems
        assert (problem.file, problem.code) == (str(path), "unreadable-file")
