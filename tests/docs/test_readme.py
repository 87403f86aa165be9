"""What the README shows is what the programs do."""

from __future__ import annotations

import re
from pathlib import Path

from flowengine.interop.mermaid import mermaid
from flowengine.language import load, parse

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found is not None, f"the README has no {kind} block"
    return found[1]


def test_the_picture_is_what_is_drawn() -> None:
    """The README's picture is the drawing of the suit as it is now."""
    assert _block("mermaid").strip() == mermaid(load(ROOT / "processes/bespoke_suit.yaml"), usual=True).strip()


def test_the_small_process_is_fine() -> None:
    """The process in the README passes the checks, and without its deadline it does not."""
    text = _block("yaml")
    assert parse(text).name == "bread"
    broken = text.replace("    within: P7D\n", "")
    assert broken != text
    from flowengine.language import problems

    assert "no-deadline" in {problem.code for problem in problems(broken, "bread.yaml")}


def test_each_command_is_one_line() -> None:
    """The two commands can be copied as one line each."""
    for heading in ("## Run it", "## Test it"):
        block = README.split(f"{heading}\n", 1)[1].split("```")[1]
        assert len(block.removeprefix("sh\n").strip().splitlines()) == 1
