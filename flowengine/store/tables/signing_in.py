"""The tables of signing in: links, codes, sessions, and what people are known by.

Of a secret there is its SHA-256 alone; a code is computed from its id and the database's secret, and stands nowhere.
"""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import count, key, metadata, text, time

sessions = sa.Table(
    "flow_sessions",
    metadata,
    key("hash", primary_key=True),
    key("id"),
    key("person"),
    key("strength"),
    key("job"),
    key("source"),
    text("body"),
    time("created"),
    time("seen"),
    count("idle"),
    time("until"),
    time("ended", nullable=True),
    sa.Index("ix_flow_sessions_id", "id"),
    sa.Index("ix_flow_sessions_person", "person", "created"),
    sa.Index("ix_flow_sessions_source", "source"),
    sa.Index("ix_flow_sessions_until", "until"),
    sqlite_with_rowid=False,
    comment="Who is signed in. hash is the SHA-256 of the secret in his browser; job is the only one for which it "
    "counts, source the link it came of; it ends idle microseconds after it was seen last, and at until.",
)

links = sa.Table(
    "flow_links",
    metadata,
    key("job_id", primary_key=True),
    key("id", primary_key=True),
    key("hash"),
    key("person"),
    count("step"),
    count("uses"),
    count("most"),
    text("body"),
    time("created"),
    time("until"),
    time("revoked", nullable=True),
    sa.Index("ix_flow_links_hash", "hash"),
    sa.Index("ix_flow_links_id", "id"),
    sa.Index("ix_flow_links_person", "person"),
    sqlite_with_rowid=False,
    comment="Links that were sent to people, each for one job, or for one step of it; job_id is empty for one by which "
    "somebody registers what he signs in with.",
)

link_uses = sa.Table(
    "flow_link_uses",
    metadata,
    key("job_id", primary_key=True),
    key("link", primary_key=True),
    count("number", primary_key=True),
    time("at"),
    text("address"),
    text("agent"),
    sqlite_with_rowid=False,
    comment="Each use of a link: when, and from where.",
)

codes = sa.Table(
    "flow_codes",
    metadata,
    key("id", primary_key=True),
    key("person"),
    text("contact"),
    count("tries"),
    time("until"),
    time("used", nullable=True),
    sa.Index("ix_flow_codes_until", "until"),
    sqlite_with_rowid=False,
    comment="Codes of six digits that were asked for, whether somebody has the contact or not. The digits are no "
    "column: they follow from the id and the secret.",
)

credentials = sa.Table(
    "flow_credentials",
    metadata,
    key("kind", primary_key=True),
    key("name", primary_key=True),
    key("id"),
    key("person"),
    text("body"),
    time("created"),
    time("used", nullable=True),
    sa.Index("ix_flow_credentials_person", "person", "kind"),
    sa.Index("ix_flow_credentials_id", "id"),
    sqlite_with_rowid=False,
    comment="What people sign in with: passkeys by the hash of their id, TOTP by person, the accounts of providers by "
    "the hash of issuer and subject.",
)

challenges = sa.Table(
    "flow_challenges",
    metadata,
    key("hash", primary_key=True),
    key("kind"),
    text("body"),
    time("until"),
    sa.Index("ix_flow_challenges_until", "until"),
    sqlite_with_rowid=False,
    comment="What was asked of a browser and waits for its answer, which is taken once.",
)

devices = sa.Table(
    "flow_devices",
    metadata,
    key("hash", primary_key=True),
    key("user_code"),
    key("state"),
    text("body"),
    time("polled"),
    count("interval"),
    time("until"),
    sa.Index("ix_flow_devices_user_code", "user_code"),
    sa.Index("ix_flow_devices_until", "until"),
    sqlite_with_rowid=False,
    comment="Devices that wait for a person to let them in (RFC 8628).",
)

throttles = sa.Table(
    "flow_throttles",
    metadata,
    key("name", primary_key=True),
    count("bucket", primary_key=True),
    count("hits"),
    time("until"),
    sa.Index("ix_flow_throttles_until", "until"),
    sqlite_with_rowid=False,
    comment="How often something was asked in a stretch of time; name is the hash of what and by whom.",
)

provisional = sa.Table(
    "flow_provisional",
    metadata,
    key("person", primary_key=True),
    key("job_id"),
    text("contact"),
    time("until"),
    sa.Index("ix_flow_provisional_until", "until"),
    sqlite_with_rowid=False,
    comment="People who have begun a job on the web and have not shown yet that the contact they gave is theirs.",
)
