"""What was changed of the installation."""

from __future__ import annotations

from flowengine.engine.part import Part
from flowengine.people.identities import By
from flowengine.people.permissions import PROGRAM
from flowengine.reading import administration
from flowengine.views.replies import DeedView


class Administration(Part):
    """What was changed of the installation."""

    def administration(self, about: str = "", *, limit: int = 100, after: int = 0, by: By = PROGRAM) -> list[DeedView]:
        """Who has changed what of the installation, rather than of a job, the newest first: processes put in use,
        people entered and erased, tokens, links, whom somebody acts for, calendars that were closed, and so on; each
        with the reason that was given. ``about`` is the exact id of a person, a process, a token, a calendar or a file.
        At most ``limit`` (1,000) of those older than the one whose ``seq`` is ``after``.

        It is a chain like the history of a job, which :meth:`audit` checks (L5). Raises NotAllowed, BadAnswer.
        """
        return administration.administration(self._shell, about, limit, after, by)
