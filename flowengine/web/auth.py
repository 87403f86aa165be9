"""Who comes in: whoever shows a token of the scope that a door asks for. It is looked up at every request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from flowengine.commands.tokens import TokenView
from flowengine.engine import Engine
from flowengine.errors import BadToken, NotAllowed

_BEARER = HTTPBearer(auto_error=False, description="A token of flow token create.")

Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]


def engine_of(request: Request) -> Engine:
    """The engine that the application works on."""
    engine: Engine = request.app.state.engine
    return engine


def holder_of(*scopes: str) -> Callable[[Request, HTTPAuthorizationCredentials | None], TokenView]:
    """A dependency: whose token it is. Raises BadToken, and NotAllowed for a token of another scope.

    It is no coroutine, so that asking the database holds up nobody else.
    """

    def holder(request: Request, shown: Credentials) -> TokenView:
        if shown is None:
            raise BadToken("a token is needed", where="Authorization", possible=("Authorization: Bearer flow_…",))
        who = engine_of(request).token(shown.credentials)
        if who.scope not in scopes:
            raise NotAllowed(
                f"a token of the scope {who.scope} is not for this", where="Authorization", possible=scopes
            )
        return who

    return holder
