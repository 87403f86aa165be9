"""What all jobs have taught."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from flowengine.client.desk.part import Part
from flowengine.core.values import Json
from flowengine.insight.ordering import SERVICE
from flowengine.views.forecast import Forecast
from flowengine.views.insight import Insight, Split


class Insights(Part):
    """What all jobs have taught."""

    def insight(self, process: str, *, since: str = "", until: str = "", split: Split = "") -> Insight:
        """What the jobs of a process have taught, in some months, perhaps split by month, version or group."""
        return self._ask("insight", process, since=since, until=until, split=split)

    def forecast(
        self, process: str, *, stocks: Sequence[Mapping[str, Json]] = (), service: float | Decimal = SERVICE
    ) -> Forecast:
        """What to order today of each option that a process uses up, of stocks as rows of pieces, with reasons."""
        return self._ask("forecast", process, stocks=stocks, service=service)

    def recount(self) -> int:
        """Have all that was counted of jobs that are there counted anew. How many are to be, at most 1,000."""
        return self._ask("recount")
