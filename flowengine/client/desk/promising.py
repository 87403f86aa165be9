"""Promises that are asked anew, receipts, and looking before a change of mind."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flowengine.client.desk.part import Part
from flowengine.core.values import Json
from flowengine.views.promised import PromiseCount, PromiseRow
from flowengine.views.promising import Preview
from flowengine.views.proofs import Proof, ReceiptRow
from flowengine.views.replies import Receipt


class Promising(Part):
    """Promises that are asked anew, receipts, and looking before a change of mind."""

    def preview(self, job: str, name: str, answer: Mapping[str, Json] | None = None) -> Preview:
        """What using an offer of the job would come to; its digest makes :meth:`invoke` do that or nothing."""
        return self._ask("preview", job, name, answer)

    def preview_act(self, step_id: str, outcome: str = "", answer: Mapping[str, Json] | None = None) -> Preview:
        """What acting on a step would come to."""
        return self._ask("preview_act", step_id, outcome, answer)

    def ask_new_promise(self, job: str, to: date, *, because: str, key: str | None = None) -> Receipt:
        """Ask the customer for another date than the one that is promised, with the reason that he is told."""
        return self._ask("ask_new_promise", job, to, because=because, key=key)

    def promises(
        self, *, state: str | None = None, process: str | None = None, limit: int = 100, after: str | None = None
    ) -> list[PromiseRow]:
        """What was promised and what became of it, the earliest first."""
        return self._ask("promises", state=state, process=process, limit=limit, after=after)

    def promise_counts(self, *, process: str | None = None) -> list[PromiseCount]:
        """How many promises are in each state, by process."""
        return self._ask("promise_counts", process=process)

    def receipts(self, job: str, *, after: int = 0, limit: int = 100) -> list[ReceiptRow]:
        """What one has done in a job, of which there is a receipt."""
        return self._ask("receipts", job, after=after, limit=limit)

    def proof(self, job: str, seq: int | None = None) -> Proof:
        """A receipt that can be checked without the database, of an entry or of the last thing that one has done."""
        return self._ask("proof", job, seq)
