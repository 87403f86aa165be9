"""What is told of parties: the ways to each, and who acts for whom."""

from __future__ import annotations

from datetime import datetime

from flowengine.views.replies import View


class ContactView(View, frozen=True, kw_only=True):
    """A way to a person or an organisation: ``kind`` is ``mail``, ``phone`` or ``url`` (``other`` for what was entered
    and is none of these), ``address`` as it was typed. ``verified`` is when he was found to be there, and ``how``."""

    person: str
    kind: str
    address: str
    added: datetime
    verified: datetime | None = None
    how: str = ""


class ActingView(View, frozen=True, kw_only=True):
    """That a person may act for a party: ``see`` its jobs, ``act`` in them, or ``sign`` (approve) too. From ``since``
    (None: since ever) until before ``until`` (None: until it is ended); ``now`` tells whether that is so now. ``by`` is
    who has said so, ``made`` when."""

    person: str
    person_name: str
    party: str
    party_name: str
    may: str
    since: datetime | None = None
    until: datetime | None = None
    now: bool
    because: str = ""
    by: str = ""
    made: datetime


class ActingEnded(View, frozen=True, kw_only=True):
    """What came of it that somebody acts for a party no more: the ids of the steps that were given back, and how many
    others may act for it now."""

    person: str
    party: str
    released: tuple[str, ...] = ()
    others: int = 0
