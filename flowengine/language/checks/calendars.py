"""Calendars: those named are there, their holidays are known, and they open for as long as the process counts on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time

from flowengine.errors import ExpressionFailed
from flowengine.language.calendars import LONGEST, Calendar, working_after
from flowengine.language.checks.survey import Survey
from flowengine.language.durations import Working
from flowengine.language.mentions import CALENDAR_FUNCTIONS
from flowengine.language.parts import When
from flowengine.language.public_holidays import public_holidays
from flowengine.language.suggest import hint

_TRIED = datetime(2026, 1, 1, tzinfo=UTC)
"""From when on lengths are tried: what a check says of a file does not depend on the day on which it is made."""
_STEPS = 60
"""Steps of counting working time that take as long as a unit of the checks' work."""


def check(survey: Survey) -> None:
    """Report calendars that are named and not there, holidays that nobody knows here, and working times for which a
    calendar does not open."""
    calendars = survey.process.calendars
    known = {name: one for name, one in calendars.items() if _holidays(survey, one)}
    tried = set[Working]()
    for working in _workings(survey):
        name = working.calendar
        if name not in calendars:
            survey.unknown(working.place, "unknown-calendar", "calendar", name, calendars)
        elif name in known and working not in tried:
            tried.add(working)
            if not _opens(survey, known[name], working):
                del known[name]  # one problem a calendar; the others would say the same
    _functions(survey)


def _holidays(survey: Survey, calendar: Calendar) -> bool:
    if calendar.holidays:
        try:
            public_holidays(calendar.holidays, _TRIED.year)
        except ExpressionFailed as error:
            survey.report(calendar.holidays_place, "unknown-holidays", error.what, _possible(error))
            return False
    return True


def _opens(survey: Survey, calendar: Calendar, working: Working) -> bool:
    """Try the length, and again from the first of the closed days, where the list may begin earlier or later."""
    for day in (_TRIED.date(), *sorted(calendar.closed)[:1]):
        start = datetime.combine(day, time(), calendar.clock)
        try:
            working_after(start, working, calendar, lambda steps: survey.spend(steps / _STEPS, working.place))
        except ExpressionFailed as error:
            survey.report(working.place, "never-open", error.what, _possible(error))
            return False
    return True


def _possible(error: ExpressionFailed) -> str:
    return f"possible: {', '.join(error.possible)}" if error.possible else ""


def _workings(survey: Survey) -> Iterator[Working]:
    """All working times that stand in the file as such."""
    process = survey.process
    answered = (one.within for one in (process.questions, process.concerns) if one is not None)
    yield from (one for one in (process.attention, *answered) if isinstance(one, Working))
    for scope in survey.scopes.values():
        lengths: list[When | None] = [entry.within for entry in scope.always]
        for state in scope.states.values():
            for one in (state, *(member for member in state.members.values() if member is not state)):
                lengths += one.lengths
        yield from (one for one in lengths if isinstance(one, Working))


def _functions(survey: Survey) -> None:
    """``workdays("…", 3)`` names a calendar, as a literal text."""
    calendars = survey.process.calendars
    for use in survey.uses:
        for name, args in use.expression.calls:
            if name not in CALENDAR_FUNCTIONS:
                continue
            if args[0] not in calendars:
                said = f"names {args[0]!r}, which is no calendar" if args[0] else "takes a calendar's name as a text"
                survey.report(use.place, "unknown-calendar", f"{name}() {said}", hint(str(args[0] or ""), calendars))
            elif name == "workdays" and isinstance(args[1], int) and args[1] > LONGEST.days:
                message = f"workdays() gives at most {LONGEST.days:,} working days, not {args[1]:,}"
                survey.report(use.place, "never-open", message)
