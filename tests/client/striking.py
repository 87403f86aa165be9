"""What strikes a desk on its way to a server, and a time in which nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from flowengine import Unreachable, exact
from flowengine.client.line import Answer, Server
from flowengine.outside import http


class Time:
    """Time that passes only while somebody waits for it; ``waits`` are the seconds that were waited for."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.waits: list[float] = []

    def ticks(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds


@dataclass
class Request:
    """One request as it was sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def answer(status: int, body: object = None, **headers: str) -> http.Answer:
    """An answer of JSON; a header's ``_`` stands for ``-``."""
    content = body if isinstance(body, bytes) else exact.encode(body)
    return http.Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def error(status: int, code: str, what: str = "it cannot be done", **headers: str) -> http.Answer:
    """An error as a server tells it."""
    return answer(status, {"error": code, "what": what, "where": "", "possible": []}, **headers)


def lost(*, in_doubt: bool = True) -> Unreachable:
    """A connection that breaks, or, without ``in_doubt``, is not made."""
    return Unreachable("the connection broke", where="shop.example:443", in_doubt=in_doubt)


@dataclass
class Scripted:
    """A server that answers one after the other; the last for ever. What is an exception is raised."""

    answers: Sequence[http.Answer | Exception]
    time: Time = field(default_factory=Time)
    takes: float = 0.0
    """Seconds that pass with each request."""
    sent: list[Request] = field(default_factory=list)
    within: list[float] = field(default_factory=list)
    """For how many seconds each was to be waited for."""

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, within: float, largest: int
    ) -> Answer:
        assert within > 0
        assert largest > 0
        self.within.append(within)
        self.sent.append(Request(method, path, dict(headers), body))
        self.time.seconds += self.takes
        found = self.answers[min(len(self.sent), len(self.answers)) - 1]
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Losing:
    """A server whose answers are lost after it has acted, so many in a row; ``strikes`` says on which requests."""

    server: Server
    losses: int = 1
    strikes: Callable[[str], bool] = lambda method: method != "GET"
    sent: list[Request] = field(default_factory=list)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, within: float, largest: int
    ) -> Answer:
        self.sent.append(Request(method, path, dict(headers), body))
        found = self.server.ask(method, path, headers, body, within=within, largest=largest)
        if self.losses and self.strikes(method):
            self.losses -= 1
            raise lost()
        return found

    def close(self) -> None:
        self.server.close()
