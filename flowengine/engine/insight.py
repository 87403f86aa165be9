"""What all jobs have taught."""

from __future__ import annotations

from flowengine.commands import counting
from flowengine.engine.part import Part
from flowengine.people.identities import By
from flowengine.people.permissions import PROGRAM
from flowengine.reading import insight as reading
from flowengine.views.insight import Insight, Split


class Insights(Part):
    """What all jobs have taught."""

    def insight(
        self, process: str, *, since: str = "", until: str = "", split: Split = "", by: By = PROGRAM
    ) -> Insight:
        """What the jobs of a process, of all its versions, have taught: what was chosen, where and for whom they
        waited, how long they took, what was promised, said and rated (M7).

        ``since`` and ``until`` are months (``2026-05``, in UTC), both included; ``split``: a row for each ``month``,
        ``version``, or ``group`` in which the customer was when he acted. Nothing is told of fewer than five customers,
        nor what could be told from the rest of a table by subtracting. What has happened since workers counted last is
        counted first, for a third of a second at most; what is left is :attr:`Insight.behind`.

        Raises NotFound where there is no such process; NotAllowed for customers, and for members of staff to all of
        whose roles the process is closed; BadAnswer for what is no month, or nothing to split by.
        """
        return reading.insight(self._shell, process, since, until, split, by)

    def recount(self, *, by: By = PROGRAM) -> int:
        """Forget all that was counted of jobs that are there, so that workers count it anew from their histories; what
        archived jobs have taught stays. How many jobs are to be counted, at most 1,000. Raises NotAllowed."""
        return counting.recount(self._shell, self._shell.asker("recount", by))
