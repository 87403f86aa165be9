"""What is known of customers: facts, timelines, duplicates, their own data."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from flowengine.client.desk.part import Part


class Records(Part):
    """What is known of customers: facts, timelines, duplicates, their own data."""
