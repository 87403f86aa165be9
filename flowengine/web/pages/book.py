"""The pages of one noun: which function answers which address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from starlette.responses import Response

from flowengine.web.pages.visit import Visit

Answer: TypeAlias = Callable[[Visit], Response]
"""Answers a visit, in a thread. Raises what the engine raises: it is told on a page of its own."""

Audience: TypeAlias = Literal["anyone", "person"]
"""``anyone``: also who is not signed in; he may be asked to by the page itself. ``person``: who is signed in; others
are sent to sign in first, and come back."""


class Page(NamedTuple):
    """One page: ``path`` as Starlette writes it, ``{job}`` for a part that varies. A ``POST`` changes something, sends
    the session's CSRF token with it, and answers with a page only where nothing was changed."""

    method: Literal["GET", "POST"]
    path: str
    answer: Answer
    audience: Audience


class Book:
    """Pages that belong together."""

    def __init__(self) -> None:
        self._pages: list[Page] = []

    def __iter__(self) -> Iterator[Page]:
        return iter(self._pages)

    def get(self, path: str, audience: Audience = "person") -> Callable[[Answer], Answer]:
        """Have a function answer who looks at an address."""
        return self._add("GET", path, audience)

    def post(self, path: str, audience: Audience = "person") -> Callable[[Answer], Answer]:
        """Have a function answer what is posted to an address."""
        return self._add("POST", path, audience)

    def _add(self, method: Literal["GET", "POST"], path: str, audience: Audience) -> Callable[[Answer], Answer]:
        def add(answer: Answer) -> Answer:
            self._pages.append(Page(method, path, answer, audience))
            return answer

        return add
