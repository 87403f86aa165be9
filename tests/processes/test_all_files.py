"""All sample processes, as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowengine.language import load, problems
from flowengine.samples import process_file

FILES = sorted(process_file("bespoke_suit").parent.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_sample_process_has_no_problem(path: Path) -> None:
    """Every sample passes all checks."""
    assert problems(path.read_text(encoding="utf-8"), path.name) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_sample_process_is_named_like_its_file(path: Path) -> None:
    """A sample is found under its own name."""
    assert load(path).name == path.stem


def test_the_flows_are_there() -> None:
    """The flows that the project promises are there."""
    made_by_customers = {"bespoke_suit", "club_matchday", "open_contribution", "co_creation"}
    templates = {"table_service", "device_return", "school_excursion"}
    assert {path.stem for path in FILES} == made_by_customers | templates
