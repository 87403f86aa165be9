"""Parties: their contacts, and who acts for whom."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from flowengine.client.desk.part import Part


class Parties(Part):
    """Parties: their contacts, and who acts for whom."""
