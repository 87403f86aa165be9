"""The pages inside a Flask application, through a2wsgi. A WSGI server holds no connections open: pages are not
refreshed by themselves there, and all else works.
"""

from __future__ import annotations

import os

from a2wsgi import ASGIMiddleware
from flask import Flask, Request, redirect, request, session
from shop import LOOK, PEOPLE, open_shop
from starlette.requests import Request as PageRequest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response

from flowengine.people.identities import Identity
from flowengine.web import make_app


def make_host(url: str) -> Flask:
    """The host, with the pages at ``/flow``."""
    host = Flask(__name__)
    host.secret_key = os.urandom(32)

    @host.get("/login")
    def login() -> Response:
        if request.args.get("who") in PEOPLE:
            session["person"] = request.args["who"]
        back = request.args.get("next", "/flow/")
        return redirect(back if back.startswith("/flow/") else "/flow/", 303)

    def signed_in(page: PageRequest) -> Identity | None:
        """Whom the host has signed in: its cookie comes with requests for pages, too."""
        found = host.session_interface.open_session(host, Request(page.scope["wsgi_environ"]))
        person = found.get("person", "") if found is not None else ""
        return Identity(person=person, strength="host") if person in PEOPLE else None

    pages = make_app(open_shop(url), authenticate=signed_in, pages=True, look=LOOK, sign_in_at="/login")
    host.wsgi_app = DispatcherMiddleware(host.wsgi_app, {"/flow": ASGIMiddleware(pages)})
    return host
