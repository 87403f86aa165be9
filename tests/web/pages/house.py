"""A house whose pages are walked: an engine in simulated time, its pages served on loopback, and people who come in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from httpx import Client, Response
from served_app import served

from flowengine import Engine, SimulatedClock
from flowengine.commands import sessions
from flowengine.people.browsers import Browser
from flowengine.views.signing_in import NewSession
from flowengine.web import make_app
from flowengine.web.auth import Authenticate
from flowengine.web.cookies import LOCAL
from flowengine.web.pages import Look


@dataclass
class House:
    """The engine, its clock, and where its pages are."""

    engine: Engine
    clock: SimulatedClock
    url: str
    closing: ExitStack = field(default_factory=ExitStack)

    def session(self, person: str, strength: Any = "code", job: str = "") -> NewSession:
        """Somebody signs in."""
        shell = self.engine.shell
        with shell.database.writing() as tx:
            found = tx.people.get(person)
            return sessions.begin(shell, tx, found, strength, Browser(), job=job)

    def visitor(self, person: str = "", strength: Any = "code", job: str = "", **more: Any) -> Visitor:
        """Somebody who looks at pages and sends forms, without a browser; nobody, where he is not named."""
        made = self.session(person, strength, job) if person else None
        cookies = {LOCAL: made.secret} if made is not None else {}
        client = self.closing.enter_context(
            Client(base_url=self.url, cookies=cookies, timeout=60, trust_env=False, **more)
        )
        return Visitor(client, made.csrf if made is not None else "")


@dataclass
class Visitor:
    """Asks as a browser does."""

    client: Client
    csrf: str

    def get(self, path: str) -> Response:
        """Look at a page."""
        return self.client.get(path, headers={"sec-fetch-site": "same-origin"})

    def post(self, path: str, values: dict[str, Any] | None = None, files: Any = None, **headers: str) -> Response:
        """Send a form of a page: with the session's token, from a page of ours."""
        sent = {"csrf": self.csrf, **(values or {})}
        told = {"sec-fetch-site": "same-origin", **{name.replace("_", "-"): one for name, one in headers.items()}}
        return self.client.post(path, data=sent, files=files, headers=told)


@contextmanager
def opened(
    url: str, clock: SimulatedClock, look: Look | None = None, authenticate: Authenticate | None = None,
    sign_in_at: str = "", **more: Any,
) -> Iterator[House]:  # fmt: skip
    """The pages of an engine on the database at ``url``; in a host, those who sign in at its own page."""
    with Engine(url, clock=clock, **more) as engine:
        app = make_app(engine, pages=True, look=look, authenticate=authenticate, sign_in_at=sign_in_at)
        with served(app) as address, ExitStack() as closing:
            yield House(engine, clock, address, closing)
