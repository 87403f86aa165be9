"""Mail by SMTP: one plain text to one person, over a connection that is kept for a few letters.

The connection is encrypted with STARTTLS where the server offers it, and from the beginning with ``smtps``. A password
is only ever sent over a connection that is encrypted and whose certificate is the server's. The same message has the
same Message-ID however often it is sent, so that a mail program can tell a repetition.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from threading import Lock
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit

from flowengine.errors import AnswerRefused, NotConfigured, OutsideError, Unreachable
from flowengine.outside.letter import Letter, message_of, one_line
from flowengine.people.contacts import ascii_domain

LIMIT = 20.0
"""Seconds that one letter may take, from the connection to the server's last word."""

PER_CONNECTION = 50
"""Letters that are sent over one connection."""

PORTS = {"smtp": 587, "smtps": 465}
_SERVERS = ("smtp://user:password@mail.example.org:587", "smtps://user:password@mail.example.org")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A mail server. ``secure``: encrypted from the beginning."""

    host: str
    port: int
    secure: bool
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def server_of(url: str) -> Server:
    """The server that a setting names. Raises NotConfigured, which never repeats the password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _bad("it is no address of a server") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise _bad("it is no address of a mail server")
    if parts.path not in ("", "/") or parts.query or parts.fragment or port == 0:
        raise _bad("it says more than user, password, host and port; write @ : / # ? % in a password as %40 %3A …")
    if (parts.username is None) != (parts.password is None):
        raise _bad("it has a user without a password, or a password without a user")
    return Server(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        secure=parts.scheme == "smtps",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _bad(what: str) -> NotConfigured:
    return NotConfigured(what, where="FLOW_MAIL", possible=_SERVERS)


class Mailer:
    """Sends letters by one server. May be used from many threads; each has a connection of its own meanwhile.

    :meth:`rest` closes the connections that nobody uses.
    """

    def __init__(self, server: Server, sender: Address, limit: float = LIMIT) -> None:
        self.server = server
        self.sender = sender
        self._limit = limit
        self._idle: list[_Connection] = []
        self._lock = Lock()

    def send(self, letter: Letter) -> None:
        """Send a letter. When this returns, the server has taken it over.

        Raises Unreachable when the server cannot be used now (also: it does not let us in), AnswerRefused when it
        never takes this letter, OutsideError when it does not take it now.
        """
        message = message_of(letter, self.sender)
        until = monotonic() + self._limit
        connection = self._taken(until)
        try:
            self._passed(connection, message, ascii_domain(letter.to))
        except _Gone:
            connection.close()
            raise
        except OutsideError:
            self._given_back(connection)
            raise
        except BaseException:
            connection.close()
            raise
        self._given_back(connection)

    def _passed(self, connection: _Connection, message: EmailMessage, to: str) -> None:
        wide = not to.isascii()
        if wide and not connection.speaks("smtputf8"):
            raise AnswerRefused(f"{self.server} takes no addresses with letters beyond ASCII", where=to)
        connection.deliver(self.sender.addr_spec, to, message.as_bytes(policy=SMTPUTF8 if wide else SMTP), wide)

    def _taken(self, until: float) -> _Connection:
        """A connection that answers: an idle one, else a new one."""
        while True:
            with self._lock:
                found = self._idle.pop() if self._idle else None
            if found is None:
                return _Connection(self.server, self.sender.domain, until)
            if found.alive(until):
                return found
            found.close()

    def _given_back(self, connection: _Connection) -> None:
        if connection.used < PER_CONNECTION:
            with self._lock:
                self._idle.append(connection)
        else:
            connection.close()

    def rest(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


class _Gone(Unreachable):
    """The connection is of no more use."""


class _Connection:
    """One connection that is logged in. Raises _Gone when it breaks, or when the time is over."""

    def __init__(self, server: Server, host: str, until: float) -> None:
        self._server = server
        self._until = until
        self.used = 0
        self._smtp: Any = None
        try:
            with self._bounded():
                self._open(host)
        except BaseException:
            self.close()
            raise

    def _open(self, host: str) -> None:
        server, left = self._server, self._left()
        if server.secure:
            self._smtp = smtplib.SMTP_SSL(
                server.host, server.port, host, timeout=left, context=ssl.create_default_context()
            )
        else:
            self._smtp = smtplib.SMTP(server.host, server.port, host, timeout=left)
        self._smtp.ehlo_or_helo_if_needed()
        if not server.secure and self._smtp.has_extn("starttls"):
            self._in_time()
            self._smtp.starttls(context=_context(bool(server.user)))
            self._smtp.ehlo()
        elif server.user and not server.secure:
            raise _Gone(
                "the mail server offers no encryption, and a password is not sent without it",
                where=str(server),
                possible=("a server with STARTTLS", "smtps://"),
            )
        if server.user:
            self._in_time()
            self._smtp.login(server.user, server.password)

    def speaks(self, extension: str) -> bool:
        return bool(self._smtp.has_extn(extension))

    def alive(self, until: float) -> bool:
        """Whether it still answers, and has forgotten a message that was begun; it may be used until then."""
        self._until = until
        try:
            with self._bounded():
                return bool(self._smtp.rset()[0] == 250)
        except _Gone:
            return False

    def deliver(self, sender: str, to: str, message: bytes, wide: bool) -> None:
        """Hand one message over."""
        self.used += 1
        with self._bounded():
            options = ["SMTPUTF8", "BODY=8BITMIME"] if wide else []
            if wide:
                self._smtp.command_encoding = "utf-8"
            code, said = self._smtp.mail(sender, options)
            if code != 250:
                raise _Gone(
                    f"the mail server does not let us write as {sender}: {_words(code, said)}", where=str(self._server)
                )
            self._in_time()
            code, said = self._smtp.rcpt(to)
            self._check(code, said, (250, 251), to)
            self._in_time()
            try:
                code, said = self._smtp.data(message)
            except smtplib.SMTPDataError as refused:
                code, said = refused.smtp_code, refused.smtp_error
            self._check(code, said, (250,), to)

    def _check(self, code: int, said: bytes | str, fine: tuple[int, ...], to: str) -> None:
        if code in fine:
            return
        what = f"the mail server says {_words(code, said)}"
        if code == 421:
            raise _Gone(what, where=str(self._server))
        if code >= 500:
            raise AnswerRefused(what, where=to, possible=("another address, and then: retry",))
        raise OutsideError(what, where=to)

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        where = str(self._server)
        try:
            if self._smtp is not None:
                self._in_time()
            yield
        except smtplib.SMTPAuthenticationError as error:
            what = f"the mail server does not accept user and password: {_words(error.smtp_code, error.smtp_error)}"
            raise _Gone(what, where=where, possible=("another FLOW_MAIL",)) from None
        except ssl.SSLCertVerificationError as error:
            raise _Gone(f"the mail server's certificate is not valid: {error.verify_message}", where=where) from None
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            if isinstance(error, TimeoutError) or monotonic() >= self._until:
                raise _Gone("the mail server did not answer in time", where=where) from None
            raise _Gone(f"the mail server cannot be used: {_said(error)}", where=where) from None

    def _left(self) -> float:
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _in_time(self) -> None:
        """What is done next may take what is left of the time."""
        if self._smtp.sock is not None:
            self._smtp.sock.settimeout(self._left())

    def close(self) -> None:
        """Say goodbye where that is possible at once, and close."""
        if self._smtp is None:
            return
        with suppress(smtplib.SMTPException, OSError):
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(1.0)
                self._smtp.quit()
        self._smtp.close()


def _context(strict: bool) -> ssl.SSLContext:
    """With ``strict`` the certificate must be the server's. Without a password to protect, encryption with whoever
    answers is still better than none: that is what mail servers do among themselves."""
    context = ssl.create_default_context()
    if not strict:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return one_line(f"{code} {text}")[:500]


def _said(error: BaseException) -> str:
    code, said = getattr(error, "smtp_code", None), getattr(error, "smtp_error", "")
    if isinstance(error, socket.gaierror):
        return "there is no such host"
    return _words(code, said) if code is not None else one_line(str(error))[:500] or type(error).__name__
