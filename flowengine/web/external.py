"""The door of external workers: claim, heartbeat, finish, fail, leave (:mod:`flowengine.work.external`)."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from flowengine.commands.tokens import WORKER
from flowengine.errors import BadAnswer
from flowengine.views.tokens import TokenView
from flowengine.web.auth import engine_of, holder_of
from flowengine.web.bodies import body_of, error_of, json_of, request_of
from flowengine.web.errors import answer
from flowengine.work import external

LONGEST_POLL = 20.0
"""Seconds for which somebody may wait for work in one request."""

LOOK = 0.25
"""Seconds between two looks for whoever waits."""

Worker = Annotated[TokenView, Depends(holder_of(WORKER))]

router = APIRouter(
    prefix="/api/v1/calls",
    tags=["external workers"],
    responses={
        401: error_of("no valid token"),
        403: error_of("a token of another scope"),
        413: error_of("more than is taken"),
        422: error_of("what was sent is not as it has to be; problems says what"),
    },
)
_ONE: dict[int | str, dict[str, Any]] = {
    404: error_of("no such call, or not for this token"),
    409: error_of("the lease is lost"),
}


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who wants work: ``max`` calls at most, each for ``seconds``. While there is none, the answer takes up to ``wait``
    seconds."""

    worker: str
    max: int = 1
    seconds: float = 30
    wait: float = 0


class Beat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The work goes on: for ``seconds`` from now; ``progress`` is for operators."""

    lease: str
    seconds: float = 30
    progress: str = ""


class Finish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The work is done, with an outcome of the service and its result."""

    lease: str
    outcome: str = "done"
    result: Any = None


class Fail(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The attempt has failed; ``retry_after`` seconds must pass before the next. ``give_up``: there is to be none."""

    lease: str
    error: str
    give_up: bool = False
    retry_after: float | None = None


class Claimed(msgspec.Struct, frozen=True):
    """The calls that were claimed; none when there was nothing to do."""

    calls: list[external.ExternalCall]


class Leave(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody else completes the call by its own token, ``within`` so many seconds."""

    lease: str
    within: float


@router.post(
    "/claim", summary="Take calls to work on", openapi_extra=request_of(Claim), responses={200: json_of(Claimed)}
)
async def claim(request: Request, who: Worker, asked: Annotated[Claim, Depends(body_of(Claim))]) -> Response:
    """Take calls of the handlers that the token serves. Each counts as an attempt, and is the worker's until its lease
    is over: prolong it by heartbeats."""
    if not 0 <= asked.wait <= LONGEST_POLL:
        raise BadAnswer({"wait": f"{asked.wait} is not between 0 and {LONGEST_POLL:.0f} seconds"}, where="body")
    clock = asyncio.get_running_loop()
    until = clock.time() + asked.wait
    while True:  # nothing is held while waiting: no transaction, and no thread that others need
        found = await run_in_threadpool(
            external.claim, engine_of(request).shell, who, asked.worker, asked.max, asked.seconds
        )
        left = until - clock.time()
        if found or left <= 0 or request.app.state.stopping.is_set():
            return answer(200, Claimed(found))
        await asyncio.sleep(min(LOOK, left))
        if await request.is_disconnected():
            return answer(200, Claimed([]))  # to nobody, so nothing may be claimed any more


@router.post(
    "/{id}/heartbeat",
    summary="Prolong a lease",
    openapi_extra=request_of(Beat),
    responses={200: json_of(external.Prolonged), **_ONE},
)
def heartbeat(request: Request, id: str, who: Worker, asked: Annotated[Beat, Depends(body_of(Beat))]) -> Response:
    """Say that the work goes on. 409: the lease is lost, and whatever comes of the work changes nothing."""
    shell = engine_of(request).shell
    return answer(200, external.heartbeat(shell, who, id, asked.lease, asked.seconds, asked.progress))


@router.post(
    "/{id}/finish",
    summary="Report that the work is done",
    openapi_extra=request_of(Finish),
    responses={200: json_of(external.Settled), **_ONE},
)
def finish(request: Request, id: str, who: Worker, asked: Annotated[Finish, Depends(body_of(Finish))]) -> Response:
    """End the call. A result that the process cannot take makes it a failed attempt: `status` and `error` say so. The
    same report again has the same answer."""
    shell = engine_of(request).shell
    return answer(200, external.finish(shell, who, id, asked.lease, asked.outcome, asked.result))


@router.post(
    "/{id}/fail",
    summary="Report that the attempt has failed",
    openapi_extra=request_of(Fail),
    responses={200: json_of(external.Settled), **_ONE},
)
def fail(request: Request, id: str, who: Worker, asked: Annotated[Fail, Depends(body_of(Fail))]) -> Response:
    """Have it tried again as the process says, or not at all. The same report again has the same answer."""
    settled = external.fail(
        engine_of(request).shell,
        who,
        id,
        asked.lease,
        asked.error,
        give_up=asked.give_up,
        retry_after=asked.retry_after,
    )
    return answer(200, settled)


@router.post(
    "/{id}/leave",
    summary="Leave a call to somebody else",
    openapi_extra=request_of(Leave),
    responses={200: json_of(external.Settled), **_ONE},
)
def leave(request: Request, id: str, who: Worker, asked: Annotated[Leave, Depends(body_of(Leave))]) -> Response:
    """The work here is done, and whoever has the call's own token says how it ended. If nobody does in time, this
    attempt has failed. The same report again has the same answer."""
    return answer(200, external.leave(engine_of(request).shell, who, id, asked.lease, asked.within))
