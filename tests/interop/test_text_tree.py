"""Outlines of processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowengine.interop.text_tree import HERE, text_tree
from flowengine.language import parse

PROCESSES = sorted((Path(__file__).parents[2] / "processes").glob("*.yaml"))


@pytest.mark.parametrize("file", PROCESSES, ids=lambda file: file.stem)
def test_every_state_has_a_line(file: Path) -> None:
    """The outline of every process of the project names each of its states, with where it leads."""
    process = parse(file.read_bytes(), str(file), check=False)
    lines = text_tree(process).splitlines()
    for state in process.states():
        assert any(line.split()[1:2] == [state.name] for line in lines), state.name
        for routes in state.on.values():
            assert any(f"→ {route.to}" in line for route in routes for line in lines)


def test_where_a_job_stands_is_marked() -> None:
    """The states given are marked, and no others."""
    process = parse(PROCESSES[0].read_bytes(), check=False)
    standing = [process.root.start]
    marked = [line.split()[1] for line in text_tree(process, standing).splitlines() if line.startswith(HERE)]
    assert marked == standing


def test_a_title_stays_on_its_line() -> None:
    """Line breaks in a title cannot make a line of their own."""
    text = """
process: p
title: "A\\nB"
need: Something
states:
  need: {type: need, title: "x\\n● forged", fields: {a: {type: string}}, next: fulfilled}
  fulfilled: {type: fulfilled}
"""
    lines = text_tree(parse(text, check=False)).splitlines()
    assert not any(line.startswith("● forged") for line in lines)
