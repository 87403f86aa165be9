"""What comes in without a token of ours: signed messages (Standard Webhooks), and completions of calls by the call's
own token."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from flowengine.errors import BadAnswer
from flowengine.views.replies import Broadcast, Kept, Receipt
from flowengine.web.auth import engine_of
from flowengine.web.bodies import body_of, error_of, json_of, raw, request_of
from flowengine.web.errors import answer

router = APIRouter(
    tags=["from outside"],
    responses={
        200: json_of(Receipt),
        404: error_of("nothing waits for this"),
        409: error_of("it was said otherwise before, or it is too late"),
        413: error_of("more than is taken"),
        422: error_of("what was sent is not as it has to be; problems says what"),
    },
)


class Completion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a call ended that was left open: with an outcome and a result, or with an ``error``, for good."""

    token: str
    outcome: str = "done"
    result: Any = None
    error: str | None = None


@router.post("/api/v1/complete", summary="Complete a call that was left open", openapi_extra=request_of(Completion))
def complete(request: Request, asked: Annotated[Completion, Depends(body_of(Completion))]) -> Response:
    """The token that the handler was given is all that is needed. The same completion again has the same receipt."""
    engine = engine_of(request)
    if asked.error is None:
        return answer(200, engine.complete(asked.token, asked.outcome, asked.result))
    if asked.result is not None or asked.outcome != "done":
        raise BadAnswer({"error": "stands alone: a call that failed has no outcome and no result"}, where="body")
    return answer(200, engine.give_up(asked.token, asked.error))


@router.post(
    "/hooks/{name:path}",
    summary="Deliver a signed message",
    responses={201: json_of(Receipt), 202: json_of(Kept, Broadcast), 401: error_of("not signed as it must be")},
)
def receive(request: Request, name: str, body: Annotated[bytes, Depends(raw)]) -> Response:
    """The message NAME, signed as Standard Webhooks has it: 200 where a job takes it, 201 where it starts one, 202
    where it is kept for one that will wait for it, or is on its way to all that do. Delivered again under its id, it
    has the same receipt."""
    receipt = engine_of(request).receive(name, request.headers, body)
    later = isinstance(receipt, Kept | Broadcast)
    return answer(202 if later else 201 if receipt.started else 200, receipt)
