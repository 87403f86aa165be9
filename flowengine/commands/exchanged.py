"""A customer's record as partners say it to one another, with the consent by which it goes, and that a consent ends.

Others take from here: ``Record``, ``ConsentEnds`` and ``Heard``; ``PARTS``, ``LONGEST_CONSENT`` and ``VERSION``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec

from flowengine import exact
from flowengine.errors import BadAnswer
from flowengine.language.parts import FactKind
from flowengine.speech.phrases import phrase

VERSION = 1
"""Of what is said of records. One who says another is refused, and told this one."""

Part: TypeAlias = Literal["person", "facts", "jobs"]

WHO, FACTS, JOBS = "person", "facts", "jobs"
PARTS = (WHO, FACTS, JOBS)
"""What of a record goes: name and contacts, without which none does; facts; which jobs there were."""

LONGEST_CONSENT = timedelta(days=731)
"""For two years at most, counted from when it is given."""

LONGEST = 1_000_000
"""Bytes of what is said at once."""


class SaidFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that is known of the customer, and was said at a moment. ``id`` is opaque."""

    id: str
    kind: FactKind
    text: str
    at: datetime


class SaidJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job that the customer had: what its process is called, when it began, and how it stands. ``id`` is opaque."""

    id: str
    title: str
    begun: datetime
    status: Literal["open", "fulfilled", "ended"]


class SaidConsent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The consent by which a record goes, by the id that it has with whoever sends it."""

    id: str
    parts: tuple[Part, ...]
    given: datetime
    until: datetime


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="say", tag="record"):
    """The record of one of our customers: the ``number``-th time that it goes by this consent. Its ``parts`` are whole,
    so that what is not in them any more is not there any more. ``customer`` stands for him towards this partner alone.
    """

    version: int
    consent: SaidConsent
    number: int
    customer: str
    parts: tuple[Part, ...]
    name: str
    contacts: tuple[str, ...] = ()
    facts: tuple[SaidFact, ...] = ()
    jobs: tuple[SaidJob, ...] = ()


class ConsentEnds(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="say", tag="consent_ends"
):
    """A consent holds no more: what came by it is to be erased."""

    version: int
    consent: str
    why: Literal["over", "withdrawn", "erased"]


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered to either: whether the record is ``there`` now."""

    version: int
    consent: str
    there: bool


class _Peek(msgspec.Struct, frozen=True):
    say: str = ""
    version: object = None


_PEEK = msgspec.json.Decoder(_Peek)
_HEARD = exact.decoder(Heard)


def check_version(body: bytes) -> None:
    """Raises BadAnswer for what is said of records in another version than ours, whatever else is in it."""
    try:
        seen = _PEEK.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return  # what it is then, is told by whoever reads it whole
    if seen.say in ("record", "consent_ends") and seen.version != VERSION:
        what = f"is {str(seen.version)[:40]!r}: what is said of records is version {VERSION} here"
        raise BadAnswer({"version": what}, possible=(f"version {VERSION}",))


def heard_by(body: bytes, where: str, consent: str) -> Heard:
    """What a partner answers. Raises BadAnswer for what is no such answer, or one to something else."""
    try:
        heard = _HEARD.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadAnswer({"": f"is no answer to a record: {str(error)[:200]}"}, where=where) from None
    if (heard.version, heard.consent) != (VERSION, consent):
        what = f"answers in version {heard.version}, of the consent {heard.consent[:60]!r}"
        raise BadAnswer({"": what}, where=where, possible=(f"version {VERSION}",))
    return heard


def check_parts(parts: Sequence[str]) -> tuple[str, ...]:
    """Parts of a record in their order, each once. Raises BadAnswer."""
    unknown = next((one for one in parts if one not in PARTS), None)
    if unknown is not None:
        what = phrase("%(part)s is no part of a record", part=repr(str(unknown)[:60]))
        raise BadAnswer({"parts": what}, possible=PARTS)
    return tuple(one for one in PARTS if one in parts or one == WHO)
