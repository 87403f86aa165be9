"""What all jobs have taught, as it is told: tables of what was counted, each row of five customers at least (M7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from msgspec.structs import replace

from flowengine.insight.cells import Cell, Key, together, typical
from flowengine.insight.withholding import LEAST, Place, withheld
from flowengine.language.model import Process
from flowengine.views.view import View

Split: TypeAlias = Literal["", "month", "version", "group"]
"""By what the rows are split."""

SPLITS: tuple[Split, ...] = ("", "month", "version", "group")


class InsightRow(View, frozen=True, kw_only=True):
    """How often something was counted: ``count`` times, ``of`` so many in the same state, or of the same kind.

    ``state`` and ``value`` are names as the process has them, ``title`` and ``words`` what they are called. ``split``
    is the month (``2026-05``, in UTC), the version or the group for which the row stands, where rows are split.
    ``usual`` is in how many seconds half of them were over, ``slow`` in how many nine of ten were, to within 5 %;
    ``mean`` is that of durations in seconds, or of ratings. ``others``: several values of which each is of too few
    customers, together.
    """

    state: str = ""
    title: str = ""
    value: str = ""
    words: str = ""
    split: str = ""
    count: int
    of: int
    usual: int | None = None
    slow: int | None = None
    mean: float | None = None
    others: bool = False


class InsightTable(View, frozen=True, kw_only=True):
    """What was counted of one thing. ``withheld``: of how many values nothing is told by itself, for each is of fewer
    than five customers, or would tell of those few."""

    measure: str
    title: str
    rows: tuple[InsightRow, ...]
    withheld: int = 0


class Insight(View, frozen=True, kw_only=True):
    """What the jobs of a process have taught, from the month ``since`` to the month ``until`` (``2026-05``; those of
    the first and the last thing that was counted, where none was asked for).

    ``months`` are all in which anything was counted. ``behind`` is how many jobs have done something that is not
    counted yet, at most 1,000; ``anew``: all are being counted anew, and what is told is not whole yet. A table of
    which nothing may be told, or in which nothing was counted, is left out.
    """

    process: str
    title: str
    since: str
    until: str
    split: Split = ""
    months: tuple[str, ...] = ()
    tables: tuple[InsightTable, ...] = ()
    behind: int = 0
    anew: bool = False
    least: int = LEAST

    def table(self, measure: str) -> InsightTable | None:
        """The table of one measure, where there is one."""
        return next((one for one in self.tables if one.measure == measure), None)


class _Measure(NamedTuple):
    """How a measure is told: its title, and what its numbers are."""

    title: str
    kind: Literal["count", "time", "rating"] = "count"


MEASURES: Mapping[str, _Measure] = {
    "started": _Measure("Jobs that began"),
    "ended": _Measure("How jobs ended, and how long they took", "time"),
    "wait": _Measure("Where jobs waited, and for whom", "time"),
    "visit": _Measure("How states were left"),
    "chosen": _Measure("What was chosen"),
    "rechosen": _Measure("What was chosen anew"),
    "change": _Measure("Changes of mind"),
    "again": _Measure("What was done again"),
    "said": _Measure("What was said"),
    "answered": _Measure("What was answered, and how soon", "time"),
    "promise": _Measure("What became of promises"),
    "rated": _Measure("How satisfied customers were", "rating"),
    "recommended": _Measure("Whether they would recommend it"),
    "rated_after": _Measure("How satisfied those were who came by a state", "rating"),
    "rated_when": _Measure("How satisfied those were who had waited for us so long", "rating"),
    "act": _Measure("What was done, by whom"),
    "command": _Measure("Approvals inside: steps of command"),
    "alone": _Measure("How long customers had nothing to do with it, at a stretch", "time"),
}
"""What is counted (:mod:`flowengine.insight.life`), in the order in which it is told."""

_WORDS = {
    "customer": "the customer", "customers": "customers", "several": "several people", "person": "somebody by name",
    "nobody": "nobody", "staff": "staff", "anyone": "anyone", "service": "a service", "job": "another job",
    "message": "a message", "clock": "the clock", "operator": "an operator", "program": "the program",
    "fulfilled": "fulfilled", "ended": "ended otherwise", "at_risk": "at risk", "day": "less than a day",
    "week": "less than a week", "month": "less than a month", "longer": "a month or longer",
}  # fmt: skip
"""What values are called that are the same in each process."""

OTHERS = "others, each of too few"
"""What several values are called of which each is of too few customers."""

_OVERLAP = frozenset(("rated_after", "promise"))
"""Measures of which one job may be in several rows: they are parts of the same, and do not add up."""

_WITHIN = {"rated_after": "rated", "rated_when": "rated", "promise": "promise"}
"""Measures whose rows are parts of another: what is left of it is of enough customers, too."""


def tables(process: Process, cells: Mapping[Key, Cell], wholes: Mapping[Key, Cell], split: Split) -> list[InsightTable]:
    """What may be told of cells. ``wholes`` are those of all customers, where ``cells`` are of groups or versions."""
    words = _Words(process)
    found = []
    for measure, how in MEASURES.items():
        mine = {key: cell for key, cell in cells.items() if key.measure == measure}
        of_all = {key: cell for key, cell in wholes.items() if key.measure in (measure, _WITHIN.get(measure))}
        rows, hidden = list[InsightRow](), 0
        for group in _groups(mine):
            told, untold = _told(measure, how, group, of_all, split, words)
            rows += told
            hidden += untold
        if rows:
            found.append(InsightTable(measure=measure, title=how.title, rows=tuple(rows), withheld=hidden))
    return found


def _groups(cells: Mapping[Key, Cell]) -> Iterator[dict[Key, Cell]]:
    """The cells that add up to something: those of one state, or of one thing that is chosen in it."""
    groups: dict[tuple[str, str], dict[Key, Cell]] = {}
    for key, cell in cells.items():
        pick = key.value.partition("=")[0] if key.measure == "chosen" else ""
        state = key.state if key.measure in ("wait", "visit", "chosen", "recommended", "command") else ""
        groups.setdefault((state, pick), {})[key] = cell
    return iter(groups.values())


def _told(
    measure: str, how: _Measure, group: Mapping[Key, Cell], of_all: Mapping[Key, Cell], split: Split, words: _Words
) -> tuple[list[InsightRow], int]:
    """The rows of one group, and of how many places nothing is told by itself."""
    table: dict[Place, list[Cell]] = {}
    keys: dict[str, Key] = {}
    for key, cell in group.items():
        row, column = f"{key.state}\n{key.value}", _column(key, split)
        keys[row] = key
        table.setdefault((row, column), []).append(cell)
    summed = {place: together(some) for place, some in table.items()}
    wholes = _wholes(measure, summed, keys, of_all, split)
    untold = withheld(summed, wholes)
    rows = []
    for column in sorted({column for _, column in summed}):
        line = {row: cell for (row, of), cell in summed.items() if of == column}
        shown = {row: cell for row, cell in line.items() if (row, column) not in untold}
        rest = [row for row in line if row not in shown]
        hidden = together(line[row] for row in rest)
        several = len(rest) > 1 and hidden.customers >= LEAST and measure not in _OVERLAP
        of = sum(cell.n for cell in shown.values()) + (hidden.n if several else 0)
        for row, cell in sorted(shown.items(), key=lambda one: (-one[1].n, one[0])):
            whole = wholes.get((row, column), cell).n if measure in _OVERLAP else of
            rows.append(_row(how, keys[row], column, cell, whole, words))
        if several:
            states = {keys[row].state for row in rest}
            state = states.pop() if len(states) == 1 else ""
            other = InsightRow(state=state, title=words.state(state), words=OTHERS, split=column, count=0, of=of)
            rows.append(replace(_spread(how, hidden, other), others=True))
    return rows, len(untold)


def _column(key: Key, split: Split) -> str:
    return month_words(key.month) if split == "month" else key.segment.partition(":")[2]


def _wholes(
    measure: str, table: Iterable[Place], keys: Mapping[str, Key], of_all: Mapping[Key, Cell], split: Split
) -> dict[Place, Cell]:
    """What each place is a part of, where that is no line of the table: the same of all customers, where it is of a
    group; what was rated, said or promised at all, where it is of some of that."""
    found: dict[Place, Cell] = {}
    within = _WITHIN.get(measure)
    for row, column in table:
        key = keys[row]
        if split == "group":
            same = (cell for one, cell in of_all.items() if (one.measure, one[3:]) == (measure, key[3:]))
            found[row, column] = together(same)
        elif within is not None and not split:
            value = "made" if measure == "promise" else ""
            whole = together(cell for one, cell in of_all.items() if (one.measure, one.value) == (within, value))
            if whole.customers:
                found[row, column] = whole
    return found


def _row(how: _Measure, key: Key, column: str, cell: Cell, of: int, words: _Words) -> InsightRow:
    title, said = words.state(key.state), words.value(key)
    row = InsightRow(state=key.state, title=title, value=key.value, words=said, split=column, count=0, of=of)
    return _spread(how, cell, row)


def _spread(how: _Measure, cell: Cell, row: InsightRow) -> InsightRow:
    """The row with how many there are, and how they are spread."""
    if how.kind == "count" or not cell.n:
        return replace(row, count=cell.n)
    mean = round(cell.total / cell.n, 2)
    if how.kind == "rating":
        return replace(row, count=cell.n, mean=mean)
    usual, slow = (None if one is None else round(one) for one in (typical(cell), typical(cell, 0.9)))
    return replace(row, count=cell.n, mean=mean, usual=usual, slow=slow)


def month_words(month: int) -> str:
    """A month as it is written: ``2026-05``."""
    return f"{month // 100}-{month % 100:02}"


class _Words:
    """What the states and values of a process are called."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._states = {state.name: state for state in process.states()}
        self._always = {entry.name: entry.title for scope in process.scopes() for entry in scope.always}

    def state(self, name: str) -> str:
        state = self._states.get(name)
        return state.title if state is not None else name

    def value(self, key: Key) -> str:
        value = key.value
        if key.measure == "chosen":
            pick, _, option = value.partition("=")
            return f"{pick.replace('_', ' ')}: {self._option(key.state, option)}"
        if key.measure == "change":
            return self._always.get(value, value)
        if key.measure == "rated_after":
            return self.state(value)
        if key.measure == "visit" and not value:
            return "left early"
        kind, _, name = value.partition(":")
        if kind == "role":
            return self._process.roles[name].title if name in self._process.roles else name
        if kind == "group":
            return self._process.groups[name].title if name in self._process.groups else name
        return _WORDS.get(value) or value.replace("_", " ")

    def _option(self, name: str, option: str) -> str:
        state = self._states.get(name)
        if state is None:
            return option
        titles: dict[str, str] = {}
        for member in state.members.values():
            titles |= member.titles(self._process.options)
        return titles.get(option, option)


def as_rows(tables: Sequence[InsightTable]) -> Iterator[tuple[str, ...]]:
    """All rows of all tables for programs that read columns (CSV), the heads first; what is not known is empty."""
    names = InsightRow.__struct_fields__
    yield ("measure", *names)
    for table in tables:
        for row in table.rows:
            yield (table.measure, *(_plain(getattr(row, name)) for name in names))


def _plain(value: object) -> str:
    return "" if value is None else ("yes" if value else "") if isinstance(value, bool) else str(value)
