"""The tables. Live ones are small; the history is apart. Every row of a job has the job's id first in its key.

Moments are whole microseconds since the epoch (UTC), JSON is text exactly as it was encoded. Texts in keys compare by
their bytes on every database (collation C on PostgreSQL), so that ranges, orders and prefixes mean the same.

There are no foreign keys between the tables of a job: only :mod:`flowengine.store.transaction` writes them, always
together under the job's lock, and on PostgreSQL each would cost a look-up and a row lock in every act.
"""

from __future__ import annotations

from flowengine.store.tables.administration import deeds
from flowengine.store.tables.ballots import boxes, papers, sums, voters
from flowengine.store.tables.calendars import closures
from flowengine.store.tables.columns import HEAD, NEVER, Key, Micros, metadata
from flowengine.store.tables.consents import consents, received_records, sent_records
from flowengine.store.tables.insight import calibrated, cells, expected, lives, pieces, piecework
from flowengine.store.tables.jobs import (
    awaiting,
    bookings,
    branches,
    calendars,
    calls,
    history,
    jobs,
    memberships,
    messages,
    outbox,
    participants,
    people,
    processes,
    receipts,
    rechained,
    schedules,
    settings,
    steps,
    timers,
    tokens,
)
from flowengine.store.tables.parties import acting, contacts, referrals
from flowengine.store.tables.promises import promises
from flowengine.store.tables.records import aliases, distinct, facts, letters
from flowengine.store.tables.signing_in import (
    challenges,
    codes,
    credentials,
    devices,
    link_uses,
    links,
    provisional,
    sessions,
    throttles,
)

__all__ = [
    "HEAD",
    "NEVER",
    "Key",
    "Micros",
    "acting",
    "aliases",
    "awaiting",
    "bookings",
    "boxes",
    "branches",
    "calendars",
    "calibrated",
    "calls",
    "cells",
    "challenges",
    "closures",
    "codes",
    "consents",
    "contacts",
    "credentials",
    "deeds",
    "devices",
    "distinct",
    "expected",
    "facts",
    "history",
    "jobs",
    "letters",
    "link_uses",
    "links",
    "lives",
    "memberships",
    "messages",
    "metadata",
    "outbox",
    "papers",
    "participants",
    "people",
    "pieces",
    "piecework",
    "processes",
    "promises",
    "provisional",
    "receipts",
    "received_records",
    "rechained",
    "referrals",
    "schedules",
    "sent_records",
    "sessions",
    "settings",
    "steps",
    "sums",
    "throttles",
    "timers",
    "tokens",
    "voters",
]
