"""Ballots and tallies."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from flowengine.client.desk.part import Part


class Voting(Part):
    """Ballots and tallies."""
