"""Each verb of a desk over HTTP, made of :data:`~flowengine.client.routes.ROUTES`: found by its path, asked for whoever
asks, answered as :mod:`flowengine.client.wire` says.

The paths are matched as they were sent, before escapes are taken out of them: an id may hold a slash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote

import anyio
from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from flowengine.client.local import LocalDesk
from flowengine.client.routes import PREFIX
from flowengine.client.wire import KEY_HEADER, REPLAYED_HEADER, Asking, every_asking
from flowengine.errors import BadAnswer, KeyMissing
from flowengine.views.replies import Receipt
from flowengine.web.auth import asker, engine_of
from flowengine.web.bodies import raw

MOST_IN_QUERY = 1_000
"""Fields that a query may have."""


class Answered(NamedTuple):
    """What a verb answered, as JSON; ``repeated``: it was answered so before."""

    content: bytes
    repeated: bool


class Verb:
    """One verb: its path in parts, of which those in braces are arguments."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.path = PREFIX + asking.route.path
        self.parts = self.path.strip("/").split("/")
        self.words = sum(not part.startswith("{") for part in self.parts)

    def match(self, parts: Sequence[str]) -> bool:
        """Whether a path in so many parts is this verb's."""
        return all(mine.startswith("{") or mine == part for mine, part in zip(self.parts, parts, strict=True))

    def arguments(self, parts: Sequence[str]) -> dict[str, str]:
        """The arguments in a path that matches. Raises BadAnswer for one that is no text."""
        return {mine[1:-1]: _unescaped(part) for mine, part in zip(self.parts, parts, strict=True) if mine[0] == "{"}


class Verbs(BaseRoute):
    """All verbs, as one route of an application."""

    def __init__(self, askings: Iterable[Asking] = ()) -> None:
        self._by_length: dict[int, list[Verb]] = {}
        for asking in askings or every_asking():
            verb = Verb(asking)
            self._by_length.setdefault(len(verb.parts), []).append(verb)
        for verbs in self._by_length.values():
            verbs.sort(key=lambda verb: -verb.words)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http":
            return Match.NONE, {}
        parts = _parts(scope)
        fitting = [verb for verb in self._by_length.get(len(parts), ()) if verb.match(parts)]
        if not fitting or "" in parts:
            return Match.NONE, {}
        most = fitting[0].words
        fitting = [verb for verb in fitting if verb.words == most]
        asked = next((verb for verb in fitting if verb.asking.route.method == scope["method"]), None)
        if asked is None:
            return Match.PARTIAL, {"allowed": sorted({verb.asking.route.method for verb in fitting})}
        return Match.FULL, {"route": asked, "parts": parts}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "allowed" in scope:
            raise HTTPException(405, headers={"Allow": ", ".join(scope["allowed"])})
        response = await _answer(Request(scope, receive, send), scope["route"], scope["parts"])
        await response(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        raise NotImplementedError("paths of verbs are made by flowengine.client.wire")


def _parts(scope: Scope) -> list[str]:
    """The path below where the application stands, in parts, escaped as they were sent."""
    raw_path = scope.get("raw_path")
    path = raw_path.decode("latin-1") if raw_path else quote(scope["path"])
    parts: list[str] = path.strip("/").split("/") if not path.endswith("/") else [*path.strip("/").split("/"), ""]
    root = [part for part in scope.get("root_path", "").split("/") if part]
    below = [unquote(part) for part in parts[: len(root)]] == root
    return parts[len(root) :] if root and below else parts


async def _answer(request: Request, verb: Verb, parts: Sequence[str]) -> Response:
    body = await raw(request)
    answered = await anyio.to_thread.run_sync(partial(_ask, request, verb, parts, body))
    headers = {"cache-control": "no-store"}
    if answered.repeated:
        headers[REPLAYED_HEADER.lower()] = "true"
    if request.method == "GET":
        headers["etag"] = tag = f'"{hashlib.blake2b(answered.content, digest_size=12).hexdigest()}"'
        if _knows(request, tag):
            return Response(status_code=304, headers=headers)
    return Response(answered.content, verb.asking.route.status, headers, media_type="application/json")


def _ask(request: Request, verb: Verb, parts: Sequence[str], body: bytes) -> Answered:
    """Ask the verb for whoever asks."""
    desk = LocalDesk(engine_of(request), asker(request))
    key = request.headers.get(KEY_HEADER)
    given = verb.asking.given(verb.arguments(parts), _query(request), body, key)
    if verb.asking.needs_key and not key and not given.get("dry"):
        raise KeyMissing(
            "it changes something, and a request that was not answered could not be sent again",
            where=KEY_HEADER,
            possible=(f"{KEY_HEADER}: a text of your own for this request, as a UUID, the same when it is sent again",),
        )
    found = getattr(desk, verb.asking.route.verb)
    answer = found(**given) if callable(found) else found
    repeated = isinstance(answer, Receipt) and answer.repeated
    return Answered(verb.asking.content(answer, given.get("limit", verb.asking.limit)), repeated)


def _query(request: Request) -> list[tuple[str, str]]:
    """The fields of the query. Raises BadAnswer for what is no text, or too much."""
    try:
        text = request.scope["query_string"].decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_IN_QUERY)
    except ValueError:  # UnicodeError is one
        raise BadAnswer({"query": "is no list of at most 1,000 fields in UTF-8"}, where="query") from None


def _unescaped(part: str) -> str:
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        raise BadAnswer({"path": f"{part[:60]!r} is no UTF-8"}, where="path") from None


def _knows(request: Request, tag: str) -> bool:
    """Whether who asks has that answer already."""
    known = request.headers.get("if-none-match", "")
    return tag in {one.strip().removeprefix("W/") for one in known.split(",")}
