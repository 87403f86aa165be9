"""Event logs of other systems: cases, and what happened in each of them in order. CSV with a row an event, or XES
(IEEE 1849), as texts.

A log is somebody else's file: its size, its fields and its depth are bounded, and XML that declares a document type,
by which entities explode or read files, is refused before anything of it is taken (L12).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from xml.parsers import expat

from flowengine.errors import Refused

LARGEST = 32_000_000
"""Bytes of a log that are read at most."""

MOST_EVENTS = 500_000
LONGEST_NAME = 1_000
"""Characters of a case's or an activity's name."""

DEEPEST = 32
"""Levels to which XML may be nested."""

_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One event. ``time`` is None where the log has none, or none that can be read."""

    activity: str
    time: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Case:
    """One case: its name, and its events in the order of their times, else of the log."""

    name: str
    events: list[Logged] = field(default_factory=list)

    def in_order(self) -> Case:
        """The same with its events in order of time; as they stand in the log where one has no time."""
        times = [one.time for one in self.events]
        if None not in times:
            self.events.sort(key=lambda one: one.time or datetime.min.replace(tzinfo=UTC))
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The names of the columns of a CSV that say which case, what happened, and when."""

    case: str = "case"
    activity: str = "activity"
    time: str = "time"


def read_log(data: bytes, form: Literal["csv", "xes"], columns: Columns | None = None) -> list[Case]:
    """The cases of a log, in the order in which each begins in it. Raises Refused, which says where."""
    if len(data) > LARGEST:
        raise Refused(f"a log has at most {LARGEST:,} bytes", possible=("a part of its cases",))
    cases: dict[str, Case] = {}
    found = _xes(data) if form == "xes" else _csv(data, columns or Columns())
    for count, (name, event) in enumerate(found):
        if count >= MOST_EVENTS:
            raise Refused(f"a log has at most {MOST_EVENTS:,} events", possible=("a part of its cases",))
        if event is None:
            cases.setdefault(name, Case(name=name))
        else:
            cases.setdefault(name, Case(name=name)).events.append(event)
    return [case.in_order() for case in cases.values()]


def _csv(data: bytes, columns: Columns) -> Iterator[tuple[str, Logged]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("the log is no text in UTF-8", where=f"byte {error.start}") from None
    head = text.partition("\n")[0]
    comma = max(",;\t", key=head.count) if head else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=comma)
    try:
        names = [name.strip() for name in next(rows, [])]
        at_case, at_activity = _column(names, columns.case, "--case"), _column(names, columns.activity, "--activity")
        at_time = names.index(columns.time) if columns.time in names else None
        if at_time is None and columns.time != Columns().time:
            _column(names, columns.time, "--time")
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) <= max(at_case, at_activity):
                raise Refused(f"the row has {len(row)} columns, and the head has {len(names)}",
                              where=f"line {rows.line_num}")  # fmt: skip
            time = row[at_time] if at_time is not None and at_time < len(row) else ""
            where = f"line {rows.line_num}"
            yield _name(row[at_case], where), Logged(activity=_name(row[at_activity], where), time=_time(time, where))
    except csv.Error as error:
        raise Refused(f"the log cannot be read: {error}", where=f"line {rows.line_num}") from None


def _column(names: list[str], wanted: str, option: str) -> int:
    if wanted in names:
        return names.index(wanted)
    possible = tuple(f"{option} {name[:_SHOWN]}" for name in names[:20] if name)
    raise Refused(f"the log has no column {wanted[:_SHOWN]!r}", where="line 1", possible=possible)


def _name(text: str, where: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST_NAME:
        what = "is empty" if not text else f"has more than {LONGEST_NAME:,} characters"
        raise Refused(f"the name of a case or an activity {what}", where=where)
    return text


def _time(text: str, where: str) -> datetime | None:
    """A moment as ISO 8601; one without a zone is taken as UTC, since only the order counts."""
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused(f"{text[:_SHOWN]!r} is no moment as ISO 8601", where=where,
                      possible=("2027-05-01T10:00:00Z",)) from None  # fmt: skip
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _xes(data: bytes) -> Iterator[tuple[str, Logged | None]]:
    reader = _Xes()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = reader.doctype
    reader.parser = parser
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        where = f"line {error.lineno}:{error.offset + 1}"
        raise Refused(f"the log is no XML that can be read: {expat.errors.messages[error.code]}", where=where) from None
    if not reader.is_log:
        raise Refused("the log is no XES: its first element is not 'log'", where="line 1")
    yield from reader.found


class _Xes:
    """Takes the names and times of traces and their events, and nothing else."""

    parser: expat.XMLParserType

    def __init__(self) -> None:
        self.found: list[tuple[str, Logged | None]] = []
        self.is_log = False
        self._path: list[str] = []
        self._traces = 0
        self._case = ""
        self._of_trace: list[Logged] = []
        self._of_event: dict[str, str] = {}

    @property
    def _where(self) -> str:
        return f"line {self.parser.CurrentLineNumber}"

    def doctype(self, *_given: object) -> None:
        raise Refused("a log with a document type is not read", where=self._where, possible=("leave out <!DOCTYPE …>",))

    def start(self, name: str, given: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if not self._path:
            self.is_log = name == "log"
        self._path.append(name)
        if len(self._path) > DEEPEST:
            raise Refused(f"the XML is nested more than {DEEPEST} levels deep", where=self._where)
        if len(self.found) + len(self._of_trace) > MOST_EVENTS:
            raise Refused(f"a log has at most {MOST_EVENTS:,} events", where=self._where)
        key, value = given.get("key", ""), given.get("value", "")
        match self._path[1:]:
            case ["trace"]:
                self._traces += 1
                self._case, self._of_trace = f"case {self._traces}", []
            case ["trace", "string"] if key == "concept:name":
                self._case = _name(value, self._where)
            case ["trace", "event"]:
                self._of_event = {}
            case ["trace", "event", "string" | "date" | "id"]:
                self._of_event[key] = value

    def end(self, _name: str) -> None:
        path = self._path[1:]
        if path == ["trace", "event"]:
            self._event()
        elif path == ["trace"]:
            self.found.append((self._case, None))
            self.found += [(self._case, one) for one in self._of_trace]
        self._path.pop()

    def _event(self) -> None:
        """An activity that has several stages in the log counts once, when it is complete."""
        if self._of_event.get("lifecycle:transition", "complete").casefold() != "complete":
            return
        if "concept:name" not in self._of_event:
            raise Refused("an event has no concept:name", where=self._where)
        time = _time(self._of_event.get("time:timestamp", ""), self._where)
        self._of_trace.append(Logged(activity=_name(self._of_event["concept:name"], self._where), time=time))
