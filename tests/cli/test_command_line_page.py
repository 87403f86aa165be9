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


def test_the_first_steps_work_as_they_are_written(empty: Flow) -> None:
    """Every command of the page's first steps succeeds, one after another, and ends with a fulfilled job (L1)."""
    block = re.search(r"```sh\n(.*?)```", PAGE, re.S)
    assert block is not None
    commands = [shlex.split(line)[1:] for line in block[1].splitlines()]
    assert len(commands) > 8
    for words in commands:
        empty.run(*words)
    assert [row["status"] for row in empty.json("jobs")] == ["fulfilled"]


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
