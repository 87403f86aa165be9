"""Promises that are asked anew, receipts, and looking before a change of mind."""

from __future__ import annotations

from flowengine.engine.part import Part


class Promising(Part):
    """Promises that are asked anew, receipts, and looking before a change of mind."""
