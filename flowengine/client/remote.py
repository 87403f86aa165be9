"""A desk on an engine over HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import Any

import msgspec

from flowengine import exact
from flowengine.client.asking import asked
from flowengine.client.decoding import converted, kind_of, listed
from flowengine.client.desk import Desk
from flowengine.client.line import PATIENCE, TIMEOUT, Line, Server, new_key
from flowengine.client.places import server_address
from flowengine.distribution import installing
from flowengine.errors import AnswerRefused, BadToken, NotConfigured
from flowengine.views.asker import AskerView
from flowengine.views.replies import NeedView, PersonView, Receipt

LARGEST_PAGE = 200
"""Rows that a server gives at once; a desk that is asked for more turns the pages."""

TOLD_FOR = 30.0
"""Seconds for which the server's time is reckoned from what it said last."""


class RemoteDesk(Desk):
    """A desk on the engine behind a server, for whoever a token is of. Verbs, answers and errors are those of a desk
    near; it may be used from many threads at once, and keeps its connections until it is closed.

    ``url`` is the server's address, to which the paths of the API are added. Each act goes with a request key, the
    caller's or one that ``key_of`` makes for it, and is sent again with the same when the connection breaks or the
    server has no time: for at most ``patience`` seconds, each request for ``timeout``. Where that does not help it
    raises ConnectionLost, ``in_doubt`` when it may have been done (then ask again with the same key). What takes no
    key, such as ``deploy``, is not sent again once it may have been done.

    TLS is verified, against whom the system trusts, the file ``SSL_CERT_FILE`` or ``tls``. ``http://`` is for this
    machine alone, unless ``insecure`` says that the way is safe by other means: a token goes over it for anybody to
    read. No redirect is followed, and no proxy used but ``proxy``. ``server``, ``wait`` and ``ticks`` are what it sends
    and waits by, for tests.

    It waits for its answers, as the near one does. In an asyncio application give it to threads:
    ``await asyncio.to_thread(desk.track, job)``.

    Raises NotConfigured without the extra ``http`` and for an address that cannot be used, and BadToken.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout: float = TIMEOUT,
        patience: float = PATIENCE,
        key_of: Callable[[], str] = new_key,
        insecure: bool = False,
        proxy: str = "",
        tls: ssl.SSLContext | None = None,
        server: Server | None = None,
        wait: Callable[[float], object] = sleep,
        ticks: Callable[[], float] = monotonic,
    ) -> None:
        self.url = server_address(url, insecure=insecure)
        self._line = Line(
            server or server_at(self.url, tls=tls, proxy=proxy),
            self.url,
            token,
            timeout=timeout,
            patience=patience,
            key_of=key_of,
            wait=wait,
            ticks=ticks,
        )
        self._asker: AskerView | None = None
        self._at = 0.0

    def __repr__(self) -> str:
        return f"RemoteDesk({self.url!r})"

    def close(self) -> None:
        self._line.close()

    def asker(self) -> AskerView:
        found: AskerView = self._ask("asker")
        self._asker, self._at = found, self._line.ticks()
        return found

    def now(self) -> datetime:
        """The time by the server's clock: what it said last, not longer than half a minute ago, and what has passed."""
        if self._asker is None or self._line.ticks() - self._at > TOLD_FOR:
            self.asker()
        assert self._asker is not None
        return self._asker.now + timedelta(seconds=self._line.ticks() - self._at)

    @property
    def zone(self) -> str:
        return self._known().zone

    @property
    def me(self) -> PersonView | None:
        return self._known().person

    def _known(self) -> AskerView:
        return self._asker or self.asker()

    def need(self, process: str) -> NeedView:
        found: NeedView = self._ask("need", process)
        return found

    def source(self, process: str, version: str | None = None) -> str:
        found: str = self._ask("source", process, version)
        return found

    def _ask(self, verb: str, /, *given: Any, **named: Any) -> Any:
        limit = named.get("limit")
        if "after" in named and isinstance(limit, int) and limit > LARGEST_PAGE:
            return self._pages(verb, limit, given, named)
        return self._once(verb, given, named)[0]

    def _pages(self, verb: str, limit: int, given: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
        """More rows than a server gives at once."""
        rows: list[Any] = []
        after = named["after"]
        while len(rows) < limit:
            some = min(limit - len(rows), LARGEST_PAGE)
            page, following = self._once(verb, given, named | {"limit": some, "after": after})
            rows += page
            if not page or following is None or following == after:
                break
            after = following
        return rows

    def _once(self, verb: str, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, str | None]:
        """One answer; of a list also where the next page begins."""
        request = asked(verb, given, named)
        try:
            body = self._line.ask(request)
        except BadToken as error:
            error.possible = (f"flow login {self.url}", *error.possible)
            raise
        try:
            following: str | None = None
            plain = exact.decode(body)
            if listed(verb) and isinstance(plain, dict):
                following, plain = plain.get("next"), plain.get("items")
            answer = converted(plain, kind_of(verb))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise self._unfit(verb, request.changes, error) from None
        if isinstance(answer, Receipt) and answer.repeated and request.key is None:
            # nobody else knows the key: this very asking was sent twice
            answer = msgspec.structs.replace(answer, repeated=False)
        return answer, following

    def _unfit(self, verb: str, changes: bool, error: Exception) -> AnswerRefused:
        doubt = "; whether it was done is not known" if changes else ""
        return AnswerRefused(
            f"what the server answers is not what {verb} answers{doubt}: {str(error)[:200]}",
            where=self.url,
            possible=("a server of flowengine", "the version of flowengine that the server has"),
            final=True,
        )


def server_at(url: str, *, tls: ssl.SSLContext | None = None, proxy: str = "") -> Server:
    """What sends requests to a server. Raises NotConfigured, and AddressRefused for what cannot be called."""
    try:
        from flowengine.outside import http
    except ImportError:
        raise NotConfigured(
            "the library httpx is needed to reach a server", where="--at", possible=(installing("http"),)
        ) from None
    return http.Server(url, tls=tls, proxy=proxy)
