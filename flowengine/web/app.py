"""The web application: an ASGI application on an engine, of one router a subject."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from flowengine.distribution import __version__
from flowengine.engine import Engine
from flowengine.web import calendars, errors, events, external, files, health, hooks, metrics, partners, signing_in
from flowengine.web.auth import Authenticate
from flowengine.web.description import add_verbs
from flowengine.web.envelope import Envelope
from flowengine.web.limiting import Capacity, Limiter, Rates
from flowengine.web.verbs import Verbs
from flowengine.worker.metrics import Metrics

if TYPE_CHECKING:
    from flowengine.web.pages.look import Look

ABOUT = """
Whatever customers, staff and operators ask of flows, each for himself. Workers in any language claim service calls,
prolong their leases and finish them. Other systems complete calls that were left open and send messages. Each error is
JSON: `error` (a stable code), `what`, `where`, `possible`.
"""


class Application(FastAPI):
    """The application, in its envelope: what the framework itself answers has it too."""

    def __init__(self, hosts: Sequence[str], verbs: Verbs | None, *, over_tls: bool, **more: Any) -> None:
        super().__init__(**more)
        self._verbs = verbs
        self._envelope = Envelope(self._within, hosts, over_tls=over_tls)

    def openapi(self) -> dict[str, Any]:
        """What OpenAPI says of all that can be asked; made when it is first asked for."""
        if self.openapi_schema is None:
            found = super().openapi()
            if self._verbs is not None:
                add_verbs(found)
                found["paths"].update(events.described())
            self.openapi_schema = msgspec.json.decode(msgspec.json.encode(found))  # plain, without tuples
            assert self.openapi_schema is not None
        return self.openapi_schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._envelope(scope, receive, send)

    async def _within(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._verbs is not None:
            scope["app"] = self
            if await self._verbs(scope, receive, send):
                return
        await super().__call__(scope, receive, send)


def make_app(
    engine: Engine,
    *,
    authenticate: Authenticate | None = None,
    api: bool = True,
    pages: bool = False,
    look: Look | None = None,
    templates: Sequence[str | Path] = (),
    sign_in_at: str = "",
    hosts: Sequence[str] = (),
    capacity: Capacity | None = None,
) -> Application:
    """An application that serves the engine, for any ASGI server. The engine stays the caller's to close.

    ``authenticate`` says who asks, of a request: an identity that the host has made sure of, or None for nobody.
    Without it, it is :func:`flowengine.web.signing_in.authenticate`: who asks shows a token, or the cookie of a
    session. Without ``api`` there are only the doors of workers and other systems.
    With ``pages`` people have theirs in a browser, in the ``look`` of a house; ``templates`` are folders with templates
    that stand in the place of those of the same name in ``web/pages/templates``. Whom ``authenticate`` does not know is
    sent to sign in: to the pages' own door, or to the host's, ``sign_in_at``, with ``next``, where he wanted to go.
    ``hosts`` are the names under which it is reached, ``*.example.org`` for all below one; any, where none are given.
    ``capacity`` bounds what is done at once. Whoever stops the server sets ``app.state.stopping``, so that those who
    wait for work are answered at once.
    """
    app = Application(
        hosts,
        Verbs() if api else None,
        over_tls=engine.shell.settings.url.startswith("https://"),
        title="flowengine",
        version=__version__,
        description=ABOUT.strip(),
        docs_url=None,  # its page is made of scripts from other people's servers; /openapi.json is there
        redoc_url=None,
    )
    bounds = capacity or Capacity()
    app.state.engine = engine
    app.state.authenticate = authenticate or signing_in.authenticate
    app.state.stopping = Event()
    app.state.metrics = Metrics(engine)
    app.state.writers = Limiter("writers", bounds.writers, bounds.waiting)
    app.state.readers = Limiter("readers", bounds.readers, bounds.waiting)
    app.state.rates = Rates(bounds.per_second, bounds.at_once, time.monotonic)
    errors.install(app)
    if api:
        app.include_router(files.router)
        app.include_router(signing_in.router)
        app.state.listeners = events.Listeners(app.state)
        app.router.routes.append(events.route(app.state.listeners))
    for router in (external.router, hooks.router, partners.router, health.router, metrics.router, calendars.router):
        app.include_router(router)
    if pages:
        from flowengine.web.pages import Look, add_pages

        add_pages(app, look or Look(), templates, sign_in_at)
    return app
