"""Names that must mean something: targets, roles, groups, options, calendars, and states named elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from flowengine.language.checks.survey import Survey, Target
from flowengine.language.mentions import JOB_FUNCTIONS
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import DONE, Audience, Field, Route
from flowengine.language.suggest import hint
from flowengine.language.types import Each
from flowengine.problem import Place

_EVERYBODY = ("customer", "customers", "staff", "anyone")


def check(survey: Survey) -> None:
    """Report names that mean nothing where they stand."""
    _answerers(survey)
    _closed(survey, survey.process.closed_to, survey.process.root.place)
    for scope in survey.scopes.values():
        if scope.start not in scope.states:
            survey.unknown(scope.place, "unknown-state", "state", scope.start, scope.states)
        for entry in scope.always:
            _target(survey, scope, entry.to, entry.place)
            _audiences(survey, entry.by, entry.place)
            _persons(survey, entry.fields)
        for state in scope.states.values():
            for _, _, route in state.routes:
                _target(survey, scope, route.to, _place(route, state))
            for one in state.members.values():
                _state(survey, one)
    _functions(survey)


def _place(route: Route, state: State) -> Place:
    return route.place if route.place != Place() else state.place


def _target(survey: Survey, scope: Scope, to: str, place: Place) -> None:
    match survey.target(scope, to):
        case Target.UNKNOWN if to == DONE:
            message = "'done' ends a branch or a stage; here an end of the process is needed"
            survey.report(place, "unknown-target", message, hint("", survey.ends))
        case Target.UNKNOWN:
            survey.unknown(place, "unknown-target", "state", to, _targets(survey, scope))
        case Target.FOREIGN:
            message = f"{to!r} lies in another scope; a way leads to a state of the same scope, or to an end"
            survey.report(place, "foreign-target", message, hint("", _targets(survey, scope)))
        case Target.STATE if scope.states[to].is_start and to == survey.process.root.start:
            message = f"{to!r} is where a job starts; it cannot be entered again"
            survey.report(place, "need-again", message, "ask anew in a state of type ask, with 'saves' the same")


def _targets(survey: Survey, scope: Scope) -> list[str]:
    """Where ways of a scope may lead."""
    inside = (name for name, state in scope.states.items() if not state.is_start)
    return [*inside, *survey.ends, *([DONE] if scope.path else [])]


def _state(survey: Survey, state: State) -> None:
    process = survey.process
    _audiences(survey, (*state.readers, *state.companions), state.place)
    for escalation in state.escalate:
        _audiences(survey, escalation.to, state.place)
    _audiences(survey, state.deadline_moved_by, state.place)
    _closed(survey, state.closed_to, state.place)
    _persons(survey, state.fields)
    _files(survey, state)
    if isinstance(state, Each) and state.items is not None:
        _persons(survey, (state.items,))
    for one in state.deadline_moved_by:
        if one.has_customers:
            message = f"{state.name!r} lets customers move a deadline; only those inside may"
            survey.report(one.place, "unknown-role", message, hint("", [*survey.process.roles, "staff"]))
    for kind, name, place, key in state.names:
        where = place if place != Place() else state.place
        if kind == "state":
            _known_state(survey, name, where, key)
        elif kind == "options" and name not in process.options:
            survey.unknown(where, "unknown-options", "list of options", name, process.options)
        elif kind == "calendar" and (name or process.calendars) and name not in process.calendars:
            survey.unknown(where, "unknown-calendar", "calendar", name, process.calendars)


def _audiences(survey: Survey, audiences: Iterable[Audience], place: Place) -> None:
    process = survey.process
    for audience in audiences:
        where = audience.place if audience.place != Place() else place
        if audience.among is not None and audience.held:
            _audiences(survey, (audience.among,), where)
        if not isinstance(audience.name, str):
            continue
        if audience.kind == "role" and audience.name not in process.roles:
            survey.unknown(where, "unknown-role", "role", audience.name, [*process.roles, *_EVERYBODY])
        elif audience.kind == "group" and audience.name not in process.groups:
            survey.unknown(where, "unknown-group", "group", audience.name, process.groups)


def _closed(survey: Survey, roles: Iterable[str], place: Place) -> None:
    """To whom the record is closed: roles that the process has."""
    for role in roles:
        if role not in survey.process.roles:
            survey.unknown(place, "unknown-role", "role", role, survey.process.roles)


def _answerers(survey: Survey) -> None:
    """Who answers questions and concerns: roles that the process has."""
    for said in (survey.process.questions, survey.process.concerns):
        for one in said.by if said is not None else ():
            if one.kind == "role" and one.name not in survey.process.roles:
                survey.unknown(one.place, "unknown-role", "role", str(one.name), [*survey.process.roles, "staff"])


def _persons(survey: Survey, fields: Iterable[Field]) -> None:
    """Whom a field of type person means."""
    for one in fields:
        if one.person is not None:
            _audiences(survey, (one.person,), one.place)


def _files(survey: Survey, state: State) -> None:
    """A file is what a person uploads: neither code nor the outside gives one."""
    if state.type in ("service", "message"):
        for one in (field for field in state.fields if field.file):
            message = f"{one.name!r} cannot be a file: a {state.type} uploads none"
            survey.report(one.place, "bad-field", message, "ask a person for it, or keep where it is as a text")


def _functions(survey: Survey) -> None:
    """``passed("…")`` and its like name a state, as a literal text; ``title(…, "…")`` what options are listed by."""
    lists = _lists(survey.process)
    for use in survey.uses:
        for name, args in use.expression.calls:
            if name == "title" and isinstance(args[-1], str) and len(args) > 1 and args[-1] not in lists:
                survey.unknown(use.place, "unknown-options", "list of options", args[-1], lists)
            if name not in JOB_FUNCTIONS:
                continue
            if len(args) != 1 or not isinstance(args[0], str):
                message = f"{name}() takes the name of one state, as a text"
                survey.report(use.place, "unknown-state", message, f'for example {name}("{next(iter(survey.states))}")')
            else:
                _known_state(survey, args[0], use.place, f"{name}()")


def _lists(process: Process) -> list[str]:
    """What options are listed by: the process's lists, choices and votes, and the questions of choices."""
    found = dict.fromkeys(process.options)
    for state in process.states():
        for one in state.members.values():
            for ids in one.ids:
                if ids.source is not None:
                    found |= dict.fromkeys(filter(None, (state.name, ids.question)))
    return list(found)


def _known_state(survey: Survey, name: str, place: Place, what: str) -> None:
    if name not in survey.states:
        survey.report(place, "unknown-state", f"{what} names {name!r}, which is no state", hint(name, survey.states))
