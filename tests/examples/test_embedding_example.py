"""The example of an application that keeps its own table beside the flow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples/embedding"


def test_the_example_tells_its_story() -> None:
    """The example runs, a repeated request and a rollback leave no trace, and the job ends fulfilled."""
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "the same again, and is told of order 1" in done.stdout
    assert "the shop refuses" in done.stdout
    assert "Nothing has happened: the order's price is None, the job stands in estimate." in done.stdout
    assert done.stdout.rstrip().endswith("The job is fulfilled.")
