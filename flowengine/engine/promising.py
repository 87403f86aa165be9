"""Promises that are asked anew, receipts, and looking before a change of mind."""

from __future__ import annotations

from collections.abc import Mapping

from flowengine.commands import promising
from flowengine.core.values import Json
from flowengine.engine.part import Part
from flowengine.people.identities import By
from flowengine.views.promising import Preview


class Promising(Part):
    """Promises that are asked anew, receipts, and looking before a change of mind."""

    def preview(self, job: str, name: str, answer: Mapping[str, Json] | None = None, *, by: By) -> Preview:
        """What using an offer of the job (:attr:`Track.offers`) would come to now; nothing is done.

        Its :attr:`Preview.digest`, given to :meth:`invoke` or :meth:`withdraw`, makes that do what was shown, or
        nothing. ``answer`` is what the offer asks. Raises what :meth:`invoke` would: NotFound, NotAllowed, BadAnswer.
        """
        return promising.preview(self._shell, job, name, dict(answer or {}), by)

    def preview_act(
        self, step_id: str, outcome: str = "", answer: Mapping[str, Json] | None = None, *, by: By
    ) -> Preview:
        """What acting on a step would come to now; nothing is done. Raises what :meth:`act` would."""
        return promising.preview_act(self._shell, step_id, outcome, dict(answer or {}), by)
