"""The web application: an ASGI application on an engine, of one router a subject."""

from __future__ import annotations

from threading import Event

from fastapi import FastAPI

from flowengine.distribution import __version__
from flowengine.engine import Engine
from flowengine.web import errors, external, files, health, hooks, metrics
from flowengine.web.auth import Authenticate, by_token
from flowengine.web.verbs import Verbs
from flowengine.worker.metrics import Metrics

ABOUT = """
Whatever customers, staff and operators ask of flows, each for himself. Workers in any language claim service calls,
prolong their leases and finish them. Other systems complete calls that were left open and send messages. Each error is
JSON: `error` (a stable code), `what`, `where`, `possible`.
"""


def make_app(engine: Engine, *, authenticate: Authenticate | None = None, api: bool = True) -> FastAPI:
    """An application that serves the engine, for any ASGI server. The engine stays the caller's to close.

    ``authenticate`` says who asks, of a request: an identity that the host has made sure of, or None for nobody.
    Without it, those who ask show tokens. Without ``api`` there are only the doors of workers and other systems.
    Whoever stops the server sets ``app.state.stopping``, so that those who wait for work are answered at once.
    """
    app = FastAPI(
        title="flowengine",
        version=__version__,
        description=ABOUT.strip(),
        docs_url=None,  # its page is made of scripts from other people's servers; /openapi.json is there
        redoc_url=None,
    )
    app.state.engine = engine
    app.state.authenticate = authenticate or by_token
    app.state.stopping = Event()
    app.state.metrics = Metrics(engine)
    errors.install(app)
    for router in (external.router, hooks.router, health.router, metrics.router):
        app.include_router(router)
    if api:
        app.include_router(files.router)
        app.router.routes.append(Verbs())
    return app
