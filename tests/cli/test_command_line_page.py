"""The page on the command line says what is true."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from flowengine.cli import flow

if TYPE_CHECKING:
    from conftest import Flow

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text("utf-8")


def test_the_commands_of_the_page_work_as_they_are_written(empty: Flow) -> None:
    """Every command of its blocks succeeds, one after another, where JOB is the newest job; the first steps end with a
    fulfilled one (L1), and what the customer and staff do afterwards goes on in each other's turn."""
    first, *others = [_commands(block) for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S)]
    assert len(first) > 8
    for words in first:
        empty.run(*words)
    assert [row["status"] for row in empty.json("jobs")] == ["fulfilled"]
    for words in [words for block in others for words in block]:
        newest = empty.json("jobs")[0]["short"]
        empty.run(*(newest if word == "JOB" else word for word in words))
    done, *_ = empty.json("jobs")
    assert done["where"] == ["Your verdict"]
    said = empty.json("track", done["short"], who="ada")["conversation"]
    assert [(one["text"], one["answer"]["text"]) for one in said] == [
        ("Will it carry books?", "Yes, a hundred of them.")
    ]


def _commands(block: str) -> list[list[str]]:
    found = [shlex.split(line, comments=True) for line in block.splitlines()]
    return [words[1:] for words in found if words and words[0] == "flow"]


def test_the_page_names_only_commands_that_there_are() -> None:
    """No command that the page mentions is missing."""
    named = set(re.findall(r"`flow ([a-z]+)", PAGE)) | set(re.findall(r"^flow ([a-z]+)", PAGE, re.M))
    assert named
    assert named <= set(flow.entries)


def test_the_error_of_the_page_has_the_shape_of_real_ones(empty: Flow) -> None:
    """The page's example of an error has the keys that a real error has."""
    block = re.search(r"```json\n(.*?)```", PAGE, re.S)
    assert block is not None
    assert json.loads(block[1]).keys() == empty.json("inbox", who="ada", code=1).keys()
