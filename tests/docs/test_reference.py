"""The Python reference is made from the docstrings, whole and up to date."""

from __future__ import annotations

import inspect
import re
import runpy
from pathlib import Path

import msgspec

import flowengine
from flowengine import Engine, FlowError
from flowengine.commands import tokens
from flowengine.store import measures
from flowengine.views import replies

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference.md").read_text(encoding="utf-8")


def test_the_reference_is_up_to_date() -> None:
    """The page is what the docstrings give now; otherwise run ``python docs/make_reference.py``."""
    assert runpy.run_path(str(DOCS / "make_reference.py"))["page"]() == PAGE


def test_nothing_public_is_left_out() -> None:
    """Each public name, method of the engine, and class that it answers with has its heading and its words."""
    headings = set(re.findall(r"^##+ ([\w.]+)$", PAGE, re.MULTILINE))
    methods = {f"Engine.{name}" for name, _ in inspect.getmembers(Engine) if not name.startswith("_")}
    assert headings >= {*flowengine.__all__} | methods
    answers = {one for _, member in inspect.getmembers(Engine, inspect.isfunction) for one in _answer(member)}
    assert headings >= answers >= {"ProcessRow", "StuckView", "IssuedToken", "Measures"}
    for part in re.split(r"^##+ ", PAGE, flags=re.MULTILINE)[1:]:
        name, _, said = part.partition("\n")
        assert re.sub(r"```.*?```", "", said, flags=re.DOTALL).strip(), f"nothing is said of {name}"


def _answer(method: object) -> set[str]:
    """The names of the views in what a method answers."""
    names = re.findall(r"\w+", str(inspect.signature(method).return_annotation))  # type: ignore[arg-type]
    found = {name: getattr(home, name) for name in names for home in (replies, tokens, measures) if hasattr(home, name)}
    return {name for name, one in found.items() if isinstance(one, type) and issubclass(one, msgspec.Struct)}


def test_every_error_is_in_the_table_of_statuses() -> None:
    """The table has the status of each error, its own or its parent's."""
    table = {
        name: int(status)
        for status, names in re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
        for name in re.findall(r"\w+", names)
    }
    for name in flowengine.__all__:
        kind = getattr(flowengine, name)
        if isinstance(kind, type) and issubclass(kind, FlowError):
            assert next(table[one.__name__] for one in kind.__mro__ if one.__name__ in table) == kind.status
