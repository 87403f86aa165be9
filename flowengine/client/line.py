"""The line to a server: a request is made again until it is answered, as long as that cannot do anything twice.

An act goes with one request key however often it is sent, so the server does it once (L3) and the repeat is told what
the first has come to. What has no key and may have been done is not sent again. Where a line gives up it says whether
what was asked may have been done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from time import monotonic, sleep
from typing import Protocol
from uuid import uuid4

from flowengine.backoff import Backoff
from flowengine.client.asking import Asked
from flowengine.client.raising import error_of
from flowengine.client.wire import KEY_HEADER
from flowengine.errors import AnswerRefused, BadAnswer, BadToken, ConnectionLost, FlowError, Unreachable

TIMEOUT = 10.0
"""Seconds for which one request is waited for, everything from the look-up of the name to the last byte."""

LONG_TIMEOUT = 600.0
"""Seconds for which what goes through very much at once is waited for."""

PATIENCE = 30.0
"""Seconds after which what was not answered is not sent again."""

TRIES = 6
"""How often a request is sent at most."""

BACKOFF = Backoff(timedelta(milliseconds=200), timedelta(seconds=5), chance=0.5)

_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")

_PASSING = frozenset((429, 502, 503, 504))
"""Statuses that may be another a moment later."""


class Answer(Protocol):
    """What came back; names of headers are in small letters."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Server(Protocol):
    """What sends one request and waits for its answer: :class:`flowengine.outside.http.Server`."""

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, within: float, largest: int
    ) -> Answer:
        """The answer, whatever its status. Raises Unreachable and AnswerRefused."""

    def close(self) -> None:
        """Close all connections."""


def new_key() -> str:
    """A request key that nobody else has."""
    return str(uuid4())


class Line:
    """Asks one server for one token, in one language, from as many threads as wanted. ``where`` is the server's address
    for errors.

    ``timeout``, ``long_timeout`` (of what goes through very much at once) and ``patience`` are seconds; ``key_of``
    makes request keys; ``wait`` and ``ticks`` are the clock by which it waits and counts.
    """

    def __init__(
        self,
        server: Server,
        where: str,
        token: str = "",
        *,
        language: str = "",
        timeout: float = TIMEOUT,
        long_timeout: float = LONG_TIMEOUT,
        patience: float = PATIENCE,
        key_of: Callable[[], str] = new_key,
        wait: Callable[[float], object] = sleep,
        ticks: Callable[[], float] = monotonic,
    ) -> None:
        self._server = server
        self._where = where
        self._headers = {"authorization": f"Bearer {_token(token)}"} if token else {}
        if language:
            self._headers["accept-language"] = _tag(language)
        self._timeouts = {False: timeout, True: max(timeout, long_timeout)}
        self._patience = patience
        self._key_of = key_of
        self._wait = wait
        self.ticks = ticks
        self._random = Random()

    def close(self) -> None:
        self._server.close()

    def ask(self, asked: Asked) -> Answer:
        """What is answered to a request.

        Raises the errors that the server tells; ConnectionLost where it cannot be reached or says nothing to the end,
        ``in_doubt`` where what was asked may have been done; AnswerRefused for what cannot be taken.
        """
        key = asked.key if asked.key is not None else self._key_of() if asked.keyed else ""
        headers = self._headers | ({KEY_HEADER: key} if key else {})
        if asked.body is not None:
            headers["content-type"] = asked.media
        body = asked.body or b""
        until, doubt, tries = self.ticks() + self._patience, False, 0
        while True:
            tries += 1
            within = self._timeouts[asked.long]
            if not asked.long:
                within = max(min(within, until - self.ticks()), 0.001)
            try:
                answer = self._server.ask(asked.method, asked.path, headers, body, within=within, largest=asked.largest)
            except Unreachable as error:
                trouble: FlowError = error
                pause, unknown = 0.0, error.in_doubt
            except AnswerRefused as error:
                raise self._unfit(asked, key, error) from None
            else:
                if answer.status < 400:
                    return answer
                trouble = error_of(answer.status, answer.body)
                if answer.status not in _PASSING:
                    raise trouble
                pause = _retry_after(answer.headers)
                unknown = answer.status in (502, 504) or isinstance(trouble, ConnectionLost)
            doubt = doubt or (unknown and asked.changes)
            pause = max(pause, BACKOFF.wait(tries, self._random).total_seconds())
            again = asked.repeatable or not doubt
            if not again or tries >= TRIES or self.ticks() + pause >= until:
                raise self._given_up(trouble, key, doubt) from None
            self._wait(pause)

    def _given_up(self, trouble: FlowError, key: str, doubt: bool) -> FlowError:
        """What is said at the end: the server's own words, unless what was asked may have been done."""
        if not doubt and not isinstance(trouble, Unreachable):
            return trouble
        if not doubt:
            return ConnectionLost(f"the server does not answer: {trouble.what}", where=self._where)
        return ConnectionLost(
            f"whether it was done is not known: {trouble.what}",
            where=self._where,
            possible=_look(key),
            in_doubt=True,
        )

    def _unfit(self, asked: Asked, key: str, error: AnswerRefused) -> FlowError:
        """An answer that cannot be taken. A redirect did nothing; whatever else it was, the server may have acted."""
        error.where = self._where
        if asked.changes and not error.final:
            error.what = f"whether it was done is not known: {error.what}"
            error.possible = (*_look(key), *error.possible)
        return error


def _look(key: str) -> tuple[str, ...]:
    again = (f"ask the same again with the key {key}, which does nothing twice",) if key else ()
    return (*again, "look whether it was done")


def _token(text: str) -> str:
    """A token as it may stand in a header. Raises BadToken, which does not repeat it."""
    if not text.isascii() or not text.isprintable() or " " in text:
        raise BadToken("this is no token", where="token", possible=("the whole token on one line: flow_…",))
    return text


def _tag(language: str) -> str:
    """A language as it may stand in a header. Raises BadAnswer."""
    if not _TAG.fullmatch(language):
        raise BadAnswer({"language": f"{language[:60]!r} is no language"}, possible=("en", "de"))
    return language


def _retry_after(headers: Mapping[str, str]) -> float:
    """The seconds that the server asks for; 0 where it says none, or a date."""
    told = headers.get("retry-after", "").strip()
    return float(told) if told.isascii() and told.isdigit() and len(told) < 10 else 0.0
