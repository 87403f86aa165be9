"""What is answered when something cannot be done: one shape for every error, that of RFC 9457, and the status that goes
with it.

Errors of the engine are told as they are, but for those of the installation itself (status 500 and above): their words
may hold addresses and paths, which are the log's business.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from flowengine import errors as e
from flowengine import exact
from flowengine.speech.languages import wished
from flowengine.speech.phrases import phrase
from flowengine.speech.readers import words_for
from flowengine.speech.words import Words
from flowengine.web import security_log

LOG = logging.getLogger("flowengine.web")

RETRY_SECONDS = 1
"""What is said to whoever came while the server or its database was busy or away."""

JSON = "application/json"
PROBLEM = "application/problem+json"

PAGE = "docs/http-api.md"
"""Where each error is told, by its name: what ``type`` says is a place on it."""

_CODES = {404: "NotFound", 405: "WrongMethod"}
_HIDDEN = {
    500: phrase("this could not be done here, and not through what was sent; the server's log says why"),
    503: phrase("the database cannot do it now; send the same again"),
}
_LAWS = re.compile(r" \(L[0-9]+\)")
_TITLES = {
    "Failed": "A fault of the server's.",
    "WrongMethod": "What is there cannot be asked so.",
    "WrongHost": "Nothing is served here under that name.",
    "Refused": "What was asked cannot be done.",
}


def title_of(code: str) -> str:
    """What every error of that code has in common, in one sentence."""
    kind = getattr(e, code, None)
    about = (kind.__doc__ or "") if isinstance(kind, type) else _TITLES.get(code, "")
    return " ".join(_LAWS.sub("", about.partition("\n\n")[0]).replace("``", "").split()) or code


def answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer. Nothing of it is kept by caches: it is for who asked."""
    content = exact.encode(body)
    fixed = {"cache-control": "no-store", **(headers or {})}
    return Response(content, status, fixed, media_type=PROBLEM if status >= 400 else JSON)


def shape(status: int, code: str, what: str, where: str = "", possible: Sequence[str] = ()) -> dict[str, Any]:
    """An error as it is sent."""
    return told(status, {"error": code, "what": what, "where": where, "possible": list(possible)})


def told(status: int, found: Mapping[str, Any]) -> dict[str, Any]:
    """An error's own words, with what RFC 9457 wants said of every problem."""
    code = found["error"]
    standard = {"type": f"{PAGE}#{code}", "title": title_of(code), "status": status, "detail": found.get("what", "")}
    return {**standard, "code": code, **found}


def install(app: FastAPI) -> None:
    """Have every error of the application answered in the one shape."""
    for kind in (e.FlowError, HTTPException, RequestValidationError, ClientDisconnect):
        app.add_exception_handler(kind, answer_to)
    app.add_exception_handler(Exception, lambda request, error: _unforeseen(request))  # the server logs it  # noqa: ARG005


def answer_to(request: Request, error: Exception) -> Response:
    """What is answered for an error. One that nobody foresaw is a fault of ours, and logged with its trace."""
    if isinstance(error, e.FlowError):
        return _flow_error(request, error)
    if isinstance(error, HTTPException):
        return _http_error(request, error)
    if isinstance(error, RequestValidationError):
        problems = {".".join(str(part) for part in one["loc"]): str(one["msg"]) for one in error.errors()}
        return _flow_error(request, e.BadAnswer(problems))
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)  # nobody is there any more to be answered, and nothing is wrong here
    LOG.error("%s %s failed", request.method, _route(request), exc_info=error)
    return _unforeseen(request)


def _flow_error(request: Request, error: e.FlowError) -> Response:
    status = e.http_status(error)
    security_log.came_to(request.scope, error.code)
    words, headers = _reader(request), _spoken(request)
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, e.TooMany):
        headers["retry-after"] = str(ceil(error.retry_after))
    if status == 503:
        headers["retry-after"] = str(RETRY_SECONDS)
    if status >= 500 and not isinstance(error, e.Overloaded):
        LOG.error("%s %s: %s", request.method, _route(request), error)
        return answer(status, shape(status, error.code, words.tell(_HIDDEN[status])), headers)
    if not error.is_told:  # else the desk has, which knows the zone of who asks as well
        error.tell(words.tell)
    found = error.to_json()
    if "what" not in found:
        found["what"] = error.what
    return answer(status, told(status, found), headers)


def _reader(request: Request) -> Words:
    """The words in which who asks is told what cannot be done."""
    return words_for(wished(request.headers.get("accept-language", "")))


def _spoken(request: Request) -> dict[str, str]:
    """The headers of what is told in the language of who asks."""
    return {"content-language": _reader(request).language, "vary": "accept-language"}


def _route(request: Request) -> str:
    """The path as it is written in the code: what was asked for may hold anything."""
    return str(getattr(request.scope.get("route"), "path", "?"))


def _http_error(request: Request, error: HTTPException) -> Response:
    status = error.status_code
    allowed = tuple((error.headers or {}).get("Allow", "").split(", ")) if status == 405 else ()
    what = f"{request.method} {request.url.path[:200]}: {str(error.detail).lower()}"
    return answer(status, shape(status, _CODES.get(status, "Refused"), what, possible=allowed), error.headers)


def _unforeseen(request: Request) -> Response:
    """Whoever asked is told no more than that."""
    return answer(500, shape(500, "Failed", _reader(request).tell(_HIDDEN[500])), _spoken(request))
