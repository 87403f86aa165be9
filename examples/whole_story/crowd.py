"""Very many people at once: what they ask goes over a bounded number of connections, each of which waits for its
answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from .person import NotAsTold

CONNECTIONS = 24
PATIENCE = 60.0
"""Seconds in which an answer has to come."""


@dataclass(frozen=True)
class Wish:
    """One request: who asks, by his token, for what, under which key."""

    token: str
    path: str
    body: dict[str, Any]
    key: str = ""


@dataclass(frozen=True)
class Came:
    """What came of it: the status, and what was answered."""

    status: int
    answer: Any


def ask_all(port: int, wishes: Sequence[Wish], done: Callable[[], None] = lambda: None) -> tuple[list[Came], float]:
    """What came of each, in their order, and the seconds that all took; ``done`` is called as one is granted. Raises
    NotAsTold where a server has no time at all."""
    began = perf_counter()
    came = asyncio.run(_all(port, wishes, done))
    return came, perf_counter() - began


async def _all(port: int, wishes: Sequence[Wish], done: Callable[[], None]) -> list[Came]:
    came: list[Came | None] = [None] * len(wishes)
    left = iter(enumerate(wishes))

    async def one_after_the_other() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for place, wish in left:
            came[place] = one = await _asked(reader, writer, wish)
            if one.status < 300:
                done()
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one_after_the_other() for _ in range(min(CONNECTIONS, len(wishes)))))
    return [one for one in came if one is not None]


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wish: Wish) -> Came:
    """One answer; where the server has no time it is asked again, as it says."""
    for _ in range(20):
        content = json.dumps(wish.body).encode()
        head = f"POST /api/v1{wish.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {wish.token}\r\n"
        head += f"Idempotency-Key: {wish.key}\r\n" if wish.key else ""
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        async with asyncio.timeout(PATIENCE):
            told = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(told.partition("content-length: ")[2].partition("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
        status = int(told.split()[1])
        if status not in (429, 503):
            return Came(status, body)
        await asyncio.sleep(float(told.partition("retry-after: ")[2].partition("\r\n")[0] or 1))
    raise NotAsTold(f"{wish.path}: the server has never time")
