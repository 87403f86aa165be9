"""Administrative deeds are written into a chain of their own (L5).

Code of the revision before knows nothing of it: what it does until its processes are replaced is not noted, and who is
erased by it is to be erased again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
REFUSAL = "the administration of flowengine is append-only"
ERASING = "EXISTS (SELECT 1 FROM flow_settings WHERE name = 'erasing')"
"""A transaction that has put this row into ``flow_settings`` may change ``contents``, and takes it out again."""

KEPT = ("seq", "at", "verb", "about", "also", "hash", "body")
SQLITE = (
    f"""CREATE TRIGGER flow_deeds_unchanged BEFORE UPDATE ON flow_deeds
    WHEN NOT (OLD.contents IS NOT NULL AND NEW.contents IS NOT NULL AND
        {" AND ".join(f"NEW.{name} IS OLD.{name}" for name in KEPT)} AND {ERASING})
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
    f"""CREATE TRIGGER flow_deeds_kept BEFORE DELETE ON flow_deeds
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
)
POSTGRESQL = (
    f"""CREATE FUNCTION flow_deeds_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF OLD.contents IS NOT NULL AND NEW.contents IS NOT NULL
                AND ({", ".join(f"NEW.{name}" for name in KEPT)})
                    IS NOT DISTINCT FROM ({", ".join(f"OLD.{name}" for name in KEPT)})
                AND {ERASING} THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION '{REFUSAL}';
    END $$""",
    """CREATE TRIGGER flow_deeds_unchanged BEFORE UPDATE OR DELETE ON flow_deeds
    FOR EACH ROW EXECUTE FUNCTION flow_deeds_refuse()""",
    """CREATE TRIGGER flow_deeds_kept BEFORE TRUNCATE ON flow_deeds
    FOR EACH STATEMENT EXECUTE FUNCTION flow_deeds_refuse()""",
)


def upgrade() -> None:
    """Add the table, which may only grow; contents alone may be changed."""
    op.create_table(
        "flow_deeds",
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, KEY, nullable=False) for name in ("verb", "about", "also")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("hash", "body")),
        sa.Column("contents", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_flow_deeds"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_flow_deeds_about", "flow_deeds", ["about", "seq"])
    op.create_index("ix_flow_deeds_also", "flow_deeds", ["also", "seq"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
