"""Every problem is explained: what it means, a small file that has it, and the file mended."""

from __future__ import annotations

import re

import pytest

from flowengine.errors import NotFound
from flowengine.language import parse, problems
from flowengine.language.checks.starts import clashes
from flowengine.language.explaining import CODES, Explanation, chapters, explain

EXPLAINED = {one.code: one for several in chapters().values() for one in several}
SHOWN = [one for one in EXPLAINED.values() if one.diff]
ALONG = {"too-many-problems": {"wrong-type"}}
"""What is told of an example besides its own code: of too many problems, those that there are too many of."""


def test_every_code_is_explained_once() -> None:
    """Each code that reading or checking a file can give has one explanation, and nothing else is explained."""
    assert sorted(one.code for several in chapters().values() for one in several) == sorted(CODES)
    assert all(one.why for one in EXPLAINED.values())


def test_only_a_file_that_cannot_be_read_has_no_example() -> None:
    """Each code has a file that shows it; that a file cannot be read at all no text can show."""
    assert EXPLAINED.keys() - {one.code for one in SHOWN} == {"unreadable-file"}


@pytest.mark.parametrize("example", SHOWN, ids=lambda one: one.code)
def test_the_faulty_file_has_that_fault_and_no_other(example: Explanation) -> None:
    """What a designer is shown gives exactly the code that he asked about."""
    told = problems(example.faulty.encode(example.encoding)) or example.problems
    assert {one.code for one in told} == {example.code} | ALONG.get(example.code, set())
    assert example.problem is not None
    assert example.problem.code == example.code


@pytest.mark.parametrize("example", SHOWN, ids=lambda one: one.code)
def test_the_mended_file_is_fine(example: Explanation) -> None:
    """What is said to be the mend is one."""
    assert problems(example.mended) == []
    if example.beside:
        assert problems(example.beside) == []
        assert clashes(parse(example.mended), [parse(example.beside)]) == []


@pytest.mark.parametrize("example", SHOWN, ids=lambda one: one.code)
def test_an_example_is_small_and_changes_what_it_says(example: Explanation) -> None:
    """An example can be taken in at a glance, and no line is shown as changed that is not."""
    lines = example.diff.splitlines()
    assert len(lines) <= 24
    assert all(line[:1] in ("-", "+", " ") and len(line) <= 124 for line in lines)
    gone, come = ({line[1:] for line in lines if line[0] == sign} for sign in "-+")
    assert gone | come
    assert gone & come == set()


def test_the_problem_stands_where_the_lines_differ_or_beside() -> None:
    """The line that is marked is one that is mended, but where something is missing: then it is what lacks it."""
    marked = {one.code for one in SHOWN if one.problem and f"-{_line(one)}" in one.diff.splitlines()}
    assert len(marked) >= 60
    assert {"unknown-target", "no-fallback", "maybe-missing"} <= marked


def _line(example: Explanation) -> str:
    assert example.problem is not None
    return example.faulty.splitlines()[example.problem.place.line - 1] if example.faulty else ""


def test_why_it_is_refused_is_said_in_a_few_words() -> None:
    """An explanation is a paragraph, and its links lead to pages of the docs."""
    for one in EXPLAINED.values():
        assert 40 <= len(one.why) <= 500
        for link in re.findall(r"\]\(([^)#]*)", one.why):
            assert link in ("process-language.md", "expressions.md")


def test_an_unknown_code_is_answered_with_the_one_that_was_meant() -> None:
    """A misspelt code is refused with the near one, another with all there are."""
    with pytest.raises(NotFound) as near:
        explain("unknown-tarket")
    assert near.value.possible == ("unknown-target",)
    with pytest.raises(NotFound) as far:
        explain("x")
    assert set(far.value.possible) == set(CODES)
