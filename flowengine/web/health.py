"""Whether the server lives, and whether it can do its work: for load balancers and supervisors. Nobody has to say who
he is, so nothing is told but that."""

from __future__ import annotations

from functools import partial

import anyio
from anyio import CapacityLimiter
from fastapi import APIRouter, Request, Response

from flowengine.engine import Engine
from flowengine.errors import FlowError
from flowengine.web.auth import engine_of
from flowengine.web.errors import LOG, answer

PATIENCE = 5.0
"""Seconds in which the database must answer."""

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="Whether the server lives")
async def live() -> Response:
    """It answers, whatever the database does."""
    return answer(200, {"status": "alive"})


@router.get("/ready", summary="Whether the database answers", responses={503: {"description": "it does not"}})
async def ready(request: Request) -> Response:
    """It answers 503 while the database does not: nothing can be done then."""
    answered = False
    with anyio.move_on_after(PATIENCE):
        ask = partial(_answers, engine_of(request))
        answered = await anyio.to_thread.run_sync(ask, abandon_on_cancel=True, limiter=_asking(request))
    return answer(200, {"status": "ready"}) if answered else answer(503, {"status": "the database does not answer"})


def _asking(request: Request) -> CapacityLimiter:
    """Threads of its own, few: those who ask while the database hangs must not take the threads of the others."""
    state = request.app.state
    if not hasattr(state, "asking"):
        state.asking = CapacityLimiter(2)
    limiter: CapacityLimiter = state.asking
    return limiter


def _answers(engine: Engine) -> bool:
    try:
        engine.database.revision()
    except FlowError as error:
        LOG.warning("the database does not answer: %s", error)
        return False
    return True
