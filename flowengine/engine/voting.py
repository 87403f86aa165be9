"""Ballots and tallies."""

from __future__ import annotations

from flowengine.engine.part import Part


class Voting(Part):
    """Ballots and tallies."""
