"""How a verb of a desk is asked and answered over HTTP: what the client sends and the server reads, in one place.

:data:`~flowengine.client.routes.ROUTES` says where a verb is asked, its signature on :class:`Desk` what it takes and
answers. :func:`asking` has both, for each side: :meth:`Asking.request` is what is sent for arguments,
:meth:`Asking.given` the arguments of what came; :meth:`Asking.content` is an answer as JSON, :meth:`Asking.answer` the
answer in JSON that came.

- An argument with its default is not sent. In a path and a query, texts stand as they are, truth values as ``true`` and
  ``false``, days and moments in ISO 8601, lists by their name being there again and again. In a body all is JSON.
- The request key is the header ``Idempotency-Key``, also of a verb without an argument for it. A receipt that was given
  before is sent as it was then, with the header ``Idempotent-Replayed: true``: :attr:`Receipt.repeated` is not in the
  body, but in this header.
- A list is an object, ``items`` and ``next``: what ``after`` has to be for the next page, null where there is none.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin, get_type_hints
from urllib.parse import quote

import msgspec
from msgspec import structs

from flowengine import exact
from flowengine.client.desk import Desk
from flowengine.client.routes import PREFIX, ROUTES, Route
from flowengine.core.values import altered, repeated_key
from flowengine.errors import BadAnswer, Malformed, NotFound
from flowengine.people.permissions import LOOKS
from flowengine.views.replies import Receipt

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"

NOTHING_TWICE = frozenset({"device", "begin_passkey", "begin_totp"})
"""Verbs that take no request key: they begin something that runs out by itself within minutes."""

MOST = 200
"""Rows that a page may have."""

MOST_WITHOUT_PAGES = 1_000
"""Rows that a list may have of which there is no next page."""

LONGEST_QUERY_LIST = 200
"""How often a name may be there in a query."""

Place: TypeAlias = Literal["path", "query", "body", "key"]

_INT = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_NAME_IN_PATH = re.compile(r"\{(\w+)\}")


class Argument(NamedTuple):
    """One argument of a verb: where it is sent, what it is (``kind`` is its annotation without None), and what it is
    when it is not sent."""

    name: str
    place: Place
    kind: Any
    required: bool
    default: Any = None


class Sent(NamedTuple):
    """What is sent: the path with its prefix, escaped; the query; the body, None for none; the request key."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: bytes | None
    key: str | None


@dataclass(frozen=True)
class Asking:
    """A verb over HTTP. ``answers`` is what it answers, or, where that is a ``listed`` one, what each row is."""

    route: Route
    about: str
    arguments: tuple[Argument, ...]
    answers: Any
    listed: bool

    # asking

    def request(self, given: Mapping[str, Any]) -> Sent:
        """What is sent for arguments by their names. Raises BadAnswer for values that JSON would change."""
        path, query, body, key = self.route.path, [], {}, None
        for one in self.arguments:
            value = given.get(one.name, one.default)
            if one.place == "path":
                path = path.replace(f"{{{one.name}}}", _in_path(one, value))
            elif one.place == "key":
                key = value
            elif not one.required and value == one.default:
                continue
            elif one.place == "query":
                query += [(one.name, text) for text in _texts(value)]
            else:
                body[one.name] = dict(value) if isinstance(value, Mapping) else value
        if wrong := altered(body):
            raise BadAnswer({wrong[0]: wrong[1]})
        sent = exact.encode(body) if any(one.place == "body" for one in self.arguments) else None
        return Sent(self.route.method, PREFIX + path, tuple(query), sent, key)

    def given(
        self, path: Mapping[str, str], query: Sequence[tuple[str, str]], body: bytes, key: str | None
    ) -> dict[str, Any]:
        """The arguments of what came: ``path`` has the unescaped parts. Raises BadAnswer, and Malformed for a body that
        is no JSON."""
        found = self._of_query(query) | self._of_body(body)
        for one in self.arguments:
            if one.place == "path":
                found[one.name] = _value(one, path[one.name], "path")
            elif one.place == "key" and key is not None:
                found[one.name] = key
        if "limit" in found and not 1 <= found["limit"] <= self.most:
            possible = ("after, for the next page",) if self.route.cursor else ()
            raise BadAnswer({"limit": f"is not from 1 to {self.most}"}, where="query", possible=possible)
        return found

    def _of_query(self, query: Sequence[tuple[str, str]]) -> dict[str, Any]:
        known = self._in_query
        texts: dict[str, list[str]] = {}
        for name, text in query:
            if name not in known:
                what = "is not known here" if name else "has no name"
                raise BadAnswer({name[:60]: what}, where="query", possible=sorted(known))
            texts.setdefault(name, []).append(text)
        if self._required_in_query - texts.keys():
            missing = {name: "is missing" for name, one in known.items() if one.required and name not in texts}
            raise BadAnswer(missing, where="query")
        return {name: _of_texts(known[name], several) for name, several in texts.items()}

    def _of_body(self, body: bytes) -> dict[str, Any]:
        if self.body is None:
            if body.strip():
                raise BadAnswer({"body": "is not taken here"}, where="body", possible=("leave it out",))
            return {}
        read = decoded(self._body_decoder, body or b"{}", self.body)
        found = {
            name: value for name in self.body.__struct_fields__ if (value := getattr(read, name)) is not msgspec.UNSET
        }
        for one in self._days:
            if found.get(one.name) is not None:
                found[one.name] = _day(one, found[one.name], "body")
        return found

    @cached_property
    def _in_query(self) -> dict[str, Argument]:
        return {one.name: one for one in self.arguments if one.place == "query"}

    @cached_property
    def _required_in_query(self) -> frozenset[str]:
        return frozenset(name for name, one in self._in_query.items() if one.required)

    @cached_property
    def _days(self) -> tuple[Argument, ...]:
        return tuple(one for one in self.arguments if one.place == "body" and one.kind is date)

    @cached_property
    def body(self) -> type[msgspec.Struct] | None:
        """The form of the body, which may have no fields; None where there is no body."""
        if self.route.method == "GET":
            return None
        fields = [
            (one.name, _in_body(one), msgspec.field(default=msgspec.UNSET))
            if not one.required
            else (one.name, _in_body(one))
            for one in self.arguments
            if one.place == "body"
        ]
        name = "".join(part.title() for part in self.route.verb.split("_"))
        return msgspec.defstruct(name, fields, frozen=True, kw_only=True, forbid_unknown_fields=True)

    @cached_property
    def _body_decoder(self) -> msgspec.json.Decoder[Any]:
        assert self.body is not None
        return exact.decoder(self.body)

    @cached_property
    def key(self) -> Argument | None:
        """The argument that is the request key, where the verb has one."""
        return next((one for one in self.arguments if one.place == "key"), None)

    @cached_property
    def limit(self) -> int | None:
        """How many rows there are in a page, unless it is said: as many as there may be, where in process it is all of
        them. None where there are no pages."""
        most = MOST if self.route.cursor else None
        return next((one.default or most for one in self.arguments if one.name == "limit"), None)

    @property
    def most(self) -> int:
        """How many rows may be asked for at once."""
        return MOST if self.route.cursor else MOST_WITHOUT_PAGES

    @cached_property
    def needs_key(self) -> bool:
        """Whether a request key must be sent: it changes something, and can tell a repetition."""
        return self.key is not None and self.route.method != "GET"

    @cached_property
    def takes_key(self) -> bool:
        """Whether it changes something, so that a request key may be sent: the verb's own, or one under which the verb
        is done once (:meth:`Desk.once`)."""
        return self.route.method != "GET" and self.route.verb not in LOOKS | NOTHING_TWICE

    # answering

    def content(self, answer: Any, limit: int | None = None) -> bytes:
        """An answer as JSON. ``limit`` is how many rows were asked for."""
        if isinstance(answer, Receipt) and answer.repeated:
            answer = structs.replace(answer, repeated=False)
        return exact.encode(self._page(answer, limit) if self.listed else answer)

    def _page(self, rows: Sequence[Any], limit: int | None) -> dict[str, Any]:
        more = self.route.cursor and limit is not None and len(rows) >= limit > 0
        return {"items": rows, "next": str(getattr(rows[-1], self.route.cursor)) if more else None}

    def answer(self, content: bytes, *, repeated: bool = False) -> Any:
        """The answer that JSON stands for; ``repeated``: it says so in its header. Raises msgspec.DecodeError for what
        no such answer is."""
        if self.listed:
            return [self._read(bytes(row)) for row in msgspec.json.decode(content, type=_Page).items]
        found = self._read(content)
        return structs.replace(found, repeated=True) if repeated and isinstance(found, Receipt) else found

    @cached_property
    def _read(self) -> Callable[[bytes], Any]:
        views, others = alternatives(self.answers)
        if not views:
            return exact.decoder(self.answers, trusted=True).decode
        read = {view: exact.decoder(view, trusted=True).decode for view in views}
        other: Any = exact.decoder(_either(others), trusted=True).decode if others else None
        only = next(iter(read.values())) if len(views) == 1 and not others else None

        def choose(content: bytes) -> Any:
            keys = msgspec.json.decode(content)
            fitting = [view for view in views if isinstance(keys, dict) and _required(view) <= keys.keys()]
            if fitting:
                best = max(fitting, key=lambda view: _likeness(view, keys))
                return read[best](content)
            return (other or read[views[0]])(content)

        return only or choose


class _Page(msgspec.Struct):
    items: list[msgspec.Raw]
    next: str | None = None


@cache
def asking(verb: str) -> Asking:
    """A verb over HTTP, by its name. Raises KeyError for one that does not cross."""
    route = _BY_VERB[verb]
    found = inspect.getattr_static(Desk, verb)
    function = found.fget if isinstance(found, property) else found
    hints = get_type_hints(function, include_extras=True)
    listed = get_origin(hints["return"]) is list
    answers = get_args(hints["return"])[0] if listed else hints["return"]
    about = inspect.getdoc(function) or ""
    return Asking(route, about, _arguments(route, function, hints), answers, listed)


def every_asking() -> tuple[Asking, ...]:
    """All verbs, in the order of the table."""
    return tuple(asking(route.verb) for route in ROUTES)


_BY_VERB = {route.verb: route for route in ROUTES}


def _arguments(route: Route, function: Any, hints: Mapping[str, Any]) -> tuple[Argument, ...]:
    parameters = {name: one for name, one in inspect.signature(function).parameters.items() if name != "self"}
    key = "request_key" if "request_key" in parameters else "key"
    in_path = set(_NAME_IN_PATH.findall(route.path))
    elsewhere: Place = "query" if route.method == "GET" else "body"
    return tuple(
        Argument(
            name,
            "path" if name in in_path else "key" if name == key else elsewhere,
            _given_kind(hints[name]),
            one.default is one.empty,
            None if one.default is one.empty else one.default,
        )
        for name, one in parameters.items()
    )


def _given_kind(annotation: Any) -> Any:
    """An annotation without None."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    kinds = [one for one in get_args(annotation) if one is not type(None)]
    return _either(kinds)


def _either(kinds: Sequence[Any]) -> Any:
    return Union[tuple(kinds)]  # noqa: UP007 - of kinds that are found here


def _in_body(one: Argument) -> Any:
    """The type of an argument in a body. What may be left out may be null where that is what its default says."""
    kind = one.kind
    if kind is datetime:
        kind = Annotated[datetime, msgspec.Meta(tz=True)]
    elif kind is date:
        kind = Annotated[str, msgspec.Meta(max_length=40, description="a day, or a moment with its zone")]
    if one.required:
        return kind
    return kind | None | msgspec.UnsetType if one.default is None else kind | msgspec.UnsetType


# texts


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):  # a moment is one too
        return value.isoformat()
    return str(value) if isinstance(value, int) else exact.encode(value).decode()


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [_text(one) for one in value] if isinstance(value, list | tuple) else [_text(value)]


def _in_path(one: Argument, value: Any) -> str:
    """A part of a path. Some texts cannot be one, and are the id of nothing."""
    text = _text(value)
    if text in ("", ".", ".."):
        raise NotFound(f"there is no {one.name} {text!r}, or it is not for you", where=text)
    return quote(text, safe="")


def _of_texts(one: Argument, texts: Sequence[str]) -> Any:
    if get_origin(one.kind) is Sequence:
        (kind,) = get_args(one.kind)
        if len(texts) > LONGEST_QUERY_LIST:
            raise BadAnswer({one.name: f"is there more than {LONGEST_QUERY_LIST} times"}, where="query")
        return [_value(one._replace(kind=kind), text, "query") for text in texts]
    if len(texts) > 1:
        raise BadAnswer({one.name: "is there more than once"}, where="query")
    return _value(one, texts[0], "query")


def _value(one: Argument, text: str, where: str) -> Any:
    """What a text in a path or a query stands for."""
    kind = one.kind
    if kind is str:
        return text
    if kind is bool:
        if text in ("true", "false"):
            return text == "true"
        raise BadAnswer({one.name: f"{text[:60]!r} is no truth value"}, where=where, possible=("true", "false"))
    if kind is int:
        if _INT.fullmatch(text):
            return int(text)
        raise BadAnswer({one.name: f"{text[:60]!r} is no whole number"}, where=where, possible=("a number as 20",))
    if kind in (date, datetime):
        return _day(one, text, where)
    if get_origin(kind) is Literal:
        if text in get_args(kind):
            return text
        raise BadAnswer({one.name: f"{text[:60]!r} is none"}, where=where, possible=get_args(kind))
    try:
        return exact.decoder(kind if kind is not Any else object).decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadAnswer({one.name: f"is no JSON that fits: {str(error)[:200]}"}, where=where) from None


def _day(one: Argument, text: str, where: str) -> date:
    """A moment, which has a zone, or, where a day will do, that."""
    try:
        if one.kind is date and len(text) == len("2026-05-04"):
            return date.fromisoformat(text)
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found
        wrong = "has no time zone"
    except ValueError:
        wrong = f"{text[:60]!r} is no moment" if one.kind is datetime else f"{text[:60]!r} is no day and no moment"
    possible = ("2026-05-04T09:00:00Z", *(("2026-05-04",) if one.kind is date else ()))
    raise BadAnswer({one.name: wrong}, where=where, possible=possible)


def decoded(decoder: msgspec.json.Decoder[Any], body: bytes, kind: type[msgspec.Struct]) -> Any:
    """The struct that the bytes stand for. Raises Malformed, and BadAnswer for what does not fit."""
    try:
        found = decoder.decode(body)
        if key := repeated_key(body):
            raise BadAnswer({key[:60]: "is there twice"}, where="body")
        return found
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        field = path.strip(".`") or "body"
        raise BadAnswer({field: what}, where="body", possible=kind.__struct_fields__) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"is no JSON: {str(error)[:200]}", where="body", possible=("a JSON object",)) from None
    except RecursionError:
        raise Malformed("is nested too deeply", where="body", possible=("a JSON object",)) from None


# answers


def alternatives(kind: Any) -> tuple[list[type[msgspec.Struct]], list[Any]]:
    """The views that an answer may be, those derived from one included, and what else it may be."""
    views: list[type[msgspec.Struct]] = []
    others: list[Any] = []
    for one in get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            views += [view for view in _derived(one) if view not in views]
        else:
            others.append(one)
    return views, others


def _derived(view: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    return [view, *(one for child in view.__subclasses__() for one in _derived(child))]


@cache
def _required(view: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(one.name for one in structs.fields(view) if one.required)


def _likeness(view: type[msgspec.Struct], keys: Mapping[str, Any]) -> tuple[int, int]:
    fields = set(view.__struct_fields__)
    return len(fields & keys.keys()), -len(fields - keys.keys())
