"""What somebody has claimed is found by an index, for his claims end with his right to them.

Claims are few among open steps, so it is small; while it is made, PostgreSQL lets nobody write open steps.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    some = sa.text("claimed IS NOT NULL")
    op.create_index(
        "ix_flow_steps_claimed",
        "flow_steps",
        ["claimed", "job_id", "number"],
        sqlite_where=some,
        postgresql_where=some,
    )
