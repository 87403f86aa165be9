"""The reference of the process language: its examples run, and nothing is left out of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from flowengine import Engine, SimulatedClock
from flowengine.language import checks, parse, problems, schema
from flowengine.language.calendars import working_after
from flowengine.language.checks.codes import CODES as CHECK_CODES
from flowengine.language.durations import Duration, Working
from flowengine.language.parser.codes import CODES as PARSER_CODES
from flowengine.language.parser.states import record_of
from flowengine.language.types import TYPES
from flowengine.language.yaml_reader import Items, Node, Pairs, Scalar, read

PAGE = Path(__file__).parents[2] / "docs" / "process-language.md"
TEXT = PAGE.read_text(encoding="utf-8")
AFTER_A_CHOICE = {"uses"}
"""Keys that need a choice before the state: they are shown where there is one."""
HERE = "  # the states of an example stand here\n"


class Block(NamedTuple):
    """An example of the page, as a whole process."""

    line: int
    info: str
    text: str
    source: str


def _blocks() -> Iterator[Block]:
    found = list(re.finditer(r"^```yaml ?(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE))
    frame = next(match[2] for match in found if match[1] == "frame")
    for match in found:
        yield Block(TEXT[: match.start()].count("\n") + 1, match[1], match[2], _whole(match[1], match[2], frame))


def _whole(info: str, text: str, frame: str) -> str:
    """A fragment put into the frame, where the need leads to its first state."""
    if info == "process":
        return frame + text
    if info == "states":
        first = re.match(r"  (\w+):", text)
        assert first, f"no state stands first in:\n{text}"
        return frame.replace("stated: [{to: work,", f"stated: [{{to: {first[1]},").replace(HERE, text)
    return text


BLOCKS = list(_blocks())


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"line {block.line}")
def test_an_example_has_no_problem(block: Block) -> None:
    """Each example on the page passes all checks."""
    assert [str(problem) for problem in problems(block.source, f"{PAGE.name}:{block.line}")] == []


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"line {block.line}")
def test_an_example_starts(block: Block) -> None:
    """Each example on the page can be put in use and started, and stands in its first state."""
    clock = SimulatedClock(datetime(2027, 1, 4, 10, tzinfo=UTC))
    process = parse(block.source)
    need = next(iter(process.root.states.values()))
    given = {"string": "2027-06-01", "array": ["Ben"], "integer": 44}
    answers = {one.name: one.schema["enum"][0] if "enum" in one.schema else given[one.type] for one in need.fields}
    with Engine("sqlite://", clock=clock, handlers={}) as engine:
        for member in ("ada", "ben"):
            engine.add_customer(member, groups=["members"])
        engine.deploy(block.source)
        receipt = engine.start(process.name, by="ada", need=answers)
        assert receipt.status == "open"
        assert receipt.states


def test_working_time_is_what_the_table_says() -> None:
    """Each row of the table on working time holds in the shop of the example above it."""
    section = TEXT.split("### Working time")[1].split("\n## ")[0]
    shop = parse(re.findall(r"^```yaml\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)[0]).calendars["shop"]
    rows = re.findall(r"^\| (\w{3} \S+ \S+) \| `(-?)(P\S+)` \| (\w{3} \S+ \S+) \|", section, re.MULTILINE)
    assert len(rows) == 9
    for begins, minus, length, ends in rows:
        begin = datetime.strptime(begins, "%a %Y-%m-%d %H:%M").replace(tzinfo=shop.clock)
        working = Working(Duration.parse(length), "shop")
        end = working_after(begin, -working if minus else working, shop)
        assert (begins, end.strftime("%a %Y-%m-%d %H:%M")) == (begin.strftime("%a %Y-%m-%d %H:%M"), ends)


def _states(node: Node) -> Iterator[Pairs]:
    """Every state of a file, races' members too."""
    if isinstance(node, Pairs):
        kind = node.pairs.get("type")
        if kind and isinstance(kind[1], Scalar) and kind[1].value in TYPES:
            yield node
        for _, below in node.pairs.values():
            yield from _states(below)
    elif isinstance(node, Items):
        for below in node.items:
            yield from _states(below)


def test_every_key_of_every_type_has_an_example() -> None:
    """For each type of state, each key it may have stands in an example of that type."""
    shown: dict[str, set[str]] = defaultdict(set)
    for block in BLOCKS:
        node, _ = read(block.source, PAGE.name)
        for state in _states(node):
            kind = state.pairs["type"][1]
            assert isinstance(kind, Scalar)
            shown[str(kind.value)] |= set(state.pairs)
    missing = {name: sorted(set(record_of(kind).keys) - shown[name] - AFTER_A_CHOICE) for name, kind in TYPES.items()}
    assert {name: keys for name, keys in missing.items() if keys} == {}
    assert set().union(*shown.values()) >= AFTER_A_CHOICE


def test_every_key_of_the_language_is_on_the_page() -> None:
    """Each key that the schema knows, for whatever part of a file, is explained or shown."""
    known = {key for part in _objects(schema()) for key in part["properties"]}
    said = set(re.findall(r"`(\w+)`", TEXT)) | set(re.findall(r"(\w+):", "".join(block.text for block in BLOCKS)))
    assert known - said == set()


def _objects(node: object) -> Iterator[dict[str, dict[str, object]]]:
    """Every part of the schema that describes an object; what stands under ``properties`` are names, not keys."""
    if isinstance(node, dict):
        properties = node.get("properties")
        if isinstance(properties, dict):
            yield node
            yield from _objects(list(properties.values()))
        for key, below in node.items():
            if key != "properties":
                yield from _objects(below)
    elif isinstance(node, list):
        for below in node:
            yield from _objects(below)


def test_every_type_has_its_heading() -> None:
    """Each type of state is found by its name."""
    headings = set(re.findall(r"\w+", " ".join(re.findall(r"^### (.*)$", TEXT, re.MULTILINE))))
    assert set(TYPES) - headings == set()


def test_every_code_that_is_reported_is_listed() -> None:
    """No check reports a code that is not on the page, and none is listed that no check reports."""
    calls = re.compile(r"""(?:report|unknown)\([^"]*"([a-z]+(?:-[a-z]+)+)\"""")
    folder = Path(checks.__file__).parent
    reported = {code for path in folder.glob("*.py") for code in calls.findall(path.read_text(encoding="utf-8"))}
    assert set(CHECK_CODES) <= reported <= set(CHECK_CODES) | set(PARSER_CODES)
