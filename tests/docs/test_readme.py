"""What the README shows is what the programs do."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flowengine.interop.drawing import picture
from flowengine.language import load, parse

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found is not None, f"the README has no {kind} block"
    return found[1]


def _said(svg: str) -> tuple[str | None, list[str]]:
    """Which version of a process a picture shows, and all that it says; where that stands is Graphviz's to say."""
    root = ElementTree.fromstring(svg)
    return root.get("data-process"), sorted(
        one.text or "" for one in root.iter() if one.tag.endswith(("text", "title"))
    )


@pytest.mark.usefixtures("graphviz")
def test_the_picture_is_what_is_drawn() -> None:
    """The README's picture is made by the command beside it, of the suit as it is now."""
    command = re.search(r"`flow draw (\S+) --usual -o (\S+)`", README)
    assert command is not None
    assert f"]({command[2]})" in README
    drawn = picture(load(ROOT / command[1], check=False), usual=True)
    assert _said((ROOT / command[2]).read_text("utf-8")) == _said(drawn)


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
