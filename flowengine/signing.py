"""Signed messages over HTTP, in and out, as the Standard Webhooks specification has it (standardwebhooks.com, 1.0.0).

A message carries three headers: ``webhook-id``, the same however often it is sent; ``webhook-timestamp``, the second at
which it was sent; ``webhook-signature``, one or several ``v1,<base64>`` with spaces between. What is signed, with
HMAC-SHA256, is ``<id>.<timestamp>.<body>``. A secret is written ``whsec_<base64>`` and has 24 to 64 bytes.

While a secret is being changed both are in use: a sender signs with each, a receiver takes any of those it knows.
"""

from __future__ import annotations

import hmac
import secrets as random_bytes
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from flowengine.errors import BadSignature, NotConfigured

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"

PREFIX = "whsec_"
"""What a secret begins with."""

TOLERANCE = timedelta(minutes=5)
"""How far the clocks of sender and receiver may be apart, either way; what is older could be a replay."""

SHORTEST, LONGEST = 24, 64
"""Bytes of a secret."""

LONGEST_ID = 180
"""Characters of a ``webhook-id``."""

_MOST_SIGNATURES = 20
_ADVICE = f"{PREFIX} and {SHORTEST} to {LONGEST} random bytes in base64"


def new_secret() -> str:
    """A fresh secret, to be given to sender and receiver."""
    return PREFIX + b64encode(random_bytes.token_bytes(32)).decode()


def key_of(secret: str, where: str = "secret") -> bytes:
    """The bytes of a secret. Raises NotConfigured, which never repeats it; ``where`` is the setting it comes from."""
    if not secret.startswith(PREFIX):
        raise NotConfigured(f"a secret does not begin with {PREFIX}", where=where, possible=(_ADVICE,))
    text = secret.removeprefix(PREFIX).rstrip("=")
    try:
        key = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (NotBase64, ValueError):
        raise NotConfigured("a secret is not base64", where=where, possible=(_ADVICE,)) from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise NotConfigured(f"a secret has {len(key)} bytes", where=where, possible=(_ADVICE,))
    return key


def sign(secret: str, id: str, at: datetime, body: bytes) -> str:
    """The signature of one message under one secret: ``v1,<base64>``. Raises NotConfigured for a bad secret."""
    return _signature(key_of(secret), id, str(int(at.timestamp())), body)


def headers(secrets: Sequence[str], id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a message, signed with each of the secrets. ``at`` is the moment of this attempt."""
    signatures = " ".join(sign(secret, id, at, body) for secret in secrets)
    return {ID: id, TIMESTAMP: str(int(at.timestamp())), SIGNATURE: signatures}


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The id of a message that was signed with one of the secrets within five minutes of ``now``.

    ``headers`` may be written in any case; ``body`` is what came, byte by byte. Raises BadSignature, which says what is
    wrong: a header that is missing, a time too far from now, no signature that fits.
    """
    given = {name.lower(): value for name, value in headers.items()}
    id, sent, signatures = (_header(given, name) for name in (ID, TIMESTAMP, SIGNATURE))
    if len(id) > LONGEST_ID or not id.isascii() or not id.isprintable():
        raise BadSignature(f"the id is not 1 to {LONGEST_ID} printable ASCII characters", where=ID)
    _check_time(sent, now)
    # every secret against every signature, so that the time taken says nothing about which fits
    fits = False
    for secret in secrets:
        right = _signature(key_of(secret), id, sent, body).encode()
        for one in signatures.split()[:_MOST_SIGNATURES]:
            fits |= hmac.compare_digest(right, one.encode())
    if not fits:
        raise BadSignature(
            "no signature fits",
            where=SIGNATURE,
            possible=("sign <webhook-id>.<webhook-timestamp>.<body> with HMAC-SHA256: v1,<base64>",),
        )
    return id


def _signature(key: bytes, id: str, seconds: str, body: bytes) -> str:
    digest = hmac.new(key, f"{id}.{seconds}.".encode() + body, sha256).digest()
    return f"v1,{b64encode(digest).decode()}"


def _header(given: Mapping[str, str], name: str) -> str:
    value = given.get(name, "").strip()
    if not value:
        raise BadSignature(f"the header {name} is missing", where=name, possible=(ID, TIMESTAMP, SIGNATURE))
    return value


def _check_time(sent: str, now: datetime) -> None:
    if not (sent.isascii() and sent.isdigit() and len(sent) <= 12):
        raise BadSignature("the time is not in whole seconds since 1970", where=TIMESTAMP)
    late = now.timestamp() - int(sent)
    if abs(late) > TOLERANCE.total_seconds():
        which = "old" if late > 0 else "new"
        raise BadSignature(
            f"the message is too {which}: its time is {abs(late):.0f} s from now",
            where=TIMESTAMP,
            possible=(f"at most {TOLERANCE.total_seconds():.0f} s either way", "sign it anew at each attempt"),
        )
