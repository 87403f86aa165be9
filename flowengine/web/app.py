"""The web application: an ASGI application on an engine, of one router a subject."""

from __future__ import annotations

from threading import Event

from fastapi import FastAPI, Request

from flowengine.distribution import __version__
from flowengine.engine import Engine
from flowengine.people.identities import Identity
from flowengine.web import errors, external, files, health, hooks, metrics
from flowengine.worker.metrics import Metrics

ABOUT = """
Workers in any language claim service calls, prolong their leases and finish them. Other systems complete calls that
were left open and send messages. Each error is JSON: `error` (a stable code), `what`, `where`, `possible`.
"""


def _nobody(_request: Request) -> Identity | None:
    """Who asks for what is somebody's, where the application does not say how he is known: nobody."""
    return None


def make_app(engine: Engine) -> FastAPI:
    """An application that serves the engine, for any ASGI server. The engine stays the caller's to close.

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
    app.state.authenticate = _nobody
    app.state.stopping = Event()
    app.state.metrics = Metrics(engine)
    errors.install(app)
    for router in (external.router, hooks.router, health.router, metrics.router, files.router):
        app.include_router(router)
    return app
