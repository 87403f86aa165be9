"""``GET /calendars/<secret>.ics``: a feed of somebody's appointments, for calendar programs, which know no sessions."""

from __future__ import annotations

from hashlib import sha256

from fastapi import APIRouter, Request, Response

from flowengine.engine import Engine
from flowengine.errors import BadToken, NotFound
from flowengine.reading.calendar_files import PATH
from flowengine.speech.phrases import phrase
from flowengine.web.auth import engine_of
from flowengine.web.bodies import error_of

KEPT_SECONDS = 300
"""For how long a calendar program may show what it read without asking again."""

router = APIRouter(tags=["calendars"])


@router.get(
    PATH + "/{secret}.ics",
    summary="A feed of appointments",
    response_class=Response,
    responses={
        200: {"description": "the appointments", "content": {"text/calendar": {"schema": {"type": "string"}}}},
        304: {"description": "they are as they were read before"},
        404: error_of("no such feed, or it has ended"),
    },
)
def feed(request: Request, secret: str) -> Response:
    """The appointments of whoever made the feed, as iCalendar. 304 where they are as they were read before; of a
    secret that is none, or that has ended, nothing is told."""
    engine: Engine = engine_of(request)
    try:
        found = engine.read_feed(secret)
    except BadToken:
        raise NotFound(phrase("there is no such feed, or it has ended"), possible=(phrase("make a new one"),)) from None
    tag = f'"{sha256(found.text.encode()).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": f"private, max-age={KEPT_SECONDS}", "x-content-type-options": "nosniff"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    headers["content-disposition"] = 'inline; filename="appointments.ics"'
    return Response(found.text, media_type="text/calendar; charset=utf-8", headers=headers)
