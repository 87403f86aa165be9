"""Signing a program in by a code that a person types elsewhere, where he is signed in already (RFC 8628)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic, sleep
from typing import Any, TypeVar

import msgspec

from flowengine import exact
from flowengine.client.asking import JSON, LARGEST
from flowengine.client.line import TIMEOUT, Server
from flowengine.client.logins import Login
from flowengine.client.raising import error_of
from flowengine.client.routes import PREFIX
from flowengine.errors import AnswerRefused, FlowError, NotAllowed, Refused, Unreachable

SLOWER = 5.0
"""Seconds that are waited longer between two questions from then on, when the server asks for it."""

LONGEST = 3600.0
"""Seconds for which a code is waited for at most, whatever the server says."""


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is to type (``user_code``), and where; it is good for ``expires_in`` seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    expires_in: float
    interval: float = 5.0

    def __repr__(self) -> str:
        return f"Code(user_code={self.user_code!r}, verification_uri={self.verification_uri!r})"


Kind = TypeVar("Kind", bound=msgspec.Struct)


class _Token(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    person: str = ""
    expires: datetime | None = None


def sign_in(
    server: Server,
    client: str,
    show: Callable[[Code], object],
    *,
    wait: Callable[[float], object] = sleep,
    ticks: Callable[[], float] = monotonic,
) -> Login:
    """Ask for a code, ``show`` it, and wait until somebody has allowed or refused it; ``client`` says what asks.

    A server that does not answer for a while is asked again as long as the code is good. Raises NotAllowed where it was
    refused, Refused where its time ran out, Unreachable and AnswerRefused for a server that gives no code.
    """
    status, body = _post(server, "/device/code", {"client": client})
    if status >= 400:
        raise error_of(status, body)
    code = _as(Code, body)
    show(code)
    until = ticks() + min(max(code.expires_in, 1.0), LONGEST)
    pause = min(max(code.interval, 1.0), 60.0)
    while ticks() + pause < until:
        wait(pause)
        try:
            status, body = _post(server, "/device/token", {"device_code": code.device_code})
        except Unreachable:
            continue
        if status < 400:
            token = _as(_Token, body)
            return Login(token=token.token, person=token.person, expires=token.expires)
        match _error(body):
            case "authorization_pending":
                pass
            case "slow_down":
                pause += SLOWER
            case "access_denied":
                raise NotAllowed("it was refused where the code was typed", possible=("flow login URL",))
            case "expired_token":
                break
            case _ if status in (429, 502, 503, 504):
                pause += SLOWER
            case _:
                raise error_of(status, body)
    raise _expired()


def _expired() -> FlowError:
    return Refused("nobody has typed the code in time", possible=("flow login URL gives another",))


def _post(server: Server, path: str, body: Any) -> tuple[int, bytes]:
    answer = server.ask(
        "POST",
        PREFIX + path,
        {"content-type": JSON},
        exact.encode(body),
        within=TIMEOUT,
        largest=LARGEST,
    )
    return answer.status, answer.body


def _error(body: bytes) -> str:
    try:
        told = exact.decode(body)
    except (msgspec.MsgspecError, ValueError):
        return ""
    return str(told.get("error", "")) if isinstance(told, dict) else ""


def _as(kind: type[Kind], body: bytes) -> Kind:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError):
        raise AnswerRefused(
            "this server gives no codes to sign in by", possible=("flow login URL --token-stdin",)
        ) from None
