"""Parties: their contacts, and who acts for whom."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flowengine.client.desk.part import Part
from flowengine.views import parties as view
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
    ) -> view.ActingView:
        """Let a person act for a party: ``see`` its jobs, ``act`` in them too, or ``sign`` (approve) too."""
        return self._ask("let_act", person, party, may, since=since, until=until, because=because)

    def end_acting(self, person: str, party: str) -> view.ActingEnded:
        """A person acts for a party no more."""
        return self._ask("end_acting", person, party)

    def acting(self, person: str) -> list[view.ActingView]:
        """For whom somebody may act, then who may act for him."""
        return self._ask("acting", person)

    def set_name(
        self, person: str, name: str = "", *, zone: str | None = None, language: str | None = None
    ) -> PersonView:
        """Say what somebody is called, in which zone he reads moments, and in which language he is spoken to; what is
        not said stays."""
        return self._ask("set_name", person, name, zone=zone, language=language)

    def contacts(self, person: str) -> list[view.ContactView]:
        """The ways to somebody, the verified first."""
        return self._ask("contacts", person)

    def add_contact(self, person: str, address: str, kind: Kind = "") -> view.ContactView:
        """Add a way to somebody: a mail address, a telephone number or a URL."""
        return self._ask("add_contact", person, address, kind)

    def remove_contact(self, person: str, address: str, kind: Kind = "") -> view.ContactView:
        """Take a way to somebody away."""
        return self._ask("remove_contact", person, address, kind)
