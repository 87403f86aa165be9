"""Branches below the root, one row each: an act on one of ten thousand reads and writes that one."""

from __future__ import annotations

import sqlalchemy as sa

from flowengine.core.draft import Draft
from flowengine.core.values import ROOT
from flowengine.store import tables as t
from flowengine.store.channel import Channel
from flowengine.store.codec import text
from flowengine.store.query import Query, param, upserts

_B = t.branches
_JOB, _ID = param("job_id"), param("id")

PUT = Query(
    "branches.put",
    "Write a new or changed branch; one that is there keeps its place in the order.",
    lambda dialect: upserts(dialect, _B, keep=("made", "parent")),
)
DROP = Query("branches.drop", "A branch is closed.", sa.delete(_B).where(_B.c.job_id == _JOB, _B.c.id == _ID))
GET = Query("branches.get", "One branch.", sa.select(_B.c.body).where(_B.c.job_id == _JOB, _B.c.id == _ID))
CHILDREN = Query(
    "branches.children",
    "The branches right below a branch, in the order they were opened.",
    sa.select(_B.c.body).where(_B.c.job_id == _JOB, _B.c.parent == param("parent")).order_by(_B.c.made),
)
ALL = Query(
    "branches.all",
    "All branches of a job below the root, in the order they were opened.",
    sa.select(_B.c.body).where(_B.c.job_id == _JOB).order_by(_B.c.made),
)

MOST_AT_ONCE = 2**24
"""More branches than one command can open; ``made`` is the command's number times this, plus a place."""


def save(channel: Channel, job: str, seq: int, draft: Draft) -> None:
    """Write what command ``seq`` did to the branches below the root."""
    effects = draft.effects
    if effects.closed_branches:
        channel.write_many(DROP, [{"job_id": job, "id": name} for name in effects.closed_branches if name != ROOT])
    rows = [
        {"job_id": job, "id": name, "parent": branch.parent, "made": seq * MOST_AT_ONCE + place, "body": text(branch)}
        for place, (name, branch) in enumerate(effects.branches.items())
        if name != ROOT
    ]
    channel.write_many(PUT, rows)
