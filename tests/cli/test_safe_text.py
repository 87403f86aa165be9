"""Texts made harmless for a terminal."""

from __future__ import annotations

import unicodedata
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from flowengine.cli import show
from flowengine.cli.safe_text import harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Zoë Müller, 東京, 🧵", "Zoë Müller, 東京, 🧵"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\u202eb", "a\\u202eb"),
        ("line\nbreak\ttab\r", "line\\nbreak\\ttab\\r"),
        ("\x9b31m", "\\x9b31m"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
    ],
)
def test_what_a_terminal_could_act_on_is_shown_as_an_escape(text: str, shown: str) -> None:
    """Controls, escapes and overrides become visible; everything else stays as it is."""
    assert harmless(text) == shown


def test_line_breaks_may_be_kept() -> None:
    """Only line breaks are kept, and only when they are wanted."""
    assert harmless("a\nb\x1b", lines=True) == "a\nb\\x1b"


@given(st.text())
def test_nothing_harmful_is_left(text: str) -> None:
    """No control, format or surrogate character is left in any text, but for the joiners that scripts need."""
    left = {char for char in harmless(text) if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert left <= {"\u200c", "\u200d"}


@given(st.text())
def test_made_harmless_twice_is_made_harmless_once(text: str) -> None:
    """A text that is harmless is not changed again."""
    assert harmless(harmless(text)) == harmless(text)


def test_what_is_shown_keeps_its_lines_and_forges_none() -> None:
    """A text of several lines stands indented under its title; what else would move the cursor is an escape."""
    console = Console(file=StringIO(), width=80)
    show.titled(console, "Said so far", "Ada: Yes\nBen: No\r\x1b[2J\nStep 7: done")
    show.titled(console, "The idea", "A bag")
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "  Said so far: ", "    Ada: Yes", "    Ben: No\\r\\x1b[2J", "    Step 7: done", "  The idea: A bag",
    ]  # fmt: skip
