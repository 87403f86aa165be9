"""Pages to be looked at on this machine alone: whoever opens them says who he would like to be.

Nothing is asked of him, so it is served to loopback and under its names, and to nobody else.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from flowengine.engine import Engine
from flowengine.people.identities import Identity
from flowengine.runtime.settings import Settings
from flowengine.web.app import make_app
from flowengine.web.pages.asked_fields import is_ours
from flowengine.web.pages.book import Book
from flowengine.web.pages.install import add_book
from flowengine.web.pages.look import Look
from flowengine.web.pages.visit import Visit
from flowengine.web.serving import LOOPBACK, Server
from flowengine.worker import Worker

COOKIE = "flow-somebody"
CHOICE = "/as"
MOST = 200
"""People who are offered to be, at most."""

pages = Book()


@pages.get(CHOICE, "anyone")
def whom(visit: Visit) -> Response:
    """Who one would like to be."""
    people = [one for one in visit.engine.people(limit=MOST) if one.left is None and one.erased is None]
    return visit.page("doors/choose.html", people=people, next=visit.query("next", "/"))


@pages.post(CHOICE, "anyone")
def be(visit: Visit) -> Response:
    """Be that one from now on, in this browser."""
    person = visit.engine.person(visit.posted.get("person"))
    after = visit.posted.get("next").removeprefix(visit.here)
    answer = visit.go(after if is_ours(after) else "/")
    answer.set_cookie(COOKIE, person.id, httponly=True, samesite="strict")
    return answer


def chosen(request: Request) -> Identity | None:
    """Who was chosen in this browser."""
    person = request.cookies.get(COOKIE, "")
    return Identity(person=person, strength="host") if person else None


def serve_for_show(
    address: str, handlers: Mapping[str, Callable[..., Any]], ready: Callable[[str], None], house: str
) -> None:
    """Serve the pages of a database, with a worker that does what is due, until a signal comes; ``ready`` is told where
    they are, and ``house`` is what they are called. Raises what the engine raises."""
    with (
        Engine(address, handlers=handlers, settings=Settings.from_environment(os.environ)) as engine,
        socket.create_server(("127.0.0.1", 0)) as listening,
        _at_work(engine),
    ):
        ready(f"http://127.0.0.1:{listening.getsockname()[1]}{CHOICE}")
        Server(for_show(engine, house)).run([listening])


def for_show(engine: Engine, house: str) -> FastAPI:
    """The application: the pages, and one where one says who he would like to be, under this machine's names alone."""
    look = Look(name=house)
    app = make_app(engine, authenticate=chosen, pages=True, look=look, sign_in_at=CHOICE, hosts=LOOPBACK)
    app.state.others_at = CHOICE
    add_book(app, pages)
    return app


@contextmanager
def _at_work(engine: Engine) -> Iterator[None]:
    worker = Worker(engine)
    thread = Thread(target=worker.run, name="flow worker")
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()
