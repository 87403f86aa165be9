"""What was changed of the installation; how it is set, and how it fares."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from flowengine.client.desk.part import Part
from flowengine.views.replies import DeedView
from flowengine.views.status import StatusView


class Administration(Part):
    """What was changed of the installation; how it is set, and how it fares."""

    def administration(self, about: str = "", *, limit: int = 100, after: int = 0) -> list[DeedView]:
        """A page of who has changed what of the installation, the newest first; all, or what is about an id."""
        return self._ask("administration", about, limit=limit, after=after)

    def status(self) -> StatusView:
        """How the installation fares: what is wrong, what is due, what is set, and the versions of all."""
        return self._ask("status")
