"""Checks of a whole process, on the model: each noun in a file of its own, all problems at once. Pure (L7)."""

from __future__ import annotations

from contextlib import suppress

from flowengine.language.checks import (
    calendars,
    covering,
    data,
    dead_ways,
    deadlines,
    enough,
    graph,
    joins,
    kept,
    outcomes,
    over,
    pieces,
    recursion,
    references,
    rounds,
    starts,
)
from flowengine.language.checks.command_steps import CommandStep, command_steps
from flowengine.language.checks.left_out import LeftOut, left_out
from flowengine.language.checks.proved import Proof, proof
from flowengine.language.checks.survey import Enough, Survey
from flowengine.language.model import Process
from flowengine.problem import Problem

__all__ = ["CommandStep", "LeftOut", "Proof", "check", "command_steps", "left_out", "proof"]

_CHECKS = (
    references.check,
    calendars.check,
    deadlines.check,
    over.check,
    enough.check,
    pieces.check,
    outcomes.check,
    graph.check,
    joins.check,
    recursion.check,
    rounds.check,
    kept.check,
    starts.check,
    data.check,
    covering.check,
    dead_ways.check,
)


_CHECKS_OF_TEXTS = (references.check, data.check)
"""Those that look at what texts mention."""


def check(process: Process) -> list[Problem]:
    """All problems of a process in the order of the file; none when it can be deployed.

    Takes time linear in the process, and gives up, with a problem, on one that is too tangled (L12). Process files
    that cannot be parsed do not come here.
    """
    survey = Survey(process)
    survey.problems.update(dict.fromkeys(process.doubts))
    with suppress(Enough):
        for one in _CHECKS:
            one(survey)
    for other in process.others.values():
        survey.problems.update(dict.fromkeys(_of_translations(other)))
    return sorted(survey.problems)


def _of_translations(process: Process) -> list[Problem]:
    """What is wrong with the texts of a process in another language, wherever their originals stand."""
    survey = Survey(process)
    with suppress(Enough):
        for one in _CHECKS_OF_TEXTS:
            one(survey)
    return [one for one in survey.problems if one.place in process.translated_at]
