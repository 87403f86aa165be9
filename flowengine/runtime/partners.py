"""Organisations that are customers in our processes, or in whose we are: how they are reached, and known.

Both sides share a secret, and sign with it whatever they say, answers as well (Standard Webhooks).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flowengine.errors import NotConfigured
from flowengine.outside.addresses import target_of
from flowengine.signing import headers, key_of, verify

WHERE = "FLOW_PARTNERS"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_ADVICE = "mill=https://mill.example/api/v1/partners/tailor whsec_…"


@dataclass(frozen=True, slots=True)
class Partner:
    """``name`` is what the partner is called here, in processes (``at: mill``) and as a customer (its exact id);
    ``address`` is where it takes what we say. Raises NotConfigured for what cannot be used."""

    name: str
    address: str
    secrets: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            what = f"{self.name[:60]!r} is no name of a partner"
            raise NotConfigured(what, where=WHERE, possible=("small letters, digits and underscores",))
        try:
            target_of(self.address)
        except Exception as error:
            raise NotConfigured(f"{self.name}: {error}", where=WHERE, possible=(_ADVICE,)) from None
        if not self.secrets:
            raise NotConfigured(f"{self.name} has no secret", where=WHERE, possible=(_ADVICE,))
        for secret in self.secrets:
            key_of(secret, WHERE)

    def signed(self, id: str, at: datetime, body: bytes) -> dict[str, str]:
        """The headers of something that is said to the partner."""
        return headers(self.secrets, id, at, body)

    def check(self, given: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The id of something that the partner has said. Raises BadSignature."""
        return verify(self.secrets, given, body, now)


def partners_of(text: str) -> dict[str, Partner]:
    """``name=address secret,name=address secret secret``. Raises NotConfigured, which repeats no secret."""
    found: dict[str, Partner] = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        name, separator, rest = (part.strip() for part in one.partition("="))
        address, *secrets = rest.split() or [""]
        if not separator or not address:
            raise NotConfigured("an entry is not a name, an address and a secret", where=WHERE, possible=(_ADVICE,))
        if name in found:
            raise NotConfigured(f"{name!r} is there twice", where=WHERE, possible=(_ADVICE,))
        found[name] = Partner(name, address, tuple(secrets))
    return found
