"""One installation on this machine's loopback: a database, ``flow serve``, ``flow worker``, and a mail server.

Server and worker are processes of their own, whose clock can be set forward for both at once.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

from .person import NotAsTold, Person
from .set_clock import SetClock

if TYPE_CHECKING:
    from .typist import Typist

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds for which something that has to come is waited for."""


class Letters:
    """A mail server that keeps what it is sent."""

    def __init__(self) -> None:
        self._come = threading.Condition()
        self._kept: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002 - as aiosmtpd asks it
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        with self._come:
            self._kept.append(letter)
            self._come.notify_all()
        return "250 OK"

    def wait_for(self, to: str, words: str) -> str:
        """The newest letter to somebody with these words: subject and text. Raises NotAsTold when none comes."""

        def come() -> str | None:
            texts = (_text(one) for one in reversed(self._kept) if to in str(one["To"]))
            return next((text for text in texts if words in " ".join(text.split())), None)

        with self._come:
            text = self._come.wait_for(come, PATIENCE)
        if text is None:
            raise NotAsTold(f"no letter to {to} has come with {words!r}")
        print(f"\n  a letter to {to}\n" + "\n".join(f"    | {one}".rstrip() for one in text.strip().splitlines()))
        return text


def _text(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    return f"{letter['Subject']}\n\n{body.get_content() if body is not None else ''}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


class Installation:
    """``address`` is the database's, ``url`` the server's, ``clock`` the time in both; ``machine`` types where the
    database is. With ``quick``, people's commands begin where the program is loaded already."""

    def __init__(self, address: str, folder: Path, quick: Typist | None = None) -> None:
        self.address = address
        self.folder = folder
        self.quick = quick
        self.letters = Letters()
        self.clock = SetClock(folder / "clock")
        (folder / "clock").write_text("0", "ascii")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        there = {"FLOW_AT": address, "FLOW_URL": self.url}
        self.machine = Person("the machine", folder / "machine", there, quick)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FLOW_")},
            "PYTHONPATH": str(ROOT), "FLOW_AT": address, "FLOW_URL": self.url, "FLOW_FILES": f"file://{folder}/files",
            "WHOLE_STORY_CLOCK": str(folder / "clock"), "SUIT_MILL": str(folder / "mill.db"),
            "SUIT_TILL": str(folder / "till.db"),
        }  # fmt: skip

    def now(self) -> datetime:
        """The time in which the story is."""
        return self.clock.now()

    def later(self, **span: float) -> None:
        """So much time passes."""
        self.until(self.now() + timedelta(**span))

    def until(self, moment: datetime) -> None:
        """The time comes; it never goes back."""
        if moment > self.now():
            self.clock.set(moment)
            print(f"\n  … {moment:%A %-d %B %Y, %H:%M} UTC …", flush=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve and work, as long as the block lasts."""
        mail = Controller(self.letters, hostname="127.0.0.1", port=free_port())
        with ExitStack() as closing:
            mail.start()
            closing.callback(mail.stop)
            self.environment |= {"FLOW_MAIL": f"smtp://127.0.0.1:{mail.port}"}
            self.environment |= {"FLOW_MAIL_FROM": "The shop <shop@example.org>"}
            handlers = "examples.whole_story.shop:HANDLERS"
            for words in (("serve", "--port", str(self.port)), ("worker", "--handlers", handlers)):
                closing.enter_context(self._process(*words))
            yield

    @contextmanager
    def _process(self, *words: str) -> Iterator[None]:
        """A command of this installation until the block ends, once it says that it is there."""
        print(f"\nthe machine $ flow {' '.join(words)}", flush=True)
        command = [sys.executable, "-m", "examples.whole_story.set_clock", str(self.folder / "clock"), *words]
        with (self.folder / f"{words[0]}.log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
            assert process.stdout is not None
            first = process.stdout.readline()
            print(f"    {first.rstrip()}", flush=True)
            reading = threading.Thread(target=process.stdout.read)  # or it would wait for a reader
            reading.start()
            try:
                if not first:
                    raise NotAsTold(f"flow {words[0]} did not start: {(self.folder / f'{words[0]}.log').read_text()}")
                yield
            finally:
                process.terminate()
                code = process.wait(60)
                reading.join()
                process.stdout.close()
        if code:
            raise NotAsTold(f"flow {words[0]} ended with {code}")
