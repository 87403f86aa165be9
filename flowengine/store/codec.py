"""How values are written: JSON as text exactly as encoded, moments as whole microseconds since the epoch (UTC)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, TypeVar

import msgspec

from flowengine import exact
from flowengine.errors import BadAnswer

Decoded = TypeVar("Decoded")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_making = Lock()
"""Held while a decoder is made: msgspec shares what it finds out about a struct before it has found out all of it, and
a thread that makes another decoder at that moment kills the process (SIGSEGV)."""


def encode(value: Any) -> bytes:
    """The value as JSON, in UTF-8. Raises BadAnswer for a text that no encoding can hold."""
    try:
        return exact.encode(value)
    except UnicodeEncodeError as error:
        raise unwritable(error) from error


def text(value: Any) -> str:
    """The value as JSON, as the databases keep it."""
    try:
        return exact.encode(value).decode()
    except UnicodeEncodeError as error:
        raise unwritable(error) from error


def unwritable(error: UnicodeEncodeError) -> BadAnswer:
    """For a text that no encoding can hold."""
    what = f"holds half of a character (a lone surrogate, {error.object[error.start]!r})"
    return BadAnswer({"": what}, possible=["text that can be written as UTF-8"])


def reader(kind: type[Decoded]) -> Callable[[str | bytes], Decoded]:
    """What makes values of that type from their JSON."""
    with _making:
        decoder = _decoders.setdefault(kind, exact.decoder(kind, trusted=True))
    read: Callable[[str | bytes], Decoded] = decoder.decode
    return read


def decode(written: str | bytes, kind: type[Decoded]) -> Decoded:
    """A value of that type from its JSON."""
    decoder = _decoders.get(kind)
    value: Decoded = decoder.decode(written) if decoder is not None else reader(kind)(written)
    return value


def micros(moment: datetime) -> int:
    """An aware moment as microseconds since the epoch."""
    return (moment - EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """The moment, in UTC, of that many microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=microseconds)


def plain(words: str) -> str:
    """A text as a plain column can hold it on every database: PostgreSQL knows no NUL in a text."""
    return words.replace("\0", "�") if "\0" in words else words
