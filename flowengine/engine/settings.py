"""What the installation is told from outside: secrets, addresses, what may be reached. Never stored, never logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this installation reaches the world.

    | field | variable | what |
    |-|-|-|
    | ``url`` | ``FLOW_URL`` | where people and services reach this installation, for links: ``https://flow.example`` |
    | ``http_secret`` | ``FLOW_HTTP_SECRET`` | signs what is sent over HTTP (Standard Webhooks): ``whsec_`` and base64 |
    | ``http_allow`` | ``FLOW_HTTP_ALLOW`` | internal hosts, ``host:port`` or networks that may be called, by commas |
    | ``mail`` | ``FLOW_MAIL`` | the mail server: ``smtp://user:password@host:587`` or ``smtps://…`` |
    | ``mail_from`` | ``FLOW_MAIL_FROM`` | who writes: ``Tailor <suits@example.org>`` |
    """

    url: str = ""
    http_secret: str = field(default="", repr=False)
    http_allow: tuple[str, ...] = ()
    mail: str = field(default="", repr=False)
    mail_from: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """The settings that variables give."""
        allow = environment.get("FLOW_HTTP_ALLOW", "")
        return cls(
            url=environment.get("FLOW_URL", "").rstrip("/"),
            http_secret=environment.get("FLOW_HTTP_SECRET", ""),
            http_allow=tuple(one.strip() for one in allow.split(",") if one.strip()),
            mail=environment.get("FLOW_MAIL", ""),
            mail_from=environment.get("FLOW_MAIL_FROM", ""),
        )
