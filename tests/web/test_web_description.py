"""What OpenAPI says of all that can be asked is valid, whole, and shown by real examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate
from verb_cases import CASES

from flowengine import Engine
from flowengine.client.routes import PREFIX, ROUTES, Route
from flowengine.client.wire import KEY_HEADER, asking
from flowengine.web import make_app


@pytest.fixture(scope="module")
def description() -> Iterator[dict[str, Any]]:
    with Engine("sqlite://") as engine:
        yield make_app(engine).openapi()


def _operation(description: dict[str, Any], route: Route) -> dict[str, Any]:
    found = description["paths"][PREFIX + route.path][route.method.lower()]
    assert isinstance(found, dict)
    return found


def test_the_description_is_valid(description: dict[str, Any]) -> None:
    """It is what the specification of OpenAPI wants, whatever view a verb answers."""
    validate(description)
    names = [one["operationId"] for path in description["paths"].values() for one in path.values()]
    assert len(names) == len(set(names))


def test_every_verb_is_described(description: dict[str, Any]) -> None:
    """What it does, who may ask, each argument, its answer and how it refuses."""
    for route in ROUTES:
        found = _operation(description, route)
        assert found["summary"], route.verb
        assert "``" not in found["description"], route.verb
        assert found["security"] == [{"HTTPBearer": []}]
        assert found["tags"] == [route.tag]
        named = {one["name"] for one in found["parameters"]}
        body = found.get("requestBody", {"content": {"application/json": {"schema": {"properties": {}}}}})
        named |= set(body["content"]["application/json"]["schema"]["properties"])
        wanted = {KEY_HEADER if one.place == "key" else one.name for one in asking(route.verb).arguments}
        wanted |= {KEY_HEADER} if asking(route.verb).takes_key else set()
        assert named == wanted, route.verb
        assert {str(route.status), "401", "403", "404", "422", "429", "503"} <= set(found["responses"])
        assert ("428" in found["responses"]) == asking(route.verb).needs_key
    assert {one["name"] for one in description["tags"]} == {route.tag for route in ROUTES}


@pytest.mark.parametrize("verb", CASES)
def test_examples_are_as_they_are_described(description: dict[str, Any], verb: str) -> None:
    """Each question and answer that is shown fits its own schema."""
    found = _operation(description, asking(verb).route)
    shown = [found["responses"][str(asking(verb).route.status)]["content"]["application/json"]]
    body = found.get("requestBody", {"required": False})
    if body["required"] or "example" in body.get("content", {}).get("application/json", {}):
        shown.append(body["content"]["application/json"])
    for one in shown:
        whole = {"components": description["components"], **one["schema"]}
        jsonschema_rs.validator_for(whole).validate(one["example"])
