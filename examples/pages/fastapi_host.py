"""The pages inside a FastAPI application, which has people signed in already.

``uvicorn fastapi_host:app`` in this folder, with FLOW_AT; then open /login?as=ada.
"""

from __future__ import annotations

import os

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from shop import LOOK, PEOPLE, open_shop
from starlette.middleware.sessions import SessionMiddleware

from flowengine.people.identities import Identity
from flowengine.web import make_app


def make_host(url: str) -> FastAPI:
    """The host, with the pages at ``/flow``."""
    host = FastAPI()
    host.add_middleware(SessionMiddleware, secret_key=os.urandom(32).hex(), same_site="lax")

    @host.get("/login")
    def login(request: Request, who: str = "", next: str = "/flow/") -> RedirectResponse:
        if who in PEOPLE:
            request.session["person"] = who
        return RedirectResponse(next if next.startswith("/flow/") else "/flow/", 303)

    def signed_in(request: Request) -> Identity | None:
        """Whom the host has signed in: its session is that of the mounted pages, too."""
        person = request.session.get("person", "")
        return Identity(person=person, strength="host") if person in PEOPLE else None

    host.mount("/flow", make_app(open_shop(url), authenticate=signed_in, pages=True, look=LOOK, sign_in_at="/login"))
    return host
