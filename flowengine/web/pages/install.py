"""The pages of an application: from a request to a visit, and from an error to a page that says what is possible."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from math import ceil
from pathlib import Path

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flowengine import errors as e
from flowengine.core.values import Actor
from flowengine.people.identities import By, person_of
from flowengine.speech.phrases import phrase
from flowengine.web import errors
from flowengine.web.auth import Authenticate
from flowengine.web.cookies import check_origin
from flowengine.web.limiting import Limiter, Rates
from flowengine.web.pages import (
    begin_for,
    calendar_day,
    changes,
    customer,
    customers,
    door,
    home,
    jobs,
    login,
    me,
    messages,
    my_data,
    nobody,
    ops_audit,
    ops_forecast,
    ops_incidents,
    ops_insight,
    ops_job,
    ops_jobs,
    ops_people,
    ops_pictures,
    ops_processes,
    ops_settings,
    ops_tokens,
    ops_versions,
    ops_ways_in,
    passkeys,
    receipt_lists,
    receipts,
    starting,
    steps,
    ways_in,
    work_list,
    work_step,
)
from flowengine.web.pages.assets import Assets
from flowengine.web.pages.book import Book, Page
from flowengine.web.pages.look import Look
from flowengine.web.pages.posted import Posted, read
from flowengine.web.pages.rendering import Renderer
from flowengine.web.pages.visit import Visit

LOG = logging.getLogger("flowengine.web")

BOOKS: tuple[Book, ...] = (
    home.pages,
    steps.pages,
    receipts.pages,
    starting.pages,
    door.pages,
    login.pages,
    passkeys.pages,
    jobs.pages,
    changes.pages,
    receipt_lists.pages,
    me.pages,
    my_data.pages,
    messages.pages,
    ways_in.pages,
    work_list.pages,
    work_step.pages,
    calendar_day.pages,
    customers.pages,
    customer.pages,
    begin_for.pages,
    ops_jobs.pages,
    ops_pictures.pages,
    ops_incidents.pages,
    ops_job.pages,
    ops_processes.pages,
    ops_versions.pages,
    ops_insight.pages,
    ops_forecast.pages,
    ops_people.pages,
    ops_ways_in.pages,
    ops_tokens.pages,
    ops_settings.pages,
    ops_audit.pages,
)
"""All pages, a book a noun."""

DOORS = (door.pages, login.pages, passkeys.pages)
"""Those where people sign in: a host with a login of its own has none of them."""


def add_pages(app: FastAPI, look: Look, templates: Sequence[str | Path] = (), sign_in_at: str = "") -> None:
    """Have an application give out the pages, in a house's look, with its own ``templates`` before ours; where people
    sign in at the host's own page, ``sign_in_at`` says where that is."""
    app.state.look = look
    app.state.sign_in_at = sign_in_at
    app.state.renderer = Renderer([*templates, *([look.templates] if look.templates is not None else [])])
    app.state.assets = Assets(look)
    app.router.routes.extend(app.state.assets.routes())
    for book in BOOKS:
        if not sign_in_at or book not in DOORS:
            add_book(app, book)
    app.add_exception_handler(HTTPException, _not_here)


def add_book(app: FastAPI, book: Book) -> None:
    """Have an application that has the pages give out more of them."""
    for page in book:
        app.router.routes.append(
            Route(page.path, partial(_answer, page), methods=[page.method], include_in_schema=False)
        )


def _not_here(request: Request, error: Exception) -> Response:
    """What a browser is shown where there is no page; programs are told a problem, as everywhere."""
    wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if not wants_page or not isinstance(error, HTTPException) or error.status_code != 404:
        return errors.answer_to(request, error)
    visit = Visit(request, _there(request), Posted())
    return visit.page("failed.html", 404, error=e.NotFound(phrase("there is no such page")), heading=404, changed=False)


def _there(request: Request) -> By | None:
    """Who is there, as the application's ``authenticate`` says of somebody who only looks: so it is asked where what
    was sent is not of his session, or no page answers it. None for nobody, and where that cannot be said."""
    authenticate: Authenticate = request.app.state.authenticate
    try:
        return authenticate(Request({**request.scope, "method": "GET"}))
    except e.FlowError:
        return None


async def _answer(page: Page, request: Request) -> Response:
    limiter: Limiter = request.app.state.readers if page.method == "GET" else request.app.state.writers
    posted = Posted()
    try:
        if page.method == "POST":
            check_origin(request, must_say=True)
            posted = await read(request, request.app.state.engine.shell.settings.largest_file)
            request.state.csrf = posted.get("csrf")
        about = next(iter(request.path_params.values()), "").partition(".")[0]
        return await limiter.run(partial(_visited, page, request, posted), about)
    except e.FlowError as error:
        return await run_in_threadpool(_told, request, posted, error)
    except Exception:
        LOG.exception("%s %s failed", request.method, page.path)
        return await run_in_threadpool(_told, request, posted, None)


def _visited(page: Page, request: Request, posted: Posted) -> Response:
    try:
        who: By | None = request.app.state.authenticate(request)
    except (e.BadToken, e.NotAllowed):
        if page.method == "POST":
            return nobody.send_again(Visit(request, _there(request), posted))
        raise
    visit = Visit(request, who, posted)
    if who is None:
        if page.audience == "anyone":
            return page.answer(visit)
        return nobody.send_again(visit) if page.method == "POST" else nobody.sign_in_first(visit)
    if not isinstance(who, Actor):
        rates: Rates = request.app.state.rates
        rates.take(person_of(who))
    try:
        return page.answer(visit)
    except e.WeakIdentity:
        if page.method == "POST":
            return nobody.send_again(visit, stronger=True)
        return nobody.show_a_code(visit)
    except e.FlowError as error:
        return _told(request, posted, error, visit)


def _told(request: Request, posted: Posted, error: e.FlowError | None, visit: Visit | None = None) -> Response:
    """A page that says what could not be done, and what is possible; None: an error that nobody foresaw."""
    status = e.http_status(error) if error is not None else 500
    if status >= 500 and error is not None and not isinstance(error, e.Overloaded):
        LOG.error("%s: %s", request.method, error)
    known = error if error is not None and status < 500 else None
    found = visit or Visit(request, _there(request) if known is not None else None, posted)
    shown = known.tell(found.speech.tell) if known is not None else None
    answer = found.page("failed.html", status, error=shown, heading=status, changed=request.method == "POST")
    if isinstance(error, e.TooMany):
        answer.headers["retry-after"] = str(ceil(error.retry_after))
    elif status == 503:
        answer.headers["retry-after"] = "1"
    return answer
