"""Promises that are asked anew, receipts, and looking before a change of mind."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Mapping

from flowengine.client.desk.part import Part
from flowengine.core.values import Json
from flowengine.views.promising import Preview


class Promising(Part):
    """Promises that are asked anew, receipts, and looking before a change of mind."""

    def preview(self, job: str, name: str, answer: Mapping[str, Json] | None = None) -> Preview:
        """What using an offer of the job would come to; its digest makes :meth:`invoke` do that or nothing."""
        return self._ask("preview", job, name, answer)

    def preview_act(self, step_id: str, outcome: str = "", answer: Mapping[str, Json] | None = None) -> Preview:
        """What acting on a step would come to."""
        return self._ask("preview_act", step_id, outcome, answer)
