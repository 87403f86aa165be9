"""The JSON Schema for editors says what the parser says."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from language_samples import REFUSED, STATES, accepted, unmarked

from flowengine.language import schema
from flowengine.language.parser.json_schema import make_schema
from flowengine.language.parser.process import PROCESS, read_process
from flowengine.language.parser.states import record_of
from flowengine.language.types import TYPES
from flowengine.language.yaml_reader import Items, Node, Pairs, decode, read

VALIDATOR = jsonschema_rs.Draft202012Validator(schema())

STRUCTURAL = {
    "wrong-type",
    "missing-key",
    "unknown-key",
    "unknown-type",
    "unknown-value",
    "bad-length",
    "bad-name",
    "reserved-name",
    "bad-title",
    "too-long",
    "bad-url",
}
"""Codes of what is wrong in a file's structure, and so must be refused by the schema as well."""


def plain(node: Node) -> Any:
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    if isinstance(node, Pairs):
        return {key: plain(value) for key, (_, value) in node.pairs.items()}
    return node.value


def as_json(text: str) -> Any:
    return plain(read(decode(text, "f"), "f")[0])


def test_the_shipped_schema_is_made_from_the_tables() -> None:
    """The file in the package is what the parser's tables give now."""
    assert schema() == make_schema()


def test_the_schema_is_valid_itself() -> None:
    """The schema is JSON Schema 2020-12."""
    jsonschema_rs.meta.validate(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_there_is_a_table_for_every_type_of_the_model() -> None:
    """Parser, schema and model know the same types."""
    assert [cls.type for cls in TYPES.values()] == list(TYPES)
    assert schema()["$defs"]["state"]["properties"]["type"]["enum"] == list(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_the_schema_knows_the_keys_of_a_type(name: str) -> None:
    """For each type the schema knows exactly the parser's keys, and describes each of them."""
    definition = schema()["$defs"][f"state_{name}"]
    assert set(definition["properties"]) == set(record_of(TYPES[name]).keys)
    assert definition["additionalProperties"] is False
    assert all(key["description"] for key in definition["properties"].values())


def test_the_schema_knows_the_keys_of_a_process() -> None:
    """At the root as well the schema knows exactly the parser's keys."""
    assert set(schema()["properties"]) == set(PROCESS.keys)


@pytest.mark.parametrize("name", accepted())
def test_what_the_parser_accepts_the_schema_accepts(name: str) -> None:
    """Every accepted example is valid by the schema."""
    text = accepted()[name]
    assert read_process(text, "f")[1] == []
    VALIDATOR.validate(as_json(text))


@pytest.mark.parametrize("marked", [marked for code, marked in REFUSED if code in STRUCTURAL])
def test_structural_errors_are_refused_by_both(marked: str) -> None:
    """What is wrong in the structure is marked by editors too."""
    assert not VALIDATOR.is_valid(as_json(unmarked(marked)[0]))


@pytest.mark.parametrize("name", STATES)
def test_every_key_has_an_example(name: str) -> None:
    """The examples use every key of every type."""
    used = {
        key for sample, text in accepted().items() if sample.split()[0] == name for key in as_json(text)["states"]["it"]
    }
    assert used == set(record_of(TYPES[name]).keys)


@pytest.mark.parametrize("name", STATES)
def test_a_key_of_another_name_is_refused_by_both(name: str) -> None:
    """A key that a type does not have is refused by the parser and by the schema."""
    text = accepted()[name].replace(f"type: {name}", f"type: {name}\n    colour: red", 1)
    assert [problem.code for problem in read_process(text, "f")[1]] == ["unknown-key"]
    assert not VALIDATOR.is_valid(as_json(text))


@pytest.mark.parametrize("name", STATES)
def test_a_missing_key_is_refused_by_both(name: str) -> None:
    """A state without a key that it needs is refused by the parser and by the schema."""
    for key in record_of(TYPES[name]).required:
        data = as_json(accepted()[name])
        del data["states"]["it"][key]
        assert not VALIDATOR.is_valid(data)
        listed = read_process(json.dumps(data, default=float), "f")[1]
        assert "missing-key" in {problem.code for problem in listed}


@pytest.mark.parametrize("wrong", [None, 3, True, "", "x y", [], {}, [[]], {"a b": 1}, [{}], -1.5])
@pytest.mark.parametrize("name", STATES)
def test_whatever_the_schema_refuses_the_parser_refuses(name: str, wrong: Any) -> None:
    """With any one key's value replaced, the parser refuses whatever the schema refuses, and never breaks."""
    for key in record_of(TYPES[name]).keys:
        data = as_json(accepted()[name])
        data["states"]["it"][key] = wrong
        listed = read_process(json.dumps(data, default=float), "f")[1]
        if not VALIDATOR.is_valid(data):
            assert listed, (key, wrong)
