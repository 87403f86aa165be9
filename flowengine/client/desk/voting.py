"""Ballots and tallies."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from flowengine.client.desk.part import Part
from flowengine.views.ballots import BallotView


class Voting(Part):
    """Ballots and tallies."""

    def ballot(self, step_id: str) -> BallotView:
        """One's own ballot in a vote; once it is counted, with what shows that it was."""
        return self._ask("ballot", step_id)
