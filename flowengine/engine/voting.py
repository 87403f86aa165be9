"""Ballots and tallies."""

from __future__ import annotations

from flowengine.engine.part import Part
from flowengine.people.identities import By
from flowengine.reading import balloting
from flowengine.views.ballots import BallotView


class Voting(Part):
    """Ballots and tallies."""

    def ballot(self, step_id: str, *, by: By) -> BallotView:
        """A voter's own ballot in a vote, open or over; once it is counted, with what shows that it was. The vote is
        named by its step, or by its job, where it is the only one in which he may vote.

        Raises NotFound: there is no such vote, or he could not vote in it (L4); Ambiguous.
        """
        return balloting.ballot(self._shell, step_id, by)
