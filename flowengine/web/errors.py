"""What is answered when something cannot be done: one shape for every error, and the status that goes with it.

Errors of the engine are told as they are, but for those of the installation itself (status 500 and above): their words
may hold addresses and paths, which are the log's business.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from flowengine import errors as e
from flowengine import exact

LOG = logging.getLogger("flowengine.web")

RETRY_SECONDS = 1
"""What is said to whoever came while the database was busy or away."""


_CODES = {404: "NotFound", 405: "WrongMethod"}
_HIDDEN = {
    500: "this could not be done here, and not through what was sent; the server's log says why",
    503: "the database cannot do it now; send the same again",
}


def answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer. Nothing of it is kept by caches: it is for who asked."""
    content = exact.encode(body)
    fixed = {"cache-control": "no-store", **(headers or {})}
    return Response(content, status, fixed, media_type="application/json")


def shape(code: str, what: str, where: str = "", possible: tuple[str, ...] = ()) -> dict[str, Any]:
    """An error as it is sent."""
    return {"error": code, "what": what, "where": where, "possible": list(possible)}


def install(app: FastAPI) -> None:
    """Have every error of the application answered in the one shape."""
    app.add_exception_handler(e.FlowError, _flow_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _wrong_request)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(Exception, _unforeseen)


def _flow_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, e.FlowError)
    status = e.http_status(error)
    headers = {}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if status >= 500:
        LOG.error("%s %s: %s", request.method, _route(request), error)
        if status == 503:
            headers["retry-after"] = str(RETRY_SECONDS)
        return answer(status, shape(error.code, _HIDDEN[status]), headers)
    return answer(status, error.to_json(), headers)


def _route(request: Request) -> str:
    """The path as it is written in the code: what was asked for may hold anything."""
    return str(getattr(request.scope.get("route"), "path", "?"))


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    allowed = tuple((error.headers or {}).get("Allow", "").split(", ")) if error.status_code == 405 else ()
    what = f"{request.method} {request.url.path[:200]}: {str(error.detail).lower()}"
    code = _CODES.get(error.status_code, "Refused")
    return answer(error.status_code, shape(code, what, possible=allowed), error.headers)


def _wrong_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = {".".join(str(part) for part in one["loc"]): str(one["msg"]) for one in error.errors()}
    return _flow_error(request, e.BadAnswer(problems))


def _left(_request: Request, _error: Exception) -> Response:
    """Nobody is there any more to be answered, and nothing is wrong here."""
    return Response(status_code=400)


def _unforeseen(_request: Request, _error: Exception) -> Response:
    """A fault of ours. The server logs it with its trace; whoever asked is told no more than that."""
    return answer(500, shape("Failed", _HIDDEN[500]))
