"""What is known of customers: facts, timelines, duplicates, their own data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from flowengine.commands import consents, importing, merging, records
from flowengine.core.values import Json
from flowengine.engine.part import Part
from flowengine.people.identities import By
from flowengine.people.permissions import PROGRAM
from flowengine.reading import own_data
from flowengine.reading import records as known
from flowengine.reading.timeline import timeline
from flowengine.views.consents import ConsentsView, ConsentView, SentView
from flowengine.views.facts import FactView
from flowengine.views.records import (
    DuplicateView,
    FoundCustomers,
    Imported,
    MergedView,
    RecordView,
    TimelineLine,
)


class Records(Part):
    """What is known of customers: facts, timelines, duplicates, their own data.

    A customer reads and adds to his own record, as far as it is shown to him; every role reads and adds on every
    customer, except where a process or state says ``closed_to``, or the setting ``facts_closed_to``.
    """

    # facts

    def add_fact(
        self,
        person: str,
        kind: str,
        text: str,
        *,
        job: str = "",
        step: str = "",
        show: bool = False,
        by: By = PROGRAM,
        key: str | None = None,
    ) -> FactView:
        """Say something of a customer: a ``need``, ``want``, ``concern``, ``expectation``, ``preference`` or ``note``,
        of at most 10,000 characters; perhaps about a ``job`` or a ``step`` of his. ``show`` it to him as well; what he
        says himself he sees.

        The first four are open until they are answered (:meth:`answer_fact`). Raises NotFound, BadAnswer, KeyConflict,
        and NotAllowed for staff, for who was erased, and for a kind that is closed to who asks.
        """
        return records.add_fact(self._shell, person, kind, text, job, step, show, by, key)

    def change_fact(
        self, fact: str, text: str = "", *, kind: str = "", show: bool | None = None, by: By = PROGRAM
    ) -> FactView:
        """Say a fact otherwise, by its id or a unique beginning of it: what is not said stays. The version before is
        kept. What a customer has said, he alone changes; what the organisation has, any member of staff who sees it.

        Raises NotFound, Ambiguous, NotAllowed, BadAnswer, and StaleCommand once it is answered or taken back.
        """
        return records.change_fact(self._shell, fact, text, kind, show, by)

    def answer_fact(self, fact: str, text: str, *, by: By = PROGRAM) -> FactView:
        """Answer a need, a want, a concern or an expectation, which is open no more. Who raised it is told the answer,
        and the customer, where he sees it.

        Raises NotFound, Ambiguous, NotAllowed for a kind that waits for no answer, BadAnswer, and StaleCommand where it
        was answered otherwise, or taken back.
        """
        return records.answer_fact(self._shell, fact, text, by)

    def take_back_fact(self, fact: str, *, by: By = PROGRAM) -> FactView:
        """Take a fact back: it counts no more, and nobody is shown it but in the customer's own data. Whoever may
        change it may. Raises NotFound, Ambiguous, NotAllowed."""
        return records.take_back_fact(self._shell, fact, by)

    def facts(
        self,
        person: str,
        *,
        kind: str = "",
        open: bool | None = None,
        of: str = "",
        after: str = "",
        limit: int = 50,
        by: By = PROGRAM,
    ) -> list[FactView]:
        """What is known of a customer, the newest first; of one ``kind``, and only what is ``open``, or what is not.
        With ``of``, the id of a fact or a unique beginning of it: how that one was said each time, the last first, also
        where it was taken back. ``after`` is the ``place`` of the last one of the page before, ``limit`` 200 at most.
        Raises NotFound, BadAnswer."""
        return known.facts(self._shell, person, kind, open, of, after, limit, by)

    # a customer as a whole

    def record(self, person: str, *, by: By = PROGRAM) -> RecordView:
        """A customer on one screen: who he is, how he is reached, what is open, what is promised, his open jobs, and
        the last three facts. Raises NotFound, and NotAllowed for a member of staff."""
        return known.record(self._shell, person, by)

    def timeline(self, person: str, *, after: str = "", limit: int = 50, by: By = PROGRAM) -> list[TimelineLine]:
        """All that happened with a customer, over all jobs and processes, the newest first: jobs begun and ended, what
        he answered, what was said, promised and told, facts, letters. A customer is told what is his to know (L9).
        ``after`` is the ``place`` of the last line of the page before, ``limit`` 200 at most. Raises NotFound,
        BadAnswer."""
        return timeline(self._shell, person, after, limit, by)

    def customers(self, text: str = "", *, after: str = "", limit: int = 50, by: By = PROGRAM) -> FoundCustomers:
        """The customers in whose id, name, contact or facts each word of a text stands, by their ids; and how many
        there are in all. What is closed to who asks is not searched. ``after`` is the ``place`` of the last one of the
        page before, ``limit`` 200 at most. Raises BadAnswer."""
        return known.customers(self._shell, text, after, limit, by)

    # who is who else

    def merge(self, person: str, into: str, *, because: str, by: By = PROGRAM) -> MergedView:
        """Say that two ids are one person, who from then on is found under both: whatever is read of one is read of
        both. Nothing is moved, so that :meth:`unmerge` brings back exactly what was.

        Raises NotFound, and NotAllowed for staff, for who was erased, for one who was merged already, for oneself and
        for circles.
        """
        return merging.merge(self._shell, person, into, because, by)

    def unmerge(self, person: str, *, by: By = PROGRAM) -> MergedView:
        """Undo that an id was merged. Raises NotFound, and NotAllowed for one that was not."""
        return merging.unmerge(self._shell, person, by)

    def duplicates(self, *, limit: int = 50, by: By = PROGRAM) -> list[DuplicateView]:
        """Pairs of customers who may be one, with the reasons, those with most of them first: the same contact, or
        (nearly) the same name and something else in common. At most 200. Nothing is merged by itself."""
        return merging.duplicates(self._shell, limit, by)

    def reject_duplicate(self, person: str, other: str, *, by: By = PROGRAM) -> None:
        """Say that two customers are two, so that they are proposed no more. Raises NotFound, and NotAllowed where they
        are merged."""
        merging.reject_duplicate(self._shell, person, other, by)

    # data in and out

    def export_person(self, person: str, *, by: By = PROGRAM) -> dict[str, Json]:
        """All that is kept of a customer, as plain JSON (docs/customers.md says what is in it). A customer has what is
        his to know (L9); the organisation has all, but for what is closed to who asks. Raises NotFound, and NotAllowed
        for a member of staff."""
        return own_data.export_person(self._shell, person, by)

    def import_people(self, rows: Sequence[Mapping[str, Json]], *, dry: bool = False, by: By = PROGRAM) -> Imported:
        """Enter many customers, or change what is said of them, as :meth:`add_customer` does: each row has an ``id``,
        and perhaps ``name``, ``contact``, ``groups``, ``zone`` and ``record``.

        A thousand rows are one transaction. A row that cannot be taken is told with its number, and nothing of its
        thousand is entered; the others are. The same rows again change nothing. ``dry``: say what would come of it.
        """
        return importing.import_people(self._shell, rows, dry, by)

    # records that are exchanged with partners

    def consents(self, person: str, *, by: By = PROGRAM) -> ConsentsView:
        """To what a customer has consented, the latest first: which partner has which parts of his record, until when;
        and what was sent by each, when. Raises NotFound, and NotAllowed for a member of staff."""
        return consents.consents(self._shell, person, by)

    def give_consent(
        self,
        person: str,
        partner: str,
        *,
        until: datetime,
        parts: Sequence[str] = ("person",),
        paper: str = "",
        by: By = PROGRAM,
    ) -> ConsentView:
        """Consent that a partner, by his name in the settings, has parts of a customer's record ``until`` a moment,
        which is two years away at most: ``person`` (name and contacts, which always goes), ``facts`` that the customer
        sees himself, ``jobs`` that he had. Nothing is sent yet (:meth:`send_record`).

        Those inside, and the program, say on which ``paper`` he has consented; he is written to that they did. A
        consent is never changed: another may be given beside it. Raises NotFound, BadAnswer, and NotAllowed for staff,
        for who was erased, and beyond twenty that hold.
        """
        return consents.give_consent(self._shell, person, partner, until, parts, paper, by)

    def withdraw_consent(self, person: str, partner: str, *, by: By = PROGRAM) -> list[ConsentView]:
        """Withdraw all that a customer has consented to for a partner, who is told, and erases what he was sent; the
        consents as they are now. Asked again it changes nothing. Raises NotFound where there was none."""
        return consents.withdraw_consent(self._shell, person, partner, by)

    def send_record(self, person: str, to: str, *, parts: Sequence[str] = (), by: By = PROGRAM) -> SentView:
        """Send the record of a customer, as it is now, to a partner: all that is consented to, or some ``parts`` of
        that. It lies in the outbox until he has it; by the same consent it may be sent again.

        Raises NotFound, BadAnswer, NoConsent where no consent that holds now covers it, and NotAllowed for who was
        erased and for more than 1,000,000 bytes.
        """
        return consents.send_record(self._shell, person, to, parts, by)
