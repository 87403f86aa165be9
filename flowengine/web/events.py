"""``GET /api/v1/events``: server-sent events that say that something has changed, for pages and programs that show it.

They tell nothing but that: whoever hears one asks again, with the tag of what he has. The database is looked at once a
second for all who listen, and not at all while nobody does. Before anybody is told, and twice a minute, he is asked
again who he is, and whether he may know.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any

import msgspec
from fastapi import Request
from starlette.datastructures import State
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from flowengine.core.values import Actor
from flowengine.errors import BadAnswer, FlowError, Overloaded, TooMany
from flowengine.people.identities import person_of
from flowengine.reading.changes import Interest, interest, looked
from flowengine.web.auth import asker, engine_of
from flowengine.web.bodies import error_of
from flowengine.web.limiting import Limiter

PATH = "/api/v1/events"
MINE = "mine"

LOOK = 1.0
"""Seconds between two looks at the database."""
BEAT = 15
"""Looks after which somebody hears that the connection holds, where there was nothing to hear."""
CHECK = 2 * BEAT
"""Looks after which it is asked again whether he may listen."""
MOST = 2_000
"""Who may listen at a time."""
MOST_EACH = 20
"""How often one person may."""
THREADS = 2

LOG = logging.getLogger("flowengine.web")

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_RETRY = b"retry: 3000\n\n"


class Listener:
    """One who listens: to what, what he knows, and why he is to be woken."""

    __slots__ = ("beat", "interest", "known", "turn", "wake", "who")

    def __init__(self, who: str, interest: Interest, known: str, turn: int) -> None:
        self.who, self.interest, self.known, self.turn = who, interest, known, turn
        self.wake: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def rouse(self, why: str) -> None:
        if not self.wake.done():
            self.wake.set_result(why)

    async def woken(self) -> str:
        """Wait; why he was woken: ``changed``, ``beat``, ``check``, ``gone`` or ``stop``."""
        why = await self.wake
        self.wake = asyncio.get_running_loop().create_future()
        return why


class Listeners:
    """All who listen to an application, and the one who looks for them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._listening: set[Listener] = set()
        self._each: Counter[str] = Counter()
        self._turns = count()
        self._looking: asyncio.Task[None] | None = None
        self.threads = Limiter("listeners", THREADS, 2 * MOST)

    def __len__(self) -> int:
        return len(self._listening)

    def enter(self, who: str, wanted: Interest, known: str) -> Listener:
        """Begin to listen. Raises Overloaded, and TooMany for one who listens as often as one may."""
        if len(self._listening) >= MOST:
            raise Overloaded(f"{MOST} listen already", where="events", possible=("ask now and then",))
        if self._each[who] >= MOST_EACH:
            raise TooMany(f"you listen {MOST_EACH} times already", possible=("end one",), retry_after=BEAT)
        found = Listener(who, wanted, known, next(self._turns))
        self._listening.add(found)
        self._each[who] += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look_on())
        return found

    def leave(self, one: Listener) -> None:
        """Listen no more."""
        self._listening.discard(one)
        self._each[one.who] -= 1
        self._each += Counter()  # forgets whoever is not there

    async def _look_on(self) -> None:
        """Look once a second, as long as anybody listens."""
        for turn in count(1):
            await asyncio.sleep(LOOK)
            if not self._listening:
                return
            if self._state.stopping.is_set():
                for one in self._listening:
                    one.rouse("stop")
                continue
            found = await self._look()
            for one in self._listening:
                if found is not None and found.get(one.interest, "") != one.known:
                    one.rouse("changed")
                elif (turn + one.turn) % CHECK == 0:
                    one.rouse("check")
                elif (turn + one.turn) % BEAT == 0:
                    one.rouse("beat")

    async def _look(self) -> dict[Interest, str] | None:
        """How all stand; None where the database does not say it just now."""
        wanted = {one.interest for one in self._listening}
        try:
            return await self.threads.run(partial(looked, self._state.engine.shell, wanted))
        except FlowError as error:
            LOG.warning("what has changed cannot be found out: %s", error)
            return None


class Events:
    """The door, for one application."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        job = _wanted(request)
        who, wanted, known = await self._listeners.threads.run(partial(_may, request, job))
        last = request.headers.get("last-event-id", "")
        listener = self._listeners.enter(who, wanted, known)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await _write(send, _RETRY + _event("changed" if last and last != known else "now", wanted, known))
            leaving = asyncio.ensure_future(_left(receive))
            leaving.add_done_callback(lambda _: listener.rouse("gone"))
            try:
                await self._tell(request, job, listener, send)
            finally:
                leaving.cancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._listeners.leave(listener)

    async def _tell(self, request: Request, job: str, listener: Listener, send: Send) -> None:
        """Tell whoever listens of what changes, until he is gone, may listen no more, or the server stops."""
        while (why := await listener.woken()) not in ("gone", "stop"):
            if why != "beat":
                try:
                    _, listener.interest, known = await self._listeners.threads.run(partial(_may, request, job))
                except Overloaded:
                    continue
                except FlowError:
                    return
                if known != listener.known:
                    listener.known = known
                    await _write(send, _event("changed", listener.interest, known))
                    continue
            await _write(send, b": here\n\n")


def _wanted(request: Request) -> str:
    """The job that is listened to; empty for all that concerns who asks."""
    query = request.query_params
    job = query.get("job", "")
    if set(query) != {"job"} or not job or len(query.getlist("job")) > 1:
        raise BadAnswer({"job": "is needed, once and alone"}, where="query", possible=("the id of a job", MINE))
    return "" if job == MINE else job


def _may(request: Request, job: str) -> tuple[str, Interest, str]:
    """Who listens, to what, and how that stands. Raises BadToken, NotFound, NotAllowed."""
    who = asker(request)
    shell = engine_of(request).shell
    wanted = interest(shell, who, job)
    return "" if isinstance(who, Actor) else person_of(who), wanted, looked(shell, [wanted]).get(wanted, "")


def _event(name: str, wanted: Interest, known: str) -> bytes:
    told: dict[str, Any] = {"job": wanted.job, "seq": int(known or 0)} if wanted.job else {MINE: True}
    return b"event: %s\nid: %s\ndata: %s\n\n" % (name.encode(), known.encode(), msgspec.json.encode(told))


async def _write(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def route(listeners: Listeners) -> Route:
    """The door as a route of an application."""
    return Route(PATH, Events(listeners), methods=["GET"])


def described() -> Iterator[tuple[str, dict[str, Any]]]:
    """What OpenAPI says of the door."""
    about = {
        "operationId": "events",
        "tags": ["events"],
        "summary": "Hear that something has changed",
        "description": "Server-sent events: `now` at first, then `changed` whenever something has. `data` is "
        '`{"job": …, "seq": …}`, where `seq` is the number of the job\'s last history entry, or `{"mine": true}`. '
        "`Last-Event-ID` says what was heard last: what has changed since is told at once. The stream ends when who "
        "listens may do so no more.",
        "security": [{"HTTPBearer": []}],
        "parameters": [
            {
                "name": "job", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1},
                "description": "the id of a job, or `mine`: one's own jobs, and what waits for one",
            },
            {"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"}},
        ],
        "responses": {
            "200": {"description": "the events", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **{str(status): error_of(words) for status, words in _WRONG.items()},
        },
    }  # fmt: skip
    yield PATH, {"get": about}


_WRONG = {
    401: "nobody is known by what was shown",
    403: "not for whoever asks",
    404: "there is no such job, or it is not for whoever asks",
    409: "a short id fits several jobs",
    422: "what is listened to is not said as it has to be",
    429: "one person listens too often",
    503: "too many listen",
}
