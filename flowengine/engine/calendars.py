"""Calendars of people and rooms, and appointments as files."""

from __future__ import annotations

from flowengine.engine.part import Part


class Calendars(Part):
    """Calendars of people and rooms, and appointments as files."""
