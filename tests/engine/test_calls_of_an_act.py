"""An act costs so many calls of Python functions at most: a count, which is the same on every machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flowengine import Engine

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import bench_calls

MOST = {"sqlite": 292, "postgresql": 324}
"""By what an inbox is sorted and narrowed stands in the step's row: that costs seven calls, and saves each look the
sort. Contents stand beside the history: six to ten calls, so that they can be erased. An entry is sealed part by part,
so that a receipt proves one of them: nine calls; who may open files is looked for in what is shown: three."""

FILES = 53


@pytest.mark.parametrize("outcome", ["done", "approved"])
def test_an_act_makes_few_calls(database_url: str, outcome: str) -> None:
    """A warm act on a task or an approval stays within its bound of calls, and passes through few files."""
    with Engine(database_url) as engine:
        made = bench_calls.warm_acts(engine)[outcome]
    assert len(made) <= MOST[engine.database.dialect], [one.name for one in made]
    assert len(bench_calls.files(made)) <= FILES
