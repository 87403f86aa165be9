"""What is done to the installation itself, and people in bulk."""

from __future__ import annotations

from flowengine.engine.part import Part


class Administration(Part):
    """What is done to the installation itself, and people in bulk."""
