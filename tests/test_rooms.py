"""The house: what each room says it gives to others, and that nothing goes round in a circle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import flowengine

HOUSE = Path(flowengine.__file__).parent
ROOMS = (
    "runtime",
    "views",
    "commands",
    "reading",
    "work",
    "post",
    "people",
    "core",
    "outside",
    "interop",
    "rehearsal",
    "insight",
)


def _files() -> Iterator[tuple[str, ast.Module]]:
    """Each module of the package by its dotted name, with what it says."""
    for path in sorted(HOUSE.rglob("*.py")):
        parts = path.relative_to(HOUSE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), ast.parse(path.read_text())


FILES = dict(_files())


def _imports(tree: ast.Module) -> Iterator[str]:
    """The modules of the package that a file takes something from, those for types included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "flowengine":
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if inner in FILES else node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in FILES)


TAKES = {name: set(_imports(tree)) for name, tree in FILES.items()}
"""For each file, what it takes something from; read once for all rooms."""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_gives(room: str) -> None:
    """The modules that other rooms take from are those that the room's docstring names."""
    home = f"flowengine.{room}"
    taken = {
        module.removeprefix(f"{home}.")
        for name, modules in TAKES.items()
        if not f"{name}.".startswith(f"{home}.")
        for module in modules
        if module.startswith(f"{home}.")
    }
    said = re.findall(r"``(\w+)``", (import_module(home).__doc__ or "").partition("Others take from here:")[2])
    assert sorted(taken) == sorted(said)


def test_no_file_imports_itself_through_others() -> None:
    """There is no circle of imports in the whole package, neither at run time nor for types."""
    graph = {name: modules - {name} for name, modules in TAKES.items()}
    for package in [name for name in graph if (HOUSE.parent / name.replace(".", "/") / "__init__.py").is_file()]:
        graph[package] = {one for one in graph[package] if not one.startswith(f"{package}.")}  # it only names them
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_the_page_on_the_house_names_what_is_there() -> None:
    """Each file that the page names is there, and each room is on the page."""
    page = (HOUSE.parent / "docs" / "architecture.md").read_text()
    there = {str(path.relative_to(HOUSE)) for path in HOUSE.rglob("*.py")}
    there |= {str(path.relative_to(HOUSE.parent)) for path in (HOUSE.parent / "tests").rglob("*.py")}
    named = re.findall(r"`([\w/]+\.py)`", page)
    assert [one for one in named if not any(f"/{path}".endswith(f"/{one}") for path in there)] == []
    rooms = {path.parent.name for path in HOUSE.glob("*/__init__.py")}
    assert sorted(room for room in rooms if f"{room}/" not in page) == []
