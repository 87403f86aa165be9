"""What was changed of the installation."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from flowengine.client.desk.part import Part
from flowengine.views.replies import DeedView


class Administration(Part):
    """What was changed of the installation."""

    def administration(self, about: str = "", *, limit: int = 100, after: int = 0) -> list[DeedView]:
        """A page of who has changed what of the installation, the newest first; all, or what is about an id."""
        return self._ask("administration", about, limit=limit, after=after)
