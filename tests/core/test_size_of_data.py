"""Data have a size: what would save more than may be kept is refused, and nothing of it is kept."""

from __future__ import annotations

from typing import Any

import pytest
from rehearsal import ADA, CODE, TOM, Rehearsal

from flowengine.core import commands as c
from flowengine.core.advance import advance, start
from flowengine.core.draft import LARGEST_DATA
from flowengine.errors import BadAnswer
from flowengine.language import parse

GROWING = """
process: growing
need: A text
states:
  need: {type: need, fields: {s: {type: string}}, next: go}
  go: {type: task, for: staff, on: {done: {to: fulfilled, set: {more: TIMES}}}}
  fulfilled: {type: fulfilled}
"""


def _growing(*steps: str) -> Any:
    """A process whose task's route saves what several decisions in a row make ever larger."""
    text = GROWING.replace("{to: fulfilled, set: {more: TIMES}}", "{to: d0}")
    for number, expression in enumerate(steps):
        to = f"d{number + 1}" if number + 1 < len(steps) else "fulfilled"
        rule = f"{{when: 'true', to: {to}, set: {{s{number + 1}: '{expression}'}}}}"
        text += f"  d{number}: {{type: decision, rules: [{rule}], else: {to}}}\n"
    return parse(text, "growing.yaml", check=False)


def test_what_makes_the_data_too_large_is_refused_with_its_place() -> None:
    """Values that grow from one ``set`` to the next are stopped where they pass the limit, and the job stands still."""
    grown = [" + ".join([f"data.{name}"] * times) for name, times in (("need.s", 15), ("s1", 15), ("s2", 4))]
    job = Rehearsal(_growing(*grown), need={"s": "x" * 1000})
    before = job.position
    with pytest.raises(BadAnswer) as refused:
        job.act("go", by=TOM)
    assert refused.value.where == "data.s3"
    assert f"{LARGEST_DATA:,}" in refused.value.problems["s3"]
    assert job.position == before


def test_the_limit_is_exact() -> None:
    """Data of as many bytes as may be kept are kept, and one more is refused, at the start too."""
    made = Rehearsal(_growing('"x"'), need={"s": "a"})
    size = len('{"need":{"s":"abc"}}')
    command = c.Start(by=ADA, answer={"s": "abc"})
    assert start(made.compiled, "j", "ada", command, made.now, made.world, largest_data=size).draft.data
    with pytest.raises(BadAnswer, match="bytes"):
        start(made.compiled, "j", "ada", command, made.now, made.world, largest_data=size - 1)


def test_a_result_that_is_too_large_becomes_an_incident() -> None:
    """A service's result that cannot be kept stops the call for an operator, and the job goes nowhere."""
    text = GROWING.replace("{type: task, for: staff, on: {done: {to: fulfilled, set: {more: TIMES}}}}",
                           "{type: service, call: fetch, next: fulfilled}")  # fmt: skip
    job = Rehearsal(parse(text, "growing.yaml", check=False), need={"s": "a"})
    command = c.Finish(by=CODE, call=job.call("go").number, result={"r": "x" * 200})
    done = advance(job.compiled, job.position, command, job.now, job.world, largest_data=100)
    (call,) = done.draft.at("main").calls
    assert "at most 100" in (call.incident or "")
