"""How this process reaches people, as its settings say: mail, webhooks, and whatever the library Apprise reaches."""

from __future__ import annotations

from urllib.parse import urlsplit

from flowengine import exact
from flowengine.commands.shell import Shell
from flowengine.distribution import installing
from flowengine.errors import AnswerRefused, NotConfigured, OutsideError, Unreachable
from flowengine.outside.letter import Letter, sender_of
from flowengine.outside.mail import Mailer, server_of
from flowengine.post import notices, sign_in_letters
from flowengine.post.destinations import Destinations
from flowengine.post.letters import HOOK, MAIL, compose, with_door
from flowengine.post.writing import Composed
from flowengine.runtime.handlers import NOTIFY
from flowengine.runtime.settings import UNSIGNED, Settings
from flowengine.signing import headers
from flowengine.store import OutboxMessage

WITHIN = 20.0
"""Seconds that one webhook may take."""


class Channels:
    """The channels of one process, and what it knows of their destinations."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._mailer = Mailer(server_of(settings.mail), sender_of(settings.mail_from)) if settings.mail else None
        self.destinations = Destinations()
        others = dict.fromkeys(settings.notify, self._other)
        self._ways = (
            ({MAIL: self._mail} if settings.mail else {})
            | ({HOOK: self._hook} if settings.http_secret else {})
            | others
        )

    def names(self, shell: Shell) -> set[str]:
        """The channels that are carried from here."""
        return {*self._ways, *([notices.HANDLER] if shell.handlers.has(NOTIFY) else [])}

    def destination(self, shell: Shell, row: OutboxMessage) -> str | None:
        """What would have to work for a row to get through; None when it is not carried from here."""
        if row.kind == "notice":
            return notices.HANDLER if shell.handlers.has(NOTIFY) else None
        if row.kind == "partner":
            name = str(row.body["at"])
            return f"partner:{name}" if name in self._settings.partners else None
        channel = str(row.body["channel"])
        if channel not in self._ways:
            return None
        if channel == HOOK:
            return f"hook:{_host(str(row.body['to']))}"
        return channel

    def send(self, shell: Shell, row: OutboxMessage) -> str:
        """Send one row: to whoever it is for, or to nobody when it need not be said any more. What a letter was about;
        empty where none was sent."""
        if row.kind == "notice":
            notices.to_handler(shell, row)
            return ""
        if row.kind == "partner":
            _say(shell, row)
            return ""
        words = sign_in_letters.compose(shell, row) if row.kind == "code" else compose(shell, row)
        if words is None:
            return ""
        if row.kind == "letter" and row.body["channel"] == MAIL:
            words = with_door(shell, row, words)
        self._ways[str(row.body["channel"])](shell, row, words)
        return words.subject if row.kind == "letter" else ""

    def rest(self) -> None:
        """Close what is kept open between messages."""
        if self._mailer is not None:
            self._mailer.rest()

    def _mail(self, shell: Shell, row: OutboxMessage, words: Composed) -> None:  # noqa: ARG002 - all ways are called alike
        assert self._mailer is not None, "the way is only there with a server"
        self._mailer.send(
            Letter(
                id=row.id,
                to=words.to,
                name=words.name,
                subject=words.subject,
                text=words.text,
                html=words.html,
                at=words.at,
                method=words.invitation.method if words.invitation else "",
                calendar=words.invitation.calendar if words.invitation else "",
            )
        )

    def _hook(self, shell: Shell, row: OutboxMessage, words: Composed) -> None:
        try:
            from flowengine.outside.http import client
        except ImportError as error:
            raise NotConfigured(
                "webhooks need the library httpx, which is not installed", possible=(installing("http"),)
            ) from error
        settings = self._settings
        calendar = {"calendar": words.invitation.calendar} if words.invitation else {}
        body = exact.encode({"type": words.why, "timestamp": words.at.isoformat(), "data": words.data | calendar})
        secrets = () if settings.http_secret == UNSIGNED else settings.http_secret.split()
        signed = headers(secrets, row.id, shell.clock.now(), body) if secrets else {"webhook-id": row.id}
        answer = client(settings.http_allow).post(words.to, body, signed, within=WITHIN)
        _judge(answer.status, _host(words.to))

    def _other(self, shell: Shell, row: OutboxMessage, words: Composed) -> None:  # noqa: ARG002 - all ways are called alike
        from flowengine.outside import apprise

        apprise.send(words.to, words.subject, words.text)


def _say(shell: Shell, row: OutboxMessage) -> None:
    try:
        from flowengine.post import partners
    except ImportError as error:
        what = "partners are spoken to by the library httpx, which is not installed"
        raise NotConfigured(what, possible=(installing("http"),)) from error
    partners.send(shell, row)


def _judge(status: int, host: str) -> None:
    """What an answer means: 2xx taken; 408, 425, 429 and 5xx not now; everything else never."""
    if 200 <= status < 300:
        return
    what = f"the receiver answers {status}"
    if status in (502, 503, 504):
        raise Unreachable(what, where=host)
    if status in (408, 425, 429) or status >= 500:
        raise OutsideError(what, where=host)
    raise AnswerRefused(what, where=host, possible=("another address, and then: retry",))


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return "?"
