"""A job says in a column of its own for which call it was started.

The column is nullable, and filled for the jobs that are there. Processes of the revision before know nothing of it:
while they run, a trigger fills it for the called jobs that they start.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

BEFORE = "rtrim(substr(head, 1, length(head) - 2), '0123456789abcdef-.')"
"""A head up to the parent at its end. SQLite before 3.41 lets no trigger read JSON where schemas are not trusted."""

FILL = f"UPDATE flow_jobs SET parent = substr(head, length({BEFORE}) + 1, length(head) - length({BEFORE}) - 2)"

SQLITE = (
    f"""{FILL} WHERE {BEFORE} LIKE '%"parent":"'""",
    f"""CREATE TRIGGER flow_jobs_parent AFTER INSERT ON flow_jobs
    WHEN NEW.parent IS NULL AND {BEFORE.replace("head", "NEW.head")} LIKE '%"parent":"'
    BEGIN {FILL} WHERE id = NEW.id; END""",
)

POSTGRESQL = (
    """UPDATE flow_jobs SET parent = head::json ->> 'parent' WHERE strpos(head, '"parent":') > 0""",
    """CREATE FUNCTION flow_jobs_parent() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.parent = NEW.head::json ->> 'parent'; RETURN NEW; END $$""",
    """CREATE TRIGGER flow_jobs_parent BEFORE INSERT ON flow_jobs FOR EACH ROW
    WHEN (NEW.parent IS NULL AND strpos(NEW.head, '"parent":') > 0) EXECUTE FUNCTION flow_jobs_parent()""",
)


def upgrade() -> None:
    """Add the column with its index, and fill it: now, and for jobs that code of the revision before starts."""
    op.add_column("flow_jobs", sa.Column("parent", KEY, nullable=True))
    there = sa.text("parent IS NOT NULL")
    op.create_index("ix_flow_jobs_parent", "flow_jobs", ["parent"], sqlite_where=there, postgresql_where=there)
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE if sqlite else POSTGRESQL:
        op.execute(statement)
