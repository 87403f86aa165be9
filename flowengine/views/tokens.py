"""Tokens as they are told of: without their secrets, but for the once when they are new."""

from __future__ import annotations

from datetime import datetime

from flowengine.views.replies import View


class TokenView(View, frozen=True, kw_only=True):
    """A token without its secret. ``id`` is short and public, ``subject`` names the holder; ``handlers`` are those that
    a worker's token serves."""

    id: str
    scope: str
    subject: str
    handlers: tuple[str, ...] = ()
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None


class IssuedToken(TokenView, frozen=True, kw_only=True):
    """A new token. ``token`` is the secret itself, which is never shown again."""

    token: str

    def __repr__(self) -> str:
        return f"IssuedToken(id={self.id!r}, scope={self.scope!r}, subject={self.subject!r})"
