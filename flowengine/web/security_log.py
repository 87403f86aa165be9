"""What is logged of who comes in and who is refused: a line each, of the logger ``flowengine.security``.

A line says what was asked (the path as it stands in the code, for what was asked for may hold a secret), from which
address, and the exact id of who asked, where he is known. Nothing that somebody wrote or showed is in it. Who is
refused again and again fills no disk: of him some lines are written, and how many were left out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableMapping
from typing import Any

from flowengine.errors import TooMany
from flowengine.people.identities import Identity
from flowengine.web.limiting import Rates

LOG = logging.getLogger("flowengine.security")

REFUSED = frozenset({401, 403, 413, 421, 429})
"""Answers to who may not do so, or does too much."""

AT_ONCE, EVERY = 5, 10
"""Refusals of one person at one address that are logged at once, and seconds for which one more is."""

_WHO, _CODE = "flow.who", "flow.code"

_Scope = MutableMapping[str, Any]


def asked_by(scope: _Scope, who: str) -> None:
    """Remember for this request who asks."""
    scope[_WHO] = who


def came_to(scope: _Scope, code: str) -> None:
    """Remember for this request which error it came to."""
    scope[_CODE] = code


def signed_in(scope: _Scope, who: Identity) -> None:
    """Somebody has a session from now on."""
    asked_by(scope, who.person)
    facts = {"session": who.session, "strength": who.strength} | ({"job": who.job} if who.job else {})
    LOG.info("signed in", extra=_facts(scope) | facts)


def signed_out(scope: _Scope) -> None:
    """Somebody has ended his session in this browser."""
    LOG.info("signed out", extra=_facts(scope))


class Refusals:
    """Logs what was refused; for one thread, that of an application's event loop."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._rates = Rates(1 / EVERY, AT_ONCE, clock)
        self._left_out = 0

    def answered(self, scope: _Scope, status: int) -> None:
        """A request was answered: it is logged where it was refused, or was about what is not for who asked."""
        if status not in REFUSED and not (status == 404 and scope.get(_CODE) == "NotFound" and _WHO in scope):
            return
        facts: dict[str, str | int] = {**_facts(scope), "status": status, "code": scope.get(_CODE, "")}
        try:
            self._rates.take(f"{facts['address']} {facts.get('person', '')}")
        except TooMany:
            self._left_out += 1
            return
        if self._left_out:
            facts["left_out"], self._left_out = self._left_out, 0
        LOG.warning("refused", extra=facts)


def _facts(scope: _Scope) -> dict[str, str]:
    client = scope.get("client")
    route = getattr(scope.get("route"), "path", "?")
    facts = {"asked": f"{scope.get('method', '')} {route}", "address": client[0] if client else ""}
    return facts | ({"person": scope[_WHO]} if scope.get(_WHO) else {})
