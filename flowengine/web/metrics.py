"""``GET /metrics``: for Prometheus, which shows a token of the scope ``metrics`` or ``operator``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from flowengine.views.tokens import TokenView
from flowengine.web.auth import holder_of
from flowengine.web.bodies import error_of
from flowengine.worker.metrics import CONTENT_TYPE, Metrics

router = APIRouter(tags=["operating"])

Reader = Annotated[TokenView, Depends(holder_of("metrics", "operator"))]


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={401: error_of("no valid token"), 403: error_of("a token of another scope")},
)
def metrics(request: Request, _: Reader) -> Response:
    """What this server did, and what is open, due and given up in the database."""
    found: Metrics = request.app.state.metrics
    return Response(found.text(), media_type=CONTENT_TYPE)
