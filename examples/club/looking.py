"""Somebody who looks at the page of a vote again and again while it runs: how far it is behind."""

from __future__ import annotations

import re
from bisect import bisect_right
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Any

import httpx

from examples.whole_story.installation import Installation
from examples.whole_story.person import NotAsTold
from flowengine import Engine

PAUSE = 0.25
"""Seconds between two looks."""
BEHIND = 1.0
"""Seconds that the page may be behind what has been answered."""
STEPS = 10
"""Ballots in steps of which the file lets the result be told."""
_CAST = re.compile(r"([\d,.]+) of ([\d,.]+) (?:have|has) voted")


class Looking:
    """A member's browser at a step, as long as the block lasts. ``acknowledged`` is to be called for each ballot that
    was answered as taken."""

    def __init__(self, place: Installation, member: str, step: str) -> None:
        with Engine(place.address, clock=place.clock) as engine:
            secret = engine.sign_in(member).secret
        self._http = httpx.Client(base_url=place.url, cookies={"flow": secret}, timeout=30)
        self._path = f"/steps/{step}"
        self._answered: list[float] = []
        self._seen: list[tuple[float, int]] = []
        self._over = Event()
        self._thread = Thread(target=self._look, name="looks at the vote")

    def acknowledged(self) -> None:
        """A ballot has been taken just now."""
        self._answered.append(monotonic())

    def _look(self) -> None:
        while not self._over.wait(PAUSE):
            asked = monotonic()
            shown = _CAST.search(self._http.get(self._path).text)
            if shown is not None:
                self._seen.append((asked, int(re.sub(r"\D", "", shown[1]))))

    def tell(self) -> None:
        """How often it was looked, and how far the page was behind. Raises NotAsTold where that is too far."""
        late = 0
        for asked, shown in self._seen:
            late = max(late, bisect_right(self._answered, asked - BEHIND) - shown)
        if late > STEPS:
            raise NotAsTold(f"the page was {late} ballots behind those of {BEHIND:g} s before")
        if self._seen:
            print(f"\n  … the page was looked at {len(self._seen)} times, and was never {BEHIND:g} s behind …")

    def __enter__(self) -> Looking:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._http.close()


def ask(url: str, path: str, token: str) -> Any:
    """What is answered of a path of the interface. Raises NotAsTold."""
    answer = httpx.get(f"{url}/api/v1{path}", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    if answer.is_error:
        raise NotAsTold(f"GET {path} is answered with {answer.status_code}: {answer.text}")
    return answer.json()
