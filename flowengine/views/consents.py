"""To what a customer has consented, what partners were told of him, and what they have told of him."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from flowengine.core.values import Json
from flowengine.speech.phrases import listing, phrase
from flowengine.speech.words import Words
from flowengine.views.view import View

PARTS_IN_WORDS = {
    "person": phrase("name and contacts"),
    "facts": phrase("what is known"),
    "jobs": phrase("what was done"),
}
"""What of a record goes."""

WHY_IN_WORDS = {
    "over": phrase("the time is over"),
    "withdrawn": phrase("withdrawn"),
    "erased": phrase("erased"),
}
"""Why a consent has ended."""


def parts_in_words(parts: Iterable[str]) -> str:
    """Some parts of a record, as a phrase."""
    return listing(PARTS_IN_WORDS.get(one, one) for one in parts)


def until_in_words(until: datetime, words: Words) -> str:
    """Until when something holds, for a reader: where it ends with a day, that day, which is the last one."""
    zone = words.zone or UTC
    there = until.astimezone(zone)
    if there.timetz().replace(tzinfo=None) == time():
        return words.day(there.date() - timedelta(days=1), in_full=True)
    return words.moment(until, zone, in_full=True)


class PartnerName(View, frozen=True, kw_only=True):
    """A partner: what he is called in the settings of the installation, and to people."""

    id: str
    name: str


class SentView(View, frozen=True, kw_only=True):
    """What was sent of a customer: when it was asked for (``asked``), by whom (a name), which ``parts``, and when the
    partner has taken it (``taken``); else why he has not (``problem``), or that it is on its way.

    ``said`` is what was sent, as it was: ``name``, ``contacts``, ``facts`` and ``jobs``; empty once it is erased.
    """

    number: int
    asked: datetime
    by: str
    parts: tuple[str, ...]
    taken: datetime | None = None
    problem: str = ""
    said: dict[str, Json] = {}


class ConsentView(View, frozen=True, kw_only=True):
    """That ``person`` lets a ``partner`` have ``parts`` of the record (``person``: name and contacts; ``facts``;
    ``jobs``) until a moment. ``by`` is the name of who gave it; ``paper`` says where it is written, if somebody inside
    has noted it. ``holds``: it does now; else ``why`` and when (``ended``) it ended: ``over``, ``withdrawn`` or
    ``erased``."""

    id: str
    short: str
    person: str
    partner: str
    partner_name: str
    parts: tuple[str, ...]
    given: datetime
    until: datetime
    by: str
    holds: bool
    paper: str = ""
    ended: datetime | None = None
    why: str = ""
    sent: tuple[SentView, ...] = ()


class ConsentsView(View, frozen=True, kw_only=True):
    """All that a customer has consented to, the latest first; ``partners`` are those to whom records can go."""

    person: str
    partners: tuple[PartnerName, ...] = ()
    consents: tuple[ConsentView, ...] = ()


class ReceivedView(View, frozen=True, kw_only=True):
    """That a partner has sent the record of a customer, by a consent to some ``parts`` that holds ``until`` a moment:
    when it came last (``at``). What came is gone once it has ``ended``; ``why`` is as in :class:`ConsentView`."""

    partner: str
    partner_name: str
    parts: tuple[str, ...]
    at: datetime
    until: datetime
    ended: datetime | None = None
    why: str = ""
