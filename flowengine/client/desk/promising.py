"""Promises that are asked anew, receipts, and looking before a change of mind."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from flowengine.client.desk.part import Part


class Promising(Part):
    """Promises that are asked anew, receipts, and looking before a change of mind."""
