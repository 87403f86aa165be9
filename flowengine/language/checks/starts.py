"""What starts jobs by itself: the need is stated whole, and nothing asks about a job that is not there yet."""

from __future__ import annotations

from collections.abc import Iterable

from flowengine.language.checks.survey import Survey
from flowengine.language.mentions import JOB_FUNCTIONS, WORD_FUNCTIONS
from flowengine.language.model import Process
from flowengine.language.parts import Field, Trigger
from flowengine.problem import Problem


def check(survey: Survey) -> None:
    """Report entries of ``starts`` that cannot state the need, or never come to it."""
    process = survey.process
    fields = {one.name: one for one in process.root.states[process.root.start].fields}
    taken: set[str] = set()
    for trigger in process.starts:
        _need(survey, trigger, fields)
        if trigger.message in taken:
            message = f"an entry before it starts a job by each message {trigger.message!r}"
            survey.report(trigger.place, "dead-start", message, "give that one a 'when', or leave this one out")
        if trigger.message and trigger.when is None:
            taken.add(trigger.message)
    for use in survey.uses:
        asked = [
            name for name, _ in use.expression.calls if name in JOB_FUNCTIONS | WORD_FUNCTIONS and use.only is not None
        ]
        if asked:
            message = f"{use.what}: there is no job yet that {asked[0]}() could ask about"
            survey.report(use.place, "no-job-yet", message)


def _need(survey: Survey, trigger: Trigger, fields: dict[str, Field]) -> None:
    for name, expression in trigger.need.items():
        if name not in fields:
            survey.unknown(expression.place, "unknown-field", "field of the need", name, fields)
    for field in fields.values():
        if not field.optional and field.name not in trigger.need:
            message = f"the need asks for {field.name!r}, which is not given"
            survey.report(trigger.place, "missing-field", message, f"write it under 'need': {{{field.name}: …}}")


def clashes(process: Process, others: Iterable[Process]) -> list[Problem]:
    """Where another process in use starts by the same message, and no condition tells which of them is meant."""
    survey = Survey(process)
    for other in others:
        theirs = {one.message: one.when is not None for one in other.starts}  # the last of a name is the least choosy
        for one in process.starts:
            if one.message and one.message in theirs and not (one.when is not None and theirs[one.message]):
                message = f"the message {one.message!r} starts jobs of the process {other.name!r} already"
                advice = "give both a 'when', of which one holds at a time, or name the message otherwise"
                survey.report(one.place, "ambiguous-start", message, advice)
    return sorted(survey.problems)
