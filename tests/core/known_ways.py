"""Holds what the check knows of the ways through a process against what is so in a job that went one of them."""

from __future__ import annotations

from random_walk import Walk

from flowengine.core.names import JobNames
from flowengine.core.values import Branch
from flowengine.language.checks.walks import Walks


def holds_what_is_known(walks: Walks, walk: Walk, branch: Branch) -> bool:
    """Whether there is a way to the branch's state of which all that is known is so in this job, but for what may have
    changed inside since."""
    job, inside = walk.job, 0
    for scope in job.compiled.states[branch.state].scopes:
        inside |= walks.changes.inside[scope.path]
    names = JobNames(job.position, branch, job.now, job.world, job.compiled.process)
    return any(
        all(inside >> number & 1 or allowed(walks, names, number) & mask for number, mask in node.known)
        for node in walks.at.get(branch.state, ())
    )


def allowed(walks: Walks, names: JobNames, number: int) -> int:
    """The answer that the job gives to a question, as a bit; every bit where the test does not know how to ask."""
    question = walks.questions.all[number]
    about, answers = question.about, question.answers
    if about.counted:
        return 1 << min(names.count(about.counted), len(answers) - 1)
    if about.recalled:
        return question.mask([names.outcome(about.recalled)])
    ((owner, path),) = about.places if len(about.places) == 1 else (("?", ()),)
    value = names.variable("data", frozenset(path[:1])) if not owner else None
    for name in path if not owner else ():
        value = value.get(name) if isinstance(value, dict) else None
    if question.term.asks == "has" and not owner:
        return question.mask([value is not None])
    return question.mask([value]) or -1 if question.is_place and not owner else -1


def check_known(walks: Walks, walk: Walk) -> None:
    """Wherever the job stands, the check has followed a way there, and knows nothing that is not so."""
    if walk.job.status == "open":
        for branch in walk.job.position.branches.values():
            if branch.state and not branch.done:
                assert holds_what_is_known(walks, walk, branch), f"{branch.id} stands in {branch.state!r}"
