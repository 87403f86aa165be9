"""The pages inside a Django project, as a route of its ASGI application."""

from __future__ import annotations

import os
from typing import Any

import django
from django.conf import settings
from shop import LOOK, PEOPLE, open_shop
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from flowengine.people.identities import Identity
from flowengine.web import make_app

COOKIE = "sessionid"


def make_host(url: str) -> ASGIApp:
    """The project's ASGI application, with the pages at ``/flow``."""
    settings.configure(
        SECRET_KEY=os.urandom(32).hex(), ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies", SESSION_COOKIE_NAME=COOKIE,
    )  # fmt: skip
    django.setup()
    from django.core.asgi import get_asgi_application

    project = get_asgi_application()
    pages = make_app(open_shop(url), authenticate=signed_in, pages=True, look=LOOK, sign_in_at="/login")

    async def host(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/flow/"):
            await pages({**scope, "root_path": "/flow"}, receive, send)
        else:
            await project(scope, receive, send)

    return host


def signed_in(request: Request) -> Identity | None:
    """Whom the host has signed in: its cookie comes with requests for pages, too."""
    from django.contrib.sessions.backends.signed_cookies import SessionStore

    person = SessionStore(request.cookies.get(COOKIE)).get("person", "")
    return Identity(person=person, strength="host") if person in PEOPLE else None


def login(request: Any) -> Any:
    """The project's own page for signing in."""
    from django.http import HttpResponseRedirect

    if request.GET.get("who") in PEOPLE:
        request.session["person"] = request.GET["who"]
    back = request.GET.get("next", "/flow/")
    answer = HttpResponseRedirect(back if back.startswith("/flow/") else "/flow/")
    answer.status_code = 303
    return answer


def __getattr__(name: str) -> Any:
    """The project's addresses, once Django is set up."""
    if name == "urlpatterns":
        from django.urls import path

        return [path("login", login)]
    raise AttributeError(name)
