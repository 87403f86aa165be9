"""What all jobs have taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from flowengine.commands import counting
from flowengine.core.values import Json
from flowengine.engine.part import Part
from flowengine.insight.ordering import SERVICE
from flowengine.people.identities import By
from flowengine.people.permissions import PROGRAM
from flowengine.reading import forecast as forecasting
from flowengine.reading import insight as reading
from flowengine.views.forecast import Forecast
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

    def forecast(
        self,
        process: str,
        *,
        stocks: Sequence[Mapping[str, Json]] = (),
        service: float | Decimal = SERVICE,
        by: By = PROGRAM,
    ) -> Forecast:
        """What to order today of each option that a process uses up, with reasons: from what customers have chosen and
        not used yet, and from what they are expected to choose (M8).

        ``stocks`` are rows ``{option, on_hand, on_order, owed}``, in pieces: free to be used, ordered and on the way,
        needed already and not there; the last two are 0 unless given. An option is named by its id, or as
        ``list.id`` where several lists have it. A row may say in which ``line`` of a file it stands. Without stocks it
        is told how much to hold. ``service`` is the share of pieces that are to be there when they are needed. What
        has happened since workers counted last is counted first, as for :meth:`insight`; what is left is
        :attr:`Forecast.behind`.

        Raises NotFound where there is no such process; NotAllowed as :meth:`insight` does; BadAnswer for rows that are
        none, by row or line, for a service that is no share, and (``uses``) where no state of the process says that it
        uses up what was chosen, with what to write.
        """
        return forecasting.forecast(self._shell, process, stocks, service, by)

    def recount(self, *, by: By = PROGRAM) -> int:
        """Forget all that was counted of jobs that are there, so that workers count it anew from their histories; what
        archived jobs have taught stays. How many jobs are to be counted, at most 1,000. Raises NotAllowed."""
        return counting.recount(self._shell, self._shell.asker("recount", by))
