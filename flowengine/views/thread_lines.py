"""One stretch of the way of a job, as it is told."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flowengine.views.view import View


class ThreadLine(View, frozen=True, kw_only=True):
    """One stretch of a job's way: ``words`` for it, what it came to (``text``), and the ``lines`` that belong to it, as
    title and text.

    ``when`` it is: ``done`` (``at`` is since when), ``now`` (``at`` is since when it is so, where that is known) or
    ``ahead``. ``with_you``: it was, is or will be the customer's to do. ``who`` has done it or is at work on it, by
    name. ``inside`` are the words of the phase around it. ``seq`` is the number of the receipt that there is of it; 0:
    there is none. ``kind`` is what it is: ``yours`` (what he did), ``phase``, ``told`` (what he was told), ``missed``
    (what he did not answer in time, and appointments that came to nothing) or ``end``.
    """

    when: Literal["done", "now", "ahead"]
    words: str
    kind: Literal["yours", "phase", "told", "missed", "end"] = "phase"
    text: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    at: datetime | None = None
    with_you: bool = False
    who: str = ""
    inside: str = ""
    seq: int = 0
