"""What is known of customers: facts, timelines, duplicates, their own data."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from flowengine.client.desk.part import Part
from flowengine.core.values import Json
from flowengine.views import records as view
from flowengine.views.consents import ConsentsView, ConsentView, SentView
from flowengine.views.facts import FactView


class Records(Part):
    """What is known of customers: facts, timelines, duplicates, their own data."""

    def add_fact(
        self,
        person: str,
        kind: str,
        text: str,
        *,
        job: str = "",
        step: str = "",
        show: bool = False,
        key: str | None = None,
    ) -> FactView:
        """Say something of a customer: a need, want, concern, expectation, preference or note."""
        return self._ask("add_fact", person, kind, text, job=job, step=step, show=show, key=key)

    def change_fact(self, fact: str, text: str = "", *, kind: str = "", show: bool | None = None) -> FactView:
        """Say a fact otherwise: what is not said stays, and the version before is kept."""
        return self._ask("change_fact", fact, text, kind=kind, show=show)

    def answer_fact(self, fact: str, text: str) -> FactView:
        """Answer what waits for it; who raised it is told."""
        return self._ask("answer_fact", fact, text)

    def take_back_fact(self, fact: str) -> FactView:
        """Take a fact back: it counts no more."""
        return self._ask("take_back_fact", fact)

    def facts(
        self, person: str, *, kind: str = "", open: bool | None = None, of: str = "", after: str = "", limit: int = 50
    ) -> list[FactView]:
        """A page of what is known of a customer, the newest first; or how one fact, ``of`` which it is asked, was said
        each time."""
        return self._ask("facts", person, kind=kind, open=open, of=of, after=after, limit=limit)

    def record(self, person: str) -> view.RecordView:
        """A customer on one screen."""
        return self._ask("record", person)

    def timeline(self, person: str, *, after: str = "", limit: int = 50) -> list[view.TimelineLine]:
        """A page of what happened with a customer, over all jobs and processes, the newest first."""
        return self._ask("timeline", person, after=after, limit=limit)

    def customers(self, text: str = "", *, after: str = "", limit: int = 50) -> view.FoundCustomers:
        """A page of the customers whom words fit, and how many there are."""
        return self._ask("customers", text, after=after, limit=limit)

    def merge(self, person: str, into: str, *, because: str) -> view.MergedView:
        """Say that two ids are one person. Nothing is moved."""
        return self._ask("merge", person, into, because=because)

    def unmerge(self, person: str) -> view.MergedView:
        """Undo that an id was merged."""
        return self._ask("unmerge", person)

    def duplicates(self, *, limit: int = 50) -> list[view.DuplicateView]:
        """Pairs of customers who may be one, with the reasons."""
        return self._ask("duplicates", limit=limit)

    def reject_duplicate(self, person: str, other: str) -> None:
        """Say that two customers are two, so that they are proposed no more."""
        self._ask("reject_duplicate", person, other)

    def export_person(self, person: str) -> dict[str, Json]:
        """All that is kept of a customer, as far as who asks may have it."""
        return self._ask("export_person", person)

    def import_people(self, rows: Sequence[Mapping[str, Json]], *, dry: bool = False) -> view.Imported:
        """Enter many customers, or change what is said of them: a thousand rows at once."""
        return self._ask("import_people", rows, dry=dry)

    def consents(self, person: str) -> ConsentsView:
        """To what a customer has consented, and which partner was told what by it."""
        return self._ask("consents", person)

    def give_consent(
        self, person: str, partner: str, *, until: datetime, parts: Sequence[str] = ("person",), paper: str = ""
    ) -> ConsentView:
        """Consent that a partner has parts of a customer's record until a moment."""
        return self._ask("give_consent", person, partner, until=until, parts=parts, paper=paper)

    def withdraw_consent(self, person: str, partner: str) -> list[ConsentView]:
        """Withdraw all that a customer has consented to for a partner, who erases what he was sent."""
        return self._ask("withdraw_consent", person, partner)

    def send_record(self, person: str, to: str, *, parts: Sequence[str] = ()) -> SentView:
        """Send the record of a customer to a partner, as far as a consent that holds now covers it."""
        return self._ask("send_record", person, to, parts=parts)
