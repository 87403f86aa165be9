"""What a verb of a desk asks over HTTP: its row of the table, filled in with what it was given."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from flowengine import exact
from flowengine.client.desk import Desk
from flowengine.client.routes import NEAR_ONLY, PREFIX, ROUTES, Method
from flowengine.core.fields import as_plain
from flowengine.errors import BadAnswer, NotFound, Refused

KEY = "Idempotency-Key"
"""The header in which the request key goes."""

_ROUTES = {route.verb: route for route in ROUTES}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. ``path`` is what comes behind the server's address, with the query; ``key`` the request key, None
    where the caller gave none, and ``keyed`` whether the verb takes one."""

    verb: str
    method: Method
    path: str
    body: bytes = b""
    key: str | None = None
    keyed: bool = False
    dry: bool = False

    @property
    def changes(self) -> bool:
        """Whether it may change anything."""
        return self.method != "GET" and not self.dry

    @property
    def repeatable(self) -> bool:
        """Whether it may be asked again when nobody knows if it was done: once done, it is not done twice."""
        return not self.changes or self.keyed or self.method == "PUT"


def asked(verb: str, given: tuple[Any, ...], named: Mapping[str, Any]) -> Asked:
    """The request of a verb with its arguments. What has its default is left out, so that an older server is asked
    nothing that it does not know.

    Raises Refused for a verb that stays where the database is, NotFound for an empty id, and BadAnswer for what is not
    JSON.
    """
    if verb in NEAR_ONLY:
        raise Refused(
            f"{verb} writes a file where the database is, and is not done over HTTP",
            where=verb,
            possible=("do it at the server, with the address of its database",),
        )
    route, arguments = _ROUTES[verb], _arguments(verb, given, named)
    header = _key_of(verb)
    key = _key(arguments.pop(header, None))
    parts = {name: _part(name, arguments.pop(name)) for name in _names(route.path)}
    path = PREFIX + route.path.format(**parts)
    sent = {name: value for name, value in arguments.items() if value != _defaults(verb)[name]}
    dry = bool(arguments.get("dry"))
    if route.method in ("GET", "DELETE"):
        query = urlencode([(name, _text(one)) for name, value in sent.items() for one in _each(value)])
        return Asked(verb, route.method, f"{path}?{query}" if query else path, key=key)
    body = exact.encode({name: _json(name, value) for name, value in sent.items()})
    return Asked(verb, route.method, path, body, key, keyed=bool(header), dry=dry)


@cache
def _signature(verb: str) -> inspect.Signature:
    whole = inspect.signature(getattr(Desk, verb))
    return whole.replace(parameters=[one for name, one in whole.parameters.items() if name != "self"])


@cache
def _defaults(verb: str) -> dict[str, Any]:
    return {name: one.default for name, one in _signature(verb).parameters.items()}


@cache
def _key_of(verb: str) -> str:
    """The argument that is the request key: empty for verbs that take none."""
    names = _signature(verb).parameters
    return next((name for name in ("request_key", "key") if name in names), "")


def _key(key: str | None) -> str | None:
    """A request key as it can go in a header. Raises Refused."""
    if key is not None and not (key and key.isascii() and key.isprintable() and key == key.strip()):
        raise Refused(
            f"a request key of {key[:60]!r} cannot be sent",
            where="key",
            possible=("1 to 200 printable ASCII characters, without space at the ends",),
        )
    return key


@cache
def _names(path: str) -> tuple[str, ...]:
    return tuple(part[1:-1] for part in path.split("/") if part.startswith("{"))


def _arguments(verb: str, given: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
    bound = _signature(verb).bind(*given, **named)
    bound.apply_defaults()
    return dict(bound.arguments)


def _part(name: str, value: Any) -> str:
    """A part of a path; nothing in it ends the part or leads elsewhere (``/``, ``..``)."""
    text = _text(value)
    if not text:
        raise NotFound(f"there is no {name.removesuffix('_id').replace('_', ' ')} ''")
    try:
        return quote(text, safe="").replace(".", "%2E") if not text.strip(".") else quote(text, safe="")
    except UnicodeEncodeError:
        raise _no_json(name) from None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def _each(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _json(name: str, value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        return as_plain(list(value) if isinstance(value, tuple) else value, name=name)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _no_json(name) from None
    return value


def _no_json(name: str) -> BadAnswer:
    return BadAnswer({name: "has half a character in it"}, possible=("whole characters",))
