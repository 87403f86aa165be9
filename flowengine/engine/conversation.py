"""Messages between customers and the organisation, and files."""

from __future__ import annotations

from flowengine.engine.part import Part


class Conversation(Part):
    """Messages between customers and the organisation, and files."""
