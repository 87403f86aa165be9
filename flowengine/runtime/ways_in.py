"""How people are known here: how long sessions last, which providers there are, what is asked of whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from flowengine.errors import NotConfigured
from flowengine.language.durations import Duration

SessionKind: TypeAlias = Literal["link", "customer", "staff", "operator"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_LONGEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long a session lasts: unused (``idle``), and at all (``whole``)."""

    idle: timedelta
    whole: timedelta


SESSIONS: Mapping[SessionKind, Lasting] = MappingProxyType(
    {
        "link": Lasting(timedelta(hours=2), timedelta(days=1)),
        "customer": Lasting(timedelta(days=14), timedelta(days=90)),
        "staff": Lasting(timedelta(hours=12), timedelta(days=7)),
        "operator": Lasting(timedelta(hours=2), timedelta(days=1)),
    }
)
"""Unless the installation says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An OpenID Connect provider: ``issuer`` is its URL, as its tokens have it. With ``by_mail`` somebody who is known
    here by exactly the mail that the provider has verified is that person; else an operator has to say who he is. With
    ``acr`` somebody has to have signed in there in one of these ways, as the provider names them in ``acr``."""

    name: str
    issuer: str
    client: str
    secret: str = field(repr=False)
    by_mail: bool = False
    acr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysIn:
    """How people sign in at this installation.

    | field | variable | what |
    |-|-|-|
    | ``sessions`` | ``FLOW_SESSIONS`` | how long sessions last, unused and at all:
    ``customer=P14D/P90D,staff=PT12H/P7D`` |
    | ``links_ask_code`` | ``FLOW_LINKS_ASK_CODE`` | ``yes``: a link alone opens nothing, a code is asked beside it |
    | ``links_in_letters`` | ``FLOW_LINKS_IN_LETTERS`` | ``yes``: mails to customers have a link that opens their
    job, in the place of the address of its page, where they have to sign in |
    | ``providers`` | ``FLOW_OIDC`` | names of OpenID Connect providers, by commas; each has
    ``FLOW_OIDC_<NAME>_ISSUER``, ``_CLIENT``, ``_SECRET``, and perhaps ``_BY_MAIL=yes``, ``_ACR`` |
    | ``targets`` | ``FLOW_SIGN_IN_TARGETS`` | where a browser may be sent after it, besides paths here: URLs, by
    commas |
    | ``public`` | ``FLOW_PUBLIC_STARTS`` | processes that anybody may start on the web, by commas; ``*``: all |
    """

    sessions: Mapping[SessionKind, Lasting] = field(default_factory=lambda: SESSIONS, hash=False)
    links_ask_code: bool = False
    links_in_letters: bool = False
    providers: tuple[Provider, ...] = ()
    targets: tuple[str, ...] = ()
    public: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises NotConfigured."""
        for one in self.providers:
            parts = urlsplit(one.issuer)
            local = parts.hostname in ("127.0.0.1", "localhost", "::1")
            if not parts.hostname or parts.scheme not in (("https", "http") if local else ("https",)):
                raise NotConfigured(
                    f"{one.issuer[:60]!r} is no issuer",
                    where=f"FLOW_OIDC_{one.name.upper()}_ISSUER",
                    possible=("https://login.example.org",),
                )
            if not one.client or not one.secret:
                missing = "_SECRET" if one.client else "_CLIENT"
                raise NotConfigured("it is missing", where=f"FLOW_OIDC_{one.name.upper()}{missing}")
        if len({one.name for one in self.providers}) < len(self.providers):
            raise NotConfigured("a provider is there twice", where="FLOW_OIDC")
        for kind, lasting in self.sessions.items():
            if not timedelta() < lasting.idle <= lasting.whole <= _LONGEST:
                raise NotConfigured(
                    f"sessions of the kind {kind} end before they begin, or last for more than {_LONGEST.days} days",
                    where="FLOW_SESSIONS",
                    possible=(f"{kind}=PT12H/P7D",),
                )

    def lasting(self, kind: SessionKind) -> Lasting:
        """How long sessions of a kind last."""
        return self.sessions.get(kind) or SESSIONS[kind]

    def provider(self, name: str) -> Provider | None:
        """The provider of that name."""
        return next((one for one in self.providers if one.name == name), None)

    def may_start(self, process: str) -> bool:
        """Whether anybody may start a process on the web."""
        return "*" in self.public or process in self.public

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> WaysIn:
        """The settings that variables give."""
        return cls(
            sessions=_sessions(environment.get("FLOW_SESSIONS", "")),
            links_ask_code=_yes(environment, "FLOW_LINKS_ASK_CODE"),
            links_in_letters=_yes(environment, "FLOW_LINKS_IN_LETTERS"),
            providers=tuple(_provider(environment, name) for name in _names(environment.get("FLOW_OIDC", ""))),
            targets=_names(environment.get("FLOW_SIGN_IN_TARGETS", "")),
            public=_names(environment.get("FLOW_PUBLIC_STARTS", "")),
        )


def _names(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


def _yes(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "").strip().lower()
    if text not in ("", "no", "yes"):
        raise NotConfigured(f"{text[:60]!r} is neither yes nor no", where=name, possible=("yes", "no"))
    return text == "yes"


def _provider(environment: Mapping[str, str], name: str) -> Provider:
    if not _NAME.fullmatch(name):
        raise NotConfigured(f"{name[:60]!r} is no name of a provider", where="FLOW_OIDC", possible=("google,entra",))
    prefix = f"FLOW_OIDC_{name.upper().replace('-', '_')}"
    return Provider(
        name=name,
        issuer=environment.get(f"{prefix}_ISSUER", ""),
        client=environment.get(f"{prefix}_CLIENT", ""),
        secret=environment.get(f"{prefix}_SECRET", ""),
        by_mail=_yes(environment, f"{prefix}_BY_MAIL"),
        acr=_names(environment.get(f"{prefix}_ACR", "")),
    )


def _sessions(text: str) -> Mapping[SessionKind, Lasting]:
    """``kind=idle/whole`` by commas."""
    found: dict[SessionKind, Lasting] = dict(SESSIONS)
    for one in _names(text):
        kind, _, spans = one.partition("=")
        idle, _, whole = spans.partition("/")
        try:
            found[_kind(kind)] = Lasting(_span(idle), _span(whole))
        except ValueError:
            raise NotConfigured(
                f"{one[:60]!r} says of no kind of session how long it lasts",
                where="FLOW_SESSIONS",
                possible=tuple(f"{known}=PT12H/P7D" for known in SESSIONS),
            ) from None
    return MappingProxyType(found)


def _kind(text: str) -> SessionKind:
    for kind in SESSIONS:
        if kind == text.strip():
            return kind
    raise ValueError(text)


def _span(text: str) -> timedelta:
    """A span of days and less: months and years have no length of their own."""
    span = Duration.parse(text.strip().upper())
    if span.months:
        raise ValueError(text)
    return span.exact
