"""Ballot boxes: who may vote, the papers that were cast, and what is counted while a vote runs.

In the rows of secret votes nothing says whose a paper is, or when it was cast: who has voted is marked in
``flow_voters``, and what was voted lies in ``flow_papers``, in the order of ids that are keyed hashes.
"""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.store.tables.columns import Key, count, key, metadata, text

boxes = sa.Table(
    "flow_boxes",
    metadata,
    key("job_id", primary_key=True),
    count("step", primary_key=True),
    key("state"),
    count("secret"),
    count("voters"),
    count("weight"),
    text("electorate"),
    text("salt"),
    text("mark"),
    text("shown", nullable=True),
    text("coming", nullable=True),
    text("root", nullable=True),
    text("layer", nullable=True),
    sa.Column("papers", sa.BigInteger(), nullable=True),
    sqlite_with_rowid=False,
    comment="One row a vote. state: open, counted, or left (closed without a result). electorate: the hash of its "
    "voters. salt: the secret of this box by which a voter finds his paper again; mark: tells whether the "
    "installation's secret is still the one with which it was opened. shown, coming: of a secret vote that is live. "
    "root: the hash of the papers; layer: the nodes below it, each with the first id in it.",
)

voters = sa.Table(
    "flow_voters",
    metadata,
    key("job_id", primary_key=True),
    count("step", primary_key=True),
    key("person", primary_key=True),
    count("weight"),
    count("voted"),
    sa.Index("ix_flow_voters_person", "person"),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": 90},
    comment="Who may vote, as it was when the vote opened, and who has. weight in millionths.",
)

papers = sa.Table(
    "flow_papers",
    metadata,
    key("job_id", primary_key=True),
    count("step", primary_key=True),
    key("id", primary_key=True),
    count("weight"),
    text("salt", nullable=True),
    text("body", nullable=True),
    sa.Column("leaf", Key, nullable=True),
    sqlite_with_rowid=False,
    comment="What was voted. id: the voter of an open vote; of a secret one a keyed hash. Of a paper that was erased "
    "on request there is only its leaf, the hash that it had.",
)

sums = sa.Table(
    "flow_sums",
    metadata,
    key("job_id", primary_key=True),
    count("step", primary_key=True),
    count("shard", primary_key=True),
    count("held"),
    text("body"),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": 50},
    comment="What is counted while a vote runs, in several rows, so that those who vote at once do not wait for one. "
    "They are there as long as the box is open. held: its job is suspended.",
)
