"""All sample processes, as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowengine.language import load, problems
from flowengine.language.texts import Text
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


@pytest.mark.parametrize("name", ["order_approval", "appointment", "members_vote", "supplier"])
def test_a_short_process_says_what_it_teaches(name: str) -> None:
    """It is read in a minute, apart from its texts in other languages: its first line says what for."""
    lines = process_file(name).read_text(encoding="utf-8").partition("\ntexts:\n")[0].splitlines()
    assert lines[0].startswith("# Teaches: ")
    assert len(lines) <= 80


def test_the_flows_are_there() -> None:
    """The flows that the project promises are there."""
    made_by_customers = {"bespoke_suit", "club_matchday", "open_contribution", "co_creation"}
    templates = {"table_service", "device_return", "school_excursion"}
    short = {"order_approval", "appointment", "members_vote", "supplier"}
    assert {path.stem for path in FILES} == made_by_customers | templates | short


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_process_is_said_in_german_whole(path: Path) -> None:
    """Each of its texts that has words; and what is filled in is what its original has, so that nothing is left out."""
    process = load(path)
    assert process.untranslated("de") == ()
    german = process.others["de"]
    for original, said in process.texts["de"].items():
        mentioned = {p for one in Text(original).expressions for p in one.paths if p[0] == "data"}
        told = {p for one in Text(said).expressions for p in one.paths if p[0] == "data"}
        assert {p[:2] for p in told} == {p[:2] for p in mentioned}, original
    assert {one.name for one in german.states()} == {one.name for one in process.states()}
