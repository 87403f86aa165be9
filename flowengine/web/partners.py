"""What partners say: organisations that are customers in our processes, or in whose we are."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from flowengine.web.auth import engine_of
from flowengine.web.bodies import error_of, raw

router = APIRouter(
    tags=["from outside"],
    responses={
        401: error_of("not signed as it must be"),
        403: error_of("a customer does not consent that his record is passed on, or no more"),
        404: error_of("there is no such partner, or nothing of his"),
        409: error_of("it is too late, or the agreement is another one"),
        413: error_of("more than is taken"),
        422: error_of("what was said is not as it has to be; problems says what"),
    },
)


@router.post("/api/v1/partners/{name}", summary="What a partner says", response_class=Response)
def hear(request: Request, name: str, body: Annotated[bytes, Depends(raw)]) -> Response:
    """Begin a job for his, answer what is asked in one, leave it, tell how one stands, send the record of a customer
    who consents, or say that he does no more: signed as Standard Webhooks
    has it, by the secret of both. The answer is signed alike, under the same id with ``.answer`` behind. Said again, it
    has the same effect once."""
    answer, signed = engine_of(request).hear_partner(name, request.headers, body)
    return Response(answer, headers=signed, media_type="application/json")
