"""What OpenAPI says of the verbs: made of the table of routes, the desk's signatures and the views that it answers.

Examples are real questions and answers (``examples.json``, made by ``tests/web/make_examples.py``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from flowengine import exact
from flowengine.client.routes import PREFIX
from flowengine.client.wire import KEY_HEADER, REPLAYED_HEADER, Argument, Asking, alternatives, every_asking
from flowengine.web.bodies import Wrong, schema_of
from flowengine.web.errors import JSON, PROBLEM

EXAMPLES = Path(__file__).with_name("examples.json")

TAGS = {
    "jobs": "One flow each, from a need to its fulfilment.",
    "steps": "What waits for somebody.",
    "processes": "What flows are made of, and their versions.",
    "people": "Customers and members of staff.",
    "operating": "For operators: what is stuck, and what is done by hand.",
    "signing in": "How people are known, and what they are known by.",
}
"""What the tags of the table mean. One that is not here says it itself."""

_REFERENCE = "#/components/schemas/{name}"
_SECURITY: list[dict[str, list[str]]] = [{"HTTPBearer": []}]
_STATUSES = {
    400: "what was sent is no JSON, or cannot be done as it is asked",
    401: "nobody is known by what was shown",
    403: "not for whoever asks, or not now",
    404: "there is no such thing, or it is not for whoever asks: both answer alike",
    409: "it has changed meanwhile, the request key was used for something else, or a short id fits several things",
    413: "more than is taken",
    422: "what was sent is not as it has to be; problems says what",
    428: f"the header {KEY_HEADER} is missing",
    429: "too many requests of one person; Retry-After says when to come again",
    503: "too much to do just now; Retry-After says when to come again",
}


def add_verbs(description: dict[str, Any]) -> None:
    """Add all verbs to a description of OpenAPI."""
    askings = every_asking()
    components = description.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas |= _schemas(askings)
    components["responses"] = {f"Problem{status}": _problem(status) for status in _STATUSES}
    for asking in askings:
        path = description["paths"].setdefault(PREFIX + asking.route.path, {})
        path[asking.route.method.lower()] = _operation(asking)
    used = dict.fromkeys(asking.route.tag for asking in askings)
    description["tags"] = [{"name": tag, "description": TAGS.get(tag, f"All about {tag}.")} for tag in used]


def _operation(asking: Asking) -> dict[str, Any]:
    route = asking.route
    about = _plain(asking.about)
    example = examples().get(route.verb, {})
    answered: dict[str, Any] = {"schema": answer_schema(asking)}
    if "answer" in example:
        answered["example"] = example["answer"]
    success: dict[str, Any] = {"description": "what it came to", "content": {JSON: answered}}
    if asking.takes_key:
        success["headers"] = {REPLAYED_HEADER: {"description": "true: it was answered so before", "schema": _TRUE}}
    responses: dict[str, Any] = {str(route.status): success}
    if route.method == "GET":
        success["headers"] = {"ETag": {"description": "of this answer", "schema": {"type": "string"}}}
        responses["304"] = {"description": "the answer is the one whose ETag If-None-Match named"}
    wrong = set(_STATUSES) - (set() if asking.needs_key else {428}) - ({413} if route.method == "GET" else set())
    responses |= {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in sorted(wrong)}
    needs_key = asking.needs_key and not any(one.name == "dry" for one in asking.arguments)
    found: dict[str, Any] = {
        "operationId": route.verb,
        "tags": [route.tag],
        "summary": _SENTENCE.split(about)[0],
        "description": about,
        "security": _SECURITY,
        "parameters": [
            *(_parameter(one, example, asking.most) for one in asking.arguments if one.place in ("path", "query")),
            *([_key(needs_key)] if asking.takes_key or asking.key is not None else ()),
        ],
        "responses": responses,
    }
    if asking.body is not None and asking.body.__struct_fields__:
        content: dict[str, Any] = {"schema": schema_of(asking.body)}
        if "body" in example:
            content["example"] = example["body"]
        required = any(one.required for one in asking.arguments if one.place == "body")
        found["requestBody"] = {"required": required, "content": {JSON: content}}
    return found


def _plain(about: str) -> str:
    """A docstring as Markdown."""
    return "\n\n".join(" ".join(_LAWS.sub("", part).split()) for part in _ROLES.sub("`", about).split("\n\n"))


_ROLES = re.compile(r"``|:\w+:`[~.]*(?:flowengine[\w.]*\.)?")
_LAWS = re.compile(r" \(L[0-9]+\)")
_SENTENCE = re.compile(r"[.;:](?:\s|$)")
_TRUE = {"type": "string", "enum": ["true"]}


def _key(required: bool) -> dict[str, Any]:
    about = "the same when the same is sent again, so that it takes effect once"
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    return {"name": KEY_HEADER, "in": "header", "required": required, "description": about, "schema": text}


def _parameter(one: Argument, example: dict[str, Any], most: int) -> dict[str, Any]:
    schema = _schema(one, most)
    found = {"name": one.name, "in": one.place, "required": one.required or one.place == "path", "schema": schema}
    if one.name in example.get(one.place, {}):
        found["example"] = example[one.place][one.name]
    return found


def _schema(one: Argument, most: int) -> dict[str, Any]:
    """The schema of an argument in a path or a query; a list has at ``most`` so many rows."""
    if one.name == "limit":
        return {"type": "integer", "minimum": 1, "maximum": most, "default": one.default or most}
    if one.kind is date:
        return {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
    if one.kind is datetime:
        return {"type": "string", "format": "date-time"}
    kind = list[get_args(one.kind)[0]] if get_origin(one.kind) is Sequence else one.kind  # type: ignore[misc]
    schema = msgspec.json.schema(kind)
    return schema | {"default": one.default} if one.default not in (None, "") else schema


def answer_schema(asking: Asking) -> dict[str, Any]:
    """The schema of what a verb answers, by references to the schemas of the views."""
    views, others = alternatives(asking.answers)
    parts: list[dict[str, Any]] = [{"$ref": _REFERENCE.format(name=_name(view))} for view in views]
    parts += [msgspec.json.schema(other, ref_template=_REFERENCE) for other in others]
    one = parts[0] if len(parts) == 1 else {"anyOf": parts}
    if not asking.listed:
        return one
    following = {
        "anyOf": [{"type": "string"}, {"type": "null"}],
        "description": "what after has to be for the next page",
    }
    properties = {"items": {"type": "array", "items": one}, "next": following}
    return {"type": "object", "properties": properties, "required": ["items", "next"]}


@cache
def _names() -> dict[type[msgspec.Struct], str]:
    """The names under which the views are described: their own, unless two have the same."""
    views = [view for asking in every_asking() for view in alternatives(asking.answers)[0]]
    references, _ = msgspec.json.schema_components(views, ref_template="{name}")
    return {view: one["$ref"] for view, one in zip(views, references, strict=True)}


def _name(view: type[msgspec.Struct]) -> str:
    return _names()[view]


def _schemas(askings: Sequence[Asking]) -> dict[str, Any]:
    views = [view for asking in askings for view in alternatives(asking.answers)[0]]
    _, found = msgspec.json.schema_components(views, ref_template=_REFERENCE)
    return found | {"Problem": schema_of(Wrong)}


def _problem(status: int) -> dict[str, Any]:
    content = {PROBLEM: {"schema": {"$ref": _REFERENCE.format(name="Problem")}}}
    found: dict[str, Any] = {"description": _STATUSES[status], "content": content}
    if status in (429, 503):
        found["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return found


@cache
def examples() -> dict[str, dict[str, Any]]:
    """Real questions and answers by verb: ``path``, ``query`` and ``body`` of what was asked, and the ``answer``."""
    found: dict[str, dict[str, Any]] = exact.writable(exact.decode(EXAMPLES.read_bytes())) if EXAMPLES.exists() else {}
    return found
