"""Calendars of people and rooms, and appointments as files."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from flowengine.client.desk.part import Part


class Calendars(Part):
    """Calendars of people and rooms, and appointments as files."""
