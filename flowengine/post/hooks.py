"""Messages that come in over HTTP, signed (Standard Webhooks): a hook has the name of the message it takes.

The sender posts ``{"key": …, "job": …, "body": …, "all": …}``, each of which may be left out: as
:meth:`~flowengine.engine.Engine.send` has it. The ``webhook-id`` is the request key, so that a message that is
delivered again has the same receipt and no further effect (L3).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

import msgspec

from flowengine import exact
from flowengine.commands import messages
from flowengine.commands.receipts import LONGEST_KEY
from flowengine.commands.shell import Shell
from flowengine.core.values import Json, repeated_key
from flowengine.errors import BadAnswer, NotFound
from flowengine.signing import verify
from flowengine.speech.phrases import phrase
from flowengine.views.replies import Receipt

LONGEST_BODY = 512 * 1024
"""Bytes of what is posted; a message itself may have 256 KiB."""


class Posted(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is posted to a hook: which of the jobs that wait (``key``, or ``job`` by its id; ``all`` of
    them), and the message."""

    key: str = ""
    job: str | None = None
    body: Json = None
    all: bool = False


_POSTED = exact.decoder(Posted)


def receive(shell: Shell, name: str, headers: Mapping[str, str], body: bytes, now: datetime | None = None) -> Receipt:
    """Deliver what was posted to the hook ``name``.

    Raises NotFound for a hook that is not set up and for a message that no job waits for, BadSignature, BadAnswer for
    what is no such document, Ambiguous when several jobs wait, KeyConflict when the id was used for another message.
    """
    secrets = shell.settings.hook_secrets.get(name)
    if secrets is None:
        raise NotFound(phrase("there is no hook %(name)s", name=repr(name[:100])))
    if len(body) > LONGEST_BODY:
        raise BadAnswer(
            {"": phrase("has %(size)s bytes; at most %(most)s are taken", size=len(body), most=LONGEST_BODY)}
        )
    id = verify(secrets.split(), headers, body, now or shell.clock.now())
    posted = _read(body)
    return messages.send(shell, name, posted.key, posted.body, posted.job, None, _request_key(name, id), posted.all)


def _read(body: bytes) -> Posted:
    try:
        posted = _POSTED.decode(body)
        if key := repeated_key(body):
            raise ValueError(f"{key[:60]!r} is there twice")
        return posted
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        document = '{"key": "…", "job": "…", "body": {…}, "all": true}'
        possible = (phrase("%(document)s, each of which may be left out", document=document),)
        raise BadAnswer(
            {"": phrase("is not the document that is expected: %(error)s", error=str(error)[:200])}, possible=possible
        ) from None


def _request_key(name: str, id: str) -> str:
    """One for each hook and id: senders do not know of each other, and may choose the same ids."""
    key = f"hook:{name}:{id}"
    if len(key) <= LONGEST_KEY:
        return key
    return f"hook:{sha256(key.encode()).hexdigest()}"
