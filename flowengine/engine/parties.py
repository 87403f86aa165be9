"""Parties: their contacts, and who acts for whom."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flowengine.commands import parties, people
from flowengine.engine.part import Part
from flowengine.people.identities import By
from flowengine.people.permissions import PROGRAM
from flowengine.views.parties import ActingEnded, ActingView, ContactView
from flowengine.views.replies import PersonView

Kind = Literal["mail", "phone", "url", ""]


class Parties(Part):
    """Parties: their contacts, and who acts for whom."""

    def let_act(
        self,
        person: str,
        party: str,
        may: str = "act",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        because: str = "",
        by: By = PROGRAM,
    ) -> ActingView:
        """Let a person act for a party, a customer, perhaps an organisation: ``see`` its jobs, ``act`` in them too, or
        ``sign`` (approve) too. ``since`` and ``until`` (aware; it ends before it) count at the moment of each act.
        What was said of the two before holds no more; whoever may only look from now on gives back what he has
        claimed. It is not handed on: for whom the party acts, the person does not.

        A customer says so for himself as the party. Raises BadAnswer for what cannot be said, NotFound for an id that
        nobody has, NotAllowed for oneself, for staff as the party, for an organisation as the person, and beyond 100
        parties of a person or 1,000 persons of a party.
        """
        return parties.let_act(self._shell, person, party, may, since, until, because, by)

    def end_acting(self, person: str, party: str, *, by: By = PROGRAM) -> ActingEnded:
        """A person acts for a party no more; what he has claimed for it is given back. The person himself may say so
        too. Raises NotFound where he does not."""
        return parties.end_acting(self._shell, person, party, by)

    def acting(self, person: str, *, by: By = PROGRAM) -> list[ActingView]:
        """For whom somebody may act, then who may act for him; at any time, of which ``now`` tells. Raises NotFound."""
        return parties.acting(self._shell, person, by)

    def set_name(
        self, person: str, name: str = "", *, zone: str | None = None, language: str | None = None, by: By = PROGRAM
    ) -> PersonView:
        """Say what somebody is called, in which time ``zone`` (an IANA name) he reads moments, and in which
        ``language`` (``en``, ``de``) he is spoken to: without a name, or with None, it stays as it is; an empty zone is
        that of what he reads about, an empty language that of whatever he comes with. Each says so for himself and for
        whom he acts, operators for everybody. Raises NotFound, and BadAnswer for a name that is too long, and a zone
        or a language that there is not."""
        return people.set_name(self._shell, person, name, zone, language, by)

    def contacts(self, person: str, *, by: By = PROGRAM) -> list[ContactView]:
        """The ways to a person or an organisation: the verified first, then in the order in which they were added.
        Raises NotFound."""
        return parties.contacts(self._shell, person, by)

    def add_contact(self, person: str, address: str, kind: Kind = "", *, by: By = PROGRAM) -> ContactView:
        """Add a way to somebody: a mail address, a telephone number or a URL, which is seen by its look unless its
        ``kind`` is said. One that he has already stays as it is. Raises BadAnswer for what is none, NotFound, and
        NotAllowed beyond 20."""
        return parties.add_contact(self._shell, person, address, kind, by)

    def remove_contact(self, person: str, address: str, kind: Kind = "", *, by: By = PROGRAM) -> ContactView:
        """Take a way to somebody away. Raises NotFound where he does not have it."""
        return parties.remove_contact(self._shell, person, address, kind, by)

    def confirm_contact(self, person: str, address: str, kind: Kind = "", *, how: str = "") -> ContactView:
        """Say that somebody was found to be there where a contact leads, and ``how``: by a code, say. For the program
        alone. Raises NotFound where he does not have it."""
        return parties.confirm_contact(self._shell, person, address, kind, how)

    def with_contact(self, address: str, kind: Kind = "") -> list[PersonView]:
        """The first few who have a contact, by what it means, however it is written. For the program alone: to find
        people, never to be them (L15). Raises BadAnswer for what is no contact."""
        return parties.with_contact(self._shell, address, kind)
