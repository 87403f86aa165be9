"""Messages between customers and the organisation, and files."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from flowengine.client.desk.part import Part


class Conversation(Part):
    """Messages between customers and the organisation, and files."""
