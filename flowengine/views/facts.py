"""Facts of a customer, and what of them matters to a step, as those who ask may see it."""

from __future__ import annotations

from datetime import datetime

from flowengine.views.view import View


class FactView(View, frozen=True, kw_only=True):
    """Something that is known of the customer ``person``: ``kind`` is ``need``, ``want``, ``concern``,
    ``expectation``, ``preference`` or ``note``.

    ``author_name`` is who said it, when (``at``); ``changed`` is when it was said so, in this ``version``, and
    ``changed_by`` the name of who did. ``shown``: the customer sees it. ``job``, ``step`` and ``process`` say on what
    it was said, if on anything. ``open``: it waits for an answer; ``answer``, ``answered`` and ``answered_by`` (a name)
    are there once it has one. ``taken_back`` is when it was. ``place`` is where it stands in a list: the ``after`` of
    the next page. A customer is told no ids of staff (``author``).

    What was said about a job, and waits for an answer there, has the id of that step as its ``question``: it is
    answered by acting on it, and its ``id`` is that too.
    """

    id: str
    short: str
    person: str
    kind: str
    text: str
    author: str
    author_name: str
    at: datetime
    changed: datetime
    changed_by: str = ""
    version: int = 1
    shown: bool = False
    job: str = ""
    step: str = ""
    process: str = ""
    open: bool = False
    answer: str = ""
    answered: datetime | None = None
    answered_by: str = ""
    taken_back: datetime | None = None
    question: str = ""
    place: str = ""


class PromisedView(View, frozen=True, kw_only=True):
    """What is promised in a job that is open, whose process is called ``title``: ``by`` when, whether that is over
    (``late``), and the ``words`` for it."""

    job: str
    short: str
    title: str
    by: datetime
    late: bool
    words: str


class PanelView(View, frozen=True, kw_only=True):
    """What is known of a customer that matters to a step: ``facts`` of the kinds that are wanted, those that wait for
    an answer before the others; what is promised; and what was said of him ``lately``, whatever kind it is."""

    customer: str
    name: str
    facts: tuple[FactView, ...] = ()
    promises: tuple[PromisedView, ...] = ()
    lately: tuple[FactView, ...] = ()
