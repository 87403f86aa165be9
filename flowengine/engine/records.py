"""What is known of customers: facts, timelines, duplicates, their own data."""

from __future__ import annotations

from flowengine.engine.part import Part


class Records(Part):
    """What is known of customers: facts, timelines, duplicates, their own data."""
