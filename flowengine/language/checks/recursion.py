"""Jobs that begin one another without end: processes that call themselves, or each other, before anything waits.

A call that a job comes to only after a step, a clock, a message or code is another matter: it may end some day, and how
deep calls nest is bounded where they are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from flowengine.language.checks.graph import Ways, circles
from flowengine.language.checks.survey import Survey
from flowengine.language.model import Process, Scope, State
from flowengine.language.types import Parallel
from flowengine.problem import Problem


def check(survey: Survey) -> None:
    """Report a process that calls itself at once."""
    _report(survey, ())


def endless_calls(process: Process, others: Iterable[Process]) -> list[Problem]:
    """Where a job of the process would begin another of the same by way of the others, again and again."""
    survey = Survey(process)
    _report(survey, others)
    return sorted(survey.problems)


def calls_others(process: Process) -> bool:
    """Whether the process calls any other here."""
    return any(state.begins for state in process.states())


def _report(survey: Survey, others: Iterable[Process]) -> None:
    process = survey.process
    if not calls_others(process):
        return
    known = {one.name: one for one in others} | {process.name: process}
    found = _at_once(_called(process, known))
    for circle in circles(found):
        if process.name in circle:
            way = _way(process.name, found)
            names = ", ".join(f"{one} calls {other}" for one, other in pairwise(way))
            message = f"jobs would begin one another for ever, before anything waits: {names}"
            place = found[process.name][way[1]].place
            survey.report(place, "endless-calls", message, "put a state that waits before one of these calls")


def _way(name: str, found: Mapping[str, Mapping[str, State]]) -> list[str]:
    """The shortest way of calls from a process back to it."""
    before: dict[str, str] = {}
    waiting = [name]
    for one in waiting:
        for other in found[one]:
            if other == name:
                way = [other, one]
                while way[-1] != name:
                    way.append(before[way[-1]])
                return way[::-1]
            if other in found and other not in before:
                before[other] = one
                waiting.append(other)
    raise AssertionError(f"{name} is in a circle")


def _called(process: Process, known: Mapping[str, Process]) -> dict[str, Process]:
    """The process, and those that it calls, themselves or by others."""
    found, waiting = {process.name: process}, [process]
    for one in waiting:
        for name in {name for state in one.states() for name in state.begins}:
            if name in known and name not in found:
                found[name] = known[name]
                waiting.append(known[name])
    return found


def _at_once(processes: Mapping[str, Process]) -> dict[str, dict[str, State]]:
    """By process, the states that call others to which a job of it may come at once, by the process called.

    A call is gone through at once where the job called may end at once, so what is found of one may tell more of those
    that call it.
    """
    surveys = {name: Survey(process) for name, process in processes.items()}
    callers: dict[str, set[str]] = {name: set() for name in processes}
    for name, process in processes.items():
        for state in process.states():
            for called in state.begins:
                callers.get(called, set()).add(name)
    found: dict[str, dict[str, State]] = {}
    ending: set[str] = set()
    waiting = list(processes)
    while waiting:
        name = waiting.pop()
        found[name], ends = _opening(surveys[name], Ways(surveys[name], ending))
        if ends and name not in ending:
            ending.add(name)
            waiting.extend(callers[name])
    return found


def _opening(survey: Survey, ways: Ways) -> tuple[dict[str, State], bool]:
    """The states that call others to which a job comes before anything waits, and whether it may end before."""
    root = survey.process.root
    calls: dict[str, State] = {}
    ends = False
    waiting = [(root, route.to) for _, _, route in root.states[root.start].routes] if root.start in root.states else []
    seen: set[str] = set()
    while waiting:
        scope, name = waiting.pop()
        state = scope.states.get(name)
        ends = ends or (name in survey.ends if state is None else state.is_end)
        if state is None or name in seen:
            continue
        seen.add(name)
        for called in state.begins:
            calls.setdefault(called, state)
        waiting.extend((inner, inner.start) for inner in _begun(state, ways))
        if ways.passes_at_once(state):
            waiting.extend((scope, to) for to in ways.targets(scope, state))
    return calls, ends


def _begun(state: State, ways: Ways) -> Iterable[Scope]:
    """The scopes inside a state that begin as it is entered, or when what is before them is done at once."""
    if not isinstance(state, Parallel):
        return state.scopes
    at_once = {name for name, branch in state.branches.items() if branch.scope.path in ways.instant}
    return [branch.scope for branch in state.branches.values() if set(branch.after) <= at_once]
