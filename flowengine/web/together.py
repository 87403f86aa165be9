"""Several processes that serve one PostgreSQL behind one address. Each listens there by itself, and the system deals
the connections out among them.

What is counted in memory is counted by each: how often one may ask (:class:`~flowengine.web.limiting.Rates`), how much
may wait, and the metrics. Whoever runs them sees to it that they are started anew; when one ends, all do.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import NamedTuple

from flowengine.clock import Clock
from flowengine.errors import Refused
from flowengine.web.serving import QUEUE, Server, address_of, application, family_of, look_of
from flowengine.worker.standalone import Standalone

MOST = 64


class Part(NamedTuple):
    """What each of the processes is told. ``prepare`` sets up its log."""

    address: str
    environment: Mapping[str, str]
    place: tuple[str, int]
    hosts: Sequence[str]
    look: str
    prepare: Callable[[], None]
    clock: Clock | None


class Parts:
    """The processes, which end together."""

    def __init__(self, number: int, part: Part) -> None:
        context = get_context("spawn")
        self.told = False
        self._ended = False
        self._listen: list[Connection] = []
        self._all: list[BaseProcess] = []
        for _ in range(number):
            mine, its = context.Pipe(duplex=False)
            self._listen.append(mine)
            self._all.append(context.Process(target=_serve, args=(part, its), daemon=True))

    def begin(self) -> bool:
        """Begin them; whether all of them listen."""
        for one in self._all:
            one.start()
        for one, its in zip(self._all, self._listen, strict=True):
            wait([its, one.sentinel])
        return all(its.poll() for its in self._listen)

    def wait(self) -> None:
        """Until one of them ends."""
        wait([one.sentinel for one in self._all])

    def heard(self, *_: object) -> None:
        """A signal came. Another one ends them without waiting for requests that are under way."""
        if self.told:
            self._terminate()
        self.told = True
        self.end()

    def end(self) -> None:
        """End them gracefully."""
        if not self._ended:
            self._ended = True
            self._terminate()

    def ends(self) -> list[int | None]:
        """Their exit codes, once they have ended."""
        for one in self._all:
            if one.pid is not None:
                one.join()
        return [one.exitcode for one in self._all]

    def _terminate(self) -> None:
        for one in self._all:
            if one.pid is not None and one.exitcode is None:
                one.terminate()


def serve_together(processes: int, part: Part, ready: Callable[[str], None]) -> None:
    """Serve with so many processes until a signal comes. ``ready`` is told the URL once all of them listen. Raises
    Refused where it is no PostgreSQL, and when one of them ends by itself; OSError for a place that is taken."""
    look_of(part.look)  # what is wrong is told once, and here
    with Standalone(part.address, part.environment, part.clock) as here:
        if here.engine.shell.database.dialect != "postgresql":
            what = "processes that share a SQLite file take turns, and do no more than one"
            raise Refused(what, where="processes", possible=("1", "postgresql+psycopg://…"))
    bound(*part.place, shared=False).close()  # nobody else's, nor another such server's
    with bound(*part.place, shared=True) as kept:  # which does not listen: the port stays ours
        host, port, *_ = kept.getsockname()
        parts = Parts(processes, part._replace(place=(host, port), environment=dict(part.environment)))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, parts.heard)
        try:
            if parts.begin():
                ready(address_of(kept))
                parts.wait()
        finally:
            parts.end()
            ends = parts.ends()
    if not parts.told or any(code not in (0, -signal.SIGTERM) for code in ends):
        said = ", ".join(map(str, ends))
        raise Refused(
            f"a process of the server ended by itself, and the others were ended (exit codes {said})",
            possible=("its log says why", "start it again"),
        )


def bound(host: str, port: int, *, shared: bool) -> socket.socket:
    """A socket at that place, ``shared`` with others that are so. Raises OSError."""
    found = socket.socket(family_of(host), socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise OSError(error.errno, error.strerror or str(error), f"{host}:{port}") from None
    return found


def _serve(part: Part, listens: Connection) -> None:
    """One of the processes. A terminal's Ctrl-C reaches the first alone, which passes it on."""
    os.setsid()
    threading.Thread(target=_end_with_the_first, name="flow-together", daemon=True).start()
    part.prepare()
    with Standalone(part.address, part.environment, part.clock) as here, bound(*part.place, shared=True) as listening:
        app = application(here.engine, part.hosts, look_of(part.look))
        listening.listen(QUEUE)
        listens.send(True)
        Server(app).run([listening])


def _end_with_the_first() -> None:
    first = parent_process()
    assert first is not None, "it was begun by another"
    wait([first.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
