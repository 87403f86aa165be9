"""A mail server on loopback that keeps what it is sent, encrypts, asks for a password, and refuses as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from threading import Event, Lock
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


def text_of(letter: EmailMessage) -> str:
    """The plain text of a mail, which may have other ways of reading it beside."""
    body = letter.get_body(("plain",))
    assert body is not None, "each mail has a plain text"
    text: str = body.get_content()
    return text


class _Controller(Controller):
    """Listens at a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    """``letters`` are the mails in the order in which they came; ``refuse`` maps an address, or ``DATA``, ``EHLO`` and
    ``MAIL``, to what is answered instead of taking it; ``hold`` lets mails to an address wait until it is set."""

    def __init__(
        self, context: ssl.SSLContext | None = None, password: str = "", secure: bool = False, wide: bool = True
    ) -> None:
        self.letters: list[EmailMessage] = []
        self.envelopes: list[Any] = []
        self.refuse: dict[str, str] = {}
        self.hold: dict[str, Event] = {}
        self.connections = 0
        self.encrypted: list[bool] = []
        self.after: Callable[[], None] | None = None
        self._lock = Lock()
        self._transports: list[asyncio.Transport] = []
        more: dict[str, Any] = {}
        if password:
            more["authenticator"] = self._authenticator(password)
            more["auth_require_tls"] = not secure and context is not None
        if secure:
            more["ssl_context"] = context
        elif context:
            more["tls_context"] = context
        self._controller = _Controller(self, hostname="127.0.0.1", port=0, enable_SMTPUTF8=wide, **more)
        self._controller.start()
        self.port: int = self._controller.port

    def hang_up(self) -> None:
        """Close all connections; when this returns, the other sides can see it."""

        async def closing() -> None:
            while self._transports:
                self._transports.pop().abort()
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(closing(), self._controller.loop).result(60)

    def close(self) -> None:
        """Stop listening."""
        self._controller.stop()

    def _authenticator(self, password: str) -> Callable[..., AuthResult]:
        def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:  # noqa: ARG001
            fine = isinstance(data, LoginPassword) and data.password.decode() == password
            return AuthResult(success=fine, handled=False)

        return check

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:  # noqa: ARG002
        session.host_name = hostname
        self.connections += 1
        self._transports.append(server.transport)
        return [self.refuse["EHLO"]] if "EHLO" in self.refuse else responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: ARG002
        if "MAIL" in self.refuse:
            return self.refuse["MAIL"]
        envelope.mail_from, envelope.mail_options = address, options
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: ARG002
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        for address in envelope.rcpt_tos:
            if address in self.hold:
                while not self.hold[address].is_set():
                    await asyncio.sleep(0.01)
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        with self._lock:
            self.letters.append(letter)
            self.envelopes.append(envelope)
            self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        if self.after:
            self.after()
        return "250 OK"
