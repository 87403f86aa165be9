"""Real processes with random mistakes: every one is accepted or told, in place and in time (L12)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from drawing import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowengine.language import problems
from flowengine.language.checks.codes import CODES as CHECKED
from flowengine.language.parser.codes import CODES as READ
from flowengine.language.yaml_reader import Items, Node, Scalar, decode, read

HERE = Path(__file__).parent
FILES = [*sorted((HERE.parents[1] / "processes").glob("*.yaml")), *sorted((HERE / "realistic").glob("*.yaml"))]
CODES = READ.keys() | CHECKED.keys()


def plain(node: Node) -> Any:
    """A file as plain lists and objects."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, (_, value) in node.pairs.items()}


TREES = {path.stem: plain(read(decode(path.read_bytes(), path.name), path.name)[0]) for path in FILES}
WORDS = st.sampled_from(
    [
        "done",
        "need",
        "customer",
        "expired",
        "data.need",
        "{data.x}",
        "P3D",
        "",
        "type",
        "fulfilled",
        "on",
        "next",
        "é",
        "a.b",
    ]
)
VALUES = (
    WORDS
    | st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.just(1.5)
    | st.lists(WORDS, max_size=2)
    | st.dictionaries(WORDS, WORDS, max_size=2)
)


def places(tree: Any) -> list[tuple[Any, Any]]:
    """All lists and objects with the keys or indexes in them."""
    found, waiting = [], [tree]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else []
        for key in keys:
            found.append((one, key))
            waiting.append(one[key])
    return found


def mutate(tree: Any, data: st.DataObject) -> None:
    """One mistake at a random place."""
    everywhere = places(tree)
    holder, key = everywhere[data.draw(st.integers(0, len(everywhere) - 1), label="place")]
    other, other_key = everywhere[data.draw(st.integers(0, len(everywhere) - 1), label="other place")]
    kind = data.draw(st.sampled_from(["delete", "copy", "swap", "retype", "rename", "misspell"]), label="mistake")
    if kind == "delete":
        del holder[key]
    elif kind == "copy":
        holder[key] = json.loads(json.dumps(other[other_key], default=float))
    elif kind == "swap":
        here, there = json.dumps(holder[key], default=float), json.dumps(other[other_key], default=float)
        holder[key], other[other_key] = json.loads(there), json.loads(here)
    elif kind == "retype":
        holder[key] = data.draw(VALUES, label="value")
    elif kind == "rename" and isinstance(holder, dict):
        holder[data.draw(WORDS | st.sampled_from([str(one) for _, one in everywhere]), label="name")] = holder.pop(key)
    elif isinstance(holder[key], str):
        text = holder[key]
        at = data.draw(st.integers(0, len(text)))
        holder[key] = (
            text[:at] + data.draw(st.sampled_from(["", "x", " ", ".", "}", "{", '"', "(", "é"])) + text[at + 1 :]
        )


@pytest.mark.parametrize("indent", [None, 1])
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(TREES)), st.integers(1, 4), st.data())
def test_a_mistaken_process_is_told_in_place(indent: int | None, name: str, mistakes: int, data: st.DataObject) -> None:
    """However a real process is damaged, each problem has a known code, words, and a place inside the file."""
    tree = json.loads(json.dumps(TREES[name], default=float))
    for _ in range(mistakes):
        mutate(tree, data)
    text = json.dumps(tree, default=float, indent=indent, ensure_ascii=False)
    lines = text.split("\n")
    for problem in problems(text, "f.yaml"):
        assert problem.code in CODES
        assert problem.message.strip()
        assert 1 <= problem.place.line <= len(lines)
        assert 1 <= problem.place.column <= len(lines[problem.place.line - 1]) + 1
        assert problem.file == "f.yaml"
