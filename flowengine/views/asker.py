"""Who asks, and what time it is for him."""

from __future__ import annotations

from datetime import datetime

from flowengine.views.replies import PersonView, View


class AskerView(View, frozen=True, kw_only=True):
    """Who asks at a desk: the ``person``, None for a program and for somebody who is not known yet; the ``zone`` in
    which he reads moments, empty where it is not known; and ``now``, by the clock that decides deadlines."""

    person: PersonView | None = None
    zone: str = ""
    now: datetime
