"""The one interface to flows for programs that are no part of the engine: a desk, opened by its address.

>>> from flowengine.client import open_desk
>>> with open_desk("sqlite://") as desk:
...     desk.jobs()
[]

The names below are imported when they are first used, so that a command line starts at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowengine.client.desk import Desk
    from flowengine.client.device import Code
    from flowengine.client.local import LocalDesk
    from flowengine.client.logging_in import kept_logins, log_in, log_out, login_with
    from flowengine.client.logins import Login
    from flowengine.client.opening import (
        archived_history,
        archived_jobs,
        archived_track,
        backup,
        create,
        must_exist,
        open_desk,
        upgrade,
        verify_archive,
    )
    from flowengine.client.places import is_server, server_address, without_password
    from flowengine.client.rehearsing import for_trials
    from flowengine.client.remote import RemoteDesk
    from flowengine.core.fields import check_answer
    from flowengine.core.forms import Form, FormField, FormOption, Way
    from flowengine.core.values import Json, repeated_key
    from flowengine.interop.csv_text import csv_text
    from flowengine.interop.people_files import FileRow, read_people, written_people
    from flowengine.interop.stock_files import read_stock
    from flowengine.interop.vcards import OF_CARDS, Card, LeftOut, read_cards, written_card
    from flowengine.language.durations import Duration
    from flowengine.language.parts import Field
    from flowengine.rehearsal.event_log import Case, Columns, read_log
    from flowengine.rehearsal.lives import Life, Lives, play
    from flowengine.rehearsal.made_up import MadeUp
    from flowengine.rehearsal.replay import Replay, Verdict
    from flowengine.rehearsal.trial import Move, Trial
    from flowengine.rehearsal.ways_to_ends import Leg, WayToEnd, ways_to_ends
    from flowengine.views.ballots import BallotView
    from flowengine.views.calendars import CalendarFile, Closed, ClosureView, DayView, FeedView, NewFeed
    from flowengine.views.consents import ConsentsView, ConsentView, SentView, parts_in_words
    from flowengine.views.conversation import FileView, MessageView, OpenConversation, Sent
    from flowengine.views.forecast import Forecast, ForecastRow, ForecastWeek, forecast_cells
    from flowengine.views.insight import Insight, InsightRow, InsightTable, as_rows
    from flowengine.views.parties import ActingEnded, ActingView, ContactView
    from flowengine.views.promised import PromiseCount, PromiseRow
    from flowengine.views.promising import Preview, UndoneView
    from flowengine.views.proofs import Checked, Proof, ReceiptRow, canonical, read_proof, verify
    from flowengine.views.records import (
        CustomerRow,
        DuplicateView,
        FoundCustomers,
        Imported,
        MergedView,
        RecordView,
        RefusedRow,
        TimelineLine,
    )
    from flowengine.views.replies import *  # noqa: F403 - all of them are what a desk answers
    from flowengine.views.signing_in import (
        CredentialView,
        DeviceView,
        LinkUseView,
        LinkView,
        NewLink,
        NewOwnToken,
        OwnToken,
        PasskeyAsked,
        SessionView,
        TotpBegun,
    )
    from flowengine.views.status import StatusView
    from flowengine.views.tokens import IssuedToken, TokenView

_HOMES = {
    "flowengine.client.desk": ("Desk",),
    "flowengine.client.local": ("LocalDesk",),
    "flowengine.client.opening": (
        "archived_history", "archived_jobs", "archived_track", "backup", "create", "must_exist", "open_desk", "upgrade",
        "verify_archive",
    ),
    "flowengine.client.device": ("Code",),
    "flowengine.client.logins": ("Login",),
    "flowengine.client.logging_in": ("kept_logins", "log_in", "log_out", "login_with"),
    "flowengine.client.places": ("is_server", "server_address", "without_password"),
    "flowengine.client.remote": ("RemoteDesk",),
    "flowengine.client.rehearsing": ("for_trials",),
    "flowengine.views.status": ("StatusView",),
    "flowengine.views.tokens": ("IssuedToken", "TokenView"),
    "flowengine.core.fields": ("check_answer",),
    "flowengine.core.forms": ("Form", "FormField", "FormOption", "Way"),
    "flowengine.core.values": ("Json", "repeated_key"),
    "flowengine.language.durations": ("Duration",),
    "flowengine.language.parts": ("Field",),
    "flowengine.interop.csv_text": ("csv_text",),
    "flowengine.interop.people_files": ("FileRow", "read_people", "written_people"),
    "flowengine.interop.stock_files": ("read_stock",),
    "flowengine.views.ballots": ("BallotView",),
    "flowengine.rehearsal.event_log": ("Case", "Columns", "read_log"),
    "flowengine.rehearsal.lives": ("Life", "Lives", "play"),
    "flowengine.rehearsal.made_up": ("MadeUp",),
    "flowengine.rehearsal.replay": ("Replay", "Verdict"),
    "flowengine.rehearsal.trial": ("Move", "Trial"),
    "flowengine.views.forecast": ("Forecast", "ForecastRow", "ForecastWeek", "forecast_cells"),
    "flowengine.views.insight": ("Insight", "InsightRow", "InsightTable", "as_rows"),
    "flowengine.views.promised": ("PromiseCount", "PromiseRow"),
    "flowengine.views.promising": ("Preview", "UndoneView"),
    "flowengine.views.proofs": ("Checked", "Proof", "ReceiptRow", "canonical", "read_proof", "verify"),
    "flowengine.rehearsal.ways_to_ends": ("Leg", "WayToEnd", "ways_to_ends"),
    "flowengine.interop.vcards": ("OF_CARDS", "Card", "LeftOut", "read_cards", "written_card"),
    "flowengine.views.consents": ("ConsentsView", "ConsentView", "SentView", "parts_in_words"),
    "flowengine.views.conversation": ("FileView", "MessageView", "OpenConversation", "Sent"),
    "flowengine.views.calendars": ("CalendarFile", "Closed", "ClosureView", "DayView", "FeedView", "NewFeed"),
    "flowengine.views.parties": ("ActingEnded", "ActingView", "ContactView"),
    "flowengine.views.records": (
        "CustomerRow", "DuplicateView", "FoundCustomers", "Imported", "MergedView", "RecordView", "RefusedRow",
        "TimelineLine",
    ),
    "flowengine.views.signing_in": (
        "CredentialView", "DeviceView", "LinkUseView", "LinkView", "NewLink", "NewOwnToken", "OwnToken", "PasskeyAsked",
        "SessionView", "TotpBegun",
    ),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    value = getattr(import_module(_HOME_OF.get(name, "flowengine.views.replies")), name)
    globals()[name] = value
    return value
