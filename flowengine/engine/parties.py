"""Parties: their contacts, and who acts for whom."""

from __future__ import annotations

from flowengine.engine.part import Part


class Parties(Part):
    """Parties: their contacts, and who acts for whom."""
