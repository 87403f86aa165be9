"""What is sent to us: bodies of bounded size, as JSON of a known form, with nothing in it that is not known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from fastapi import Request
from starlette.requests import ClientDisconnect

from flowengine import exact
from flowengine.client.wire import decoded
from flowengine.errors import TooLarge
from flowengine.speech.phrases import phrase
from flowengine.web.errors import PROBLEM

LARGEST = 1_000_000
"""Bytes that a body may have."""

Read = TypeVar("Read", bound=msgspec.Struct)


async def raw(request: Request) -> bytes:
    """The body as it was sent. Raises TooLarge, without reading what is too much."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LARGEST:
        raise _too_large()
    body, more = bytearray(), True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST:
            raise _too_large()
    return bytes(body)


def _too_large() -> TooLarge:
    return TooLarge(
        phrase("what was sent has more than %(largest)s bytes", largest=LARGEST),
        where="body",
        possible=(phrase("keep it elsewhere and send where it is"),),
    )


def body_of(kind: type[Read]) -> Callable[[Request], Awaitable[Read]]:
    """A dependency that reads the body as a struct of that kind. Raises Malformed, BadAnswer, TooLarge."""
    decoder = exact.decoder(kind)

    async def read(request: Request) -> Read:
        found: Read = decoded(decoder, await raw(request), kind)
        return found

    return read


def request_of(kind: type[Any]) -> dict[str, Any]:
    """What OpenAPI says of such a body."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema_of(kind)}}}}


def schema_of(kind: type[Any]) -> dict[str, Any]:
    """The JSON Schema of a struct, with those that it is made of written out in their places."""
    (top,), parts = msgspec.json.schema_components((kind,), ref_template="{name}")

    def whole(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return whole(parts[node["$ref"]])
            return {key: whole(one) for key, one in node.items()}
        return [whole(one) for one in node] if isinstance(node, list) else node

    found: dict[str, Any] = whole(top)
    return found


def json_of(kind: type[Any], *others: type[Any]) -> dict[str, Any]:
    """What OpenAPI says of an answer of that kind, or of one of the others."""
    about = (kind.__doc__ or "").strip().partition("\n")[0]
    schema = {"anyOf": [schema_of(one) for one in (kind, *others)]} if others else schema_of(kind)
    return {"description": about, "content": {"application/json": {"schema": schema}}}


class Wrong(msgspec.Struct, frozen=True):
    """What is answered when something cannot be done: a problem of RFC 9457, with what programs and people need to do
    it right. ``what`` is ``detail``, ``error`` is ``code``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    error: str
    what: str
    where: str = ""
    possible: list[str] = []
    problems: dict[str, str] | list[dict[str, Any]] = {}


def error_of(about: str) -> dict[str, Any]:
    """What OpenAPI says of an error."""
    return {"description": about, "content": {PROBLEM: {"schema": schema_of(Wrong)}}}
