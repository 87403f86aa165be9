"""Bookings of people beside those of calendars, and holds that are over by themselves.

Customers get bookings of their own for what they have booked by now; of two at one time, which were possible before,
one. Who of the staff met them was not known. What was held by then stays so until its job lets it go.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the customers' bookings."""
    op.add_column("flow_bookings", sa.Column("held_until", sa.BigInteger(), nullable=True))
    op.execute(
        "INSERT INTO flow_bookings (calendar, cell, seat, until, job_id, slot, slot_end)"
        " SELECT DISTINCT 'person:' || j.customer, b.slot, 1, b.slot_end, b.job_id, b.slot, b.slot_end"
        " FROM flow_bookings b JOIN flow_jobs j ON j.id = b.job_id"
        " WHERE b.slot_end - b.slot <= 86400000000 ON CONFLICT DO NOTHING"
    )
