"""A TCP proxy in front of a database, which breaks as networks do.

>>> from pathlib import Path
>>> with Proxy(Path("/nowhere/.s.PGSQL.5432")) as proxy:
...     proxy.blackhole()
...     proxy.heal()
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from waiting import join

PATIENCE = 60.0
"""Seconds after which a server that takes nobody in is taken to be gone."""

COMMIT = b"COMMIT\x00"
"""The word as it stands in PostgreSQL's protocol, whether it is sent alone or in a pipeline."""

NOW = struct.pack("ii", 1, 0)
"""SO_LINGER so that closing resets the connection: nothing more is delivered to either side."""


class Proxy:
    """Passes bytes between clients and a server (a Unix socket, or host and port) until it is told otherwise.

    A thread for each direction of each connection; all end with :meth:`close`.
    """

    def __init__(self, server: Path | tuple[str, int]) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.host, self.port = self._listener.getsockname()
        self.delay = 0.0
        """Seconds that each piece of data waits before it is passed on."""
        self.lost = 0
        """How many commits were lost by :meth:`lose_commit`."""
        self._changed = threading.Condition()
        self._open = True
        self._holding = False
        self._refusing = False
        self._losing: str | None = None
        self._and_refuse = False
        self._links: set[Link] = set()
        self._thread = threading.Thread(target=self._accept, name="proxy", daemon=True)
        self._thread.start()

    def url(self, database: str = "postgres", user: str = "postgres", **more: str) -> str:
        """The address of a database behind the proxy."""
        rest = "&".join(
            f"{key}={value}" for key, value in ({"sslmode": "disable", "gssencmode": "disable"} | more).items()
        )
        return f"postgresql+psycopg://{user}@{self.host}:{self.port}/{database}?{rest}"

    def blackhole(self) -> None:
        """Take what is sent, and deliver nothing, in both directions, until :meth:`heal`. What was held is delivered
        then, as packets are that were sent again."""
        with self._changed:
            self._holding = True

    def refuse(self) -> None:
        """Close each new connection at once, and those that there are, until :meth:`heal`."""
        with self._changed:
            self._refusing = True
        self.cut()

    def heal(self) -> None:
        """Pass everything on again."""
        with self._changed:
            self._holding = self._refusing = False
            self._losing = None
            self.delay = 0.0
            self._changed.notify_all()

    def cut(self) -> int:
        """Reset all connections, on both sides; gives how many there were."""
        with self._changed:
            links = list(self._links)
        for link in links:
            link.cut()
        return len(links)

    def lose_commit(self, when: str, *, and_refuse: bool = False) -> None:
        """Cut the next connection on which a COMMIT comes, once.

        ``before``: the server never hears of it. ``after``: the server has answered, the client never hears that.
        ``racing``: it is passed on, and the client is cut off without waiting for the server.
        ``late``: the client is cut off first, and the server hears of it when :meth:`release` is called.
        With ``and_refuse`` no new connection is taken from that moment on, until :meth:`heal`.
        """
        assert when in ("before", "after", "racing", "late"), when
        with self._changed:
            self._losing = when
            self._and_refuse = and_refuse

    def release(self) -> None:
        """Let the COMMIT of ``late`` reach the server."""
        with self._changed:
            self._losing = None
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._open = False
            self._changed.notify_all()
        join(self._thread)
        self.cut()
        for link in list(self._links):
            link.join()
        self._listener.close()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # what the links ask

    def _accept(self) -> None:
        while self._open:
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            client.settimeout(None)
            try:
                if self._refusing:
                    raise ConnectionRefusedError
                server = self._connect()
            except OSError:
                _reset(client)
                continue
            with self._changed:
                link = Link(self, client, server)
                self._links.add(link)
            link.start()

    def _connect(self) -> socket.socket:
        if isinstance(self._server, tuple):
            made = socket.create_connection(self._server, timeout=PATIENCE)
        else:
            made = socket.socket(socket.AF_UNIX)
            made.settimeout(PATIENCE)  # one that stands still, with many at its door, takes nobody in
            try:
                made.connect(str(self._server))
            except OSError:
                made.close()
                raise
        made.settimeout(None)
        return made

    def pause(self) -> None:
        """Wait while nothing is to be delivered."""
        if self.delay:
            time.sleep(self.delay)
        with self._changed:
            while self._holding and self._open:
                self._changed.wait()

    def loses(self, data: bytes) -> str | None:
        """How a commit among these bytes is to be lost, if it is; only one is."""
        if self._losing in (None, "done", "waiting") or COMMIT not in data:
            return None
        with self._changed:
            when = self._losing
            if when in ("before", "after", "racing", "late"):
                self._losing = "waiting" if when == "late" else "done"
                self.lost += 1
                self._refusing = self._and_refuse
                return when
        return None

    def wait_for_release(self) -> None:
        with self._changed:
            while self._losing == "waiting" and self._open:
                self._changed.wait()

    def forget(self, link: Link) -> None:
        with self._changed:
            self._links.discard(link)


class Link:
    """One client's connection and the server's."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._swallowing = False
        self._ended = 0
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name="proxy-link", daemon=True)
            for work in (self._upwards, self._downwards)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        join(*self._threads)

    def cut(self) -> None:
        """Reset both sides."""
        for one in (self._client, self._server):
            _hang_up(one)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except OSError:
            pass  # one of the sides is gone: so goes the other
        finally:
            self.cut()
            with self._lock:
                self._ended += 1
                last = self._ended == 2
            if last:
                self._client.close()
                self._server.close()
                self._proxy.forget(self)

    def _upwards(self) -> None:
        before = b""
        while data := self._client.recv(65536):
            self._proxy.pause()
            when = self._proxy.loses(before + data)
            if when is not None and self._lost(when, data):
                return
            before = data[-len(COMMIT) + 1 :]
            self._server.sendall(data)

    def _lost(self, when: str, data: bytes) -> bool:
        """Lose the commit among these bytes; whether the link ends with it at once."""
        if when == "before":
            return True
        if when == "after":
            self._swallowing = True  # until the answer: the end of the pipeline may come with the next bytes
            return False
        if when == "late":
            _hang_up(self._client)
            self._proxy.wait_for_release()
        self._server.sendall(data)
        return True

    def _downwards(self) -> None:
        before = b""
        while data := self._server.recv(65536):
            self._proxy.pause()
            if self._swallowing:
                if COMMIT in before + data:  # so it is called in the answer, too
                    return
                before = data[-len(COMMIT) + 1 :]
            else:
                self._client.sendall(data)


def _hang_up(one: socket.socket) -> None:
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW)
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it is closed already


def _reset(one: socket.socket) -> None:
    _hang_up(one)
    one.close()
