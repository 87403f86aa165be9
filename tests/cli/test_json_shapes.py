"""The JSON of each command has the shape that the page on the command line says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from flowengine.cli import flow

if TYPE_CHECKING:
    from conftest import Flow

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text("utf-8")


def _rows() -> dict[str, str]:
    rows = {}
    table = PAGE[PAGE.index("| command | its JSON |") : PAGE.index("Moments are ISO 8601")]
    for line in table.splitlines()[2:]:
        if line.startswith("|"):
            commands, shape = (part.strip() for part in line.strip("|").split("|"))
            rows |= dict.fromkeys(re.findall(r"`([a-z -]+)`", commands), shape)
    return rows


def test_every_command_has_a_shape() -> None:
    """The page's table names every command."""
    assert {command.split()[0] for command in _rows()} == set(flow.entries)


def test_the_shapes_are_as_the_page_says(shop: Flow) -> None:
    """Lists are lists, and objects have the keys that are named."""
    (shop.folder / "shop.yaml").write_text((shop.folder / "workshop.yaml").read_text("utf-8"), "utf-8")
    job = shop.visited()
    step = ("--set", "wish=x", "--set", "width=80")
    found = {
        "worker": shop.work(),
        "start": shop.json("start", "workshop", *step, who="ben"),
        "claim": shop.json("claim", shop.step(job, "tom"), who="tom"),
        "act": shop.json("act", job, "--outcome", "done", who="tom"),
        "say": shop.json("say", job, "hello", who="ada"),
        "send": shop.json("send", "dried", "--job", job),
        "check": shop.json("check", "shop.yaml"),
        "audit": shop.json("audit"),
        "draw": shop.json("draw", "workshop"),
        "new": shop.json("new", "other"),
        "db create": shop.json("db", "create"),
        "completion": shop.json("completion", "bash"),
    }
    rows = _rows()
    for command, document in found.items():
        named = set(re.findall(r"`([a-z_]+)`", rows[command])) - {"file" if command == "draw" else ""}
        assert named <= set(document) | set(document.get("files", [{}])[0]), command
    for command in ("inbox --as ada", "agenda", "jobs", f"history {job}", "processes", "incidents", "people list"):
        assert isinstance(shop.json(*command.split()), list), command
    assert set(shop.json("deploy", "shop.yaml")[0]) == {
        *("name", "version", "title", "new", "unserved", "warnings", "was", "changes", "noticed_by"),
    }
    assert shop.json("track", job)["short"] == job
    assert shop.json("people", "show", "ada")["id"] == "ada"
