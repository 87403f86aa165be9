"""Files over HTTP: their bytes go as they are, since they are no JSON. What is told of them goes with the other verbs.

A file is given out to be saved and never to be shown in place, with the type that it was found to be: whoever made it
must not have a page of this address.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from flowengine.client.routes import PREFIX
from flowengine.engine import Engine
from flowengine.errors import TooLarge
from flowengine.people.identities import By
from flowengine.speech.phrases import phrase
from flowengine.views.conversation import FileView
from flowengine.web.auth import asker
from flowengine.web.bodies import error_of, json_of
from flowengine.web.errors import answer

router = APIRouter(prefix=PREFIX, tags=["conversation"])

_BINARY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


async def who(request: Request) -> By:
    """Who asks, as the application has made sure of it. Raises BadToken for nobody."""
    return await run_in_threadpool(asker, request)


Who = Annotated[By, Depends(who)]


@router.post(
    "/files",
    status_code=201,
    response_model=None,
    summary="Upload a file, as the body of the request",
    openapi_extra={"requestBody": {"required": True, "content": _BINARY}},
    responses={
        201: json_of(FileView),
        401: error_of("Nobody is known by what was sent."),
        404: error_of("There is no such job, or it is not for him."),
        413: error_of("The file is too large."),
        422: error_of("The file is not taken: it is empty, of another type, or not what it is called."),
    },
)
async def attach(
    request: Request,
    by: Who,
    name: Annotated[str, Query(description="What the file is called.", max_length=1_000)],
    job: Annotated[str, Query(description="The job or step that it is for; else none.", max_length=200)] = "",
) -> Response:
    """Upload a file; its id is given with a message, or in an answer to a question of type `file`. What is not used
    within a day is deleted."""
    engine: Engine = request.app.state.engine
    data = await _body(request, engine.shell.settings.largest_file)
    found = await run_in_threadpool(engine.attach, name, data, job, by=by)
    return answer(201, found.as_written(), {"location": f"{PREFIX}/files/{found.id}"})


@router.get(
    "/files/{id}/data",
    response_model=None,
    summary="Open a file",
    responses={
        200: {"description": "The contents, to be saved.", "content": _BINARY},
        401: error_of("Nobody is known by what was sent."),
        403: error_of("It is being looked at, or was refused."),
        404: error_of("There is no such file, or it is not for him."),
    },
)
async def data(request: Request, id: str, by: Who) -> Response:
    """The contents of a file, part by part."""
    engine: Engine = request.app.state.engine
    seen, parts = await run_in_threadpool(engine.file_parts, id, by=by)
    headers = {
        "content-length": str(seen.size),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(seen.name, safe='')}",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "private, no-store",
    }
    media = f"{seen.type}; charset=utf-8" if seen.type.startswith("text/") else seen.type
    return StreamingResponse(parts, headers=headers, media_type=media)


async def _body(request: Request, largest: int) -> bytes:
    """The body as it was sent. Raises TooLarge, without reading what is too much."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > largest:
        raise _too_large(largest)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > largest:
            raise _too_large(largest)
    return bytes(body)


def _too_large(largest: int) -> TooLarge:
    return TooLarge(
        phrase("the file has more than %(largest)s bytes", largest=largest),
        where="body",
        possible=(phrase("make it smaller"),),
    )
