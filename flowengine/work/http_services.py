"""Services over HTTP: one attempt of a call as a signed POST, and what the answer means.

The answer says by its status how the attempt went, and by the header ``Flow-Outcome`` how the service ended:

| status | meaning |
|-|-|
| 200 to 299 | the outcome, ``done`` unless ``Flow-Outcome`` names another; the body is the result, JSON or nothing |
| 202 | accepted: somebody completes the call later with its token, by default within a day (``Flow-Within: PT1H``) |
| 408, 409, 425, 429, 500 to 599 | failed; tried again, not before ``Retry-After`` |
| 300 to 399, other 400 to 499 | given up at once: the same request would be answered alike |

409 is tried again because a service that keeps idempotency keys answers so while the first request is still running.
Of the customer a service is told id and name: what else it needs to know is in ``input``, where the process says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import msgspec

from flowengine import exact, signing
from flowengine.commands.shell import Shell
from flowengine.core.values import Json, repeated_key
from flowengine.distribution import installing
from flowengine.errors import AnswerRefused, NotConfigured
from flowengine.language.durations import Duration
from flowengine.runtime.handlers import GiveUp, Handler, HandlerCall, Later, Outcome, TryLater
from flowengine.runtime.settings import UNSIGNED

if TYPE_CHECKING:
    from flowengine.outside.http import Answer, Client

OUTCOME, WITHIN = "flow-outcome", "flow-within"

LONGEST_OUTCOME = 120
LONGEST_WITHIN = timedelta(days=366)
"""How long a call may be left to be completed later."""

AGAIN = frozenset({408, 409, 425, 429})
"""Complaints after which the same request may be answered otherwise; so may each from 500 on."""

_WORDS = 200
_MARGIN = 1.0
"""Seconds by which a call over HTTP ends before its limit, so that it fails with its own words."""


class ServiceFailed(Exception):
    """The service answered that it failed this time. It is tried again."""


def over_http(shell: Shell, url: str, limit: Duration) -> Handler:
    """A handler that posts its call to the URL; as any handler it runs outside of transactions (L11)."""
    return lambda call: call_over_http(shell, call, url, limit)


def call_over_http(shell: Shell, call: HandlerCall, url: str, limit: Duration) -> Json | Outcome | Later:
    """Post one attempt and give what the service answered, as a Python handler would return it.

    Raises GiveUp where trying again is of no use, TryLater where the service says when, NotConfigured or AddressRefused
    where an operator has to do something first; whatever else it raises is a failed attempt.
    """
    body = exact.encode(document(call, shell.settings.url))
    headers = _headers(shell, call, body)
    within = limit.seconds - min(_MARGIN, limit.seconds / 10)
    try:
        answer = _client(shell).post(url, body, headers, within=within)
    except AnswerRefused as refused:
        if refused.final:
            raise GiveUp(str(refused)) from None
        raise
    return meaning(answer, shell.clock.now())


def document(call: HandlerCall, url: str = "") -> dict[str, Any]:
    """What is posted. ``complete`` is where the call can be completed with its token, where this installation has an
    address."""
    return {
        "job": call.job,
        "key": call.key,
        "process": call.process,
        "state": call.state,
        "attempt": call.attempt,
        "undo": call.undo,
        "input": call.input,
        "customer": {"id": call.customer.get("id", ""), "name": call.customer.get("name", "")},
        "token": call.token,
    } | ({"complete": f"{url}/api/v1/complete"} if url else {})


def meaning(answer: Answer, now: datetime) -> Json | Outcome | Later:
    """What an answer comes to, or raises, by the table above."""
    status, headers = answer.status, answer.headers
    if status in AGAIN or not 200 <= status < 500:
        said = f"it answered {status}{_first_words(answer.body)}"
        after = _retry_after(headers, now)
        if after is not None:
            raise TryLater(said, after)
        raise ServiceFailed(said)
    if status >= 300:
        raise GiveUp(f"it answered {status}{_first_words(answer.body)}")
    if status == 202:
        return Later(_within(headers))
    result = _result(answer.body)
    outcome = headers.get(OUTCOME, "").strip()
    if len(outcome) > LONGEST_OUTCOME:
        raise AnswerRefused(f"its outcome has {len(outcome)} characters", where=OUTCOME)
    return Outcome(outcome, result) if outcome else result


def _headers(shell: Shell, call: HandlerCall, body: bytes) -> dict[str, str]:
    """What a call is sent with: its key, the same at each attempt (L11), in two places, and this one's signature."""
    headers = {"idempotency-key": call.key, "webhook-id": call.key}
    if call.trace:
        headers["traceparent"] = call.trace
    secret = shell.settings.http_secret
    if not secret:
        raise NotConfigured(
            "calls over HTTP are signed, and there is no secret to sign them with",
            where="FLOW_HTTP_SECRET",
            possible=("whsec_ and random bytes in base64", f"{UNSIGNED}, to send them without a signature"),
        )
    if secret != UNSIGNED:
        headers |= signing.headers(secret.split(), call.key, shell.clock.now(), body)
    return headers


def _client(shell: Shell) -> Client:
    try:
        from flowengine.outside import http  # an extra; and the core starts without it
    except ModuleNotFoundError as missing:
        raise NotConfigured(
            f"calls over HTTP need the library {missing.name}",
            where="http",
            possible=(installing("http"),),
        ) from None
    return http.client(shell.settings.http_allow)


def _result(body: bytes) -> Json:
    if not body.strip():
        return None
    try:
        result: Json = exact.decode(body)
        if key := repeated_key(body):
            raise ValueError(f"{key[:60]!r} is there twice")
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise AnswerRefused(
            f"its answer is not JSON: {str(error)[:120]}", possible=("a JSON document", "204 and nothing")
        ) from None
    return result


def _within(headers: Mapping[str, str]) -> timedelta:
    text = headers.get(WITHIN, "").strip()
    if not text:
        return Later().within
    try:
        within = timedelta(seconds=Duration.parse(text).seconds)
    except (ValueError, OverflowError) as error:
        raise AnswerRefused(f"its {WITHIN} cannot be read: {error}", where=WITHIN) from None
    if not timedelta() < within <= LONGEST_WITHIN:
        raise AnswerRefused(f"its {WITHIN} is not a time from now to a year", where=WITHIN)
    return within


def _retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the service wants to be left alone: seconds or a date; None when it says nothing that can be read."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return timedelta(seconds=int(text))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta())


def _first_words(body: bytes) -> str:
    """The beginning of what a service said, on one line, for operators."""
    text = " ".join(body.decode("utf-8", "replace").split())
    plain = "".join(char if char.isprintable() else "?" for char in text)
    return f": {plain[:_WORDS]}" if plain else ""
