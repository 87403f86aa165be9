"""What is known of a customer as a whole: the record, the timeline, who is found, who may be one, what was imported."""

from __future__ import annotations

from datetime import datetime

from flowengine.core.values import Json
from flowengine.views.consents import ReceivedView
from flowengine.views.facts import PanelView
from flowengine.views.replies import JobRow, PersonView
from flowengine.views.view import View


class ReferralView(View, frozen=True, kw_only=True):
    """Whom a customer has named, and when (``at``), in which ``job`` of his: the ``name`` is what he has called him,
    empty where that is erased. ``came`` is when that one began something.

    Those inside are told who it is (``person``), what he began, and the ``standing``: ``invited``, who was new;
    ``known``, a customer of before; ``own``, a contact of the sender's own; ``ring``, one of those by whom the sender
    came himself.
    """

    id: str
    at: datetime
    job: str
    name: str = ""
    came: datetime | None = None
    person: str = ""
    standing: str = ""
    began: str = ""


class RecordView(PanelView, frozen=True, kw_only=True):
    """A customer on one screen: who he is, his ``contacts``, what is open, his open ``jobs``, and whom he has named
    (``referrals``), the latest first. ``received`` says which partners have sent his record here.

    ``customer`` is the id that stands for him, ``ids`` are all that he has, that one first. A customer is shown himself
    without the organisation's own ``record`` of him.
    """

    person: PersonView
    ids: tuple[str, ...]
    contacts: tuple[str, ...] = ()
    jobs: tuple[JobRow, ...] = ()
    more_jobs: bool = False
    referrals: tuple[ReferralView, ...] = ()
    received: tuple[ReceivedView, ...] = ()


class TimelineLine(View, frozen=True, kw_only=True):
    """One thing that happened with a customer: when, by whom (a name), and in plain words what.

    ``kind`` is ``begun``, ``fulfilled`` or ``ended`` of a job; ``answered`` of a step, ``changed`` of what a job offers
    at any time; ``promised``, ``late``, ``kept`` or ``broken``; ``told`` and ``appointment``; what was said about a job
    (``note``, ``wish``, ``concern``, ``expectation``, ``question``, ``answer``); a kind of fact; or ``letter``.
    ``title`` is that of the job's process. ``fact`` is the id of the fact. ``place`` is where it stands: the ``after``
    of the next page.
    """

    at: datetime
    kind: str
    what: str
    who: str = ""
    job: str = ""
    short: str = ""
    title: str = ""
    fact: str = ""
    place: str = ""


class CustomerRow(View, frozen=True, kw_only=True):
    """A customer in a list: ``id`` stands for him, ``ids`` are all that he has. ``place`` is the ``after`` of the next
    page."""

    id: str
    name: str
    contact: str = ""
    groups: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    erased: datetime | None = None
    place: str = ""


class FoundCustomers(View, frozen=True, kw_only=True):
    """A page of customers whom words fit, and how many they fit in all."""

    count: int
    customers: tuple[CustomerRow, ...]


class MergedView(View, frozen=True, kw_only=True):
    """What became of two ids: ``id`` was merged into ``into``, or is by itself again (``into`` is empty then).
    ``customer`` is the id that stands for the person now, and ``ids`` are all that he has, that one first."""

    id: str
    into: str
    customer: str
    ids: tuple[str, ...]


class DuplicateView(View, frozen=True, kw_only=True):
    """Two customers who may be one: ``id`` could be merged into ``into``, who has been known for longer. ``reasons``
    say why."""

    id: str
    name: str
    into: str
    into_name: str
    reasons: tuple[str, ...]


class RefusedRow(View, frozen=True, kw_only=True):
    """A row that cannot be taken: its number, counted from 1 (of a file its ``line``), and what is wrong by field."""

    row: int
    problems: dict[str, str]
    line: int = 0


class Imported(View, frozen=True, kw_only=True):
    """What came of rows: how many people were ``added`` and ``changed``, and how many were as they are said to be
    (``same``). The rows that cannot be taken are ``refused``; ``left_out`` are those that stood in a batch with one of
    them, of which nothing was entered either. ``dry``: nothing was entered at all."""

    added: int = 0
    changed: int = 0
    same: int = 0
    left_out: int = 0
    refused: tuple[RefusedRow, ...] = ()
    dry: bool = False


OwnData = dict[str, Json]
"""All that is kept of a customer, as plain JSON; docs/customers.md says what is in it."""
