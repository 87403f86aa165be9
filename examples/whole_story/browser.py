"""A browser, as far as signing in needs one: a cookie, and the buttons that the pages have."""

from __future__ import annotations

from base64 import b32decode
from datetime import datetime
from types import TracebackType
from typing import Any

import httpx

from flowengine.commands.totp import STEP, code_at

from .person import NotAsTold


class Browser:
    """Somebody's browser at a server. It sends what a page of that site would."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/api/v1", headers={"Origin": url, "Sec-Fetch-Site": "same-origin"}, timeout=30
        )

    def _press(self, path: str, **body: Any) -> Any:
        answer = self._http.post(path, json=body)
        found = answer.json() if answer.content else {}
        if answer.is_error:
            raise NotAsTold(f"POST {path} is answered with {answer.status_code}: {found}")
        session = found.get("session", found) if isinstance(found, dict) else {}
        if isinstance(session, dict) and "csrf" in session:
            self._http.headers["X-Flow-CSRF"] = session["csrf"]
        return found

    def asks_for_a_code(self, contact: str) -> str:
        """The id under which a code was sent."""
        return str(self._press("/codes", contact=contact)["id"])

    def types_the_code(self, id: str, digits: str, now: datetime | None = None) -> None:
        """Signed in from now on; with ``now`` by what the telephone shows besides."""
        shown = {"totp": self._shown(now)} if now is not None else {}
        self._press("/codes/check", id=id, code=digits, **shown)

    def opens(self, link: str) -> None:
        """A link, and the button behind it."""
        self._press("/links/open", secret=link.rpartition("/")[2])

    def sets_up_an_authenticator(self, now: datetime) -> None:
        """A telephone that shows digits from now on."""
        begun = self._press("/totp/begin")
        self._telephone = b32decode(begun["secret"])
        self._press("/totp", id=begun["id"], code=self._shown(now), name="My telephone")

    def _shown(self, now: datetime) -> str:
        return code_at(self._telephone, int(now.timestamp()) // STEP)

    def lets_in(self, user_code: str) -> None:
        """The command line that shows this code."""
        seen = self._press("/device/look", user_code=user_code)
        print(f"\n  … in a browser: {seen['client']} wants in: yes …")
        self._press("/device/approve", user_code=user_code, scopes=["read", "act"])

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
