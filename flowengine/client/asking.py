"""One request to a server, and what is known of it: whether it may change anything, and may be sent again."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from flowengine import exact
from flowengine.client.desk import Desk
from flowengine.client.routes import BY_HAND, NEAR_ONLY, PREFIX
from flowengine.client.wire import asking
from flowengine.errors import BadAnswer, Refused
from flowengine.people.permissions import LOOKS
from flowengine.views.keyed import Keyed

JSON = "application/json"
_ENCODE = exact.encoder(order="deterministic").encode

BYTES = "application/octet-stream"

LARGEST = 16 * 1024 * 1024
"""Bytes of an answer that are taken."""

LARGEST_FILE = 1024 * 1024 * 1024
"""Bytes of a file that are taken."""

LONG = frozenset(
    {"audit", "migrate_all", "erase", "leave", "hand_over", "retry_all", "archivable", "attach", "file_data"}
)
"""Verbs that go through all jobs, or through all of a person's or a process's, and files."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. ``path`` is what comes behind the server's address, with the query; ``media`` says what the body
    is; ``key`` is the request key, None where the caller gave none, and ``keyed`` whether it goes with one; ``dry``: it
    only asks what would come. ``harmless``: done twice it does no more than once. At most ``largest`` bytes are
    answered."""

    verb: str
    method: str
    path: str
    body: bytes | None = None
    media: str = JSON
    key: str | None = None
    keyed: bool = False
    dry: bool = False
    harmless: bool = False
    largest: int = LARGEST

    @property
    def changes(self) -> bool:
        """Whether it may change anything."""
        return self.method != "GET" and self.verb not in LOOKS and not self.dry

    @property
    def long(self) -> bool:
        """Whether it goes through so much at once that it may take minutes."""
        return self.verb in LONG

    @property
    def repeatable(self) -> bool:
        """Whether it may be asked again when nobody knows if it was done: once done, it is not done twice."""
        return not self.changes or self.keyed or self.harmless


def asked(verb: str, given: tuple[Any, ...], named: Mapping[str, Any], key: str = "") -> Asked:
    """The request of a verb with its arguments, under a request ``key`` where they have none.

    Raises Refused for a verb that stays where the database is, NotFound for an id that nothing has, and BadAnswer for
    what is no JSON.
    """
    if verb in NEAR_ONLY:
        raise Refused(
            f"{verb} writes a file where the database is, and is not done over HTTP",
            where=verb,
            possible=("do it at the server, with the address of its database",),
        )
    how = asking(verb)
    arguments = _signature(verb).bind(*given, **named).arguments if given or named else {}
    for name, value in arguments.items():
        if isinstance(value, datetime) and value.tzinfo is None:
            possible = ("2026-05-01T09:00:00+02:00",)
            raise BadAnswer({name: f"{value} is no moment: it needs its zone"}, possible=possible)
    try:
        sent = how.request(arguments)
        query = urlencode(sent.query)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:  # UnicodeEncodeError is a ValueError
        raise _no_json(error) from None
    path = f"{sent.path}?{query}" if query else sent.path
    return Asked(
        verb,
        sent.method,
        path,
        sent.body,
        key=_key(sent.key if sent.key is not None or not how.takes_key else key or None),
        keyed=how.takes_key,
        dry=bool(arguments.get("dry")),
        harmless=sent.method == "PUT",
    )


def keyed(verb: str, given: tuple[Any, ...], named: Mapping[str, Any], key: str) -> Keyed | None:
    """The request of a verb under a key; None where the verb takes none, or is only tried. Raises BadAnswer for what
    is no JSON."""
    if verb in NEAR_ONLY | BY_HAND or not asking(verb).takes_key:
        return None
    arguments = _signature(verb).bind(*given, **named).arguments
    if arguments.get("dry"):
        return None
    names = [arguments[one.name] for one in asking(verb).arguments if one.place == "path"]
    try:
        return Keyed(verb, key, _ENCODE(arguments), tuple(one for one in names if isinstance(one, str)))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _no_json(error) from None


def _no_json(error: Exception) -> BadAnswer:
    return BadAnswer({"": f"is not JSON: {str(error)[:200]}"}, possible=("plain JSON",))


def uploaded(name: str, data: bytes, job: str = "") -> Asked:
    """The request of ``attach``, whose body is the file. Sent twice, it leaves a file that nobody uses, for a day."""
    query = {"name": name, "job": job} if job else {"name": name}
    try:
        path = f"{PREFIX}/files?{urlencode(query)}"
    except UnicodeEncodeError:
        raise BadAnswer({"name": "has half a character in it"}, possible=("whole characters",)) from None
    return Asked("attach", "POST", path, data, media=BYTES, harmless=True)


def opened(id: str) -> Asked:
    """The request of ``file_data``, whose answer is the file."""
    return Asked("file_data", "GET", f"{asked('file', (id,), {}).path}/data", largest=LARGEST_FILE)


@cache
def _signature(verb: str) -> inspect.Signature:
    whole = inspect.signature(getattr(Desk, verb))
    return whole.replace(parameters=[one for name, one in whole.parameters.items() if name != "self"])


def _key(key: str | None) -> str | None:
    """A request key as it can go in a header. Raises Refused."""
    if key is not None and not (key and key.isascii() and key.isprintable() and key == key.strip()):
        raise Refused(
            f"a request key of {key[:60]!r} cannot be sent",
            where="key",
            possible=("1 to 200 printable ASCII characters, without space at the ends",),
        )
    return key
