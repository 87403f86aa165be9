"""What the README of the tailor's shop says: its commands are there, and its story is told."""

from __future__ import annotations

import re
import shlex
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from flowengine.cli import flow

ROOT = Path(__file__).parents[2]
README = ROOT / "examples" / "bespoke_suit" / "README.md"


def _commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = (line.split("#")[0].strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line.startswith("flow ")]


@pytest.mark.parametrize("line", _commands())
def test_the_readme_names_commands_that_are_there(line: str) -> None:
    """Each command in the example's README is one, with options that it has."""
    result = CliRunner().invoke(flow, [*shlex.split(line)[1:], "--help"])
    assert result.exit_code == 0, result.output
    assert f"{shlex.split(line)[1]} " in result.stdout.splitlines()[0]


def test_the_story_is_told(tmp_path: Path) -> None:
    """``python -m examples.bespoke_suit`` tells one suit to its end."""
    from flowengine import Engine, SimulatedClock
    from flowengine.samples import example

    example("bespoke_suit")
    from flowengine_examples.bespoke_suit.__main__ import MONDAY
    from flowengine_examples.bespoke_suit.mill import Mill
    from flowengine_examples.bespoke_suit.story import tell
    from flowengine_examples.bespoke_suit.till import Till

    told = StringIO()
    clock = SimulatedClock(MONDAY)
    with Engine("sqlite://", clock=clock, handlers={}) as engine:
        mill = Mill(tmp_path / "mill.db", today=lambda: clock.now().date())
        job = tell(engine, clock, mill, Till(tmp_path / "till.db"), Console(file=told, width=200))
        assert engine.track(job, "ada").status == "fulfilled"
    for part in (
        *(
            "waits in vain",
            "changes her mind",
            "undoes M-0001",
            "undoes R-0001",
            "out_of_stock",
            "Sleeves",
            "promise kept",
        ),
        *("declined", "(In all: £1,545.00)", "(To pay now: "),
    ):
        assert part in told.getvalue()
