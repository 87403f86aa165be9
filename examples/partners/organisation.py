"""One of two organisations on this machine's loopback: a database, ``flow serve`` and ``flow worker``.

Server and worker are processes of their own, which may be killed at any moment, and are begun again at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from examples.whole_story.installation import ROOT, free_port
from flowengine import Engine, Settings
from flowengine.runtime.partners import Partner

ROLES = ("serve", "worker")


class Organisation:
    """``name`` is what its partner calls it. ``engine`` is its people's hands: they act beside the two processes."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder / name
        self.folder.mkdir()
        self.address = f"sqlite:///{self.folder}/flow.db"
        self.port = free_port()
        self.killed = dict.fromkeys(ROLES, 0)
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("FLOW_")}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.engine = Engine(self.address, handlers={}, settings=Settings())

    def knows(self, other: Organisation, secret: str) -> None:
        """The other is a partner, with that secret of both."""
        door = f"http://127.0.0.1:{other.port}/api/v1/partners/{self.name}"
        self._environment |= {
            "PYTHONPATH": str(ROOT),
            "FLOW_AT": self.address,
            "FLOW_PARTNERS": f"{other.name}={door} {secret}",
            "FLOW_HTTP_ALLOW": f"127.0.0.1:{other.port}",
        }
        self.engine.close()
        partner = Partner(other.name, door, (secret,))
        self.engine = Engine(self.address, handlers={}, settings=Settings(partners={other.name: partner}))

    def begin(self, role: str) -> None:
        """Begin the server or the worker."""
        words = {"serve": ["serve", "--port", str(self.port)], "worker": ["worker"]}[role]
        with (self.folder / f"{role}.log").open("ab") as log:
            self._running[role] = subprocess.Popen(
                [sys.executable, "-m", "flowengine.cli", *words],
                cwd=self.folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, role: str) -> None:
        """SIGKILL to it and to all that it has begun, and begin it again."""
        self._end(role, signal.SIGKILL)
        self.killed[role] += 1
        self.begin(role)

    def _end(self, role: str, number: signal.Signals) -> None:
        process = self._running.pop(role)
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            assert process.poll() is not None, "only what has ended has no group"
        process.wait(60)

    def __enter__(self) -> Organisation:
        for role in ROLES:
            self.begin(role)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for role in tuple(self._running):
            self._end(role, signal.SIGTERM)
        self.engine.close()
