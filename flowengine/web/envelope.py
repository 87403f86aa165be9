"""What each request and each answer has, whatever it is: a known host, an id by which it is found in the log, and
headers that keep browsers from doing with an answer what it is not for.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from contextvars import ContextVar
from os import urandom

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flowengine.web.errors import answer, shape
from flowengine.web.security_log import Refusals

REQUEST_HEADER = "x-request-id"

REQUEST: ContextVar[str] = ContextVar("flow_request", default="")
"""The id of the request that is being answered."""

FIXED = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
"""On every answer, unless it says otherwise itself."""

POLICY = (
    b"content-security-policy",
    b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)
"""What is no page does nothing in a browser."""

SECURE = (b"strict-transport-security", b"max-age=31536000")
"""On every answer that goes by TLS: from us, or from the proxy in front of us."""

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Named(logging.Filter):
    """Says with each line of a log during which request it was written."""

    def filter(self, record: logging.LogRecord) -> bool:
        if id := REQUEST.get():
            record.request = id
        return True


class Envelope:
    """An application within which all requests are for one of ``hosts`` (all are, where none are named; ``*.name`` is
    each below a name). ``over_tls``: people reach it by TLS, whatever a proxy in front of it speaks with us."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = (), *, over_tls: bool = False) -> None:
        self._app = app
        self._over_tls = over_tls
        self._refusals = Refusals(time.monotonic)
        self._hosts = tuple(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_HEADER, "")
        id = given if given and _ID.fullmatch(given) else urandom(8).hex()
        fixed = [*FIXED, POLICY, (REQUEST_HEADER.encode(), id.encode())]
        if self._over_tls or scope.get("scheme") == "https":
            fixed.append(SECURE)

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._refusals.answered(scope, message["status"])
                own = list(message.get("headers", ()))
                names = {name.lower() for name, _ in own}
                message["headers"] = own + [one for one in fixed if one[0] not in names]
            await send(message)

        REQUEST.set(id)  # a request is a task of its own
        if self._hosts and not self._known(headers.get("host", "")):
            await _wrong_host(scope, receive, sealed)
        else:
            await self._app(scope, receive, sealed)

    def _known(self, host: str) -> bool:
        name = host.lower().rpartition("]")[0] + "]" if host.startswith("[") else host.lower().partition(":")[0]
        return any(name == one or (one.startswith("*.") and name.endswith(one[1:])) for one in self._hosts)


async def _wrong_host(scope: Scope, receive: Receive, send: Send) -> None:
    wrong = shape(421, "WrongHost", "nothing is served here under that name", "Host")
    await answer(421, wrong)(scope, receive, send)
