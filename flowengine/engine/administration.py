"""What was changed of the installation; how it is set, and how it fares."""

from __future__ import annotations

from flowengine.engine.part import Part
from flowengine.people.identities import By
from flowengine.people.permissions import PROGRAM
from flowengine.reading import administration
from flowengine.views.replies import DeedView
from flowengine.views.status import StatusView


class Administration(Part):
    """What was changed of the installation; how it is set, and how it fares."""

    def administration(self, about: str = "", *, limit: int = 100, after: int = 0, by: By = PROGRAM) -> list[DeedView]:
        """Who has changed what of the installation, rather than of a job, the newest first: processes put in use,
        people entered and erased, tokens, links, whom somebody acts for, calendars that were closed, and so on; each
        with the reason that was given. ``about`` is the exact id of a person, a process, a token, a calendar or a file.
        At most ``limit`` (1,000) of those older than the one whose ``seq`` is ``after``.

        It is a chain like the history of a job, which :meth:`audit` checks (L5). Raises NotAllowed, BadAnswer.
        """
        return administration.administration(self._shell, about, limit, after, by)

    def status(self, *, by: By = PROGRAM) -> StatusView:
        """How the installation fares just now: what is wrong, with what to do, the grave first; what is due and not
        done, by queue, with how long (seconds) the oldest has been; the workers that have calls; what is set, of
        secrets only that they are; and the versions of program, database and schema. Raises NotAllowed."""
        return administration.status(self._shell, by)
