"""What is done to the installation itself, and people in bulk."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from flowengine.client.desk.part import Part


class Administration(Part):
    """What is done to the installation itself, and people in bulk."""
