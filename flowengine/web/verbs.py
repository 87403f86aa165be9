"""Each verb of a desk over HTTP, made of :data:`~flowengine.client.routes.ROUTES`: found by its path, asked for whoever
asks, answered as :mod:`flowengine.client.wire` says.

The paths are matched as they were sent, before escapes are taken out of them: an id may hold a slash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from urllib.parse import parse_qsl, quote, unquote

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from flowengine.client.asking import keyed
from flowengine.client.local import LocalDesk
from flowengine.client.routes import PREFIX
from flowengine.client.wire import KEY_HEADER, REPLAYED_HEADER, Asking, every_asking
from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, KeyMissing
from flowengine.people.identities import person_of
from flowengine.speech.languages import wished
from flowengine.views.keyed import Answer
from flowengine.views.replies import Receipt
from flowengine.web.auth import asker, engine_of
from flowengine.web.bodies import raw
from flowengine.web.errors import answer_to
from flowengine.web.limiting import Limiter, Rates

MOST_IN_QUERY = 1_000
"""Fields that a query may have."""

CONFIRMING = frozenset({"act"})
"""Verbs that first of all find out who asks, in the one transaction in which they do everything: a token is looked up
there (:mod:`flowengine.runtime.shown`)."""

SMALL = 16_384
"""Bytes of a body that are read before it is known who sends it."""


class Verb:
    """One verb: its path in parts, of which those in braces are arguments."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.path = PREFIX + asking.route.path
        self.parts = self.path.strip("/").split("/")
        self.confirms = asking.route.verb in CONFIRMING

    def arguments(self, parts: Sequence[str]) -> dict[str, str]:
        """The arguments in a path that matches. Raises BadAnswer for one that is no text."""
        return {mine[1:-1]: _unescaped(part) for mine, part in zip(self.parts, parts, strict=True) if mine[0] == "{"}

    def about(self, parts: Sequence[str]) -> str:
        """What a request is about, a step's job for one: what its path names first; empty where it names nothing."""
        return next((part for mine, part in zip(self.parts, parts, strict=True) if mine[0] == "{"), "").partition(".")[
            0
        ]


class Branch:
    """What comes after some parts of a path: words, or an argument; and the verbs that end here, by their method."""

    __slots__ = ("argument", "verbs", "words")

    def __init__(self) -> None:
        self.words: dict[str, Branch] = {}
        self.argument: Branch | None = None
        self.verbs: dict[str, Verb] = {}

    def add(self, verb: Verb) -> None:
        """Put a verb at the end of its path."""
        at = self
        for part in verb.parts:
            if part[0] == "{":
                at.argument = at = at.argument or Branch()
            else:
                at = at.words.setdefault(part, Branch())
        at.verbs[verb.asking.route.method] = verb

    def find(self, parts: Sequence[str], begin: int = 0) -> dict[str, Verb]:
        """The verbs of a path; none where there are none. A word counts before an argument."""
        at = self
        for place in range(begin, len(parts)):
            part = parts[place]
            following, argument = at.words.get(part), at.argument if part else None
            if following is not None and argument is not None:
                return following.find(parts, place + 1) or argument.find(parts, place + 1)
            if following is None and argument is None:
                return {}
            at = following or argument  # type: ignore[assignment]  # one of them is there
        return at.verbs


class Verbs:
    """All verbs, before the routes of an application: most of what is asked, and in need of little from a framework."""

    def __init__(self) -> None:
        self._root = Branch()
        for asking in every_asking():
            self._root.add(Verb(asking))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer a request of a verb; False for any other, of which nothing was taken."""
        parts = _parts(scope)
        found = self._root.find(parts)
        if not found:
            return False
        request = Request(scope, receive, send)
        verb = found.get(scope["method"])
        try:
            if verb is None:
                raise HTTPException(405, headers={"Allow": ", ".join(sorted(found))})
            scope["route"] = verb
            response = await _answer(request, verb, parts)
        except Exception as error:
            response = answer_to(request, error)
        await response(scope, receive, send)
        return True


def _parts(scope: Scope) -> list[str]:
    """The path below where the application stands, in parts, escaped as they were sent."""
    raw_path = scope.get("raw_path")
    path = raw_path.decode("latin-1") if raw_path else quote(scope["path"])
    parts: list[str] = path.strip("/").split("/") if not path.endswith("/") else [*path.strip("/").split("/"), ""]
    if not scope.get("root_path"):
        return parts
    root = [part for part in scope["root_path"].split("/") if part]
    below = [unquote(part) for part in parts[: len(root)]] == root
    return parts[len(root) :] if root and below else parts


async def _answer(request: Request, verb: Verb, parts: Sequence[str]) -> Response:
    looks = request.scope["method"] == "GET"
    state = request.app.state
    limiter: Limiter = state.readers if looks else state.writers
    if not _is_small(request):
        await state.readers.run(partial(asker, request))  # what a stranger sends at length is not read
    body = await raw(request)
    answered = await limiter.run(partial(_ask, request, verb, parts, body), verb.about(parts))
    headers = {"cache-control": "no-store"}
    if answered.repeated:
        headers[REPLAYED_HEADER.lower()] = "true"
    if looks:
        headers["etag"] = tag = f'"{hashlib.blake2b(answered.content, digest_size=12).hexdigest()}"'
        if _knows(request, tag):
            return Response(status_code=304, headers=headers)
    return Response(answered.content, verb.asking.route.status, headers, media_type="application/json")


def _is_small(request: Request) -> bool:
    """Whether the body is one that may be read before it is known who sends it."""
    if "transfer-encoding" in request.headers:
        return False
    length = request.headers.get("content-length", "0")
    return length.isdecimal() and int(length) <= SMALL


def _ask(request: Request, verb: Verb, parts: Sequence[str], body: bytes) -> Answer:
    """Ask the verb for whoever asks."""
    who = asker(request)
    if not isinstance(who, Actor):
        rates: Rates = request.app.state.rates
        rates.take(person_of(who))
    key = request.headers.get(KEY_HEADER)
    given = verb.asking.given(verb.arguments(parts), _query(request), body, key)
    if verb.asking.needs_key and not key and not given.get("dry"):
        raise KeyMissing(
            "it changes something, and a request that was not answered could not be sent again",
            where=KEY_HEADER,
            possible=(f"{KEY_HEADER}: a text of your own for this request, as a UUID, the same when it is sent again",),
        )
    if verb.asking.limit is not None:
        given.setdefault("limit", verb.asking.limit)  # a page, also of what has no limit in process
    language = wished(request.headers.get("accept-language", ""))
    desk, name = LocalDesk(engine_of(request), who, language=language), verb.asking.route.verb
    if key and verb.asking.key is None and (once := keyed(name, (), given, key)) is not None:
        return desk.ask_once(once, (), given)
    found = getattr(desk, name)
    answer = found(**given) if callable(found) else found
    repeated = isinstance(answer, Receipt) and answer.repeated
    return Answer(verb.asking.content(answer, given.get("limit")), repeated)


def _query(request: Request) -> list[tuple[str, str]]:
    """The fields of the query. Raises BadAnswer for what is no text, or too much."""
    try:
        text = request.scope["query_string"].decode("ascii")
        if not text:
            return []
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
