"""Who comes in: whoever shows a token of the scope that a door asks for. It is looked up at every request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeAlias

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from flowengine.commands.tokens import of_another_scope
from flowengine.core.values import Actor
from flowengine.engine import Engine
from flowengine.errors import BadToken
from flowengine.people.identities import By, person_of
from flowengine.speech.phrases import phrase
from flowengine.views.tokens import TokenView
from flowengine.web.cookies import SAFE, check_origin
from flowengine.web.security_log import asked_by

_BEARER = HTTPBearer(auto_error=False, description="A token of flow token create.")

Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]

Authenticate: TypeAlias = Callable[[Request], By | None]
"""Says who asks, None for nobody. It may ask the database: it is called in a thread. Raises BadToken, NotAllowed."""


def engine_of(request: Request) -> Engine:
    """The engine that the application works on."""
    engine: Engine = request.app.state.engine
    return engine


def asker(request: Request) -> By:
    """Who asks, as the application's ``authenticate`` says. Raises BadToken for nobody, NotAllowed for what a page of
    another site has had a browser ask in his name."""
    if request.method not in SAFE and "authorization" not in request.headers:
        check_origin(request, must_say=False)
    authenticate: Authenticate = request.app.state.authenticate
    who = authenticate(request)
    if who is None:
        raise _nobody()
    asked_by(request.scope, who.id if isinstance(who, Actor) else person_of(who))
    return who


def holder_of(*scopes: str) -> Callable[[Request, HTTPAuthorizationCredentials | None], TokenView]:
    """A dependency: whose token it is. Raises BadToken, and NotAllowed for a token of another scope.

    It is no coroutine, so that asking the database holds up nobody else.
    """

    def holder(request: Request, shown: Credentials) -> TokenView:
        if shown is None:
            raise _nobody()
        who = engine_of(request).token(shown.credentials)
        asked_by(request.scope, who.subject)
        if who.scope not in scopes:
            raise of_another_scope(who.scope, scopes)
        return who

    return holder


def _nobody() -> BadToken:
    return BadToken(phrase("a token is needed"), where="Authorization", possible=("Authorization: Bearer flow_…",))
