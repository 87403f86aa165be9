"""What all jobs have taught."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from flowengine.client.desk.part import Part
from flowengine.views.insight import Insight, Split


class Insights(Part):
    """What all jobs have taught."""

    def insight(self, process: str, *, since: str = "", until: str = "", split: Split = "") -> Insight:
        """What the jobs of a process have taught, in some months, perhaps split by month, version or group."""
        return self._ask("insight", process, since=since, until=until, split=split)

    def recount(self) -> int:
        """Have all that was counted of jobs that are there counted anew. How many are to be, at most 1,000."""
        return self._ask("recount")
