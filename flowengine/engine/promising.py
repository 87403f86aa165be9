"""Promises that are asked anew, receipts, and looking before a change of mind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flowengine.commands import new_dates, promising
from flowengine.core.values import Json
from flowengine.engine.part import Part
from flowengine.people.identities import By
from flowengine.people.permissions import PROGRAM
from flowengine.reading import promising as reading
from flowengine.reading import proving
from flowengine.views.promised import PromiseCount, PromiseRow
from flowengine.views.promising import Preview
from flowengine.views.proofs import Proof, ReceiptRow
from flowengine.views.replies import Receipt


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

    def ask_new_promise(self, job: str, to: date, *, because: str, by: By = PROGRAM, key: str | None = None) -> Receipt:
        """Ask the customer for another date than the one that is promised: ``to`` a day, which is promised until it
        ends where the process is, or a moment with its zone; ``because`` of what, which he is told.

        He has a step on which he accepts or refuses it, :attr:`Receipt.question`, for seven days at most, and not
        beyond that date. Accepted, it is what is promised; refused or not answered, what was promised stands. Who has
        asked is told, and may take it back (:meth:`Engine.take_back`) until then. One is asked at a time, also of a
        suspended job.

        Raises NotFound; NotAllowed where nothing is promised that is still to be kept, or he is asked already;
        BadAnswer for a date that is over, is what is promised already, or for no reason.
        """
        return new_dates.ask(self._shell, job, to, because, by, key)

    def promises(
        self,
        *,
        state: str | None = None,
        process: str | None = None,
        limit: int = 100,
        after: str | None = None,
        by: By = PROGRAM,
    ) -> list[PromiseRow]:
        """What was promised and what became of it, the earliest moment first; of one ``state`` or ``process`` alone.

        ``state`` is a :attr:`PromiseView.status`: ``open``, ``at_risk``, ``asked``, ``late``, ``kept``, ``broken`` or
        ``released``. ``limit`` is 1 to 200; ``after`` is the :attr:`PromiseRow.place` of the last row of the page
        before. Raises NotAllowed for customers, BadAnswer.
        """
        return reading.promises(self._shell, state, process, limit, after, by)

    def promise_counts(self, *, process: str | None = None, by: By = PROGRAM) -> list[PromiseCount]:
        """How many promises are in each state, by process; states of which there is none are left out. Raises
        NotAllowed for customers."""
        return reading.counts(self._shell, process, by)

    def receipts(self, job: str, *, after: int = 0, limit: int = 100, by: By) -> list[ReceiptRow]:
        """What who asks has done himself in a job, or a colleague for their party, of which he can have a receipt, the
        oldest first; ``after`` is the last :attr:`ReceiptRow.seq` of the page before, ``limit`` at most 200. Raises
        NotFound."""
        return proving.receipts(self._shell, job, after, limit, by)

    def proof(self, job: str, seq: int | None = None, *, by: By) -> Proof:
        """A receipt that can be checked without the database: what was shown and answered in entry ``seq`` of the
        job's history (else the last thing that who asks has done), and its place in the chain.

        A customer has one of what he did himself, or a colleague for their party, those inside of all entries. How
        somebody has voted in secret is in none. Raises NotFound; NotAllowed for an entry that is older than receipts.
        """
        return proving.proof(self._shell, job, seq, by)
